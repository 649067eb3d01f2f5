/** `<lock>` and `<unlock>` (RFC 6241 §7.5, §7.6, §8.3.5.2). */
import type { Actor } from "./access.ts";
import { RpcError } from "./errors.ts";
import { ok, type Reply } from "./reply.ts";
import { datastoreOnly, only } from "./request.ts";
import type { NetconfServer } from "./server.ts";
import type { XmlElement } from "./xml.ts";

const denied = (sessionId: number, message: string): RpcError =>
  new RpcError("lock-denied", { type: "protocol", message, info: { "session-id": String(sessionId) } });

export function lock(operation: XmlElement, server: NetconfServer, session: Actor): Reply {
  only(operation, ["target"]);
  const target = datastoreOnly(operation, "target", server.abilities);
  // "This is the only acceptable value for the Junos OS" (Juniper, <target>).
  if (server.personality === "junos" && target !== "candidate")
    throw new RpcError("operation-failed", {
      type: "protocol",
      message: "syntax error",
      info: { "bad-element": target },
    });
  const { store } = server;
  const held = store.lockOf(target);
  if (held) throw denied(held.sessionId, `Lock failed, lock is already held by session ${held.sessionId}.`);
  if (target === "candidate" && session.workspace.dirty)
    throw denied(
      store.candidate?.by.sessionId ?? session.sessionId,
      "Lock failed, the candidate configuration has changes that are not committed.",
    );
  const waiting = store.pending?.holder.sessionId;
  if (target === "running" && waiting !== undefined && waiting !== session.sessionId)
    throw denied(waiting, "Lock failed, another session has an ongoing confirmed commit.");
  store.lock(target, session);
  return ok;
}

export function unlock(operation: XmlElement, server: NetconfServer, session: Actor): Reply {
  only(operation, ["target"]);
  const target = datastoreOnly(operation, "target", server.abilities);
  if (!server.store.unlock(target, session.sessionId))
    throw new RpcError("operation-failed", {
      type: "protocol",
      message: "Unlock failed, the lock is not held by this session.",
    });
  if (target === "candidate" && server.abilities.unlockDiscards) session.workspace.discard();
  return ok;
}
