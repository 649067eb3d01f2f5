/** `insert`, `key` and `value` on entries whose order is the user's (RFC 7950 §7.7.9 and §7.8.6). */
import { RpcError } from "./errors.ts";
import { YANG } from "./names.ts";
import type { SchemaNode } from "./schema.ts";
import { attribute, child, type XmlElement } from "./xml.ts";

export type Order =
  | { readonly where: "first" | "last" }
  | { readonly where: "before" | "after"; readonly mark: string };

export function orderOf(given: XmlElement, node: SchemaNode, path: string): Order | undefined {
  const where = attribute(given, YANG, "insert");
  if (where === undefined) return undefined;
  const bad = (name: string): RpcError =>
    new RpcError("bad-attribute", { path, info: { "bad-attribute": name, "bad-element": given.name } });
  if ((node.kind !== "list" && node.kind !== "leaf-list") || !node.byUser)
    throw new RpcError("unknown-attribute", { path, info: { "bad-attribute": "insert", "bad-element": given.name } });
  if (where === "first" || where === "last") return { where };
  if (where !== "before" && where !== "after") throw bad("insert");
  const name = node.kind === "list" ? "key" : "value";
  const mark = attribute(given, YANG, name);
  if (mark === undefined)
    throw new RpcError("missing-attribute", { path, info: { "bad-attribute": name, "bad-element": given.name } });
  return { where, mark };
}

/** Moves `made`, which is in `target` already. */
export function place(target: XmlElement, made: XmlElement, node: SchemaNode, order: Order, path: string): void {
  const kin = target.children.filter((one) => one.name === made.name && one.ns === made.ns && one !== made);
  const beside = besideOf(kin, node, order);
  if (!beside) {
    if (order.where === "first" || order.where === "last") return;
    throw new RpcError("bad-attribute", {
      appTag: "missing-instance",
      path,
      info: { "bad-attribute": node.kind === "list" ? "key" : "value", "bad-element": made.name },
    });
  }
  target.children.splice(target.children.indexOf(made), 1);
  const at = target.children.indexOf(beside);
  target.children.splice(order.where === "first" || order.where === "before" ? at : at + 1, 0, made);
}

function besideOf(kin: readonly XmlElement[], node: SchemaNode, order: Order): XmlElement | undefined {
  switch (order.where) {
    case "first":
      return kin[0];
    case "last":
      return kin.at(-1);
    case "before":
    case "after":
      return kin.find((one) => isMark(one, node, order.mark));
    default:
      return order satisfies never;
  }
}

function isMark(one: XmlElement, node: SchemaNode, mark: string): boolean {
  if (node.kind !== "list") return one.text === mark;
  const predicates = [...mark.matchAll(/\[\s*(?:[\w.-]+:)?([\w.-]+)\s*=\s*(?:'([^']*)'|"([^"]*)")\s*\]/g)];
  return (
    predicates.length === node.keys.length &&
    predicates.every(([, key = "", single, double]) => child(one, key)?.text === (single ?? double))
  );
}
