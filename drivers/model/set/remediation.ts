import type { Language, SetForm } from "../language.ts";
import type { ConfigNode, SourceNode } from "../tree.ts";
import { isSingle, SetMerger } from "./merge.ts";
import { moveLine, movesOf, orderedLists } from "./order.ts";
import {
  keepsItself,
  nodesOf,
  ownTree,
  pathOf,
  shownLines,
  type SetNode,
  type SetTree,
  treeOf,
  wordsTo,
} from "./tree.ts";

/**
 * The set lines that lead from one configuration to another, in an order that every step of which the device can take: what goes is
 * removed, by the shortest path that takes nothing else along; then what is missing is stated; then lists are put in order; then marks.
 * `after` is what they leave.
 */
export function setRemediation(
  language: Language,
  form: SetForm,
  before: readonly ConfigNode[],
  target: readonly SourceNode[],
): { readonly text: SourceNode[]; readonly after: ConfigNode[] } {
  const start = treeOf(form, before);
  const wanted = treeOf(form, target);
  const sources = new Map<ConfigNode | undefined, SourceNode>(target.map((node) => [node, node]));
  // Worked on as the lines would change it on the device, so that what a removal leaves behind is seen.
  const now = ownTree(form, before);
  const merger = new SetMerger(language, form, now);
  const out: SourceNode[] = [];
  const type = (node: SourceNode): void => {
    if (merger.apply(node)) out.push(node);
  };
  removals(language, form, start.root, wanted.root, "", (path) => type(typed(`${form.negate} ${path}`)));
  // Lists that only grow at their end are built anew from where they differ.
  for (const list of orderedLists(form, now, wanted)) {
    if (list.rule.by !== "rebuild" || !list.before) continue;
    const order = [...list.after.inOrder()].map((node) => node.word);
    const had = [...list.before.inOrder()].map((node) => node.word);
    let same = 0;
    while (same < had.length && had[same] === order[same]) same++;
    for (const word of had.slice(same)) type(typed(`${form.negate} ${list.list} ${word}`));
  }
  leftovers(form, now, wanted, (path) => type(typed(`${form.negate} ${path}`)));
  for (const { kind, line, node, origin } of shownLines(form, wanted))
    if (kind === "path" && !now.find(wordsTo(node))) type(sources.get(origin) ?? typed(line));
  for (const list of orderedLists(form, now, wanted)) {
    if (list.rule.by !== "insert") continue;
    for (const move of movesOf(list)) type(typed(moveLine(form, move)));
  }
  marks(form, now, wanted, sources, type);
  return { text: out, after: nodesOf(form, now) };
}

/** What is in `before` only, by the shortest path that may be named and takes nothing of the target along. */
function removals(
  language: Language,
  form: SetForm,
  before: SetNode,
  target: SetNode,
  path: string,
  remove: (path: string) => void,
): void {
  for (const node of before.inOrder()) {
    const place = path === "" ? node.word : `${path} ${node.word}`;
    const twin = target.child(node.word);
    if (twin) {
      if (node.first) removals(language, form, node, twin, place, remove);
    } else gone(language, form, node, place, target, remove);
  }
}

function gone(
  language: Language,
  form: SetForm,
  node: SetNode,
  place: string,
  target: SetNode | undefined,
  remove: (path: string) => void,
): void {
  const above = node.parent;
  // The value of a setting that gets another value is replaced by typing that.
  if (above && target && target.size === 1 && isSingle(language, above) && isSingle(language, target)) return;
  // A setting that holds one value is removed by its name: so no secret need be told.
  if (!node.first || form.objects.some((pattern) => pattern.test(place)) || isSingle(language, node)) remove(place);
  else for (const child of node.inOrder()) gone(language, form, child, `${place} ${child.word}`, undefined, remove);
}

/** What a removal left behind as a line of its own and the target does not have; innermost first, as one may uncover the next. */
function leftovers(form: SetForm, now: SetTree, wanted: SetTree, remove: (path: string) => void): void {
  const stays = keepsItself(form);
  const walk = (node: SetNode, twin: SetNode | undefined): void => {
    for (const child of node.inOrder()) {
      const other = twin?.child(child.word);
      if (child.first) walk(child, other);
      if (!other && !child.first && child.parent === node && node.child(child.word) === child && stays(child))
        remove(pathOf(child));
    }
  };
  walk(now.root, wanted.root);
}

function marks(
  form: SetForm,
  now: SetTree,
  wanted: SetTree,
  sources: ReadonlyMap<ConfigNode | undefined, SourceNode>,
  type: (node: SourceNode) => void,
): void {
  for (const { kind, line, node } of shownLines(form, now)) {
    if (kind !== "mark") continue;
    const words = wordsTo(node);
    const mark = form.marks.find(({ put }) => line.startsWith(`${put} `));
    if (mark && wanted.find(words)?.marks?.has(mark.put) !== true) type(typed(`${mark.take} ${words.join(" ")}`));
  }
  for (const { kind, line, origin } of shownLines(form, wanted))
    if (kind === "mark") type(sources.get(origin) ?? typed(line));
}

export const typed = (line: string): SourceNode => ({
  line,
  children: [],
  source: { number: 0, indent: 0, text: line, body: undefined, block: undefined },
});
