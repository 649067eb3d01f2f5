import type { CheckedRow, CheckResult, Checks, Condition, Expectation } from "../../../shared/documents/checks.ts";
import { byKey } from "./compare.ts";
import type { PackFile } from "./pack.ts";
import { defaultsFor } from "./packs.ts";
import type { Cell, Cells, Row, Table, Tables } from "./rows.ts";

const ROWS_SHOWN = 8;

/** An expectation with what it leaves out: rows that the change is meant to break. */
export interface Expected {
  readonly expectation: Expectation;
  readonly exceptKeys: ReadonlySet<string>;
}

/** What is expected of this platform: its defaults but for what is excepted, and the author's own. */
export function expectedOf(pack: PackFile, checks: Pick<Checks, "defaults" | "except" | "expect">): Expected[] {
  const defaults = checks.defaults ? defaultsFor(pack) : [];
  const kept = defaults.flatMap((expectation): Expected[] => {
    const excepted = checks.except.filter(({ name }) => name === expectation.name);
    if (excepted.some(({ keys }) => keys === undefined)) return [];
    return [{ expectation, exceptKeys: new Set(excepted.flatMap(({ keys }) => keys ?? [])) }];
  });
  return [...kept, ...checks.expect.map((expectation) => ({ expectation, exceptKeys: new Set<string>() }))];
}

/** The tables that they ask about, in the pack's order; with nothing expected, all of them. */
export function tablesFor(pack: PackFile, expected: readonly Expected[]): string[] {
  const asked = new Set(expected.map(({ expectation }) => expectation.table));
  return Object.keys(pack.tables).filter((name) => asked.has(name));
}

/**
 * Pure: each expectation against what was read before and after.
 *
 * | before | after | verdict |
 * | --- | --- | --- |
 * | read | read | ok or broken, with the rows that show it; broken `already` where it was so before |
 * | not read | – | unknown, `already`: it says nothing about the change |
 * | read | not read | unknown: a change that cannot be proved good |
 */
export function judge(expected: readonly Expected[], before: Tables, after: Tables): CheckResult[] {
  return expected.map((one) => judgeOne(one, before.get(one.expectation.table), after.get(one.expectation.table)));
}

/** What the change has to answer for. */
export const blamed = ({ verdict, already }: CheckResult): boolean => verdict !== "ok" && !already;

function judgeOne(
  { expectation, exceptKeys }: Expected,
  before: Table | undefined,
  after: Table | undefined,
): CheckResult {
  const { name, table } = expectation;
  const unknown = (detail: string, already: boolean): CheckResult => ({
    name,
    table,
    verdict: "unknown",
    already,
    detail: detail.slice(0, 300),
    rows: [],
    count: 0,
  });
  if (before?.kind !== "read") return unknown(`not known before: ${before?.why ?? "not asked"}`, true);
  if (after?.kind !== "read") return unknown(`known before, and not after: ${after?.why ?? "not read"}`, false);
  const { rows, already, detail } = verdictOf(expectation, matching(expectation, before.rows), before.rows, after.rows);
  const shown = rows.filter(({ key }) => !exceptKeys.has(key));
  const strange = before.strange + after.strange;
  const note = strange === 0 ? "" : `; ${strange} lines were not understood`;
  if (shown.length === 0 && detail === null)
    return { name, table, verdict: "ok", already: false, detail: note.slice(2), rows: [], count: 0 };
  return {
    name,
    table,
    verdict: "broken",
    already,
    detail: `${
      detail ??
      `${shown.length} ${shown.length === 1 ? "row" : "rows"}: ${shown
        .slice(0, 3)
        .map(({ key }) => key)
        .join(", ")}`
    }${note}`.slice(0, 300),
    rows: shown.slice(0, ROWS_SHOWN).map(bounded),
    count: shown.length,
  };
}

interface Finding {
  readonly rows: readonly CheckedRow[];
  readonly already: boolean;
  /** Where it is broken by more than rows: their number. */
  readonly detail: string | null;
}

