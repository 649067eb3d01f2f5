/** What all sessions of one server share: its datastores, what it knows, and who is there. */
import type { Datastores, Holder } from "../kit/datastores.ts";
import type { CommandRecord } from "../device.ts";
import type { Abilities, NetconfConfig, Oddities, Personality } from "./config.ts";
import { applyEdit, missingBelow } from "./edit.ts";
import { RpcErrors, type RpcError } from "./errors.ts";
import { BASE, XNM } from "./names.ts";
import { canonical } from "./paths.ts";
import type { Schema } from "./schema.ts";
import { brokenReferences } from "./references.ts";
import { clone, element, parseXml, printXml, type XmlElement } from "./xml.ts";

export interface SessionHandle extends Holder {
  readonly remote: string;
  readonly startedAtMs: number;
  /** Ends it, as `<kill-session>` does. */
  kill(): void;
}

export interface NetconfServer {
  readonly store: Datastores<XmlElement>;
  readonly schema: Schema;
  readonly personality: Personality;
  readonly abilities: Abilities;
  readonly oddities: Oddities;
  readonly config: NetconfConfig;
  /** Of the personality: model modules and vendor URIs of the hello. */
  readonly modules: readonly string[];
  readonly sessions: Map<number, SessionHandle>;
  readonly log: CommandRecord[];
  readonly model: string;
  readonly version: string;
  /** Whether the line is cut. The device does not know, so its sessions live on; what their end does is in `ghosts` until then. */
  readonly line: { cut: boolean; readonly ghosts: (() => void)[] };
}

export const treeOf = (
  schema: Schema,
): {
  clone: (tree: XmlElement) => XmlElement;
  same: (a: XmlElement, b: XmlElement) => boolean;
  text: (tree: XmlElement) => string;
} => ({
  clone,
  same: (a, b) => canonical(a, undefined, schema) === canonical(b, undefined, schema),
  text: (tree) => tree.children.map((one) => printXml(one, { indent: 2 })).join(""),
});

/** The children of a `<config>` from text. Throws XmlFault. */
export function parseConfig(text: string, personality: Personality): XmlElement {
  return inOwnNamespace(parseXml(`<config xmlns="${BASE}">${text}</config>`), personality);
}

/** Junos takes its configuration in its own namespace, in none, and in the base one. */
export function inOwnNamespace(config: XmlElement, personality: Personality): XmlElement {
  if (personality !== "junos") return config;
  const own = (of: XmlElement): XmlElement => ({ ...of, ns: XNM, children: of.children.map(own) });
  return { ...config, children: config.children.map((one) => (one.name === "configuration" ? own(one) : one)) };
}

/** A whole configuration, read as an edit of nothing: what the schema refuses is refused. Throws RpcErrors. */
export function readWhole(config: XmlElement, schema: Schema, lenient: boolean): XmlElement {
  const root = element(BASE, "config");
  const { errors } = applyEdit(root, config, {
    schema,
    defaultOperation: "merge",
    errorOption: "continue-on-error",
    lenient,
  });
  if (errors.length > 0) throw new RpcErrors(errors);
  return root;
}

/** What `<validate>` and a commit look at. Throws RpcErrors. */
export function validateTree(tree: XmlElement, schema: Schema): void {
  const errors: RpcError[] = [...missingBelow(tree, undefined, schema), ...brokenReferences(tree)];
  if (errors.length > 0) throw new RpcErrors(errors);
}
