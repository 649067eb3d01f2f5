import type { XmlLanguage } from "./language.ts";
import { escapeText, printXml } from "./print.ts";
import { isLeaf, type XmlNode } from "./tree.ts";

/**
 * Which elements of two trees are the same thing. XML does not say whether an element is a container or an entry of a list, nor what
 * names it; the platform file does, and where it does not this is assumed, on both sides together:
 * - leaves with one name that stand beside each other on either side are a leaf-list: the value names the entry;
 * - elements whose first leaf is one of `keyNames` are a list, named by that leaf (keys come first, RFC 7950 section 7.8.5);
 * - other elements that stand beside each other under one name are `unkeyed`: each is one whole value, and no edit is ever sent
 *   that would have to name one;
 * - anything else is a container or a leaf.
 */
export type Kind = "leaf" | "leaf-list" | "container" | "list" | "unkeyed";

export interface Group {
  readonly kind: Kind;
  readonly isOrdered: boolean;
  readonly before: readonly XmlNode[];
  readonly after: readonly XmlNode[];
  /** The leaves that name an entry; none but for a list. */
  readonly keys: readonly string[];
  /** Whether the keys, or that it has none, is an assumption. */
  readonly isGuess: boolean;
  /** Of one entry among those of its group. */
  readonly identity: (node: XmlNode) => string;
}

export function groups(language: XmlLanguage, before: readonly XmlNode[], after: readonly XmlNode[]): Group[] {
  const found = new Map<string, { before: XmlNode[]; after: XmlNode[] }>();
  const collect = (nodes: readonly XmlNode[], side: "before" | "after"): void => {
    for (const node of nodes) {
      const name = groupName(node);
      let group = found.get(name);
      if (!group) {
        group = { before: [], after: [] };
        found.set(name, group);
      }
      group[side].push(node);
    }
  };
  collect(before, "before");
  collect(after, "after");
  return [...found.values()].map((sides) => groupOf(language, sides.before, sides.after));
}

export const groupName = (node: XmlNode): string => `${node.ns}\n${node.name}`;

function groupOf(language: XmlLanguage, before: readonly XmlNode[], after: readonly XmlNode[]): Group {
  const [first] = before.length > 0 ? before : after;
  const facts = first?.place.facts;
  const all = [...before, ...after];
  const isMany = before.length > 1 || after.length > 1;
  const group = (
    kind: Kind,
    identity: (node: XmlNode) => string,
    keys: readonly string[] = [],
    isGuess = false,
  ): Group => ({
    kind,
    isOrdered: facts?.isOrdered === true && (kind === "list" || kind === "leaf-list"),
    before,
    after,
    keys,
    isGuess,
    identity,
  });
  const list = (keys: readonly string[], isGuess: boolean): Group | undefined => {
    const identity = (node: XmlNode): string => predicates(node, keys) ?? "";
    const isSet = [before, after].every(
      (side) =>
        side.every((node) => identity(node) !== "") && new Set(side.map((node) => identity(node))).size === side.length,
    );
    return isSet ? group("list", identity, keys, isGuess) : undefined;
  };
  const unkeyed = (): Group => group("unkeyed", (node) => printXml([node]), [], true);
  if (facts?.keys) return list(facts.keys, false) ?? unkeyed();
  if (all.every((node) => isLeaf(node))) {
    if (facts?.isLeafList === true || (isMany && all.every((node) => node.value !== "")))
      return unique(before, after) ? group("leaf-list", valueIdentity) : unkeyed();
    return isMany ? unkeyed() : group("leaf", () => "");
  }
  const key = guessedKey(language, all[0]);
  if (key !== undefined && all.every((node) => guessedKey(language, node) === key)) {
    const guessed = list([key], language.keysGuessed);
    if (guessed) return guessed;
  }
  return isMany ? unkeyed() : group("container", () => "");
}

const valueIdentity = (node: XmlNode): string => JSON.stringify([node.value, ...node.bindings.map(({ uri }) => uri)]);

const unique = (...sides: readonly (readonly XmlNode[])[]): boolean =>
  sides.every((side) => new Set(side.map(valueIdentity)).size === side.length);

export function guessedKey(language: XmlLanguage, node: XmlNode | undefined): string | undefined {
  const first = node?.children[0];
  return first && isLeaf(first) && first.value !== "" && language.keyNames.has(first.name) ? first.name : undefined;
}

/** `[name=eth0]`; undefined where one of the leaves is not there. */
export function predicates(node: XmlNode, keys: readonly string[]): string | undefined {
  let out = "";
  for (const key of keys) {
    const leaf = keyLeaf(node, key);
    if (!leaf) return undefined;
    out += predicate(key, leaf.value);
  }
  return out;
}

export const predicate = (key: string, value: string): string =>
  `[${key}=${escapeText(value).replaceAll("[", "&#91;").replaceAll("]", "&#93;")}]`;

export const keyLeaf = (node: XmlNode, key: string): XmlNode | undefined =>
  node.children.find((child) => child.name === key && child.ns === node.ns && isLeaf(child));

export const isKey = (node: XmlNode, child: XmlNode, keys: readonly string[]): boolean =>
  child.ns === node.ns && keys.includes(child.name);

/** What one element is called among its siblings, without looking at them. */
export function ownLabel(language: XmlLanguage, node: XmlNode): string {
  const guessed = guessedKey(language, node);
  const keys = node.place.facts.keys ?? (guessed === undefined ? [] : [guessed]);
  return node.name + (predicates(node, keys) ?? "");
}
