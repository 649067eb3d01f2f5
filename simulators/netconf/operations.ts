/** What each operation does (RFC 6241 §7 and §8). Throws RpcError and RpcErrors. */
import { matches } from "../faults.ts";
import { notSupported, refuseWhereLocked, treeIn, type Actor } from "./access.ts";
import { cancelCommit, commit } from "./commits.ts";
import { withDefaults, type DefaultsMode } from "./defaults.ts";
import { copyConfig, deleteConfig, editConfig } from "./edits.ts";
import { RpcError } from "./errors.ts";
import { filterTree } from "./filter.ts";
import { junosOperation } from "./junos.ts";
import { lock, unlock } from "./locks.ts";
import { BULK, CISCO_IA } from "./names.ts";
import { ok, type Reply } from "./reply.ts";
import { datastore, datastoreOnly, describe, only, word, type Store } from "./request.ts";
import { inOwnNamespace, readWhole, validateTree, type NetconfServer } from "./server.ts";
import { withState } from "./state.ts";
import { attribute, child, element, type XmlElement } from "./xml.ts";

const READS = /^(?:get|close-session)/;

export function perform(operation: XmlElement, server: NetconfServer, session: Actor): Reply {
  meetRefusals(operation, server);
  const { abilities } = server;
  switch (operation.name) {
    case "get":
      only(operation, ["filter", "with-defaults"]);
      return read(operation, server, session, "running", (shown) => withState(server, shown));
    case "get-config":
      only(operation, ["source", "filter", "with-defaults"]);
      return read(operation, server, session, datastoreOnly(operation, "source", abilities), (shown) => shown);
    case "edit-config":
      return editConfig(operation, server, session);
    case "copy-config":
      return copyConfig(operation, server, session);
    case "delete-config":
      return deleteConfig(operation, server, session);
    case "lock":
      return lock(operation, server, session);
    case "unlock":
      return unlock(operation, server, session);
    case "validate":
      return validate(operation, server, session);
    case "commit":
      return commit(operation, server, session);
    case "cancel-commit":
      return cancelCommit(operation, server, session);
    case "discard-changes":
      if (abilities.candidate === "none") throw notSupported(operation);
      only(operation, []);
      if (!session.workspace.own) refuseWhereLocked(server, session, "candidate");
      session.workspace.discard();
      return ok;
    case "kill-session":
      return killSession(operation, server, session);
    case "close-session":
      only(operation, []);
      return { kind: "ok", warnings: [], last: true };
    default:
      return vendorOperation(operation, server, session);
  }
}

function vendorOperation(operation: XmlElement, server: NetconfServer, session: Actor): Reply {
  switch (server.personality) {
    case "junos":
      return junosOperation(operation, server, session);
    case "iosxe": {
      if (operation.name !== "save-config" || operation.ns !== CISCO_IA) throw notSupported(operation);
      server.store.save(session.user);
      const said = element(CISCO_IA, "result", "Save running-config successful");
      return { kind: "data", content: [said], bulkBytes: 0, bare: true };
    }
    case "generic":
      throw notSupported(operation);
    default:
      return server.personality satisfies never;
  }
}

function meetRefusals(operation: XmlElement, { store }: NetconfServer): void {
  const line = describe(operation);
  const { faults } = store;
  const denied = faults.get("authorization-denied");
  const isWrite = !READS.test(line);
  if (matches(denied?.match, line) || (isWrite && faults.get("wrong-privilege")))
    throw new RpcError("access-denied", {
      type: "protocol",
      path: `/rpc/${operation.name}`,
      message: "Access to the requested protocol operation is denied.",
    });
  const refused = faults.get("refuse-line");
  if (refused && matches(refused.match, line)) throw new RpcError(refused.tag, { message: refused.message });
}

function read(
  operation: XmlElement,
  server: NetconfServer,
  session: Actor,
  source: Store,
  more: (shown: XmlElement[]) => XmlElement[],
): Reply {
  const { abilities, config, personality, schema } = server;
  const filter = child(operation, "filter");
  if (filter) {
    const type = filter.attributes.find((one) => one.name === "type")?.value ?? "subtree";
    // No `:xpath` is announced, so its type is not ours (RFC 6241 §8.9.5).
    if (type !== "subtree" || attribute(filter, "", "select") !== undefined)
      throw new RpcError("bad-attribute", {
        type: "protocol",
        path: `/rpc/${operation.name}/filter`,
        info: { "bad-attribute": "type", "bad-element": "filter" },
      });
  }
  const shown = withDefaults(treeIn(server, session, source), schema, defaultsMode(operation, abilities.withDefaults));
  const whole = { ...shown, children: more(shown.children) };
  const chosen = filter ? filterTree(whole, inOwnNamespace(filter, personality), schema) : whole;
  const wantsBulk =
    source === "running" &&
    (!filter || filter.children.some((one) => one.name === "bulk" && [BULK, ""].includes(one.ns)));
  return { kind: "data", content: chosen.children, bulkBytes: wantsBulk ? config.bulkBytes : 0 };
}

function defaultsMode(
  operation: XmlElement,
  offered: { basic: DefaultsMode; also: readonly DefaultsMode[] } | undefined,
): DefaultsMode {
  const asked = word(operation, "with-defaults");
  if (asked === undefined) return offered?.basic ?? "explicit";
  if (!offered) throw new RpcError("unknown-element", { type: "protocol", info: { "bad-element": "with-defaults" } });
  const found = [offered.basic, ...offered.also].find((one) => one === asked);
  // RFC 6243 §4.3.
  if (!found) throw new RpcError("invalid-value", { type: "protocol", info: { "bad-element": "with-defaults" } });
  return found;
}

function validate(operation: XmlElement, server: NetconfServer, session: Actor): Reply {
  const { abilities, personality, schema } = server;
  if (abilities.validate === "none") throw notSupported(operation);
  only(operation, ["source"]);
  const source = datastore(operation, "source", abilities);
  const tree =
    typeof source === "string"
      ? treeIn(server, session, source)
      : readWhole(inOwnNamespace(source, personality), schema, personality === "junos");
  validateTree(tree, schema);
  // Junos: even a check confirms a commit that waits.
  if (abilities.anyCommitConfirms) server.store.confirm(session);
  return ok;
}

function killSession(operation: XmlElement, server: NetconfServer, session: Actor): Reply {
  only(operation, ["session-id"]);
  const number = Number(word(operation, "session-id") ?? Number.NaN);
  const victim = server.sessions.get(number);
  if (!victim || victim.sessionId === session.sessionId)
    throw new RpcError("invalid-value", { type: "protocol", info: { "bad-element": "session-id" } });
  const { pending } = server.store;
  victim.kill();
  // RFC 6241 §7.9: a confirmed commit of a session that is killed goes back, also where its mere loss does not do that.
  if (!server.abilities.sessionLossReverts && pending?.holder.sessionId === victim.sessionId)
    server.store.revert("session-lost", session);
  return ok;
}
