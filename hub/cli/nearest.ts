/** Levenshtein's edit distance. Names are short: the table is built row by row. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The name that was probably meant; undefined where nothing is near. */
export function nearest(given: string, names: readonly string[]): string | undefined {
  const near = names
    .map((name) => ({ name, steps: distance(given.toLowerCase(), name.toLowerCase()) }))
    .filter(({ steps }) => steps <= Math.max(1, Math.floor(given.length / 3)))
    .toSorted((a, b) => a.steps - b.steps);
  return near[0]?.name;
}

export const meant = (given: string, names: readonly string[]): string => {
  const name = nearest(given, names);
  return name === undefined ? "" : `; did you mean ${name}?`;
};
