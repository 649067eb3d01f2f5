import type { BlockRule, Language } from "./language.ts";
import { scanMenu } from "./menu/read.ts";
import { scanSet } from "./set/read.ts";

/**
 * A configuration text as lines, with blocks of free text (banners, certificate bodies) kept whole. Everything that reads
 * text line by line goes through here, so that no rule ever looks at a banner's words as if they were commands.
 */

export interface Line {
  /** From 1, in the text that was read. */
  readonly number: number;
  readonly indent: number;
  /** Without indent and trailing blanks. Empty for an empty line. */
  readonly text: string;
  /** The raw lines of the block that this line opens, the closing one included. */
  readonly body: readonly string[] | undefined;
  readonly block: OpenBlock | undefined;
  /** The device says that the last word is secret, whatever the patterns know of it. */
  readonly secret?: true;
}

export interface OpenBlock {
  readonly rule: BlockRule;
  readonly delimiter: string | undefined;
  /** Where in `text` the delimiter begins. */
  readonly at: number;
  readonly closed: "here" | "later" | "never";
}

/** Nothing that a person means to type is longer, and a session types none that is. */
export const LINE_CHARACTERS_MAX = 4096;

const TAB = 8;

function indentOf(line: string): { indent: number; start: number } {
  let indent = 0;
  let start = 0;
  for (; start < line.length; start++) {
    const c = line.charCodeAt(start);
    if (c === 0x20) indent++;
    else if (c === 0x09) indent += TAB - (indent % TAB);
    else break;
  }
  return { indent, start };
}

function opened(language: Language, text: string): Omit<OpenBlock, "closed"> | undefined {
  for (const rule of language.blocks) {
    const found = rule.open.exec(text);
    if (!found) continue;
    const delimiter = rule.end ? undefined : found.groups?.["delimiter"];
    if (!rule.end && (delimiter === undefined || delimiter === "")) continue;
    return { rule, delimiter, at: found.index + found[0].length - (delimiter?.length ?? 0) };
  }
  return undefined;
}

const closes = ({ rule, delimiter }: Omit<OpenBlock, "closed">, line: string): boolean =>
  delimiter === undefined ? rule.end?.test(line) === true : line.includes(delimiter);

export function splitLines(text: string): string[] {
  return text.split("\n").map((line) => {
    let end = line.length;
    while (end > 0 && line.charCodeAt(end - 1) === 0x0d) end--;
    return end === line.length ? line : line.slice(0, end);
  });
}

export function scan(language: Language, text: string): Line[] {
  if (language.set) return scanSet(language, language.set, text);
  if (language.menu) return scanMenu(language, language.menu, text);
  const raw = splitLines(text);
  const lines: Line[] = [];
  // Ends that are not in the rest of the text: an unclosed banner must not make every later one search to the end again.
  const missing = new Set<string | BlockRule>();
  for (let at = 0; at < raw.length; at++) {
    const whole = raw[at] ?? "";
    const { indent, start } = indentOf(whole);
    const line = { number: at + 1, indent, text: whole.slice(start).trimEnd() };
    const block = opened(language, line.text);
    if (!block) {
      lines.push({ ...line, body: undefined, block: undefined });
      continue;
    }
    if (block.delimiter !== undefined && line.text.includes(block.delimiter, block.at + block.delimiter.length)) {
      lines.push({ ...line, body: undefined, block: { ...block, closed: "here" } });
      continue;
    }
    const end = block.delimiter ?? block.rule;
    let last = at + 1;
    if (!missing.has(end)) while (last < raw.length && !closes(block, raw[last] ?? "")) last++;
    if (missing.has(end) || last >= raw.length) {
      missing.add(end);
      lines.push({ ...line, body: undefined, block: { ...block, closed: "never" } });
      continue;
    }
    const body = raw.slice(at + 1, last + 1);
    const kept = block.rule.trim ? body.map((one) => one.trimEnd()) : body;
    lines.push({ ...line, body: kept, block: { ...block, closed: "later" } });
    at = last;
  }
  return lines;
}

/** The line with its block as one text, as trees and diffs hold it. */
export const wholeText = (line: Pick<Line, "text" | "body">): string =>
  line.body === undefined ? line.text : [line.text, ...line.body].join("\n");
