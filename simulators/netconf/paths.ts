/** Which element in one tree is the same thing as an element in another, and how it is named in an error. */
import type { Schema, SchemaNode } from "./schema.ts";
import { child, type XmlElement } from "./xml.ts";

const valueAt = (of: XmlElement, name: string): string | undefined => child(of, name)?.text.trim();

/** The children that tell an entry of a list from its brothers. */
export function ownKeys(of: XmlElement, node: SchemaNode): XmlElement[] {
  if (node.kind === "list") return of.children.filter((one) => one.ns === node.ns && node.keys.includes(one.name));
  if (node.kind === "open")
    return of.children.slice(0, 1).filter((one) => one.name === "name" && one.children.length === 0);
  return [];
}

/** The same for two elements of one parent and one name that are the same thing. */
function identityOf(of: XmlElement, node: SchemaNode): string {
  switch (node.kind) {
    case "container":
    case "leaf":
      return "";
    case "leaf-list":
      return of.text.trim();
    case "list":
      return JSON.stringify(node.keys.map((key) => plain(child(of, key))));
    case "open": {
      const name = of.children.length > 0 ? valueAt(of, "name") : undefined;
      if (name !== undefined) return `name ${name}`;
      return of.children.length === 0 && node.leafLists.includes(node.name) ? `value ${of.text.trim()}` : "";
    }
    default:
      return node satisfies never;
  }
}

/** `rt:static` and `routing:static` are one value where both prefixes stand for one namespace. */
function plain(of: XmlElement | undefined): string | undefined {
  const text = of?.text.trim();
  const [, prefix, rest] = /^([\w.-]+):(.*)$/s.exec(text ?? "") ?? [];
  return prefix !== undefined && of?.prefixes?.[prefix] !== undefined ? rest : text;
}

/** Finds the same thing in a tree that is being edited, in one look however many brothers it has. */
export class KinIndex {
  readonly #known = new WeakMap<XmlElement, Map<string, Map<string, XmlElement>>>();

  find(target: XmlElement, given: XmlElement, node: SchemaNode): XmlElement | undefined {
    return this.#kin(target, node).get(identityOf(given, node));
  }

  /** To be told of each one that comes into `target`, and goes. */
  put(target: XmlElement, made: XmlElement, node: SchemaNode): void {
    this.#kin(target, node).set(identityOf(made, node), made);
  }

  drop(target: XmlElement, gone: XmlElement, node: SchemaNode): void {
    this.#kin(target, node).delete(identityOf(gone, node));
  }

  #kin(target: XmlElement, node: SchemaNode): Map<string, XmlElement> {
    const names = this.#known.get(target) ?? new Map<string, Map<string, XmlElement>>();
    this.#known.set(target, names);
    const name = `${node.ns} ${node.name}`;
    const there = names.get(name);
    if (there) return there;
    const kin = new Map<string, XmlElement>();
    for (const one of target.children) {
      if (one.name !== node.name || one.ns !== node.ns) continue;
      const identity = identityOf(one, node);
      if (!kin.has(identity)) kin.set(identity, one);
    }
    names.set(name, kin);
    return kin;
  }
}

/** `interface[name='eth0']` */
export function pathStep(of: XmlElement, node: SchemaNode): string {
  if (node.kind === "leaf-list") return `${of.name}[.='${of.text.trim().slice(0, 80)}']`;
  const keys = ownKeys(of, node);
  return of.name + keys.map((key) => `[${key.name}='${key.text.trim().slice(0, 80)}']`).join("");
}

export function isEmptyContainer(of: XmlElement, node: SchemaNode): boolean {
  return node.kind === "container" && !node.presence && of.children.length === 0;
}

/** Each value that a tree holds, by its path. */
export function leavesOf(of: XmlElement, node: SchemaNode | undefined, schema: Schema, path = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const one of of.children) {
    const known = schema.find(node, one);
    const here = `${path}/${known ? pathStep(one, known) : one.name}`;
    if (one.children.length === 0) found.set(here, one.text);
    else for (const [below, value] of leavesOf(one, known, schema, here)) found.set(below, value);
  }
  return found;
}

/** The same text for the same meaning: only what the user orders keeps its order. */
export function canonical(of: XmlElement, node: SchemaNode | undefined, schema: Schema): string {
  const parts = of.children.map((one) => {
    const known = schema.find(node, one);
    const name = `${one.ns} ${one.name}`;
    const ordered = known?.kind === "open" || ((known?.kind === "list" || known?.kind === "leaf-list") && known.byUser);
    return { name, ordered, text: `${name}(${canonical(one, known, schema)})` };
  });
  // Stable: two of one name whose order counts stay as they are.
  parts.sort((a, b) =>
    a.name < b.name
      ? -1
      : a.name > b.name
        ? 1
        : a.ordered || b.ordered || a.text === b.text
          ? 0
          : a.text < b.text
            ? -1
            : 1,
  );
  return parts.length === 0 ? JSON.stringify(of.text) : parts.map(({ text }) => text).join("");
}
