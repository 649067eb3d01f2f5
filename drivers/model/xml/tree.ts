import type { Place } from "./language.ts";

/** A configuration as elements. Comments, instructions and the choice of prefixes are gone; the order of siblings is as it came. */
export interface XmlNode {
  readonly place: Place;
  /** As the platform file maps it; the empty text for none. */
  readonly ns: string;
  readonly name: string;
  /** Only what an author wrote may name a secret of the vault. */
  readonly from: From;
  /** The line of the author's text, or of what the device sent. */
  readonly line: number;
  /** A leaf's, unescaped, on its public form where it was hidden; the empty text for all others. */
  readonly value: string;
  /** What was hidden in `value`: as it was written. */
  readonly written: string | undefined;
  /** Prefixes that the value uses. */
  readonly bindings: readonly Binding[];
  readonly meta: readonly Meta[];
  readonly edit: Edit | undefined;
  readonly children: readonly XmlNode[];
}

export type From = "device" | "author";

export interface Binding {
  readonly prefix: string;
  readonly uri: string;
}

/** An attribute in no namespace that the platform file names. */
export interface Meta {
  readonly name: string;
  readonly value: string;
}

/** RFC 6241 section 7.2, `operation`. */
export type Operation = "merge" | "replace" | "create" | "delete" | "remove";

/** What an author asks for at one element. `insert`: RFC 7950 sections 7.7.9 and 7.8.6. */
export interface Edit {
  readonly operation: Operation | undefined;
  readonly insert?: Insert | undefined;
}

export type Insert =
  | { readonly at: "first" | "last" }
  | { readonly at: "before" | "after"; readonly by: "key" | "value"; readonly anchor: string };

/** One of those in an anchor by key: the leaf's name and its value in quotes (RFC 7950 section 7.8.6). */
export const PREDICATE = /\[\s*(?:[\w.\-]+:)?([\w.\-]+)\s*=\s*('[^']*'|"[^"]*")\s*\]/gv;

export const BASE = "urn:ietf:params:xml:ns:netconf:base:1.0";
export const YANG = "urn:ietf:params:xml:ns:yang:1";

export const isLeaf = (node: XmlNode): boolean => node.children.length === 0;

/** Equal but for where it stands: value, prefixes and all. */
export const sameValue = (a: XmlNode, b: XmlNode): boolean =>
  a.value === b.value &&
  a.bindings.length === b.bindings.length &&
  a.bindings.every((binding, at) => b.bindings[at]?.prefix === binding.prefix && b.bindings[at].uri === binding.uri);
