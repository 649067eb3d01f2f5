import type { Language } from "./language.ts";
import { TOKEN } from "./token.ts";

/** Finds the secrets in one line by the platform's patterns. */

export interface Range {
  readonly start: number;
  readonly end: number;
  /** Where the words begin by which the secret was recognised: a cut between them and the secret would show it. */
  readonly from: number;
}

/** Longer lines are searched in windows, so that no pattern meets more than this and its cost stays bounded. */
export const WINDOW = 4096;
const STEP = 3072;

const LEADING = /^\s*(?:(?:no|default)\s+)?/v;
/** In a transcript a line may be an echo behind a prompt, a line of a diff, or a log of what was typed. */
const ECHO =
  /^(?:[^\s>#]{1,80}[>#]\s{0,4}|.{0,200}?logged command:)?\s{0,64}[+\-]?\s{0,64}(?:do\s|no\s|default\s){0,2}\s{0,8}/v;

/**
 * `header` is the section header above: patterns that ask for one are skipped where it does not match. Undefined means unknown (a
 * transcript), and then they apply: hiding too much there costs nothing.
 */
export function findSecrets(language: Language, line: string, header?: string): readonly Range[] {
  const ranges: Range[] = [];
  for (let from = 0; from === 0 || from < line.length - (WINDOW - STEP); from += STEP) {
    const window = line.length <= WINDOW ? line : line.slice(from, from + WINDOW);
    const start = (header === undefined ? ECHO : LEADING).exec(window)?.[0].length ?? 0;
    const text = start === 0 ? window : window.slice(start);
    if (!language.mayHoldSecret.test(text)) continue;
    for (const { under, pattern } of language.redact) {
      if (under && header !== undefined && !under.test(header)) continue;
      const found = pattern.exec(text);
      const secret = found?.indices?.groups?.["secret"];
      if (!found || !secret || secret[1] <= secret[0]) continue;
      const offset = from + start;
      let end = offset + secret[1];
      // A value that the window cut off goes on to the next blank.
      if (end === from + window.length) while (end < line.length && !/\s/v.test(line.charAt(end))) end++;
      ranges.push({ start: offset + secret[0], end, from: offset + found.index });
    }
  }
  return union(ranges);
}

export function union(ranges: readonly Range[]): readonly Range[] {
  if (ranges.length < 2) return ranges;
  const out: Range[] = [];
  for (const range of ranges.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = out.at(-1);
    if (last && range.start < last.end)
      out[out.length - 1] = { ...last, end: Math.max(last.end, range.end), from: Math.min(last.from, range.from) };
    else out.push(range);
  }
  return out;
}

/** What `hide` gives for each secret stands in its place; tokens stay as they are, also where a range holds more than one. */
export function replaceRanges(line: string, ranges: readonly Range[], hide: (value: string) => string): string {
  if (ranges.length === 0) return line;
  let out = "";
  let at = 0;
  for (const { start, end } of ranges) {
    out += line.slice(at, start) + hideAround(line.slice(start, end), hide);
    at = end;
  }
  return out + line.slice(at);
}

/** A value without its tokens: what is left between them is hidden, blanks between them are not worth a tag. */
function hideAround(value: string, hide: (value: string) => string): string {
  let out = "";
  let at = 0;
  const hidePart = (part: string): string => {
    const core = part.trim();
    if (core === "") return part;
    const start = part.indexOf(core);
    return part.slice(0, start) + hide(core) + part.slice(start + core.length);
  };
  for (const found of value.matchAll(TOKEN)) {
    out += hidePart(value.slice(at, found.index)) + found[0];
    at = found.index + found[0].length;
  }
  return out + hidePart(value.slice(at));
}

export function redactLine(
  language: Language,
  line: string,
  header: string | undefined,
  hide: (value: string) => string,
): string {
  return replaceRanges(line, findSecrets(language, line, header), hide);
}
