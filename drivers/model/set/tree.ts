import type { SetForm } from "../language.ts";
import type { ConfigNode } from "../tree.ts";
import { wordsOf } from "./words.ts";

/**
 * A configuration of a set language as a tree of words. Siblings keep their order, as the lists whose order matters need it. The text
 * shows a path only where nothing is below it: `set interfaces ge-0/0/1 unit 0` goes unsaid once the unit has an address.
 */
export class SetNode {
  /** Only where there are any: most nodes are the ends of paths. */
  #children: Map<string, SetNode> | undefined;
  readonly word: string;
  readonly parent: SetNode | undefined;
  readonly depth: number;
  first: SetNode | undefined;
  last: SetNode | undefined;
  previous: SetNode | undefined;
  next: SetNode | undefined;
  /** The line that stated it, where one did. */
  line: ConfigNode | undefined;
  /** By the mark's `put`: the line that put it there. */
  marks: Map<string, ConfigNode | undefined> | undefined;

  constructor(word: string, parent: SetNode | undefined) {
    this.word = word;
    this.parent = parent;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
  }

  get size(): number {
    return this.#children?.size ?? 0;
  }

  child(word: string): SetNode | undefined {
    return this.#children?.get(word);
  }

  /** Dear in what walks whole trees: there the links are followed. */
  *inOrder(): Generator<SetNode> {
    let next: SetNode | undefined;
    // The child that was handed out may be taken away meanwhile.
    for (let child = this.first; child; child = next) {
      next = child.next;
      yield child;
    }
  }

  /** The child, made at the end of the list where it is not there. */
  ensure(word: string): SetNode {
    const there = this.#children?.get(word);
    if (there) return there;
    const child = new SetNode(word, this);
    this.#children ??= new Map();
    this.#children.set(word, child);
    this.#link(child, this.last);
    return child;
  }

  take(child: SetNode): void {
    if (this.#children?.delete(child.word) !== true) return;
    this.#unlink(child);
  }

  /** Puts a child right behind another, or first. */
  move(child: SetNode, after: SetNode | undefined): void {
    if (child === after) return;
    this.#unlink(child);
    this.#link(child, after);
  }

  #link(child: SetNode, after: SetNode | undefined): void {
    child.previous = after;
    child.next = after === undefined ? this.first : after.next;
    if (child.next) child.next.previous = child;
    else this.last = child;
    if (after) after.next = child;
    else this.first = child;
  }

  #unlink(child: SetNode): void {
    if (child.previous) child.previous.next = child.next;
    else this.first = child.next;
    if (child.next) child.next.previous = child.previous;
    else this.last = child.previous;
    child.previous = undefined;
    child.next = undefined;
  }
}

export type Parsed =
  | { readonly kind: "assert" | "negate"; readonly words: readonly string[] }
  | { readonly kind: "put" | "take"; readonly mark: string; readonly words: readonly string[] }
  | { readonly kind: "insert"; readonly words: readonly string[] }
  | { readonly kind: "other" };

export function parseSet(form: SetForm, line: string): Parsed {
  const after = (verb: string): string[] | undefined =>
    line.startsWith(`${verb} `) ? wordsOf(line.slice(verb.length + 1)) : undefined;
  const assert = after(form.assert);
  if (assert) return { kind: "assert", words: assert };
  const negate = after(form.negate);
  if (negate) return { kind: "negate", words: negate };
  const insert = form.insert === undefined ? undefined : after(form.insert);
  if (insert) return { kind: "insert", words: insert };
  for (const { put, take } of form.marks) {
    const words = after(put);
    if (words) return { kind: "put", mark: put, words };
    const taken = after(take);
    if (taken) return { kind: "take", mark: put, words: taken };
  }
  return { kind: "other" };
}

export class SetTree {
  readonly root = new SetNode("", undefined);
  /** Lines that are none of the language: kept as they stand. */
  readonly other = new Map<string, ConfigNode>();

  find(words: readonly string[]): SetNode | undefined {
    let at: SetNode | undefined = this.root;
    for (const word of words) at = at?.child(word);
    return at;
  }

  set(words: readonly string[], line: ConfigNode | undefined): SetNode {
    let at = this.root;
    for (const word of words) at = at.ensure(word);
    at.line ??= line;
    return at;
  }

  mark(node: SetNode, mark: string, line: ConfigNode | undefined): void {
    node.marks ??= new Map();
    if (!node.marks.has(mark)) node.marks.set(mark, line);
  }

  /** Removes the node and what stood above it for its sake only; `stays` says what keeps a line of its own. */
  remove(node: SetNode, stays: (node: SetNode) => boolean): void {
    let at = node;
    while (at.parent) {
      const above: SetNode = at.parent;
      above.take(at);
      if (above.size > 0 || above.parent === undefined || stays(above)) return;
      at = above;
    }
  }
}

