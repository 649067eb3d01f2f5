import { structuredPatch } from "diff";
import { z } from "zod";

/** Diffs as rows to draw. Pure. */
export type Sign = "+" | "-" | " ";
export type Row =
  | { readonly kind: "line"; readonly sign: Sign; readonly depth: number; readonly text: string }
  | { readonly kind: "gap"; readonly lines: number };

/** The normalised diff of a plan or a receipt: each changed line with the headers above it. */
const Normalised = z.array(
  z.object({ op: z.enum(["add", "remove"]), path: z.array(z.string()).max(64), line: z.string() }),
);

const json = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Rows of a normalised diff, each section's headers once; undefined when the text is not one. */
export function normalisedRows(text: string): Row[] | undefined {
  const parsed = Normalised.safeParse(json(text));
  if (!parsed.success) return undefined;
  const rows: Row[] = [];
  let above: readonly string[] = [];
  for (const { op, path, line } of parsed.data) {
    let shared = 0;
    while (shared < path.length && path[shared] === above[shared]) shared++;
    for (const [depth, header] of path.entries()) {
      if (depth >= shared) rows.push({ kind: "line", sign: " ", depth, text: header });
    }
    for (const part of line.split("\n")) {
      rows.push({ kind: "line", sign: op === "add" ? "+" : "-", depth: path.length, text: part });
    }
    above = [...path, line];
  }
  return rows;
}

const CONTEXT = 4;
/** jsdiff gives up beyond this, and both texts are then shown as replaced: a hostile text must not stall the page. */
const EDITS_MAX = 20_000;

/** Two whole texts, with context around each change and every gap counted. Empty when they are equal. */
export function textRows(before: string, after: string): Row[] | undefined {
  const patch = structuredPatch("", "", before, after, undefined, undefined, {
    context: CONTEXT,
    maxEditLength: EDITS_MAX,
    timeout: 2_000,
  });
  if (!patch) return undefined;
  const rows: Row[] = [];
  let next = 1;
  for (const hunk of patch.hunks) {
    const skipped = hunk.oldStart - next;
    if (skipped > 0) rows.push({ kind: "gap", lines: skipped });
    for (const line of hunk.lines) {
      const sign = line[0];
      if (sign === "+" || sign === "-" || sign === " ")
        rows.push({ kind: "line", sign, depth: 0, text: line.slice(1) });
    }
    next = hunk.oldStart + hunk.oldLines;
  }
  const total = before.split("\n").length - (before.endsWith("\n") ? 1 : 0);
  if (rows.length > 0 && next <= total) rows.push({ kind: "gap", lines: total - next + 1 });
  return rows;
}

export function countSigns(rows: readonly Row[]): { added: number; removed: number } {
  let added = 0;
  let removed = 0;
  for (const row of rows) {
    if (row.kind === "line" && row.sign === "+") added++;
    if (row.kind === "line" && row.sign === "-") removed++;
  }
  return { added, removed };
}

const Commands = z.array(z.string());

/** The ordered commands of a plan; undefined when the text is not a list of them. */
export function parseCommands(text: string): string[] | undefined {
  const parsed = Commands.safeParse(json(text));
  return parsed.success ? parsed.data : undefined;
}
