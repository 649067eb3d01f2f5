import { FarhandError } from "../../shared/errors.ts";
import { forbidden } from "./author.ts";
import { type Command, mergeCommands } from "./commands.ts";
import { diffTrees } from "./diff.ts";
import { below, keyAt, type Language } from "./language.ts";
import { merge } from "./merge.ts";
import { tokensIn } from "./token.ts";
import { type ConfigNode, parse, type SourceNode } from "./tree.ts";

/**
 * What must be typed so that one configuration becomes another, on a platform that takes no whole text: first what goes is removed by
 * name, then the target is typed, of which only what is not there is sent. Refused where these lines, applied as the platform would,
 * do not lead to the target exactly.
 */
export function linesTowards(language: Language, before: string, target: readonly SourceNode[]): Command[] {
  const text = [...removals(language, parse(language, before), target, ""), ...target];
  const { after, effective } = merge(language, parse(language, before), text);
  const [left] = diffTrees(language, after, target);
  if (left)
    throw new FarhandError(
      "TEXT_REFUSED",
      `no lines are known that lead there; left: ${left.op} ${left.line.slice(0, 120)}`,
    );
  return mergeCommands(language, text, effective);
}

function removals(
  language: Language,
  before: readonly ConfigNode[],
  target: readonly ConfigNode[],
  path: string,
): SourceNode[] {
  const wanted = new Map(target.map((node) => [node.line, node]));
  return before.flatMap((node) => {
    const place = below(path, node.line);
    const same = wanted.get(node.line);
    // A section that is not shown while it is empty goes with its last line, and some cannot be removed by name.
    if (same || (node.children.length > 0 && language.vanish.some((pattern) => pattern.test(place)))) {
      const children = removals(language, node.children, same?.children ?? [], place);
      return children.length > 0 ? [typed(node.line, children)] : [];
    }
    return isReplaced(language, path, node.line, target) ? [] : [typed(removal(language, node.line), [])];
  });
}

/** The one value of a setting is replaced by typing the new one. */
function isReplaced(language: Language, path: string, line: string, target: readonly ConfigNode[]): boolean {
  return language.single.some((rule) => {
    const key = keyAt(rule, path, line);
    return key !== undefined && target.some((node) => keyAt(rule, path, node.line) === key);
  });
}

/** A secret need not be told to be removed. */
function removal(language: Language, line: string): string {
  const [token] = tokensIn(line);
  const bare = token === undefined ? line : withoutType(language, line.slice(0, token.start)).trimEnd();
  const command = language.positive(bare) ?? language.negative(bare);
  const reason = forbidden(language, "replace", command, false);
  if (reason !== undefined) throw new FarhandError("TEXT_REFUSED", `${reason}: ${command.slice(0, 120)}`);
  return command;
}

const withoutType = (language: Language, text: string): string =>
  language.secretType === undefined ? text : text.replace(new RegExp(`(?<= )(?:${language.secretType})$`, "v"), "");

const typed = (line: string, children: SourceNode[]): SourceNode => ({
  line,
  children,
  source: { number: 0, indent: 0, text: line, body: undefined, block: undefined },
});