/** A text is asked about more than once, and its tree costs the most of all. */
const known = new WeakMap<readonly ConfigNode[], SetTree>();

/** The tree of a whole text, to look at only. */
export function treeOf(form: SetForm, nodes: readonly ConfigNode[]): SetTree {
  let tree = known.get(nodes);
  if (!tree) {
    tree = ownTree(form, nodes);
    known.set(nodes, tree);
  }
  return tree;
}

/** One to change: the lines of a text taken in turn, as a device that starts with nothing would. */
export function ownTree(form: SetForm, nodes: readonly ConfigNode[]): SetTree {
  const tree = new SetTree();
  const stays = keepsItself(form);
  for (const node of nodes) {
    const parsed = parseSet(form, node.line);
    switch (parsed.kind) {
      case "assert":
        tree.set(parsed.words, node);
        break;
      case "put":
        tree.mark(tree.set(parsed.words, undefined), parsed.mark, node);
        break;
      case "negate": {
        const found = tree.find(parsed.words);
        if (found?.parent) tree.remove(found, stays);
        break;
      }
      case "take":
        tree.find(parsed.words)?.marks?.delete(parsed.mark);
        break;
      case "insert":
        moved(tree, parsed.words);
        break;
      case "other":
        tree.other.set(node.line, node);
        break;
      default:
        parsed satisfies never;
    }
  }
  return tree;
}

/** `PATH keyword name before|after [keyword] name`. Returns whether anything moved; undefined where there is nothing to move. */
export function moved(tree: SetTree, words: readonly string[]): boolean | undefined {
  const at = words.findLastIndex((word) => word === "before" || word === "after");
  const element = tree.find(words.slice(0, at));
  const list = element?.parent;
  const reference = list?.child(words.at(-1) ?? "");
  if (at < 1 || !element || !list || !reference || reference === element) return undefined;
  if (words.length - at - 1 === 2 && words[at + 1] !== list.word) return undefined;
  const after = words[at] === "after" ? reference : reference.previous;
  if (after === element || (after === element.previous && words[at] === "before" && reference === element.next))
    return false;
  if (words[at] === "after" && element.previous === reference) return false;
  list.move(element, after);
  return true;
}

export interface SetLine {
  readonly line: string;
  readonly node: SetNode;
  readonly kind: "path" | "mark";
  readonly origin: ConfigNode | undefined;
}

/** Every line that the device would show: the paths in order, then the marks. */
export function shownLines(form: SetForm, tree: SetTree): SetLine[] {
  const paths: SetLine[] = [];
  const marks: SetLine[] = [];
  const walk = (node: SetNode, path: string): void => {
    for (let child = node.first; child; child = child.next) {
      const place = path === "" ? child.word : `${path} ${child.word}`;
      if (child.size === 0)
        paths.push({ line: `${form.assert} ${place}`, node: child, kind: "path", origin: child.line });
      for (const [mark, origin] of child.marks ?? [])
        marks.push({ line: `${mark} ${place}`, node: child, kind: "mark", origin });
      walk(child, place);
    }
  };
  walk(tree.root, "");
  return [...paths, ...marks];
}

/** The lines of a tree that is not changed any more. */
export function nodesOf(form: SetForm, tree: SetTree): ConfigNode[] {
  const nodes: ConfigNode[] = [
    ...shownLines(form, tree).map(({ line }) => ({ line, children: [] })),
    ...[...tree.other.keys()].map((line) => ({ line, children: [] })),
  ];
  known.set(nodes, tree);
  return nodes;
}

export function wordsTo(node: SetNode): string[] {
  const words: string[] = [];
  for (let at: SetNode | undefined = node; at?.parent; at = at.parent) words.push(at.word);
  return words.toReversed();
}

export const pathOf = (node: SetNode): string => wordsTo(node).join(" ");

/** Whether the path keeps a line of its own when nothing is below it any more. */
export const keepsItself =
  (form: SetForm) =>
  (node: SetNode): boolean => {
    if (form.presence.length === 0) return false;
    const path = pathOf(node);
    return form.presence.some((pattern) => pattern.test(path));
  };

export type OrderRule = SetForm["ordered"][number];

/** The list that this keyword holds below its parent; a rule knows it by its path and one of its elements. */
export function orderOf(form: SetForm, parentPath: string, keyword: SetNode): OrderRule | undefined {
  if (form.ordered.length === 0 || !keyword.first) return undefined;
  const line = `${keyword.word} ${keyword.first.word}`;
  return form.ordered.find((rule) => rule.line.test(line) && rule.path.test(parentPath));
}
