import { jcs } from "../../../shared/bytes.ts";
import type { Prediction } from "../../types.ts";
import { bounded, type Change } from "../predict.ts";
import { hider } from "../public-form.ts";
import { readXmlAuthor, type XmlAuthor } from "./author.ts";
import { diffXml, xmlDiffJson } from "./diff.ts";
import { isDestructiveXml, xmlResetWarnings, xmlTouchesManagement } from "./flags.ts";
import { groupName } from "./identity.ts";
import type { XmlLanguage } from "./language.ts";
import { mergeXml, type XmlMerged } from "./merge.ts";
import { parseXml } from "./parse.ts";
import { printXml } from "./print.ts";
import { remediation } from "./remediate.ts";
import { renderer } from "./render.ts";
import type { XmlNode } from "./tree.ts";

/**
 * What an author's text would do to a configuration: the diff that people sign and the payload of the `edit-config` that will be sent, both
 * on public forms, and `render`, which alone puts secrets in. There is one payload or none: a server may take one
 * `edit-config` whole or not at all, and two would lie half applied between them.
 */
export function predictXml(language: XmlLanguage, change: Change): Prediction {
  const hide = hider(change.device, change.tagger);
  const before = parseXml(language, change.before.publicText, "device");
  const author = readXmlAuthor(language, change.mode, change.text, before, hide, change.source, change.refused);
  const { after, sent, warnings } = planned(language, change, before, author);
  const changes = diffXml(language, before, after);
  const commands = sent.length === 0 ? [] : [printXml(sent).trimEnd()];
  const typed = [...change.text.split("\n"), ...commands.flatMap((command) => command.split("\n"))];
  const gone = changes.flatMap(({ entry }) => (entry.op === "remove" ? [entry.line] : []));
  return {
    diff: xmlDiffJson(changes),
    commands: new TextDecoder().decode(jcs(commands)),
    touchesManagement: xmlTouchesManagement(language, changes, [before, after], change.managementAddress),
    // As the agent asks when it accepts the change (agent/verify/risk.ts): the two must not differ.
    destructive:
      typed.some((line) => isDestructiveXml(language, line.trim())) ||
      gone.some((line) => isDestructiveXml(language, line, "removed")),
    warnings: bounded([...author.warnings, ...xmlResetWarnings(language, changes), ...warnings]),
    render: renderer(language, change.mode, sent, change.before.raw, hide),
  };
}

function planned(language: XmlLanguage, change: Change, before: readonly XmlNode[], author: XmlAuthor): XmlMerged {
  switch (change.mode) {
    case "merge":
      return mergeXml(language, before, author.nodes);
    case "replace": {
      const after = change.source === "sealed" ? author.nodes : replaced(language, before, author.nodes);
      return { after, sent: remediation(language, before, after), warnings: [] };
    }
    default:
      return change.mode satisfies never;
  }
}

/** The text takes the place of the top elements that it names; what it does not name stays. */
function replaced(language: XmlLanguage, before: readonly XmlNode[], text: readonly XmlNode[]): readonly XmlNode[] {
  const named = new Set(text.map((node) => groupName(node)));
  const inside = text.map((node) => {
    if (node.name !== language.envelope) return node;
    const there = before.find((other) => groupName(other) === groupName(node));
    return { ...node, children: swapped(there?.children ?? [], node.children) };
  });
  return [...before.filter((node) => !named.has(groupName(node))), ...inside];
}

function swapped(before: readonly XmlNode[], text: readonly XmlNode[]): readonly XmlNode[] {
  const named = new Set(text.map((node) => groupName(node)));
  return [...before.filter((node) => !named.has(groupName(node))), ...text];
}
