import type { Checks, CheckResult, PlannedCheck } from "../../shared/documents/checks.ts";
import { errorCode, FarhandError } from "../../shared/errors.ts";
import { blamed, expectedOf, judge, tablesFor, type Expected } from "../model/state/expect.ts";
import type { PackFile, TableFile } from "../model/state/pack.ts";
import { packFor } from "../model/state/packs.ts";
import { parseTable, saysNone } from "../model/state/parse.ts";
import { OUTPUT_BYTES_MAX, unread, type Table, type Tables } from "../model/state/rows.ts";
import type { Driver, Session, StateEvidence } from "../types.ts";
import { isRefused } from "../refused.ts";
import type { ChangeContext } from "./context.ts";
import { why } from "./context.ts";

const POLL_MS = 2_000;

/** What is read and what is expected of it, for one change. */
export interface StatePlan {
  readonly pack: PackFile;
  readonly expected: readonly Expected[];
  /** In the order in which they are read. */
  readonly tables: readonly string[];
  readonly settleMs: number;
  readonly withinMs: number;
}

/**
 * Throws CHECKS_UNSUPPORTED where nothing can be read as rows over this transport, for a table that the platform does not have, and where
 * settling alone would take more than half of what the device's undo timer gives.
 */
export function planState(driver: Driver, checks: Checks, confirmMs: number): StatePlan {
  if (checks.settleMs > confirmMs / 2)
    throw new FarhandError(
      "CHECKS_UNSUPPORTED",
      `settling takes ${checks.settleMs} ms of the ${confirmMs} ms that the undo timer gives`,
    );
  const pack = packFor(driver.platform, driver.transport);
  if (!pack || !Object.values(pack.tables).some(({ command }) => driver.isRead(command)))
    throw new FarhandError("CHECKS_UNSUPPORTED", `${driver.platform} over ${driver.transport}`);
  const strange = checks.expect.find(({ table }) => pack.tables[table] === undefined);
  if (strange)
    throw new FarhandError(
      "CHECKS_UNSUPPORTED",
      `${driver.platform} has no table ${strange.table}; it has ${Object.keys(pack.tables).join(", ")}`,
    );
  const expected = expectedOf(pack, checks);
  const { settleMs, withinMs } = checks;
  return { pack, expected, tables: tablesFor(pack, expected), settleMs, withinMs };
}

/** Reads tables one after the other. What the device refuses is unread; a broken session throws, since it says nothing about the state. */
export async function readState(
  context: Pick<ChangeContext, "driver" | "outputBytesMax">,
  session: Session,
  pack: PackFile,
  names: readonly string[],
): Promise<Tables> {
  const tables = new Map<string, Table>();
  for (const name of names) {
    const file = pack.tables[name];
    tables.set(name, file ? await readTable(context, session, file) : unread("no such table"));
  }
  return tables;
}

async function readTable(
  context: Pick<ChangeContext, "driver" | "outputBytesMax">,
  session: Session,
  file: TableFile,
): Promise<Table> {
  if (!context.driver.isRead(file.command)) return unread("not readable over this transport");
  const parts: string[] = [];
  let bytes = 0;
  try {
    await session.run(file.command, {
      outputBytesMax: context.outputBytesMax,
      sink: (chunk) => {
        bytes += chunk.length;
        if (bytes <= OUTPUT_BYTES_MAX) parts.push(chunk);
        return Promise.resolve();
      },
    });
  } catch (error) {
    const code = errorCode(error);
    const { detail } = why(error);
    if (!isRefused(code)) throw error;
    // Some say "not active" in the words of a refusal.
    return saysNone(file, detail) || saysNone(file, parts.join(""))
      ? { kind: "read", rows: [], strange: 0, example: null }
      : unread(`${code}: ${detail}`);
  }
  return bytes > OUTPUT_BYTES_MAX ? unread(`more than ${OUTPUT_BYTES_MAX} bytes`) : parseTable(file, parts.join(""));
}

/** How each check stands now, before anything is changed. */
export function plannedChecks({ pack, expected }: StatePlan, now: Tables): PlannedCheck[] {
  return judge(expected, now, now).map(({ name, table, verdict, detail }) => {
    const read = now.get(table);
    const command = pack.tables[table]?.command ?? "";
    return {
      name,
      table,
      command,
      rows: read?.kind === "read" ? read.rows.length : null,
      already: verdict === "broken",
      detail,
    };
  });
}

/** What was read, and what it says about the change. */
export interface Proved {
  readonly results: readonly CheckResult[];
  readonly after: Tables;
}

/**
 * Reads again until every expectation holds, or its time or `untilMs` (monotonic) is over; the first look is no sooner than the plan lets things
 * settle. Only tables in which something does not hold are read again,
 * and all of them once more when everything holds.
 */
export async function proveState(
  context: ChangeContext,
  session: Session,
  plan: StatePlan,
  before: Tables,
  untilMs: number,
): Promise<Proved> {
  const { clock, signal } = context;
  const startMs = clock.monotonicMs();
  const settledMs = Math.min(plan.settleMs, untilMs - startMs);
  if (settledMs > 0) await clock.sleep(settledMs, signal);
  const limitMs = Math.min(startMs + plan.settleMs + plan.withinMs, untilMs);
  let after = await readState(context, session, plan.pack, plan.tables);
  let isWhole = true;
  for (;;) {
    const results = judge(plan.expected, before, after);
    const open = new Set(results.filter(blamed).map(({ table }) => table));
    const leftMs = limitMs - clock.monotonicMs();
    if ((open.size === 0 && isWhole) || leftMs <= 0) return { results, after };
    if (open.size > 0) await clock.sleep(Math.min(POLL_MS, leftMs), signal);
    isWhole = open.size === 0;
    const again = isWhole ? plan.tables : plan.tables.filter((name) => open.has(name));
    after = new Map([...after, ...(await readState(context, session, plan.pack, again))]);
  }
}

export const evidenceOf = (before: Tables, { results, after }: Proved): StateEvidence => ({
  results,
  before: Object.fromEntries(before),
  after: Object.fromEntries(after),
});

/** VERIFICATION_FAILED naming what the change broke. */
export function requireState(results: readonly CheckResult[]): void {
  const bad = results.filter(blamed);
  const [first] = bad;
  if (!first) return;
  const more =
    bad.length > 1
      ? ` (and ${bad
          .slice(1)
          .map(({ name }) => name)
          .join(", ")})`
      : "";
  throw new FarhandError("VERIFICATION_FAILED", `${first.name} ${first.verdict}: ${first.detail}${more}`);
}
