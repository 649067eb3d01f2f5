import fc from "fast-check";

/** How many pairs a property walks through in all, and from which seed; both printed, so that a failure can be had again. */
export function pairs(runs: number): { numRuns: number; seed: number; unbiased: boolean } {
  const scale = Number(process.env["FARHAND_PAIRS"] ?? 1);
  const seed = Number(process.env["FARHAND_SEED"] ?? Date.now() % 2_147_483_647);
  return { numRuns: Math.ceil(runs * scale), seed, unbiased: true };
}

/** Some of these, each at most once, in an order of its own. */
export const someOf = (words: readonly string[]): fc.Arbitrary<string[]> => fc.shuffledSubarray([...words]);

export const one = (...lines: string[]): fc.Arbitrary<string[]> => fc.constantFrom(...lines).map((line) => [line]);

/** Each part or nothing of it. */
export function anyOf(parts: readonly fc.Arbitrary<string[]>[]): fc.Arbitrary<string[]> {
  return fc.tuple(...parts.map((part) => fc.option(part, { nil: [], freq: 2 }))).map((chosen) => chosen.flat());
}

/** A header, what stands below it, and what leaves it. */
export function section(header: string, lines: fc.Arbitrary<string[]>, leave = "exit"): fc.Arbitrary<string[]> {
  return lines.map((inner) => [header, ...inner, leave]);
}
