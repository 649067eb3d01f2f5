import { FarhandError } from "../../shared/errors.ts";
import type { SqlRow } from "../../shared/store.ts";

/** Columns by kind. A column of another kind is a damaged journal, not a default. */
export function text(row: SqlRow, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw new FarhandError("JOURNAL_CORRUPT", `column ${column}`);
  return value;
}

export function textOrNull(row: SqlRow, column: string): string | null {
  return row[column] === null ? null : text(row, column);
}

export function int(row: SqlRow, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw new FarhandError("JOURNAL_CORRUPT", `column ${column}`);
  return value;
}

export function intOrNull(row: SqlRow, column: string): number | null {
  return row[column] === null ? null : int(row, column);
}

export function blob(row: SqlRow, column: string): Uint8Array<ArrayBuffer> {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw new FarhandError("JOURNAL_CORRUPT", `column ${column}`);
  return value as Uint8Array<ArrayBuffer>;
}

export function json(row: SqlRow, column: string): unknown {
  return JSON.parse(text(row, column)) as unknown;
}
