import { FarhandError } from "../shared/errors.ts";
import type { DeviceText } from "./text.ts";
import type { DeviceId } from "../shared/ids.ts";
import type { Tagger } from "./types.ts";
import { hider } from "./model/public-form.ts";
import { readXmlNodes } from "./model/xml/author.ts";
import { diffXml, xmlDiffJson } from "./model/xml/diff.ts";
import { isDestructiveXml } from "./model/xml/flags.ts";
import { compileXmlLanguage, type XmlLanguage } from "./model/xml/language.ts";
import { parseXml } from "./model/xml/parse.ts";
import { predictXml } from "./model/xml/predict.ts";
import { xmlForms, xmlPublicForm } from "./model/xml/public.ts";
import { xmlLineRedactor } from "./model/xml/redact-line.ts";
import { sameXmlDiff } from "./model/xml/same-diff.ts";
import type { XmlLanguageFile } from "./model/xml/schema.ts";
import type { XmlNode } from "./model/xml/tree.ts";

/** drivers/model/xml bound to one platform's language: what `text.ts` gives for languages of lines. */
export function xmlText(file: { language: XmlLanguageFile; replaces: boolean }): DeviceText {
  const language = compileXmlLanguage(file.language);
  return {
    predict: (change) => predictXml(language, change),
    diff: (before, after) =>
      xmlDiffJson(diffXml(language, parseXml(language, before, "device"), parseXml(language, after, "device"))),
    sameDiff: (signed, measured) => sameXmlDiff(language, signed, measured),
    publicForm: (device, raw, tagger) => xmlPublicForm(language, device, raw, tagger),
    isDestructive: (line, how) => isDestructiveXml(language, line, how),
    notRestorable: (device, raw, tagger) =>
      file.replaces ? notRestorable(language, device, raw, tagger) : "this driver replaces no whole configuration",
    configuration: (device, raw, tagger) => ({
      ...xmlForms(language, device, raw, tagger),
      keyGeneration: tagger.keyGeneration,
    }),
    lineRedactor: (device, tagger, known) => xmlLineRedactor(language, device, tagger, known),
  };
}

function notRestorable(language: XmlLanguage, device: DeviceId, raw: string, tagger: Tagger): string | null {
  try {
    const nodes = parseXml(language, raw, "author");
    const found = firstOf(language, nodes);
    if (found !== undefined) return found;
    readXmlNodes(language, "replace", nodes, [], hider(device, tagger), "sealed");
    return null;
  } catch (error) {
    if (error instanceof FarhandError) return error.detail ?? error.what;
    throw error;
  }
}

function firstOf(language: XmlLanguage, nodes: readonly XmlNode[]): string | undefined {
  for (const node of nodes) {
    const rule = language.notRestorable.find(
      ({ path, value }) => path.test(node.place.path) && (value?.test(node.value) ?? true),
    );
    if (rule) return `line ${node.line}: ${rule.reason}`;
    const inside = firstOf(language, node.children);
    if (inside !== undefined) return inside;
  }
  return undefined;
}
