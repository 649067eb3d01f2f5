/** The operations that Junos has beside the standard ones (Juniper, "NETCONF XML Management Protocol Developer Guide"). */
import type { Actor } from "./access.ts";
import { putInForce } from "./commits.ts";
import { applyEdit } from "./edit.ts";
import { RpcError, RpcErrors } from "./errors.ts";
import { filterTree } from "./filter.ts";
import { lock, unlock } from "./locks.ts";
import { BASE, XNM } from "./names.ts";
import { ok, type Reply } from "./reply.ts";
import { has, word } from "./request.ts";
import { inOwnNamespace, validateTree, type NetconfServer } from "./server.ts";
import { Workspace } from "./workspace.ts";
import { attribute, child, clone, element, type XmlElement } from "./xml.ts";

const failed = (message: string, badElement?: string): RpcError =>
  new RpcError("operation-failed", {
    type: "protocol",
    message,
    ...(badElement === undefined ? {} : { info: { "bad-element": badElement } }),
  });

const candidate = (name: string): XmlElement =>
  element(BASE, name, [element(BASE, "target", [element(BASE, "candidate")])]);

const bare = (content: readonly XmlElement[]): Reply => ({ kind: "data", content, bulkBytes: 0, bare: true });

export function junosOperation(operation: XmlElement, server: NetconfServer, session: Actor): Reply {
  switch (operation.name) {
    case "get-configuration":
      return getConfiguration(operation, server, session);
    case "load-configuration":
      return loadConfiguration(operation, server, session);
    case "commit-configuration":
      return commitConfiguration(operation, server, session);
    case "lock-configuration":
      return lock(candidate("lock"), server, session);
    case "unlock-configuration":
      return unlock(candidate("unlock"), server, session);
    case "open-configuration":
      if (!has(operation, "private")) throw failed("syntax error", operation.children[0]?.name ?? operation.name);
      session.workspace = new Workspace(server, session, true);
      return ok;
    case "close-configuration":
      session.workspace.discard();
      session.workspace = new Workspace(server, session, false);
      return ok;
    case "get-system-information":
      return bare([systemInformation(server)]);
    case "get-commit-information":
      return bare([commitInformation(server)]);
    default:
      throw failed("syntax error", operation.name);
  }
}

function getConfiguration(operation: XmlElement, server: NetconfServer, session: Actor): Reply {
  const format = attribute(operation, "", "format") ?? "xml";
  if (format !== "xml") throw failed(`the format ${format.slice(0, 20)} is not simulated`);
  const database = attribute(operation, "", "database") ?? "candidate";
  const tree = database === "committed" ? server.store.running : session.workspace.tree;
  const filter = inOwnNamespace(operation, server.personality);
  const chosen = child(filter, "configuration") ? filterTree(tree, filter, server.schema) : tree;
  return { ...bare(chosen.children), kind: "data", content: chosen.children, bulkBytes: server.config.bulkBytes };
}

function loadConfiguration(operation: XmlElement, server: NetconfServer, session: Actor): Reply {
  const { store, schema, personality } = server;
  const results = (inner: readonly XmlElement[]): Reply => bare([element(BASE, "load-configuration-results", inner)]);
  const back = attribute(operation, "", "rollback");
  if (back !== undefined) {
    const tree = back === "0" ? store.running : store.history[Number(back) - 1];
    if (!tree) throw failed("rollback file does not exist", "rollback");
    session.workspace.set(clone(tree), undefined, [`rollback ${back}`]);
    return results([element(BASE, "ok")]);
  }
  const action = attribute(operation, "", "action") ?? "merge";
  if (!["merge", "replace", "override", "update"].includes(action)) throw failed("syntax error", "action");
  if (!child(operation, "configuration"))
    throw failed("only <configuration> is simulated", operation.children[0]?.name);
  const config = inOwnNamespace(operation, personality);
  const options = {
    schema,
    defaultOperation: action === "override" || action === "update" ? ("replace" as const) : ("merge" as const),
    errorOption: "rollback-on-error" as const,
    lenient: true,
  };
  const next = clone(session.workspace.tree);
  const { errors, warnings, lines } = applyEdit(next, config, {
    ...options,
    meet: (line, number) => {
      const met = store.faults.forLine(line, number);
      return met && failed(met.message.trim());
    },
  });
  if (errors.length > 0) throw new RpcErrors(errors);
  session.workspace.set(next, { config, options }, lines);
  return results([...warnings.map((one) => one.toXml()), element(BASE, "ok")]);
}

function commitConfiguration(operation: XmlElement, server: NetconfServer, session: Actor): Reply {
  if (has(operation, "check")) {
    validateTree(session.workspace.tree, server.schema);
    server.store.confirm(session);
    return ok;
  }
  if (!has(operation, "confirmed")) return putInForce(server, session, undefined, undefined);
  if (session.workspace.own) throw failed("commit confirmed is not supported in private mode", "confirmed");
  // Here, and not in `<commit>`, the number is minutes.
  const minutes = Number(word(operation, "confirm-timeout") ?? "10");
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > 65_535)
    throw failed("Value is not within range (1..65535)", "confirm-timeout");
  return putInForce(server, session, { timeoutMs: minutes * 60_000, persist: undefined }, undefined);
}

export function junosHostname(tree: XmlElement): string | undefined {
  const system = child(child(tree, "configuration", XNM) ?? tree, "system", XNM);
  return system && child(system, "host-name")?.text;
}

function systemInformation({ store, model, version }: NetconfServer): XmlElement {
  const values = {
    "hardware-model": model,
    "os-name": "junos",
    "os-version": version,
    "serial-number": store.serial,
    "host-name": junosHostname(store.running) ?? "",
  };
  return element(
    BASE,
    "system-information",
    Object.entries(values).map(([name, value]) => element(BASE, name, value)),
  );
}

/** `show system commit`: the newest first, and what waits says so in its comment. A box is never without: it came up with a commit of root's. */
function commitInformation({ store }: NetconfServer): XmlElement {
  const { pending } = store;
  const first = { by: "root", atMs: store.bootedAtMs };
  const entries = [...store.applies.toReversed(), first].map((one, index) => {
    const minutes = pending && index === 0 ? Math.ceil((pending.deadlineMs - pending.armedAtMs) / 60_000) : undefined;
    return element(BASE, "commit-history", [
      element(BASE, "sequence-number", String(index)),
      element(BASE, "user", one.by),
      element(BASE, "client", "netconf"),
      element(BASE, "date-time", `${new Date(one.atMs).toISOString().replace("T", " ").slice(0, 19)} UTC`),
      ...(minutes === undefined ? [] : [element(BASE, "comment", `commit confirmed, rollback in ${minutes}mins`)]),
    ]);
  });
  return element(BASE, "commit-information", entries.slice(0, 50));
}
