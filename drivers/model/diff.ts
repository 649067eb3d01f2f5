import { z } from "zod";
import { jcs } from "../../shared/bytes.ts";
import { FarhandError } from "../../shared/errors.ts";
import { below, type Language, listOf } from "./language.ts";
import { naturalOrder } from "./natural.ts";
import { diffSet } from "./set/diff.ts";
import { type ConfigNode, parse } from "./tree.ts";

/**
 * The normalised diff: every removed and added line with the headers above it, on public forms, without context.
 *
 * One rule makes it canonical. In each section: first what is removed, then what is added, then the sections that both sides have and
 * that differ, each of the three in natural order (`seq 5` before `seq 10`). A removed or added section is its header, then its
 * lines in the same order, each an entry of its own. Lists whose order matters (`ordered` in the platform file) stand behind the
 * other lines of their group, in the text's own order: kept is the longest beginning of the new list that the old one
 * holds in that order; the rest of the old is removed and the rest of the new added. So the new list follows
 * from the old one and the diff, and a line put before a kept one never looks like one put behind it.
 */
export const DiffEntry = z.strictObject({
  op: z.enum(["add", "remove"]),
  path: z.array(z.string()).max(64),
  line: z.string(),
});
export type DiffEntry = z.infer<typeof DiffEntry>;
const DiffEntries = z.array(DiffEntry);

export function diffTexts(language: Language, before: string, after: string): string {
  return diffJson(diffTrees(language, parse(language, before), parse(language, after)));
}

export function diffJson(entries: readonly DiffEntry[]): string {
  return new TextDecoder().decode(jcs(entries));
}

export function parseDiff(json: string): DiffEntry[] {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new FarhandError("SCHEMA", "a diff is not JSON", { cause: error });
  }
  const parsed = DiffEntries.safeParse(value);
  if (!parsed.success) throw new FarhandError("SCHEMA", `a diff: ${parsed.error.issues[0]?.path.join(".") ?? ""}`);
  return parsed.data;
}

export function diffTrees(
  language: Language,
  before: readonly ConfigNode[],
  after: readonly ConfigNode[],
): DiffEntry[] {
  if (language.set) return diffSet(language.set, before, after);
  const out: DiffEntry[] = [];
  diffSection(language, before, after, [], "", out);
  return out;
}

interface Pair {
  readonly before: ConfigNode;
  readonly after: ConfigNode;
}

export interface Changes {
  readonly removed: ConfigNode[];
  readonly added: ConfigNode[];
  readonly kept: Pair[];
}

function diffSection(
  language: Language,
  before: readonly ConfigNode[],
  after: readonly ConfigNode[],
  path: readonly string[],
  joined: string,
  out: DiffEntry[],
): void {
  const free = unordered(
    before.filter((node) => listOf(language, joined, node.line) === undefined),
    after.filter((node) => listOf(language, joined, node.line) === undefined),
  );
  const lists = orderedLists(language, joined, before, after);
  const removed = [...naturally(free.removed), ...lists.flatMap((list) => list.removed)];
  const added = [...naturally(free.added), ...lists.flatMap((list) => list.added)];
  for (const node of removed) subtree(language, "remove", node, path, joined, out);
  for (const node of added) subtree(language, "add", node, path, joined, out);
  const kept = [...free.kept, ...lists.flatMap((list) => list.kept)].filter(
    (pair) => pair.before.children.length > 0 || pair.after.children.length > 0,
  );
  for (const pair of kept.toSorted((a, b) => naturalOrder(a.before.line, b.before.line))) {
    const { line } = pair.before;
    diffSection(language, pair.before.children, pair.after.children, [...path, line], below(joined, line), out);
  }
}

function unordered(before: readonly ConfigNode[], after: readonly ConfigNode[]): Changes {
  const changes: Changes = { removed: [], added: [], kept: [] };
  const waiting = new Map<string, ConfigNode[]>();
  for (const node of before) {
    const same = waiting.get(node.line);
    if (same) same.push(node);
    else waiting.set(node.line, [node]);
  }
  const taken = new Map<string, number>();
  for (const node of after) {
    const at = taken.get(node.line) ?? 0;
    const twin = waiting.get(node.line)?.[at];
    if (!twin) changes.added.push(node);
    else {
      taken.set(node.line, at + 1);
      changes.kept.push({ before: twin, after: node });
    }
  }
  for (const [line, nodes] of waiting) changes.removed.push(...nodes.slice(taken.get(line) ?? 0));
  return changes;
}

export function orderedLists(
  language: Language,
  joined: string,
  before: readonly ConfigNode[],
  after: readonly ConfigNode[],
): Changes[] {
  const lists = new Map<string, { before: ConfigNode[]; after: ConfigNode[] }>();
  const collect = (nodes: readonly ConfigNode[], side: "before" | "after"): void => {
    for (const node of nodes) {
      const name = listOf(language, joined, node.line);
      if (name === undefined) continue;
      const list = lists.get(name) ?? { before: [], after: [] };
      list[side].push(node);
      lists.set(name, list);
    }
  };
  collect(before, "before");
  collect(after, "after");
  return [...lists].toSorted(([a], [b]) => naturalOrder(a, b)).map(([, list]) => inOrder(list.before, list.after));
}

/** Lines that are in both, up to the first new line that the rest of the old list does not hold. */
function inOrder(before: readonly ConfigNode[], after: readonly ConfigNode[]): Changes {
  const changes: Changes = { removed: [], added: [], kept: [] };
  let at = 0;
  let next = 0;
  for (; next < after.length; next++) {
    const node = after[next];
    let found = at;
    while (found < before.length && before[found]?.line !== node?.line) found++;
    const twin = before[found];
    if (!node || !twin) break;
    changes.removed.push(...before.slice(at, found));
    changes.kept.push({ before: twin, after: node });
    at = found + 1;
  }
  changes.removed.push(...before.slice(at));
  changes.added.push(...after.slice(next));
  return changes;
}

function subtree(
  language: Language,
  op: DiffEntry["op"],
  node: ConfigNode,
  path: readonly string[],
  joined: string,
  out: DiffEntry[],
): void {
  out.push({ op, path: [...path], line: node.line });
  if (node.children.length === 0) return;
  const [inner, where] = [[...path, node.line], below(joined, node.line)];
  const sides = op === "add" ? ([[], node.children] as const) : ([node.children, []] as const);
  diffSection(language, sides[0], sides[1], inner, where, out);
}

const naturally = (nodes: readonly ConfigNode[]): ConfigNode[] =>
  nodes.toSorted((a, b) => naturalOrder(a.line, b.line));
