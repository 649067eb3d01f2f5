import type { ColumnFile, TableFile } from "./pack.ts";
import { jsonRows } from "./json-rows.ts";
import { pairRows } from "./pair-rows.ts";
import { cellText, OUTPUT_BYTES_MAX, ROWS_MAX, unread, type Cell, type Row, type Table } from "./rows.ts";
import { textRows } from "./text-rows.ts";
import { xmlRows } from "./xml-rows.ts";

/** Cells as they were found: a list where the column gathers. */
export type Found = ReadonlyMap<string, string | readonly string[]>;

export interface Findings {
  readonly rows: readonly Found[];
  readonly strange: number;
  readonly example: string | null;
}

/** Pure: the rows of one read. Never throws for what a device said: what cannot be read is `unread` with its reason. */
export function parseTable(file: TableFile, output: string): Table {
  if (output.length > OUTPUT_BYTES_MAX) return unread(`more than ${OUTPUT_BYTES_MAX} bytes`);
  if (saysNone(file, output)) return { kind: "read", rows: [], strange: 0, example: null };
  const found = findings(file, output);
  if (typeof found === "string") return unread(found);
  if (found.rows.length > ROWS_MAX) return unread(`more than ${ROWS_MAX} rows`);
  const seen = new Map<string, number>();
  const rows = found.rows.map((row): Row => {
    const cells = Object.fromEntries(
      Object.entries(file.columns).map(([name, column]) => [name, cellOf(column, row.get(name))]),
    );
    const key = file.key
      .map((name) => cells[name] ?? "")
      .join(" ")
      .trim();
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return { key: count === 1 ? key : `${key} #${count}`, cells };
  });
  return { kind: "read", rows, strange: found.strange, example: found.example };
}

function findings(file: TableFile, output: string): Findings | string {
  if (file.xml) return xmlRows(file.xml, output);
  if (file.pairs) return pairRows(file.pairs, output);
  const isJson = file.json !== undefined && (file.text === undefined || /^\s*[\{\[]/v.test(output));
  return isJson ? jsonRows(file.json, output) : textRows(file.text, output);
}

/** Whether an answer, or the words of a refusal, is the platform's way to say that there is nothing. */
export function saysNone(file: TableFile, words: string): boolean {
  if (file.none.length === 0) return false;
  const head = words.slice(0, 2_000).split("\n").slice(0, 12);
  return file.none.some((source) => {
    const pattern = new RegExp(source, "v");
    return head.some((line) => pattern.test(line.trim()));
  });
}

function cellOf(column: ColumnFile, value: string | readonly string[] | undefined): Cell {
  if (column.as === "sum") return sumOf(value ?? []);
  const text = cellText(typeof value === "string" ? value : [...new Set(value ?? [])].toSorted().join(", "));
  if (text === "") return column.missing ?? null;
  if (column.as === "number") {
    const number = Number(text.replaceAll(",", ""));
    return Number.isFinite(number) ? number : null;
  }
  return column.values.find(({ pattern }) => new RegExp(pattern, "v").test(text))?.value ?? text;
}

function sumOf(value: string | readonly string[]): Cell {
  const numbers = (typeof value === "string" ? [value] : value).map((text) => Number(text.replaceAll(",", "")));
  const total = numbers.reduce((sum, one) => sum + one, 0);
  return numbers.length > 0 && Number.isFinite(total) ? total : null;
}
