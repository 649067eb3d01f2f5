import { jcs } from "../../../shared/bytes.ts";
import type { DiffEntry } from "../diff.ts";
import { naturalOrder } from "../natural.ts";
import { type Group, groups, predicates } from "./identity.ts";
import type { XmlLanguage } from "./language.ts";
import { shortName } from "./names.ts";
import { escapeText } from "./print.ts";
import { isLeaf, sameValue, type XmlNode } from "./tree.ts";

/**
 * The normalised diff of two trees, in the entries and by the order that `../diff.ts` states for lines. An element of the path, and
 * the line of an element that holds others, is its name with its keys: `interface[name=eth0]`; a leaf's line is its name, a blank and its value;
 * `@inactive inactive` is an attribute of the element above. A name has the module before it (`ietf-ip:ipv4`) where it is another than the
 * parent's (as in RFC 7951), or the whole namespace in braces where two modules that occur have one name.
 */
export interface XmlChange {
  readonly entry: DiffEntry;
  readonly node: XmlNode;
  /** The elements that it stands in. */
  readonly up: Above | undefined;
}

export interface Above {
  readonly before: XmlNode | undefined;
  readonly after: XmlNode | undefined;
  readonly up: Above | undefined;
}

export const xmlDiffJson = (changes: readonly XmlChange[]): string =>
  new TextDecoder().decode(jcs(changes.map(({ entry }) => entry)));

export function diffXml(language: XmlLanguage, before: readonly XmlNode[], after: readonly XmlNode[]): XmlChange[] {
  return new Differ(language, ambiguous([before, after])).section(before, after, [], "", undefined);
}

export interface Pair {
  readonly before: XmlNode;
  readonly after: XmlNode;
}

export interface Matched {
  readonly removed: readonly XmlNode[];
  readonly added: readonly XmlNode[];
  readonly kept: readonly Pair[];
}

class Differ {
  readonly #language: XmlLanguage;
  /** Names of modules that more than one namespace would have. */
  readonly #ambiguous: ReadonlySet<string>;
  readonly #out: XmlChange[] = [];

  constructor(language: XmlLanguage, ambiguousNames: ReadonlySet<string>) {
    this.#language = language;
    this.#ambiguous = ambiguousNames;
  }

