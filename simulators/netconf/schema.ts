/** What a device knows of its own configuration: a small part of YANG (RFC 7950), as much as an edit needs to be right or refused. */
import type { XmlElement } from "./xml.ts";

export type ValueType =
  | { readonly kind: "string"; readonly pattern?: RegExp; readonly maxLength?: number }
  | { readonly kind: "integer"; readonly min: number; readonly max: number }
  | { readonly kind: "boolean" }
  | { readonly kind: "empty" }
  | { readonly kind: "enumeration"; readonly values: readonly string[] }
  | { readonly kind: "identity"; readonly ns: string; readonly names: readonly string[] };

interface Named {
  readonly name: string;
  readonly ns: string;
}
export interface Container extends Named {
  readonly kind: "container";
  readonly presence: boolean;
  readonly children: readonly SchemaNode[];
}
export interface List extends Named {
  readonly kind: "list";
  readonly keys: readonly string[];
  readonly byUser: boolean;
  readonly children: readonly SchemaNode[];
}
export interface Leaf extends Named {
  readonly kind: "leaf";
  readonly type: ValueType;
  readonly default?: string;
  readonly mandatory: boolean;
}
export interface LeafList extends Named {
  readonly kind: "leaf-list";
  readonly type: ValueType;
  readonly byUser: boolean;
}
/** Content that the device takes as it comes; an entry of a list is told by its `name`. */
export interface Open extends Named {
  readonly kind: "open";
  /** Names directly below that exist; all without it. */
  readonly only?: readonly string[];
  /** Leaves that may come more than once. */
  readonly leafLists: readonly string[];
}
export type SchemaNode = Container | List | Leaf | LeafList | Open;

type Unplaced<T> = T extends unknown
  ? Omit<T, "ns" | "children"> & { ns?: string; children?: readonly Draft[] }
  : never;
/** A node that takes its namespace from where it is put. */
export type Draft = Unplaced<SchemaNode>;

export const container = (name: string, children: readonly Draft[], presence = false): Draft => ({
  kind: "container",
  name,
  presence,
  children,
});
export const list = (name: string, keys: readonly string[], children: readonly Draft[], byUser = false): Draft => ({
  kind: "list",
  name,
  keys,
  byUser,
  children,
});
export const leaf = (name: string, type: ValueType, more: { default?: string; mandatory?: true } = {}): Draft => ({
  kind: "leaf",
  name,
  type,
  mandatory: more.mandatory ?? false,
  ...(more.default === undefined ? {} : { default: more.default }),
});
export const leafList = (name: string, type: ValueType, byUser = false): Draft => ({
  kind: "leaf-list",
  name,
  type,
  byUser,
});

/** Gives every node below the namespace of its module; an augmentation brings its own. */
export function inModule(ns: string, drafts: readonly Draft[]): SchemaNode[] {
  return drafts.map((draft) => {
    const own = draft.ns ?? ns;
    const below = draft.children;
    return { ...draft, ns: own, ...(below ? { children: inModule(own, below) } : {}) } as SchemaNode;
  });
}

export const augmented = (ns: string, draft: Draft): Draft => ({ ...draft, ns });

export const string: ValueType = { kind: "string" };
export const text = (maxLength: number, pattern?: RegExp): ValueType => ({
  kind: "string",
  maxLength,
  ...(pattern ? { pattern } : {}),
});
export const integer = (min: number, max: number): ValueType => ({ kind: "integer", min, max });
export const boolean: ValueType = { kind: "boolean" };
export const empty: ValueType = { kind: "empty" };
export const oneOf = (...values: string[]): ValueType => ({ kind: "enumeration", values });
const OCTET = "(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)";
export const ipv4: ValueType = { kind: "string", pattern: new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`) };
export const ipv4Prefix: ValueType = {
  kind: "string",
  pattern: new RegExp(`^${OCTET}(?:\\.${OCTET}){3}/(?:3[0-2]|[12]?\\d)$`),
};
export const ipv6: ValueType = { kind: "string", pattern: /^(?=.*:)[\da-fA-F:.]{2,45}$/ };
export const host: ValueType = { kind: "string", pattern: /^[\w.:-]{1,253}$/, maxLength: 253 };

/** The value as the device keeps it, or nothing where it is none of this type. */
export function valueOf(type: ValueType, given: XmlElement): string | undefined {
  const raw = given.text;
  switch (type.kind) {
    case "string":
      if (type.pattern && !type.pattern.test(raw)) return undefined;
      return raw.length <= (type.maxLength ?? 65_535) ? raw : undefined;
    case "integer": {
      const trimmed = raw.trim();
      const number = Number(trimmed);
      return /^-?\d{1,19}$/.test(trimmed) && number >= type.min && number <= type.max ? String(number) : undefined;
    }
    case "boolean":
      return /^\s*(?:true|false)\s*$/.test(raw) ? raw.trim() : undefined;
    case "empty":
      return raw.trim() === "" ? "" : undefined;
    case "enumeration":
      return type.values.includes(raw.trim()) ? raw.trim() : undefined;
    case "identity": {
      const [, prefix, name] = /^(?:([\w.-]+):)?([\w.-]+)$/.exec(raw.trim()) ?? [];
      if (name === undefined || !type.names.includes(name)) return undefined;
      return prefix === undefined || given.prefixes?.[prefix] === type.ns ? raw.trim() : undefined;
    }
    default:
      return type satisfies never;
  }
}

export class Schema {
  readonly roots: readonly SchemaNode[];
  readonly #namespaces: ReadonlySet<string>;

  constructor(roots: readonly SchemaNode[]) {
    this.roots = roots;
    const seen = new Set<string>();
    const walk = (nodes: readonly SchemaNode[]): void => {
      for (const node of nodes) {
        seen.add(node.ns);
        walk(childrenOf(node));
      }
    };
    walk(roots);
    this.#namespaces = seen;
  }

  knows(ns: string): boolean {
    return this.#namespaces.has(ns);
  }

  /** What an element is below `parent`; the top without one. */
  find(parent: SchemaNode | undefined, of: { ns: string; name: string }): SchemaNode | undefined {
    if (parent?.kind === "open") {
      if (parent.only && !parent.only.includes(of.name)) return undefined;
      return { kind: "open", name: of.name, ns: parent.ns, leafLists: parent.leafLists };
    }
    const among = parent ? childrenOf(parent) : this.roots;
    return among.find((node) => node.name === of.name && node.ns === of.ns);
  }
}

export function childrenOf(node: SchemaNode): readonly SchemaNode[] {
  return node.kind === "container" || node.kind === "list" ? node.children : [];
}
