import { diffTexts, type DiffEntry, parseDiff } from "../../../drivers/model/diff.ts";
import { plainLanguage } from "../../../drivers/model/language.ts";
import { diffXml, xmlDiffJson } from "../../../drivers/model/xml/diff.ts";
import { compileXmlLanguage } from "../../../drivers/model/xml/language.ts";
import { parseXml } from "../../../drivers/model/xml/parse.ts";
import { XmlLanguageFile } from "../../../drivers/model/xml/schema.ts";

/**
 * Two stored public forms, compared by their indentation alone. They are normalised already, and this is for reading: nothing is decided by
 * it. The platform's own rules live with the agents' drivers.
 */
const byIndent = plainLanguage({ comment: "^[!#]\\s*$", redact: [] });

/** Of XML it is the elements that are compared, by what usually names them: its lines all look alike. The attributes are those that any platform keeps. */
const byElement = compileXmlLanguage(XmlLanguageFile.parse({ kind: "xml", metadata: ["inactive", "protect"] }));
const isXml = (text: string): boolean => text.startsWith("<");

export interface Comparison {
  readonly diff: string;
  readonly entries: readonly DiffEntry[];
  /** The same lines, otherwise arranged. */
  readonly orderOnly: boolean;
}

export function compare(before: string, after: string): Comparison {
  const diff = isXml(before) && isXml(after) ? diffElements(before, after) : diffTexts(byIndent, before, after);
  const entries = parseDiff(diff);
  return { diff, entries, orderOnly: entries.length === 0 && before !== after };
}

const diffElements = (before: string, after: string): string =>
  xmlDiffJson(diffXml(byElement, parseXml(byElement, before, "device"), parseXml(byElement, after, "device")));
