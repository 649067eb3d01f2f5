import { sha256 } from "../../shared/bytes.ts";
import type { DeviceId, Digest } from "../../shared/ids.ts";
import type { Tagger } from "../types.ts";
import type { Language } from "./language.ts";
import { scan, type Line, type OpenBlock } from "./lines.ts";
import { normalise } from "./normalise.ts";
import { findSecrets, type Range, redactLine, replaceRanges, union } from "./redact.ts";
import { respeltItem } from "./menu/item.ts";
import { respelt, wordEnd } from "./set/words.ts";
import { tagToken } from "./token.ts";
import { parseLines, placed } from "./tree.ts";

export interface PublicForm {
  readonly publicText: string;
  readonly publicDigest: Digest;
}

export type Hide = (value: string) => string;

/** One tag per value: HMACs are dear, and a large configuration repeats its values. */
export function hider(device: DeviceId, tagger: Tagger): Hide {
  const known = new Map<string, string>();
  return (value) => {
    let token = known.get(value);
    if (token === undefined) {
      token = tagToken(tagger.tag(device, value));
      known.set(value, token);
    }
    return token;
  };
}

/** Line for line the same as the input: line N of a public text is line N of its raw one. */
export function publicLines(language: Language, lines: readonly Line[], hide: Hide): Line[] {
  const headers = new Map<Line, string>();
  for (const { line, header } of placed(parseLines(language, lines)))
    if (header !== undefined) headers.set(line, header);
  return lines.map((line) => {
    if (line.text === "") return line;
    if (language.set) return publicSetLine(language, line, hide);
    if (language.menu) return { ...line, text: respeltItem(language.menu, redactLine(language, line.text, "", hide)) };
    if (line.block && line.block.closed !== "never") return publicBlock(language, line, line.block, hide);
    return { ...line, text: redactLine(language, line.text, headers.get(line) ?? "", hide) };
  });
}

/** What the patterns find, and the last word where the device itself says that it is secret. */
export function secretsOfLine(
  language: Language,
  line: Pick<Line, "text" | "secret">,
  header: string,
): readonly Range[] {
  const found = findSecrets(language, line.text, header);
  if (!line.secret) return found;
  let [from, end] = [0, 0];
  for (let at = 0; at < line.text.length; at++) {
    if (line.text.charAt(at) === " ") continue;
    from = at;
    end = wordEnd(line.text, at);
    at = end - 1;
  }
  const quoted = line.text.charAt(from) === '"' && end - from > 2;
  const last = quoted ? { start: from + 1, end: end - 1, from } : { start: from, end, from };
  return union([...found, last]);
}

/** Without the device's mark, which the tag says better, and without the quotes that only the value needed. */
function publicSetLine(language: Language, { secret, ...line }: Line, hide: Hide): Line {
  const marked = secret ? { secret } : {};
  const text = replaceRanges(line.text, secretsOfLine(language, { text: line.text, ...marked }, ""), hide);
  return { ...line, text: text === line.text ? text : respelt(text) };
}

/** Words in a banner may look like a secret too. The delimiters stay, or the public text would parse to something else. */
function publicBlock(language: Language, line: Line, { delimiter, at }: OpenBlock, hide: Hide): Line {
  const around = (text: string, from: number): string => {
    const end = delimiter === undefined ? text.length : text.indexOf(delimiter, from);
    const stop = end < 0 ? text.length : end;
    return text.slice(0, from) + redactLine(language, text.slice(from, stop), "", hide) + text.slice(stop);
  };
  const text = delimiter === undefined ? line.text : around(line.text, at + delimiter.length);
  return { ...line, text, body: line.body?.map((raw) => around(raw, 0)) };
}

export function printLines(lines: readonly Line[]): string {
  return lines
    .map((line) => (line.text === "" ? "" : [" ".repeat(line.indent) + line.text, ...(line.body ?? [])].join("\n")))
    .join("\n");
}

/** Normalised, each secret replaced by its tag: what is hashed, diffed, stored at the hub and shown. */
export const publicForm = (language: Language, device: DeviceId, raw: string, tagger: Tagger): PublicForm =>
  publicFormOf(language, device, normalise(language, raw), tagger);

/** The same, of what is normalised already. */
export function publicFormOf(language: Language, device: DeviceId, shown: string, tagger: Tagger): PublicForm {
  const lines = scan(language, shown);
  const publicText = printLines(publicLines(language, lines, hider(device, tagger)));
  return { publicText, publicDigest: sha256(publicText) };
}
