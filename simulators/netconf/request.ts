/** One `<rpc>` as it came, and the parts of it that operations have in common. Throws RpcError where it is not what RFC 6241 asks for. */
import type { Lockable } from "../kit/datastores.ts";
import type { Abilities } from "./config.ts";
import { RpcError } from "./errors.ts";
import { BASE } from "./names.ts";
import { attribute, child, type XmlElement } from "./xml.ts";

export type Store = Lockable;

export interface Rpc {
  readonly messageId: string;
  readonly operation: XmlElement;
  /** The whole `<rpc>`, whose attributes the reply repeats (§4.2). */
  readonly rpc: XmlElement;
}

export function readRpc(rpc: XmlElement): Rpc {
  if (rpc.name !== "rpc" || rpc.ns !== BASE)
    throw new RpcError("unknown-element", { type: "rpc", info: { "bad-element": rpc.name } });
  const messageId = attribute(rpc, "", "message-id");
  if (messageId === undefined)
    throw new RpcError("missing-attribute", {
      type: "rpc",
      info: { "bad-attribute": "message-id", "bad-element": "rpc" },
    });
  const [operation, more] = rpc.children;
  if (!operation) throw new RpcError("missing-element", { type: "rpc", info: { "bad-element": "operation" } });
  if (more) throw new RpcError("bad-element", { type: "rpc", info: { "bad-element": more.name } });
  return { messageId, operation, rpc };
}

export const has = (of: XmlElement, name: string): boolean => child(of, name) !== undefined;
export const word = (of: XmlElement, name: string): string | undefined => child(of, name)?.text.trim();

/** Refuses what the operation does not know, so that a misspelt parameter is no silent default. */
export function only(operation: XmlElement, names: readonly string[]): void {
  const strange = operation.children.find((one) => !names.includes(one.name));
  if (strange)
    throw new RpcError("unknown-element", {
      type: "protocol",
      path: `/rpc/${operation.name}`,
      info: { "bad-element": strange.name },
    });
}

export function oneOfWords<T extends string>(operation: XmlElement, name: string, words: readonly T[], or: T): T {
  const given = word(operation, name);
  if (given === undefined) return or;
  const found = words.find((one) => one === given);
  if (found === undefined)
    throw new RpcError("invalid-value", {
      type: "protocol",
      path: `/rpc/${operation.name}/${name}`,
      info: { "bad-element": name },
    });
  return found;
}

/** The datastore in `<source>` or `<target>`, or the element that stands for a configuration given there. */
export function datastore(operation: XmlElement, where: "source" | "target", abilities: Abilities): Store | XmlElement {
  const given = child(operation, where)?.children[0];
  const path = `/rpc/${operation.name}/${where}`;
  if (!given) throw new RpcError("missing-element", { type: "protocol", path, info: { "bad-element": where } });
  const unknown = new RpcError("unknown-element", { type: "protocol", path, info: { "bad-element": given.name } });
  switch (given.name) {
    case "running":
      return "running";
    case "candidate":
      if (abilities.candidate === "none") throw unknown;
      return "candidate";
    case "startup":
      if (!abilities.startup) throw unknown;
      return "startup";
    case "config":
      return given;
    default:
      throw unknown;
  }
}

export function datastoreOnly(operation: XmlElement, where: "source" | "target", abilities: Abilities): Store {
  const given = datastore(operation, where, abilities);
  if (typeof given === "string") return given;
  throw new RpcError("bad-element", {
    type: "protocol",
    path: `/rpc/${operation.name}/${where}`,
    info: { "bad-element": given.name },
  });
}

/**
 * One line for logs and for faults to find: `edit-config candidate`, `commit confirmed confirm-timeout=120 persist=job-7`.
 * It has no configuration in it.
 */
export function describe(operation: XmlElement): string {
  const words = [operation.name];
  for (const one of operation.children) {
    const [inner] = one.children;
    if (one.name === "source" || one.name === "target") words.push(inner?.name ?? one.name);
    else if (one.name === "config" || one.name === "filter" || one.name === "configuration") continue;
    else if (one.children.length > 0 || one.text.trim() === "") words.push(one.name);
    else words.push(`${one.name}=${one.text.trim().slice(0, 80)}`);
  }
  return words.join(" ");
}
