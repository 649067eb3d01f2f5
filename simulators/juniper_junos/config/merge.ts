/** What a private session changed, put onto what others have committed meanwhile. */
import { clone, find, nameWords, place, sameKeys, type Config, type Statement } from "./tree.ts";

export interface Conflict {
  readonly path: readonly string[];
}

/** `base` is what the session began with. Two changes of one value are a conflict; the tree is then of no use. */
export function mergeOnto(base: Config, mine: Config, theirs: Config): { tree: Config; conflicts: Conflict[] } {
  const conflicts: Conflict[] = [];
  const tree = clone(theirs);
  mergeInto(base, mine, tree, [], conflicts);
  return { tree, conflicts };
}

function mergeInto(base: Statement, mine: Statement, into: Statement, path: readonly string[], out: Conflict[]): void {
  if (mine.inactive !== base.inactive) into.inactive = mine.inactive;
  if (!sameKeys(mine.values, base.values)) {
    if (!sameKeys(into.values, base.values) && !sameKeys(into.values, mine.values)) out.push({ path });
    into.values = [...mine.values];
  }
  for (const old of base.children)
    if (!find(mine, old.schema, old.keys))
      into.children = into.children.filter((child) => child !== find(into, old.schema, old.keys));
  for (const child of mine.children) {
    const was = find(base, child.schema, child.keys);
    const there = find(into, child.schema, child.keys);
    const here = [...path, ...nameWords(child)];
    if (!was && !there) place(into, clone(child));
    else if (there) mergeInto(was ?? { ...child, values: [], children: [], inactive: false }, child, there, here, out);
    else if (was && !sameKeys(was.values, child.values)) out.push({ path: here });
  }
}
