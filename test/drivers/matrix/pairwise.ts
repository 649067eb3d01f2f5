/**
 * A small choice of cases in which every pair of values of two different factors that occurs at all occurs: greedy, in order, so that it
 * is the same on every machine.
 */
export function pairwise<T>(cases: readonly T[], factors: (one: T) => readonly string[]): T[] {
  const pairsOf = (one: T): string[] => {
    const values = factors(one);
    return values.flatMap((a, i) => values.slice(i + 1).map((b, j) => `${i}:${a}|${i + 1 + j}:${b}`));
  };
  const left = new Set(cases.flatMap(pairsOf));
  const rest = new Map(cases.map((one) => [one, pairsOf(one)]));
  const chosen: T[] = [];
  while (left.size > 0) {
    let best: T | undefined;
    let most = 0;
    for (const [one, pairs] of rest) {
      const gain = pairs.reduce((sum, pair) => sum + (left.has(pair) ? 1 : 0), 0);
      if (gain > most) [best, most] = [one, gain];
    }
    if (best === undefined) break;
    for (const pair of rest.get(best) ?? []) left.delete(pair);
    rest.delete(best);
    chosen.push(best);
  }
  return chosen;
}
