/** Subtree filters (RFC 6241 §6). */
import type { Schema, SchemaNode } from "./schema.ts";
import { ownKeys } from "./paths.ts";
import type { XmlElement } from "./xml.ts";

/** The children of `root` that the filter selects, with their keys. An empty filter selects nothing (§6.4.2). */
export function filterTree(root: XmlElement, filter: XmlElement, schema: Schema): XmlElement {
  return { ...root, children: select(root, filter.children, undefined, schema) };
}

function select(
  of: XmlElement,
  filters: readonly XmlElement[],
  node: SchemaNode | undefined,
  schema: Schema,
): XmlElement[] {
  return of.children.flatMap((one) => {
    const asked = filters.filter((filter) => applies(filter, one));
    if (asked.length === 0) return [];
    const known = schema.find(node, one);
    const made = selectOne(one, asked, known, schema);
    return made ? [made] : [];
  });
}

function selectOne(
  one: XmlElement,
  asked: readonly XmlElement[],
  node: SchemaNode | undefined,
  schema: Schema,
): XmlElement | undefined {
  const below: XmlElement[] = [];
  for (const filter of asked) {
    const contentMatches = filter.children.filter(isContentMatch);
    if (
      !contentMatches.every((wanted) =>
        one.children.some((have) => applies(wanted, have) && have.text.trim() === wanted.text.trim()),
      )
    )
      continue;
    // Only content matches, or nothing at all: the whole of it (§6.2.5).
    if (contentMatches.length === filter.children.length) {
      if (isContentMatch(filter) && filter.text.trim() !== one.text.trim()) continue;
      return one;
    }
    below.push(...filter.children);
  }
  if (below.length === 0) return undefined;
  const keys = node ? ownKeys(one, node) : [];
  const chosen = select(one, below, node, schema);
  const rest = chosen.filter((have) => !keys.some((key) => key.name === have.name && key.ns === have.ns));
  if (rest.length === 0 && chosen.length === 0) return undefined;
  return { ...one, children: [...keys, ...rest] };
}

const isContentMatch = (filter: XmlElement): boolean => filter.children.length === 0 && filter.text.trim() !== "";

/** Name, namespace (none matches any, §6.2.1) and attributes (§6.2.2). */
function applies(filter: XmlElement, one: XmlElement): boolean {
  return (
    filter.name === one.name &&
    (filter.ns === "" || filter.ns === one.ns) &&
    filter.attributes.every((wanted) =>
      one.attributes.some((have) => have.ns === wanted.ns && have.name === wanted.name && have.value === wanted.value),
    )
  );
}
