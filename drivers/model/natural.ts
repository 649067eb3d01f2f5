/** Runs of digits by value, everything else by code unit: the same on every machine, in every locale. */
export function naturalOrder(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const [endA, endB] = [digitsEnd(a, i), digitsEnd(b, j)];
    if (endA > i && endB > j) {
      const [x, y] = [a.slice(i, endA).replace(/^0+/v, ""), b.slice(j, endB).replace(/^0+/v, "")];
      if (x.length !== y.length) return x.length - y.length;
      if (x !== y) return x < y ? -1 : 1;
      [i, j] = [endA, endB];
    } else {
      const [x, y] = [a.charCodeAt(i++), b.charCodeAt(j++)];
      if (x !== y) return x - y;
    }
  }
  const rest = a.length - i - (b.length - j);
  if (rest !== 0) return rest;
  return a === b ? 0 : a < b ? -1 : 1;
}

function digitsEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) >= 0x30 && text.charCodeAt(at) <= 0x39) at++;
  return at;
}
