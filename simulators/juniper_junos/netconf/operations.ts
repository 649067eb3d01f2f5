/** The operations of RFC 6241 that Junos has, and its own (NETCONF XML Management Protocol Developer Guide). */
import { RpcError, RpcErrors } from "../../netconf/errors.ts";
import { BASE, XNM } from "../../netconf/names.ts";
import { has, word } from "../../netconf/request.ts";
import { attribute, child, element, type XmlElement } from "../../netconf/xml.ts";
import { matches } from "../../faults.ts";
import { compareText } from "../config/compare.ts";
import { printBraces, printSet } from "../config/print.ts";
import { clone, emptyConfig, prune, type Config } from "../config/tree.ts";
import { commitData } from "../history.ts";
import { loadText, type LoadKind } from "../load_command.ts";
import { commandText } from "./command.ts";
import { elementsOf } from "./elements.ts";
import { filterElements } from "./filter.ts";
import { readInto } from "./read.ts";
import { showOf } from "./show.ts";
import type { JunosNetconf } from "./session.ts";

/** RFC 6241 §8.4.5.1; seconds in `<commit>` (13.2 and later). */
const COMMIT_DEFAULT_S = 600;
/** Minutes in `<commit-configuration>`. */
const COMMIT_CONFIGURATION_DEFAULT = 10;
const COMMIT_CONFIGURATION_MAX = 65_535;

const base = (name: string, content: string | readonly XmlElement[] = []): XmlElement => element(BASE, name, content);
const OK = [base("ok")];

function failed(message: string, badElement?: string): RpcError {
  return new RpcError("operation-failed", {
    type: "protocol",
    message,
    ...(badElement === undefined ? {} : { info: { "bad-element": badElement } }),
  });
}

export function perform(session: JunosNetconf, operation: XmlElement): XmlElement[] {
  switch (operation.name) {
    case "get-config":
      return getConfig(session, operation);
    case "get-configuration":
      return getConfiguration(session, operation);
    case "edit-config":
      return editConfig(session, operation);
    case "load-configuration":
      return loadConfiguration(session, operation);
    case "commit":
      return commit(session, {
        confirmedMs: has(operation, "confirmed")
          ? timeout(operation, COMMIT_DEFAULT_S, 4_294_967_295) * 1000
          : undefined,
      });
    case "commit-configuration":
      return commit(session, {
        check: has(operation, "check"),
        comment: word(operation, "log"),
        confirmedMs: has(operation, "confirmed")
          ? timeout(operation, COMMIT_CONFIGURATION_DEFAULT, COMMIT_CONFIGURATION_MAX) * 60_000
          : undefined,
      });
    case "validate":
      return commit(session, { check: true });
    case "discard-changes":
      session.device.setCandidate(session.editor, clone(session.device.store.running));
      return OK;
    case "lock":
      // Juniper, <target>: "the only acceptable value for the Junos OS".
      if (child(operation, "target")?.children[0]?.name !== "candidate")
        throw failed("syntax error", child(operation, "target")?.children[0]?.name ?? "target");
      return lock(session, "exclusive");
    case "lock-configuration":
      return lock(session, "exclusive");
    case "open-configuration":
      if (!has(operation, "private")) throw failed("syntax error", operation.children[0]?.name ?? "open-configuration");
      return lock(session, "private");
    case "unlock":
    case "unlock-configuration":
      if (session.editor.mode !== "exclusive") throw failed("configuration database is not locked");
      session.leave();
      return OK;
    case "close-configuration":
      session.leave();
      return OK;
    case "kill-session":
      return kill(session, operation);
    case "close-session":
      return OK;
    case "get-system-information":
      return [systemInformation(session)];
    case "get-software-information":
      return [softwareInformation(session)];
    case "get-commit-information": {
      const { device } = session;
      return dataElements(
        "commit-information",
        commitData(device.commits, (entry) => device.waits(entry)),
      );
    }
    case "command":
      return [base("output", `\n${commandText(session, operation.text.trim())}`)];
    default: {
      const shown = showOf(session.device, operation.name);
      if (!shown) throw failed("syntax error", operation.name);
      return shown;
    }
  }
}

function dataElements(name: string, value: unknown): XmlElement[] {
  if (Array.isArray(value)) return value.flatMap((one) => dataElements(name, one));
  if (typeof value === "object" && value !== null)
    return [
      base(
        name,
        Object.entries(value).flatMap(([key, held]) => dataElements(key, held)),
      ),
    ];
  return [base(name, String(value))];
}

