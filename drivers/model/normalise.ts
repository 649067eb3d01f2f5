import type { Language } from "./language.ts";
import { scan, type Line } from "./lines.ts";

/**
 * A configuration as the device showed it, without what changes from read to read: volatile lines, trailing blanks, carriage
 * returns, empty lines at both ends. Still holds its secrets: this is the raw form.
 */
export function normalise(language: Language, text: string): string {
  const lines = scan(language, text);
  const out: string[] = [];
  for (const [at, line] of lines.entries()) {
    const kept = rewritten(language, lines, at);
    if (kept === undefined) continue;
    out.push(kept === "" ? "" : " ".repeat(line.indent) + kept);
    if (line.body) out.push(...line.body);
  }
  const first = out.findIndex((line) => line !== "");
  if (first < 0) return "";
  const last = out.findLastIndex((line) => line !== "");
  return `${out.slice(first, last + 1).join("\n")}\n`;
}

/** Undefined: the line is dropped. */
function rewritten(language: Language, lines: readonly Line[], at: number): string | undefined {
  const line = lines[at];
  if (!line) return undefined;
  let text = line.text;
  if (text === "" || line.body) return text;
  for (const { pattern, replace, beside } of language.normalise) {
    if (!pattern.test(text)) continue;
    if (beside && !hasBeside(lines, at, beside)) continue;
    text = text.replace(pattern, replace);
    if (text === "") return undefined;
  }
  return text;
}

/** Whether a sibling matches: the lines around, up to one that stands further left. */
function hasBeside(lines: readonly Line[], at: number, beside: RegExp): boolean {
  const own = lines[at]?.indent ?? 0;
  for (const step of [1, -1]) {
    for (let other = at + step; ; other += step) {
      const line = lines[other];
      if (!line || (line.text !== "" && line.indent < own)) break;
      if (line.indent === own && beside.test(line.text)) return true;
    }
  }
  return false;
}
