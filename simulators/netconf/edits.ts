/** `<edit-config>`, `<copy-config>` and `<delete-config>` (RFC 6241 §7.2 to §7.4). */
import { refuseWhereLocked, treeIn, type Actor } from "./access.ts";
import { applyEdit, type EditOptions, type ErrorOption } from "./edit.ts";
import { RpcError, RpcErrors } from "./errors.ts";
import { ok, type Reply } from "./reply.ts";
import { datastore, datastoreOnly, has, oneOfWords, only, type Store } from "./request.ts";
import { inOwnNamespace, readWhole, validateTree, type NetconfServer } from "./server.ts";
import { child, clone, type XmlElement } from "./xml.ts";

const TEST_OPTIONS = ["test-then-set", "set", "test-only"] as const;

export function editConfig(operation: XmlElement, server: NetconfServer, session: Actor): Reply {
  only(operation, ["target", "default-operation", "test-option", "error-option", "config", "url"]);
  const { abilities, personality, schema } = server;
  const target = writable(operation, server, session, "edit-config");
  const config = child(operation, "config");
  if (!config || has(operation, "url"))
    throw new RpcError(config ? "bad-element" : "missing-element", {
      type: "protocol",
      path: "/rpc/edit-config",
      info: { "bad-element": config ? "url" : "config" },
    });
  const errorOption = errorOptionOf(operation, server);
  const testOption = testOptionOf(operation, server);
  const edit = inOwnNamespace(config, personality);
  const options: EditOptions = {
    schema,
    defaultOperation: oneOfWords(operation, "default-operation", ["merge", "replace", "none"], "merge"),
    errorOption,
    lenient: personality === "junos",
    meet: (line, number) => meetLine(server, line, number),
  };
  const next = clone(treeIn(server, session, target));
  const { errors, lines, warnings } = applyEdit(next, edit, options);
  const allOrNothing = errorOption === "rollback-on-error" || abilities.atomicEdits;
  if (errors.length > 0 && (allOrNothing || testOption === "test-only")) throw new RpcErrors(errors);
  // An edit of running is never half of a thing: what does not hold together is refused before it is in force.
  if (testOption !== "set" || target === "running") validateTree(next, schema);
  if (testOption !== "test-only") put(server, session, target, next, { config: edit, options }, lines);
  if (errors.length > 0) throw new RpcErrors(errors);
  return { kind: "ok", warnings };
}

function errorOptionOf(operation: XmlElement, { abilities }: NetconfServer): ErrorOption {
  const option = oneOfWords(
    operation,
    "error-option",
    ["stop-on-error", "continue-on-error", "rollback-on-error"],
    "stop-on-error",
  );
  if (option === "rollback-on-error" && !abilities.rollbackOnError)
    throw new RpcError("invalid-value", {
      type: "protocol",
      path: "/rpc/edit-config/error-option",
      info: { "bad-element": "error-option" },
    });
  return option;
}

/** With `:validate` an edit is tested unless the client says `set`; without it the parameter does not exist (§8.6.4.1). */
function testOptionOf(operation: XmlElement, { abilities }: NetconfServer): (typeof TEST_OPTIONS)[number] {
  if (abilities.validate === "none") {
    if (!has(operation, "test-option")) return "set";
    throw new RpcError("unknown-element", { type: "protocol", info: { "bad-element": "test-option" } });
  }
  const option = oneOfWords(operation, "test-option", TEST_OPTIONS, "test-then-set");
  if (option === "test-only" && abilities.validate === "1.0")
    throw new RpcError("invalid-value", { type: "protocol", info: { "bad-element": "test-option" } });
  return option;
}

function meetLine({ store }: NetconfServer, line: string, number: number): RpcError | undefined {
  const met = store.faults.forLine(line, number);
  if (!met) return undefined;
  const path = line.replace(/^\w+ /, "").replace(/ = .*$/s, "");
  return store.faults.get("authorization-denied")
    ? new RpcError("access-denied", { path, message: "Access to the requested data node is denied." })
    : new RpcError(store.faults.get("refuse-line")?.tag ?? "operation-failed", { path, message: met.message });
}

function writable(operation: XmlElement, server: NetconfServer, session: Actor, what: string): Store {
  const target = datastoreOnly(operation, "target", server.abilities);
  const { writableRunning } = server.abilities;
  if ((target === "running" && !writableRunning) || (target === "startup" && what === "edit-config"))
    throw new RpcError("invalid-value", {
      type: "protocol",
      path: `/rpc/${operation.name}/target`,
      message: `The ${target} configuration cannot be the target of ${what}.`,
      info: { "bad-element": target },
    });
  if (target !== "candidate" || !session.workspace.own) refuseWhereLocked(server, session, target);
  return target;
}

function put(
  server: NetconfServer,
  session: Actor,
  target: Store,
  next: XmlElement,
  edit: { config: XmlElement; options: EditOptions } | undefined,
  lines: readonly string[],
): void {
  const { store } = server;
  switch (target) {
    case "candidate":
      session.workspace.set(next, edit, lines);
      break;
    case "running":
      store.write({ holder: session, next, via: "netconf", lines });
      break;
    case "startup":
      store.startup = next;
      break;
    default:
      target satisfies never;
  }
}

export function copyConfig(operation: XmlElement, server: NetconfServer, session: Actor): Reply {
  only(operation, ["target", "source", "with-defaults"]);
  const { abilities, personality, schema, store } = server;
  const target = writable(operation, server, session, "copy-config");
  const source = datastore(operation, "source", abilities);
  if (source === target)
    throw new RpcError("invalid-value", { type: "protocol", message: "The source and the target are the same." });
  const tree =
    typeof source === "string"
      ? treeIn(server, session, source)
      : readWhole(inOwnNamespace(source, personality), schema, personality === "junos");
  if (target === "running") validateTree(tree, schema);
  if (target === "startup" && source === "running") store.save(session.user);
  else put(server, session, target, clone(tree), undefined, [`copy-config ${target}`]);
  return ok;
}

export function deleteConfig(operation: XmlElement, server: NetconfServer, session: Actor): Reply {
  only(operation, ["target"]);
  const target = writable(operation, server, session, "delete-config");
  if (target !== "startup")
    throw new RpcError("invalid-value", {
      type: "protocol",
      path: "/rpc/delete-config/target",
      message: `The ${target} configuration cannot be deleted.`,
      info: { "bad-element": target },
    });
  server.store.startup = { ...server.store.startup, children: [] };
  return ok;
}
