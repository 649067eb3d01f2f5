import { inOrderOfNames } from "./by-name.ts";
import type { Language } from "./language.ts";
import { scan, type Line } from "./lines.ts";

/**
 * A configuration as the device showed it, without what changes from read to read: volatile lines, trailing blanks, carriage
 * returns, empty lines at both ends. Still holds its secrets: this is the raw form.
 */
export function normalise(language: Language, text: string): string {
  const lines = scan(language, text);
  const out: string[] = [];
  const runs = new Map<RegExp, Run>();
  for (const [at, line] of lines.entries()) {
    const kept = rewritten(language, lines, at, runs);
    if (kept === undefined) continue;
    out.push(kept === "" ? "" : " ".repeat(line.indent) + kept);
    if (line.body) out.push(...line.body);
    if (line.secret && language.set?.secretMark !== undefined)
      out[out.length - 1] = `${out.at(-1) ?? ""} ${language.set.secretMark}`;
  }
  const ordered = inOrderOfNames(language, out);
  const first = ordered.findIndex((line) => line !== "");
  if (first < 0) return "";
  const last = ordered.findLastIndex((line) => line !== "");
  return `${ordered.slice(first, last + 1).join("\n")}\n`;
}

/** Undefined: the line is dropped. */
function rewritten(language: Language, lines: readonly Line[], at: number, runs: Map<RegExp, Run>): string | undefined {
  const line = lines[at];
  if (!line) return undefined;
  let text = line.text;
  if (text === "" || line.body) return text;
  for (const { pattern, replace, beside } of language.normalise) {
    if (!pattern.test(text)) continue;
    if (beside && !hasBeside(lines, at, beside, runs)) continue;
    text = text.replace(pattern, replace);
    if (text === "") return undefined;
  }
  return text;
}

interface Run {
  readonly from: number;
  readonly to: number;
  readonly indent: number;
  readonly found: boolean;
}

/** Whether a sibling matches: the lines around, up to one that stands further left. Each run of siblings is looked through once. */
function hasBeside(lines: readonly Line[], at: number, beside: RegExp, runs: Map<RegExp, Run>): boolean {
  const indent = lines[at]?.indent ?? 0;
  const known = runs.get(beside);
  if (known && known.indent === indent && known.from <= at && at <= known.to) return known.found;
  const ends = (line: Line | undefined): boolean => !line || (line.text !== "" && line.indent < indent);
  let from = at;
  while (!ends(lines[from - 1])) from--;
  let to = at;
  while (!ends(lines[to + 1])) to++;
  let found = false;
  for (let other = from; other <= to && !found; other++) {
    const line = lines[other];
    found = other !== at && line?.indent === indent && beside.test(line.text);
  }
  runs.set(beside, { from, to, indent, found });
  return found;
}
