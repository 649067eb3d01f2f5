import { FarhandError } from "../../../shared/errors.ts";
import { match } from "./diff.ts";
import { type Group, groups, isKey } from "./identity.ts";
import type { XmlLanguage } from "./language.ts";
import { isLeaf, type XmlNode } from "./tree.ts";

/**
 * The edits (RFC 6241 section 7.2, default operation `merge`) that take one configuration to another: what goes is removed by name,
 * what differs is merged. Where no edit can name what has to change — an entry without a known key, another order, an attribute
 * that is gone — the element around it is replaced whole.
 */
export function remediation(
  language: XmlLanguage,
  before: readonly XmlNode[],
  after: readonly XmlNode[],
): readonly XmlNode[] {
  const edits = new Remediator(language).section(before, after);
  if (edits) return edits;
  throw new FarhandError("TEXT_REFUSED", "no edit is known that leads there: a list without keys at the top");
}

class Remediator {
  readonly #language: XmlLanguage;

  constructor(language: XmlLanguage) {
    this.#language = language;
  }

  /** Undefined: the element around has to be replaced. */
  section(before: readonly XmlNode[], after: readonly XmlNode[]): readonly XmlNode[] | undefined {
    const gone: XmlNode[] = [];
    const come: XmlNode[] = [];
    for (const group of groups(this.#language, before, after)) {
      const edits = this.#group(group);
      if (!edits) return undefined;
      gone.push(...edits.gone);
      come.push(...edits.come);
    }
    return [...gone, ...come];
  }

  #group(group: Group): { gone: readonly XmlNode[]; come: readonly XmlNode[] } | undefined {
    // Position does not matter to what is removed and what stays: what moved is told by the order alone.
    const { removed, added, kept } = match({ ...group, isOrdered: false });
    if (group.kind === "unkeyed" && removed.length + added.length > 0) return undefined;
    if (group.isOrdered && !keepsOrder(group)) return undefined;
    const comes = new Map(added.map((node) => [group.identity(node), node]));
    const gone: XmlNode[] = [];
    const stated = new Set<XmlNode>();
    for (const node of removed) {
      const other = comes.get(group.identity(node));
      if (!other) gone.push(this.#removal(group, node));
      // An element that becomes a value, or a value an element: no merge says so.
      else if (!isLeaf(node) || !isLeaf(other)) return undefined;
      else if (losesMeta(node, other)) stated.add(other);
    }
    const come = added.map((node): XmlNode => (stated.has(node) ? { ...node, edit: { operation: "replace" } } : node));
    for (const pair of kept) {
      const edit = this.#inside(group, pair.before, pair.after);
      if (edit) come.push(edit);
    }
    return { gone, come };
  }

  #removal({ kind, keys }: Group, node: XmlNode): XmlNode {
    return {
      ...node,
      ...(kind === "leaf" ? { value: "", written: undefined, bindings: [] } : {}),
      meta: [],
      edit: { operation: this.#language.removal },
      children: node.children.filter((child) => isKey(node, child, keys)),
    };
  }

  #inside({ keys }: Group, before: XmlNode, after: XmlNode): XmlNode | undefined {
    if (before === after) return undefined;
    const edits = losesMeta(before, after) ? undefined : this.section(before.children, after.children);
    if (!edits) return { ...after, edit: { operation: "replace" } };
    const isMetaSame =
      before.meta.every(({ name, value }) => after.meta.some((meta) => meta.name === name && meta.value === value)) &&
      before.meta.length === after.meta.length;
    if (edits.length === 0 && isMetaSame) return undefined;
    const own = after.children.filter((child) => isKey(after, child, keys));
    return isLeaf(after) && edits.length === 0 ? after : { ...after, children: [...own, ...edits] };
  }
}

const losesMeta = (before: XmlNode, after: XmlNode): boolean =>
  before.meta.some(({ name }) => !after.meta.some((meta) => meta.name === name));

/** Whether the new order comes about by removing entries and adding others at the end, which is where a merge puts them. */
function keepsOrder({ before, after, identity }: Group): boolean {
  const wanted = after.map((node) => identity(node));
  const there = new Set(wanted);
  const stay = before.map((node) => identity(node)).filter((name) => there.has(name));
  return stay.every((name, at) => wanted[at] === name);
}
