import type { SetForm } from "../language.ts";
import { orderOf, type OrderRule, type SetNode, type SetTree } from "./tree.ts";

/** What moves in lists whose order matters. */
export interface Move {
  /** The words of the list, its keyword last: `firewall filter F term`. */
  readonly list: string;
  readonly keyword: string;
  readonly element: string;
  readonly where: "before" | "after";
  readonly reference: string;
  readonly by: OrderRule["by"];
}

interface Ordered {
  readonly list: string;
  readonly rule: OrderRule;
  readonly before: SetNode | undefined;
  readonly after: SetNode;
}

/** Every ordered list of the second tree, with the same list of the first. */
export function orderedLists(form: SetForm, before: SetTree, after: SetTree): Ordered[] {
  const out: Ordered[] = [];
  if (form.ordered.length === 0) return out;
  const walk = (node: SetNode, other: SetNode | undefined, path: string): void => {
    for (let child = node.first; child; child = child.next) {
      if (!child.first) continue;
      const twin = other?.child(child.word);
      const place = path === "" ? child.word : `${path} ${child.word}`;
      const rule = child.size > 1 ? orderOf(form, path, child) : undefined;
      if (rule) out.push({ list: place, rule, before: twin, after: child });
      walk(child, twin, place);
    }
  };
  walk(after.root, before.root, "");
  return out;
}

/**
 * The moves after which the list stands as it does in `after`, where a device keeps what it has in its order and puts what is new at the
 * end, in the new order. Of what it has, the longest run in order stays, as does what is new behind it; each other element goes right
 * behind the one before it.
 */
export function movesOf({ list, rule, before, after }: Ordered): Move[] {
  const wanted = [...after.inOrder()].map((node) => node.word);
  const place = new Map(wanted.map((word, at) => [word, at]));
  const kept = before ? [...before.inOrder()].flatMap((node) => place.get(node.word) ?? []) : [];
  if (kept.length === 0) return [];
  const stays = longestRise(kept);
  const had = new Set(kept);
  const last = [...stays].reduce((a, b) => Math.max(a, b));
  const first = [...stays].reduce((a, b) => Math.min(a, b));
  const moves: Move[] = [];
  for (const [at, element] of wanted.entries()) {
    if (stays.has(at) || (at > last && !had.has(at))) continue;
    const step =
      at === 0
        ? ({ where: "before", reference: wanted[first] ?? "" } as const)
        : ({ where: "after", reference: wanted[at - 1] ?? "" } as const);
    moves.push({ list, keyword: after.word, element, ...step, by: rule.by });
  }
  return moves;
}

/** The members of a longest increasing subsequence. */
function longestRise(values: readonly number[]): Set<number> {
  const tails: number[] = [];
  const previous = new Map<number, number | undefined>();
  for (const value of values) {
    let [low, high] = [0, tails.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((tails[middle] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    previous.set(value, tails[low - 1]);
    tails[low] = value;
  }
  const out = new Set<number>();
  for (let at = tails.at(-1); at !== undefined; at = previous.get(at)) out.add(at);
  return out;
}

export const moveLine = (form: SetForm, move: Move): string =>
  `${form.insert ?? "insert"} ${move.list} ${move.element} ${move.where} ${move.keyword} ${move.reference}`;