function timeout(operation: XmlElement, byDefault: number, most: number): number {
  const given = word(operation, "confirm-timeout");
  if (given === undefined) return byDefault;
  const number = Number(given);
  if (!/^\d{1,10}$/.test(given) || number < 1 || number > most)
    throw failed(`Value ${given.slice(0, 20)} is not within range (1..${most})`, "confirm-timeout");
  return number;
}

function configurationOf(tree: Config): XmlElement {
  return element(XNM, "configuration", elementsOf(tree));
}

function sourceOf(session: JunosNetconf, operation: XmlElement): Config {
  const name = child(operation, "source")?.children[0]?.name;
  if (name === "running") return session.device.store.running;
  if (name === "candidate") return session.device.candidate(session.editor);
  throw failed("syntax error", name ?? "source");
}

function getConfig(session: JunosNetconf, operation: XmlElement): XmlElement[] {
  const whole = configurationOf(sourceOf(session, operation));
  const wanted = child(operation, "filter");
  const asked = wanted && child(wanted, "configuration");
  return [base("data", asked ? [filterElements(whole, asked)] : wanted ? [] : [whole])];
}

function getConfiguration(session: JunosNetconf, operation: XmlElement): XmlElement[] {
  const { device, editor } = session;
  const tree = attribute(operation, "", "database") === "committed" ? device.store.running : device.candidate(editor);
  if (attribute(operation, "", "compare") === "rollback") {
    const number = Number(attribute(operation, "", "rollback") ?? 0);
    const older = number === 0 ? device.store.running : device.commits[number]?.tree;
    if (!older) throw failed(`rollback configuration ${number} does not exist`);
    return [base("configuration-information", [base("configuration-output", `\n${compareText(older, tree)}`)])];
  }
  switch (attribute(operation, "", "format") ?? "xml") {
    case "text":
      return [base("configuration-text", `\n${printBraces(tree)}`)];
    case "set":
      return [base("configuration-set", `\n${printSet(tree).join("\n")}\n`)];
    case "xml": {
      const asked = child(operation, "configuration");
      const whole = configurationOf(tree);
      return [asked ? filterElements(whole, asked) : whole];
    }
    default:
      throw failed("syntax error", "format");
  }
}

/** What a fault or somebody's lock says before a change. */
function meets(session: JunosNetconf): (line: string) => string | undefined {
  const { faults } = session.device.store;
  return (line) => {
    session.editor.count += 1;
    for (const kind of ["authorization-denied", "refuse-line"] as const) {
      const fault = faults.get(kind);
      if (!fault) continue;
      const always = fault.line === undefined && fault.match === undefined;
      if (always || fault.line === session.editor.count || matches(fault.match, line))
        return kind === "refuse-line" ? "syntax error" : "permission denied";
    }
    return undefined;
  };
}

function refuseWhereLocked({ device, sessionId }: JunosNetconf): void {
  device.meetStale();
  const locked = device.lockedText(sessionId);
  if (locked !== undefined) throw failed(locked.replace(/^error: /, "").trim());
}

function editConfig(session: JunosNetconf, operation: XmlElement): XmlElement[] {
  refuseWhereLocked(session);
  if (child(operation, "target")?.children[0]?.name !== "candidate") throw failed("syntax error", "target");
  const text = child(operation, "config-text");
  if (text) return loadWords(session, "merge", child(text, "configuration-text")?.text ?? "", OK);
  const config = child(operation, "config");
  const given = config && child(config, "configuration");
  if (!given) throw failed("missing mandatory argument", "configuration");
  const replaces = word(operation, "default-operation") === "replace";
  const tree = replaces ? emptyConfig() : clone(session.device.candidate(session.editor));
  readInto(tree, given, [], { meets: meets(session) });
  prune(tree);
  session.device.setCandidate(session.editor, tree);
  session.editor.typed.push("edit-config");
  return OK;
}

