/** `<commit>` with its timer, and `<cancel-commit>` (RFC 6241 §8.3.4, §8.4). */
import { notSupported, refuseWhereLocked, type Actor } from "./access.ts";
import { RpcError } from "./errors.ts";
import { ok, type Reply } from "./reply.ts";
import { has, only, word } from "./request.ts";
import { validateTree, type NetconfServer } from "./server.ts";
import type { XmlElement } from "./xml.ts";

/** RFC 6241 §8.4.5.1. */
const TIMEOUT_DEFAULT_S = 600;
const TIMEOUT_MAX = 4_294_967_295;

const bad = (name: string, message: string): RpcError =>
  new RpcError("invalid-value", { type: "protocol", message, info: { "bad-element": name } });

export interface Confirm {
  readonly timeoutMs: number;
  readonly persist: string | undefined;
}

export function commit(operation: XmlElement, server: NetconfServer, session: Actor): Reply {
  const { abilities } = server;
  if (abilities.candidate === "none") throw notSupported(operation);
  only(operation, parametersOf(abilities.confirmedCommit));
  const confirm = confirmOf(operation, server);
  return putInForce(server, session, confirm, word(operation, "persist-id"));
}

function parametersOf(version: "none" | "1.0" | "1.1"): string[] {
  const first = ["confirmed", "confirm-timeout"];
  switch (version) {
    case "none":
      return [];
    case "1.0":
      return first;
    case "1.1":
      return [...first, "persist", "persist-id"];
    default:
      return version satisfies never;
  }
}

function confirmOf(operation: XmlElement, { abilities }: NetconfServer): Confirm | undefined {
  const given = word(operation, "confirm-timeout");
  const persist = word(operation, "persist");
  if (!has(operation, "confirmed")) {
    if (given === undefined && persist === undefined) return undefined;
    throw new RpcError("missing-element", { type: "protocol", info: { "bad-element": "confirmed" } });
  }
  const unitMs = abilities.confirmTimeoutUnit === "minutes" ? 60_000 : 1000;
  if (given === undefined) return { timeoutMs: TIMEOUT_DEFAULT_S * 1000, persist };
  if (!/^\d{1,10}$/.test(given) || Number(given) < 1 || Number(given) > TIMEOUT_MAX)
    throw bad("confirm-timeout", `"${given.slice(0, 40)}" is not a valid value.`);
  return { timeoutMs: Number(given) * unitMs, persist };
}

/** Puts the candidate in force; with `confirm` until so much later, else for good, and with it what waited before. */
export function putInForce(
  server: NetconfServer,
  session: Actor,
  confirm: Confirm | undefined,
  persistId: string | undefined,
): Reply {
  const { abilities, schema, store } = server;
  const { workspace } = session;
  refuseStrangers(server, session, persistId);
  refuseWhereLocked(server, session, "running");
  if (!workspace.own) refuseWhereLocked(server, session, "candidate");
  const next = workspace.merged();
  validateTree(next, schema);
  const { lines } = workspace;
  if (!confirm && store.pending && !workspace.dirty) {
    store.confirm(session);
    return ok;
  }
  const shared = store.candidate;
  store.commit({
    holder: session,
    next,
    via: "netconf",
    lines,
    ...(confirm
      ? {
          confirm: {
            timeoutMs: confirm.timeoutMs,
            ...(confirm.persist === undefined ? {} : { persist: confirm.persist }),
            boundToSession: confirm.persist === undefined && abilities.sessionLossReverts,
          },
        }
      : {}),
  });
  workspace.committed();
  // The store's commit ends the candidate that all share; one of a session's own leaves it to the others.
  if (workspace.own && store.up) store.candidate = shared;
  return ok;
}

/** A commit that waits is its session's, or of whoever knows the word it was given (§8.4.1). */
function refuseStrangers(server: NetconfServer, session: Actor, persistId: string | undefined): void {
  const { pending } = server.store;
  if (!pending) {
    if (persistId !== undefined) throw bad("persist-id", "No confirmed commit is pending.");
    return;
  }
  if (server.abilities.anyCommitConfirms) return;
  if (pending.persist !== undefined) {
    if (persistId === pending.persist) return;
    if (persistId !== undefined) throw bad("persist-id", "The persist-id is not that of the confirmed commit.");
  } else if (persistId !== undefined)
    throw bad("persist-id", "The confirmed commit that is pending is not persistent.");
  else if (pending.holder.sessionId === session.sessionId) return;
  throw new RpcError("in-use", {
    type: "protocol",
    message: `Session ${pending.holder.sessionId} has an ongoing confirmed commit.`,
  });
}

export function cancelCommit(operation: XmlElement, server: NetconfServer, session: Actor): Reply {
  if (server.abilities.confirmedCommit !== "1.1") throw notSupported(operation);
  only(operation, ["persist-id"]);
  if (!server.store.pending && !has(operation, "persist-id"))
    throw new RpcError("operation-failed", { type: "protocol", message: "No confirmed commit is pending." });
  refuseStrangers(server, session, word(operation, "persist-id"));
  server.store.revert("asked", session);
  return ok;
}
