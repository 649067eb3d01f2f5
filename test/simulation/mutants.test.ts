import { describe, expect, it } from "vitest";
import { MUTANTS } from "./mutants.ts";
import { replayOf, runSeeds } from "./run-seeds.ts";

const SEEDS_MAX = 500;

function* upTo(last: number): Generator<number> {
  for (let seed = 1; seed <= last; seed++) yield seed;
}

describe("a shell built wrong", () => {
  it.each(MUTANTS)("%s is found", { timeout: 300_000 }, async (mutant) => {
    // While one seed is replayed, this file has nothing to add.
    if (process.env["FARHAND_SIM_SEED"] !== undefined) return;
    const { broken } = await runSeeds(upTo(SEEDS_MAX), mutant);
    expect(broken, `${mutant} was not found in ${SEEDS_MAX} seeds`).not.toBeNull();
    if (broken) console.log(`${mutant}: ${replayOf({ ...broken, tail: [] }, mutant)}`);
    // Found for what it does, and not because the mutant itself cannot run.
    expect(broken?.violation).not.toContain("nobody expected");
  });
});
