import { shortName } from "./names.ts";
import { BASE, type Insert, PREDICATE, type XmlNode, YANG } from "./tree.ts";

/** Indentation by two columns: what the diff and the page do too. */
const INDENT = "  ";

/** One element per line, one leaf per line, prefixes of our own: the same text for the same tree, on every machine. */
export function printXml(nodes: readonly XmlNode[], valueOf: (node: XmlNode) => string = (node) => node.value): string {
  const out: string[] = [];
  for (const node of nodes) {
    const used = prefixesUsed(node);
    print(node, "", "", used, valueOf, out);
  }
  return out.length === 0 ? "" : `${out.join("\n")}\n`;
}

function print(
  node: XmlNode,
  parentNs: string,
  indent: string,
  declared: string,
  valueOf: (node: XmlNode) => string,
  out: string[],
): void {
  const open = indent + openTag(node, parentNs, declared);
  if (node.children.length === 0) {
    const value = valueOf(node);
    out.push(value === "" ? `${open}/>` : `${open}>${escapeText(value)}</${node.name}>`);
    return;
  }
  out.push(`${open}>`);
  for (const child of node.children) print(child, node.ns, indent + INDENT, "", valueOf, out);
  out.push(`${indent}</${node.name}>`);
}

function openTag(node: XmlNode, parentNs: string, declared: string): string {
  let tag = `<${node.name}`;
  if (node.ns !== parentNs) tag += ` xmlns="${escapeAttribute(node.ns)}"`;
  tag += declared;
  if (node.edit?.operation !== undefined) tag += ` nc:operation="${node.edit.operation}"`;
  if (node.edit?.insert) tag += insertText(node.edit.insert, node.ns);
  for (const { prefix, uri } of node.bindings) tag += ` xmlns:${prefix}="${escapeAttribute(uri)}"`;
  for (const { name, value } of node.meta) tag += ` ${name}="${escapeAttribute(value)}"`;
  return tag;
}

function insertText(insert: Insert, ns: string): string {
  const at = ` yang:insert="${insert.at}"`;
  if (!("anchor" in insert)) return at;
  if (insert.by === "value") return `${at} yang:value="${escapeAttribute(insert.anchor)}"`;
  // Names in a predicate are nothing without a prefix; the author's own is gone.
  const prefix = ns === "" ? "" : `${shortName(ns)}:`;
  const key = insert.anchor.replaceAll(PREDICATE, (_, name: string, quoted: string) => `[${prefix}${name}=${quoted}]`);
  return `${at} yang:key="${escapeAttribute(key)}"`;
}

/** Declared once, at the top: every line below then reads as an author would write it. */
function prefixesUsed(root: XmlNode): string {
  const used = new Map<string, string>();
  const walk = (node: XmlNode): void => {
    const { edit, ns } = node;
    if (edit?.operation !== undefined) used.set("nc", BASE);
    if (edit?.insert) used.set("yang", YANG);
    if (edit?.insert && "anchor" in edit.insert && edit.insert.by === "key" && ns !== "") used.set(shortName(ns), ns);
    node.children.forEach(walk);
  };
  walk(root);
  return [...used].map(([prefix, uri]) => ` xmlns:${prefix}="${escapeAttribute(uri)}"`).join("");
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Line ends and other control characters as numbers: a value never opens a line of its own. */
export const escapeText = (value: string): string =>
  value.replaceAll(/[&<>\p{Cc}\p{Zl}\p{Zp}]/gv, (c) => ENTITIES[c] ?? `&#${c.codePointAt(0) ?? 0};`);

export const escapeAttribute = (value: string): string =>
  value.replaceAll(/[&<>"\p{Cc}\p{Zl}\p{Zp}]/gv, (c) => ENTITIES[c] ?? `&#${c.codePointAt(0) ?? 0};`);