const broken = (rows: readonly CheckedRow[]): Finding => ({ rows, already: false, detail: null });

function verdictOf(
  expectation: Expectation,
  was: readonly Row[],
  before: readonly Row[],
  after: readonly Row[],
): Finding {
  const now = byKey(after);
  const rowOf = ({ key, cells }: Row): CheckedRow => ({ key, before: cells, after: now.get(key) ?? null });
  const without = (holds: (cells: Cells, old: Cells) => boolean): CheckedRow[] =>
    was.filter(({ key, cells }) => !holds(now.get(key) ?? {}, cells)).map(rowOf);
  switch (expectation.expect) {
    case "kept":
      return broken(without((cells) => Object.keys(cells).length > 0 && meetsAll(expectation.where, cells)));
    case "unchanged":
      return broken(without((cells, old) => cells[expectation.column] === old[expectation.column]));
    case "not-fallen": {
      const { column, tolerancePercent } = expectation;
      return broken(
        was
          .filter(({ key, cells }) => now.has(key) && fell(cells[column], now.get(key)?.[column], tolerancePercent))
          .map(rowOf),
      );
    }
    case "holds": {
      const { column, op, value } = expectation;
      const fails = (cells: Cells): boolean => !meets({ column, op, value }, cells);
      const old = byKey(before);
      const bad = matching(expectation, after).filter(({ cells }) => fails(cells));
      const wasBad = (key: string): boolean => {
        const cells = old.get(key);
        return cells !== undefined && fails(cells);
      };
      const fresh = bad.filter(({ key }) => !wasBad(key));
      const shown = (fresh.length > 0 ? fresh : bad).map(({ key, cells }) => ({
        key,
        before: old.get(key) ?? null,
        after: cells,
      }));
      return { rows: shown, already: fresh.length === 0 && bad.length > 0, detail: null };
    }
    case "rows": {
      const { min = 0, max = Number.MAX_SAFE_INTEGER } = expectation;
      const isIn = (count: number): boolean => count >= min && count <= max;
      const count = matching(expectation, after).length;
      if (isIn(count)) return broken([]);
      return {
        rows: without((cells) => Object.keys(cells).length > 0 && meetsAll(expectation.where, cells)),
        already: !isIn(was.length) && was.length === count,
        detail: `${count} rows, ${was.length} before`,
      };
    }
    default:
      return expectation satisfies never;
  }
}

function fell(before: Cell | undefined, after: Cell | undefined, tolerancePercent: number): boolean {
  if (typeof before !== "number") return false;
  return typeof after !== "number" || after < before * (1 - tolerancePercent / 100);
}

const matching = ({ where }: Expectation, rows: readonly Row[]): Row[] =>
  rows.filter(({ cells }) => meetsAll(where, cells));

const meetsAll = (where: readonly Condition[] | undefined, cells: Cells): boolean =>
  (where ?? []).every((condition) => meets(condition, cells));

function meets({ column, op, value }: Condition, cells: Cells): boolean {
  const cell = cells[column] ?? "";
  switch (op) {
    case "eq":
      return String(cell) === String(value);
    case "ne":
      return String(cell) !== String(value);
    case "contains":
      return String(cell).includes(String(value));
    case "lt":
    case "le":
    case "gt":
    case "ge":
      return numbers(cell, value, op);
    default:
      return op satisfies never;
  }
}

function numbers(cell: Cell, value: string | number, op: "lt" | "le" | "gt" | "ge"): boolean {
  const [a, b] = [Number(cell), Number(value)];
  if (cell === "" || !Number.isFinite(a) || !Number.isFinite(b)) return false;
  switch (op) {
    case "lt":
      return a < b;
    case "le":
      return a <= b;
    case "gt":
      return a > b;
    case "ge":
      return a >= b;
    default:
      return op satisfies never;
  }
}

const bounded = ({ key, before, after }: CheckedRow): CheckedRow => ({ key: key.slice(0, 300), before, after });
