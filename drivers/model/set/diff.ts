import type { DiffEntry } from "../diff.ts";
import { naturalOrder } from "../natural.ts";
import type { SetForm } from "../language.ts";
import type { ConfigNode } from "../tree.ts";
import { moveLine, movesOf, orderedLists } from "./order.ts";
import { type SetNode, type SetTree, treeOf } from "./tree.ts";

/**
 * The diff of two configurations of a set language. One rule makes it canonical: an entry for each line of one side whose path the
 * other side does not hold at all, in natural order of the path above, there what is removed before what is added; then, list by list,
 * the moves that put a list in order (`insert`), as entries that are added. A path that one side says and the other implies is the same.
 */
export function diffSet(form: SetForm, before: readonly ConfigNode[], after: readonly ConfigNode[]): DiffEntry[] {
  const [a, b] = [treeOf(form, before), treeOf(form, after)];
  return [...diffSetTrees(form, a, b), ...others(a, b)];
}

export function diffSetTrees(form: SetForm, a: SetTree, b: SetTree): DiffEntry[] {
  const found: Found[] = [];
  compare(form, a.root, b.root, "", "remove", found);
  compare(form, b.root, a.root, "", "add", found);
  const sorted = found
    .toSorted(
      (x, y) =>
        Number(x.isMark) - Number(y.isMark) ||
        (x.above === y.above ? 0 : naturalOrder(x.above, y.above)) ||
        (x.op === y.op ? naturalOrder(x.line, y.line) : x.op === "remove" ? -1 : 1),
    )
    .map(({ op, line }): DiffEntry => ({ op, path: [], line }));
  const moves = orderedLists(form, a, b)
    .toSorted((x, y) => naturalOrder(x.list, y.list))
    .flatMap((list) => movesOf(list))
    .map((move): DiffEntry => ({ op: "add", path: [], line: moveLine(form, move) }));
  return [...sorted, ...moves];
}

interface Found {
  readonly op: DiffEntry["op"];
  readonly above: string;
  readonly line: string;
  readonly isMark: boolean;
}

/** What `node` shows and `other` does not hold. */
function compare(
  form: SetForm,
  node: SetNode,
  other: SetNode | undefined,
  path: string,
  op: DiffEntry["op"],
  out: Found[],
): void {
  for (let child = node.first; child; child = child.next) {
    const twin = other?.child(child.word);
    const place = path === "" ? child.word : `${path} ${child.word}`;
    if (!twin && !child.first) out.push({ op, above: path, line: `${form.assert} ${place}`, isMark: false });
    for (const mark of child.marks?.keys() ?? [])
      if (twin?.marks?.has(mark) !== true) out.push({ op, above: path, line: `${mark} ${place}`, isMark: true });
    if (child.first) compare(form, child, twin, place, op, out);
  }
}

function others(a: SetTree, b: SetTree): DiffEntry[] {
  const lines = (of: SetTree, without: SetTree, op: DiffEntry["op"]): DiffEntry[] =>
    [...of.other.keys()]
      .filter((line) => !without.other.has(line))
      .toSorted(naturalOrder)
      .map((line) => ({ op, path: [], line }));
  return [...lines(a, b, "remove"), ...lines(b, a, "add")];
}
