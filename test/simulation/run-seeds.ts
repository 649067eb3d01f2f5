import { FAULTS, noFaults, type FaultCounts } from "./faults.ts";
import { Identities } from "./identities.ts";
import type { Mutant } from "./mutants.ts";
import { AGENTS, simulate, type Outcome } from "./world.ts";

export interface Totals {
  seeds: number;
  events: number;
  crashes: number;
  applies: number;
  virtualMs: number;
  ms: number;
  readonly faults: FaultCounts;
  /** What everything came to, and how often. */
  readonly ends: Map<string, number>;
}

export interface Campaign {
  readonly totals: Totals;
  /** The first seed that broke something. */
  readonly broken: Outcome | null;
}

let identities: Promise<Identities> | undefined;
export const everybody = (): Promise<Identities> => (identities ??= Identities.make(AGENTS));

/** Runs seeds one after the other, until one finds something. */
export async function runSeeds(seeds: Iterable<number>, mutant: Mutant | null = null): Promise<Campaign> {
  const who = await everybody();
  const started = performance.now();
  const totals: Totals = {
    seeds: 0,
    events: 0,
    crashes: 0,
    applies: 0,
    virtualMs: 0,
    ms: 0,
    faults: noFaults(),
    ends: new Map(),
  };
  let broken: Outcome | null = null;
  for (const seed of seeds) {
    const outcome = await simulate(seed, who, mutant);
    totals.seeds++;
    totals.events += outcome.events;
    totals.crashes += outcome.crashes;
    totals.applies += outcome.applies;
    totals.virtualMs += outcome.virtualMs;
    for (const fault of FAULTS) totals.faults[fault] += outcome.faults[fault];
    for (const end of outcome.ends) totals.ends.set(end, (totals.ends.get(end) ?? 0) + 1);
    if (outcome.violation === null) continue;
    broken = outcome;
    break;
  }
  totals.ms = performance.now() - started;
  return { totals, broken };
}

export function replayOf({ seed, violation, tail }: Outcome, mutant: Mutant | null = null): string {
  const which = mutant === null ? "" : `FARHAND_SIM_MUTANT=${mutant} `;
  return [
    ...tail,
    `seed ${seed}: ${violation ?? "nothing found"}`,
    `again: ${which}FARHAND_SIM_SEED=${seed} npx bun --bun vitest run test/simulation`,
  ].join("\n");
}

export function summary({ seeds, events, crashes, applies, virtualMs, ms, faults, ends }: Totals): string {
  const rate = Math.round(events / (ms / 1_000));
  const head = `${seeds} seeds, ${events} events (${rate}/s), ${(virtualMs / 3_600_000).toFixed(1)} virtual hours in ${(ms / 1_000).toFixed(1)} s`;
  const fired = FAULTS.map((fault) => `${fault} ${faults[fault]}`).join(", ");
  const reached = [...ends]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([end, count]) => `${end} ${count}`)
    .join(", ");
  return `${head}; ${applies} applies, ${crashes} crashes
${fired}
${reached}`;
}
