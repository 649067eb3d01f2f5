import { FarhandError } from "../../shared/errors.ts";
import { SOFTWARE } from "../software.ts";
import { Bench, type BenchOptions } from "./bench.ts";
import { gradeOf, type Certificate, type ItemResult } from "./certificate.ts";
import { changes } from "./changes.ts";
import { errorWords, failed, type Item, type Verdict } from "./item.ts";
import { reads, secrets } from "./reads.ts";
import { undo } from "./undo.ts";

/** In this order: what only reads, then what changes, then what is sought in all that was said. */
export const LIST: readonly Item[] = [...reads, ...changes, ...undo, secrets];
/** Without these nothing else means anything. */
const FIRST: ReadonlySet<string> = new Set(["login", "facts", "two-reads"]);

export interface CertifyOptions extends BenchOptions {
  readonly list?: readonly Item[];
  readonly told?: (result: ItemResult) => void;
}

/** Runs the whole list on one device. Never throws for what the device does: that is what it tells. */
export async function certify({ list = LIST, told, ...options }: CertifyOptions): Promise<Certificate> {
  const bench = new Bench(options);
  const { clock, driver, lab, signal } = bench;
  const began = new Date(clock.nowMs()).toISOString();
  const items: ItemResult[] = [];
  let ended: string | undefined;
  for (const item of list) {
    signal.throwIfAborted();
    const startedMs = clock.monotonicMs();
    let verdict: Verdict;
    if (ended === undefined) {
      verdict = await verdictOf(item, bench);
      if (verdict.status === "failed" && FIRST.has(item.id)) ended = `not run, since "${item.id}" failed`;
      if (item.changes && !(await settled(bench))) {
        verdict = failed(
          `${verdict.evidence}; the device could not be made as it was: a person must look`.slice(-2_000),
        );
        ended = "not run, since the device is not as it was";
      }
    } else verdict = failed(ended);
    const seconds = Math.round((clock.monotonicMs() - startedMs) / 100) / 10;
    const result = { id: item.id, title: item.title, seconds, ...verdict };
    items.push(result);
    told?.(result);
  }
  const none = { hostname: "", vendor: "", model: null, version: null, serial: null };
  // What a grade is for; who else it belongs to, and is managed by, is a laboratory's own matter.
  const { hostname, vendor, model, version, serial } = bench.facts ?? none;
  const device = { hostname, vendor, model, version, serial };
  return {
    schema: "farhand.certificate/1",
    software: SOFTWARE,
    began,
    ended: new Date(clock.nowMs()).toISOString(),
    platform: driver.platform,
    transport: driver.transport,
    digest: driver.digest,
    device,
    confirmSeconds: lab.confirmSeconds,
    items,
    grade: gradeOf(
      driver.evidence,
      device.version,
      items,
      LIST.map(({ id }) => id),
    ),
  };
}

async function verdictOf(item: Item, bench: Bench): Promise<Verdict> {
  try {
    const { status, evidence } = await item.run(bench);
    return { status, evidence: evidence.slice(0, 2_000) };
  } catch (error) {
    bench.signal.throwIfAborted();
    return failed(errorWords(error).slice(0, 1_000));
  }
}

async function settled(bench: Bench): Promise<boolean> {
  try {
    return await bench.settle();
  } catch (error) {
    bench.signal.throwIfAborted();
    if (error instanceof FarhandError) return false;
    throw error;
  }
}
