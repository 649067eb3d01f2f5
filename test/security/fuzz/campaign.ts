import { join } from "node:path";
import { countOf, type Report } from "./child.ts";
import type { Fault, Tally } from "./run.ts";
import type { Target } from "./target.ts";
import { watch } from "./watchdog.ts";

export interface Campaign {
  readonly tallies: readonly Tally[];
  readonly faults: readonly Fault[];
}

const MAIN = join(import.meta.dirname, "main.ts");
/** After so many faults that ended the child, there is enough to look at. */
const ENDED_MAX = 10;

/** About `inputs` in all, shared out among the targets. A child that one target has ended is followed by another for the rest. */
export async function runCampaign(
  known: readonly Target[],
  options: { readonly inputs: number; readonly first: number; readonly flag?: string; readonly wallMsMax?: number },
): Promise<Campaign> {
  const shares = known.reduce((sum, target) => sum + (target.share ?? 1), 0);
  const count = Math.ceil(options.inputs / shares);
  const reports: Report[] = [];
  const ended: Fault[] = [];
  let left = known.map((target) => target.name);
  while (left.length > 0 && ended.length < ENDED_MAX) {
    const command = [process.execPath, MAIN, options.flag ?? "--child"];
    const watched = await watch(command, { targets: left, first: options.first, count }, known, options.wallMsMax);
    reports.push(...watched.reports);
    if (!watched.ended) break;
    ended.push(watched.ended);
    const { target } = watched.ended;
    left = left.slice(left.indexOf(target) + 1);
  }
  return {
    tallies: reports.map((report) => report.tally),
    faults: [...reports.flatMap((report) => report.faults), ...ended],
  };
}

export function printedTally({ target, inputs, refused, same, taken }: Tally): string {
  const codes = Object.entries(refused)
    .toSorted((a, b) => b[1] - a[1])
    .map(([code, count]) => `${code} ${count}`);
  const accepted = taken > 0 ? `taken ${taken}` : `as signed ${same}`;
  return `${target.padEnd(24)} ${String(inputs).padStart(6)} inputs; ${accepted}; ${codes.join(", ")}`;
}

export const printedFault = ({ target, seed, what }: Fault): string =>
  `${target}: seed ${seed}: ${what}\n    again: bun test/security/fuzz/main.ts --target ${target} --seed ${seed}`;

export const inputsOf = (targets: readonly Target[], inputs: number): number => {
  const shares = targets.reduce((sum, target) => sum + (target.share ?? 1), 0);
  return targets.reduce((sum, target) => sum + countOf(target, Math.ceil(inputs / shares)), 0);
};
