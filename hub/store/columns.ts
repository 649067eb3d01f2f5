import { FarhandError } from "../../shared/errors.ts";
import type { SqlRow } from "../../shared/store.ts";

/** Typed readers of a row. A column that is not what the schema says is a fault of ours, named. */
const wrong = (row: SqlRow, name: string): FarhandError =>
  new FarhandError("INTERNAL", `column ${name} holds ${row[name] === null ? "null" : typeof row[name]}`);

export function text(row: SqlRow, name: string): string {
  const value = row[name];
  if (typeof value !== "string") throw wrong(row, name);
  return value;
}

export function textOrNull(row: SqlRow, name: string): string | null {
  return row[name] === null ? null : text(row, name);
}

export function int(row: SqlRow, name: string): number {
  const value = row[name];
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "number") throw wrong(row, name);
  return value;
}

export function intOrNull(row: SqlRow, name: string): number | null {
  return row[name] === null ? null : int(row, name);
}

export function bytes(row: SqlRow, name: string): Uint8Array<ArrayBuffer> {
  const value = row[name];
  if (!(value instanceof Uint8Array)) throw wrong(row, name);
  return value as Uint8Array<ArrayBuffer>;
}

/** Names that were checked when they were written keep their brand when they are read. */
export function named<T extends string>(row: SqlRow, name: string): T {
  return text(row, name) as T;
}

export function namedOrNull<T extends string>(row: SqlRow, name: string): T | null {
  return textOrNull(row, name) as T | null;
}

/** JSON that this program wrote. */
export function json<T>(row: SqlRow, name: string): T {
  return JSON.parse(text(row, name)) as T;
}