  section(
    before: readonly XmlNode[],
    after: readonly XmlNode[],
    path: readonly string[],
    ns: string,
    up: Above | undefined,
  ): XmlChange[] {
    const matched = groups(this.#language, before, after).map((group) => ({ group, ...match(group) }));
    const free = matched.filter(({ group }) => !group.isOrdered);
    const lists = matched.filter(({ group }) => group.isOrdered);
    lists.sort((a, b) => naturalOrder(this.#name(a.group, ns), this.#name(b.group, ns)));
    const lines = (
      of: typeof matched,
      side: "removed" | "added",
    ): { node: XmlNode; line: string; keys: readonly string[] }[] =>
      of.flatMap(({ group, [side]: nodes }) =>
        nodes.map((node) => ({ node, line: this.#line(node, group.keys, ns), keys: group.keys })),
      );
    for (const side of ["removed", "added"] as const) {
      const op = side === "removed" ? "remove" : "add";
      const ordered = [...lines(free, side).toSorted((a, b) => naturalOrder(a.line, b.line)), ...lines(lists, side)];
      for (const { node, line } of ordered) this.#subtree(op, node, line, path, up);
    }
    const kept = matched.flatMap(({ group, kept: pairs }) =>
      pairs.map((pair) => ({ ...pair, line: this.#line(pair.before, group.keys, ns) })),
    );
    const inside = kept.filter(
      (pair) => pair.before !== pair.after && !(isPlainLeaf(pair.before) && isPlainLeaf(pair.after)),
    );
    for (const pair of inside.toSorted((a, b) => naturalOrder(a.line, b.line))) {
      const above = { before: pair.before, after: pair.after, up };
      this.#meta(pair, [...path, pair.line], above);
      this.section(pair.before.children, pair.after.children, [...path, pair.line], pair.before.ns, above);
    }
    return this.#out;
  }

  #subtree(op: DiffEntry["op"], node: XmlNode, line: string, path: readonly string[], up: Above | undefined): void {
    this.#out.push({ entry: { op, path: [...path], line }, node, up });
    if (isPlainLeaf(node)) return;
    const inner = [...path, line];
    const [before, after] = op === "add" ? [undefined, node] : [node, undefined];
    const above = { before, after, up };
    for (const { name, value } of node.meta) this.#entry(op, node, inner, metaLine(name, value), above);
    this.section(before?.children ?? [], after?.children ?? [], inner, node.ns, above);
  }

  #meta({ before, after }: Pair, path: readonly string[], up: Above): void {
    const changed = (one: XmlNode, other: XmlNode): string[] =>
      one.meta
        .filter(({ name, value }) => !other.meta.some((meta) => meta.name === name && meta.value === value))
        .map(({ name, value }) => metaLine(name, value));
    for (const line of changed(before, after)) this.#entry("remove", before, path, line, up);
    for (const line of changed(after, before)) this.#entry("add", after, path, line, up);
  }

  #entry(op: DiffEntry["op"], node: XmlNode, path: readonly string[], line: string, up: Above): void {
    this.#out.push({ entry: { op, path: [...path], line }, node, up });
  }

  #line(node: XmlNode, keys: readonly string[], parentNs: string): string {
    const name = node.ns === parentNs ? node.name : this.#module(node.ns) + node.name;
    if (!isLeaf(node)) return name + (predicates(node, keys) ?? "");
    const meant = node.bindings.filter(({ uri }) => this.#ambiguous.has(shortName(uri)) || uri === "");
    const bound = meant.map(({ prefix, uri }) => ` {${prefix}=${escapeText(uri)}}`).join("");
    return node.value === "" ? name : `${name} ${escapeText(node.value)}${bound}`;
  }

  #module(ns: string): string {
    if (ns === "") return "{}";
    return this.#ambiguous.has(shortName(ns)) ? `{${escapeText(ns)}}` : `${shortName(ns)}:`;
  }

  #name({ before, after }: Group, ns: string): string {
    const [node] = before.length > 0 ? before : after;
    return node ? this.#line({ ...node, children: [], value: "", bindings: [] }, [], ns) : "";
  }
}

const metaLine = (name: string, value: string): string => `@${name} ${escapeText(value)}`;

const isPlainLeaf = (node: XmlNode): boolean => isLeaf(node) && node.meta.length === 0;

function ambiguous(trees: readonly (readonly XmlNode[])[]): ReadonlySet<string> {
  const uris = new Set<string>();
  const walk = (nodes: readonly XmlNode[]): void => {
    for (const node of nodes) {
      uris.add(node.ns);
      for (const { uri } of node.bindings) uris.add(uri);
      walk(node.children);
    }
  };
  trees.forEach(walk);
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const uri of uris) {
    const name = shortName(uri);
    if (seen.has(name)) twice.add(name);
    seen.add(name);
  }
  return twice;
}

/** Which entries of a group stay (their insides may differ), go and come. */
export function match(group: Group): Matched {
  if (group.isOrdered) return inOrder(group);
  const removed: XmlNode[] = [];
  const added: XmlNode[] = [];
  const kept: Pair[] = [];
  const waiting = new Map<string, XmlNode[]>();
  for (const node of group.before) {
    const name = group.identity(node);
    const same = waiting.get(name);
    if (same) same.push(node);
    else waiting.set(name, [node]);
  }
  for (const node of group.after) {
    const twin = waiting.get(group.identity(node))?.shift();
    if (!twin) added.push(node);
    // A leaf that becomes an element, or the other way round, is no longer the same.
    else if (
      isLeaf(twin) && isLeaf(node)
        ? !sameValue(twin, node)
        : isLeaf(twin) !== isLeaf(node) && (twin.value !== "" || node.value !== "")
    ) {
      removed.push(twin);
      added.push(node);
    } else kept.push({ before: twin, after: node });
  }
  for (const nodes of waiting.values()) removed.push(...nodes);
  return { removed, added, kept };
}

/** As `../diff.ts` states it: kept is the longest beginning of the new list that the old one holds in that order. */
function inOrder({ before, after, identity }: Group): Matched {
  const removed: XmlNode[] = [];
  const kept: Pair[] = [];
  let at = 0;
  let next = 0;
  const names = before.map((node) => identity(node));
  for (; next < after.length; next++) {
    const node = after[next];
    const name = node && identity(node);
    let found = at;
    while (found < before.length && names[found] !== name) found++;
    const twin = before[found];
    if (!node || !twin) break;
    removed.push(...before.slice(at, found));
    kept.push({ before: twin, after: node });
    at = found + 1;
  }
  removed.push(...before.slice(at));
  return { removed, added: after.slice(next), kept };
}
