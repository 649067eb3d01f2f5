import type { TableFile } from "./pack.ts";
import type { Cells, Row, Table, Tables } from "./rows.ts";

export interface RowChange {
  readonly key: string;
  readonly how: "added" | "removed" | "changed";
  readonly before: Cells | null;
  readonly after: Cells | null;
  /** Columns that differ; those that always do (counters, ages) are none. */
  readonly columns: readonly string[];
}

export interface TableChange {
  readonly table: string;
  /** Why there is nothing to compare; null where both were read. */
  readonly unknown: string | null;
  readonly changes: readonly RowChange[];
  readonly same: number;
}

/** Pure: what is there now that was not, what is gone, what says something else. In the order of the pack and of the rows. */
export function compareTables(
  files: Readonly<Record<string, TableFile>>,
  before: Tables,
  after: Tables,
): TableChange[] {
  return Object.entries(files)
    .filter(([name]) => before.has(name) || after.has(name))
    .map(([name, file]) => compareTable(name, file, before.get(name), after.get(name)));
}

function compareTable(
  table: string,
  file: TableFile,
  before: Table | undefined,
  after: Table | undefined,
): TableChange {
  const why = unknownWhy(before, after);
  if (why !== null || before?.kind !== "read" || after?.kind !== "read")
    return { table, unknown: why ?? "not read", changes: [], same: 0 };
  const compared = Object.keys(file.columns).filter((name) => file.columns[name]?.volatile !== true);
  const old = byKey(before.rows);
  const now = byKey(after.rows);
  const changes: RowChange[] = [];
  for (const { key, cells } of before.rows) {
    const other = now.get(key);
    if (!other) changes.push({ key, how: "removed", before: cells, after: null, columns: [] });
    else {
      const columns = compared.filter((name) => cells[name] !== other[name]);
      if (columns.length > 0) changes.push({ key, how: "changed", before: cells, after: other, columns });
    }
  }
  for (const { key, cells } of after.rows)
    if (!old.has(key)) changes.push({ key, how: "added", before: null, after: cells, columns: [] });
  const kept = changes.filter(({ how }) => how !== "added").length;
  return { table, unknown: null, changes, same: before.rows.length - kept };
}

export const byKey = (rows: readonly Row[]): ReadonlyMap<string, Cells> =>
  new Map(rows.map(({ key, cells }) => [key, cells]));

/** Null where both can be compared. */
export function unknownWhy(before: Table | undefined, after: Table | undefined): string | null {
  if (before?.kind !== "read") return `not known before: ${before?.why ?? "not read"}`;
  if (after?.kind !== "read") return `not known after: ${after?.why ?? "not read"}`;
  return null;
}
