import { parseDiff } from "./diff.ts";

export interface DiffLine {
  readonly kind: "header" | "add" | "remove";
  readonly depth: number;
  readonly text: string;
}

/** A diff as lines for people: each section's headers once, as context, then what is removed and added below them. */
export function diffLines(json: string): DiffLine[] {
  const lines: DiffLine[] = [];
  /** Headers that stand above the next line already, whether as context or as a changed line. */
  let above: readonly string[] = [];
  for (const { op, path, line } of parseDiff(json)) {
    let shared = 0;
    while (shared < path.length && path[shared] === above[shared]) shared++;
    for (let depth = shared; depth < path.length; depth++) {
      lines.push({ kind: "header", depth, text: visible(path[depth] ?? "") });
    }
    for (const part of line.split("\n")) lines.push({ kind: op, depth: path.length, text: visible(part) });
    above = [...path, line];
  }
  return lines;
}

const SIGN = { header: " ", add: "+", remove: "-" } as const;

export function renderDiff(json: string): string {
  return diffLines(json)
    .map(({ kind, depth, text }) => `${SIGN[kind]} ${"  ".repeat(depth)}${text}`)
    .join("\n");
}

/** Device output is data: what could move a cursor or hide a word is shown as its number. */
function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gv, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
}
