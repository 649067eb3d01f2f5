/** What operations have in common: who acts, on which tree, and whether somebody else holds it. */
import type { Holder } from "../kit/datastores.ts";
import { RpcError } from "./errors.ts";
import type { Store } from "./request.ts";
import type { NetconfServer } from "./server.ts";
import type { Workspace } from "./workspace.ts";
import type { XmlElement } from "./xml.ts";

/** The session that asks, as far as an operation sees it. */
export interface Actor extends Holder {
  workspace: Workspace;
}

export function notSupported(operation: XmlElement): RpcError {
  return new RpcError("operation-not-supported", { type: "protocol", info: { "bad-element": operation.name } });
}

/** Somebody else holds it (RFC 6241 §7.5 names `in-use` for edits, Appendix A). */
export function refuseWhereLocked(server: NetconfServer, session: Actor, store: Store): void {
  const holder = server.store.lockOf(store);
  if (!holder || holder.sessionId === session.sessionId) return;
  throw new RpcError("in-use", {
    type: "protocol",
    message: `The ${store} configuration is locked by session ${holder.sessionId}.`,
  });
}

/** The tree of a datastore as this session sees it. */
export function treeIn(server: NetconfServer, session: Actor, store: Store): XmlElement {
  switch (store) {
    case "running":
      return server.store.running;
    case "startup":
      return server.store.startup;
    case "candidate":
      return session.workspace.tree;
    default:
      return store satisfies never;
  }
}
