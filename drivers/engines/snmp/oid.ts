/** RFC 3416 §2.2 order: arc by arc, a prefix before what it begins. */
export function compareOids(a: string, b: string): number {
  const [left, right] = [a.split("."), b.split(".")];
  for (let i = 0; i < Math.min(left.length, right.length); i += 1) {
    const difference = Number(left[i]) - Number(right[i]);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

export const isBelow = (root: string, oid: string): boolean => oid.startsWith(`${root}.`);
