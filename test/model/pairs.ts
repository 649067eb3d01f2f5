import fc from "fast-check";

/** How many pairs a property walks through in all, and from which seed; both printed, so that a failure can be had again. */
export function pairs(runs: number): { numRuns: number; seed: number; unbiased: boolean } {
  const scale = Number(process.env["FARHAND_PAIRS"] ?? 1);
  const seed = Number(process.env["FARHAND_SEED"] ?? Date.now() % 2_147_483_647);
  return { numRuns: Math.ceil(runs * scale), seed, unbiased: true };
}

/** Some of these, each at most once, in an order of its own. */
export const someOf = (words: readonly string[]): fc.Arbitrary<string[]> => fc.shuffledSubarray([...words]);