function loadConfiguration(session: JunosNetconf, operation: XmlElement): XmlElement[] {
  refuseWhereLocked(session);
  const { device, editor } = session;
  const done = [base("load-configuration-results", OK)];
  const back = attribute(operation, "", "rollback");
  if (back !== undefined) {
    const tree = back === "0" ? device.store.running : device.commits[Number(back)]?.tree;
    if (!tree) throw failed(`rollback configuration ${back.slice(0, 10)} does not exist`, "rollback");
    device.setCandidate(editor, clone(tree));
    editor.typed.push(`rollback ${back}`);
    return done;
  }
  const action = attribute(operation, "", "action") ?? "merge";
  const set = child(operation, "configuration-set");
  const text = child(operation, "configuration-text");
  if (set) return loadWords(session, "set", set.text, done);
  if (!["merge", "replace", "override", "update"].includes(action)) throw failed("syntax error", "action");
  if (text) return loadWords(session, action as LoadKind, text.text, done);
  const given = child(operation, "configuration");
  if (!given) throw failed("missing mandatory argument", operation.children[0]?.name);
  const whole = action === "override" || action === "update";
  const tree = whole ? emptyConfig() : clone(device.candidate(editor));
  readInto(tree, given, [], { meets: meets(session) });
  prune(tree);
  device.setCandidate(editor, tree);
  editor.typed.push(`load-configuration ${action}`);
  return done;
}

/** Text in braces, or `set` lines. Unlike the CLI, an API's client is told of each problem as an error. */
function loadWords(session: JunosNetconf, kind: LoadKind, text: string, done: XmlElement[]): XmlElement[] {
  const problems = loadText(session.device, session.editor, {
    kind,
    text,
    source: "netconf",
    base: [],
    meets: meets(session),
  });
  const errors = problems.map(({ text: said }) => {
    const warning = said.startsWith("warning: ");
    const [first = said] = said.split("\n");
    return new RpcError("operation-failed", {
      type: "protocol",
      severity: warning ? "warning" : "error",
      message: first.replace(/^(?:netconf:|warning: )/, ""),
    });
  });
  if (errors.some((one) => one.detail.severity === "error")) throw new RpcErrors(errors);
  return [...errors.map((one) => one.toXml()), ...done];
}

interface CommitWords {
  readonly check?: boolean;
  readonly comment?: string | undefined;
  readonly confirmedMs?: number | undefined;
}

function commit(session: JunosNetconf, { check = false, comment, confirmedMs }: CommitWords): XmlElement[] {
  session.device.meetStale();
  const answer = session.device.commit(session.editor, { check, comment, confirmedMs }, "netconf");
  if (answer.ok) return OK;
  const blocks = answer.text.trim().split(/\n(?=error: |\[edit)/);
  throw new RpcErrors(
    blocks.map((block) => {
      const path = /^\[edit[^\]]*\]/.exec(block)?.[0];
      const message = block
        .replace(/^\[edit[^\]]*\]\n/, "")
        .replace(/^error: /, "")
        .trim();
      return new RpcError("operation-failed", { type: "protocol", message, ...(path === undefined ? {} : { path }) });
    }),
  );
}

function lock(session: JunosNetconf, mode: "exclusive" | "private"): XmlElement[] {
  if (session.editor.mode !== "shared") throw failed("configuration database is already open");
  const held = session.device.store.lockOf("candidate");
  const refused = session.enter(mode);
  if (refused === undefined) return OK;
  const message = refused.replace(/^error: /m, "").trim();
  if (held)
    throw new RpcError("lock-denied", { type: "protocol", message, info: { "session-id": String(held.sessionId) } });
  throw failed(message);
}

function kill(session: JunosNetconf, operation: XmlElement): XmlElement[] {
  const id = Number(word(operation, "session-id"));
  const other = session.device.netconf.get(id);
  const shell = session.device.shells.get(id);
  if (id === session.sessionId || (!other && !shell))
    throw new RpcError("invalid-value", {
      type: "protocol",
      message: "no such session",
      info: { "bad-element": "session-id" },
    });
  if (other) other.kill();
  else shell?.options.drop("close");
  return OK;
}

function systemInformation({ device }: JunosNetconf): XmlElement {
  return base("system-information", [
    base("hardware-model", device.facts.model),
    base("os-name", "junos"),
    base("os-version", device.facts.version),
    base("serial-number", device.store.serial),
    base("host-name", device.hostname ?? ""),
  ]);
}

function softwareInformation({ device }: JunosNetconf): XmlElement {
  return base("software-information", [
    base("host-name", device.hostname ?? ""),
    base("product-model", device.facts.model),
    base("product-name", device.facts.model),
    base("junos-version", device.facts.version),
  ]);
}
