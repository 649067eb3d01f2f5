/** What each command does. */
import type { Cli } from "../cli.ts";
import { unifiedDiff } from "../config/diff.ts";
import { interfaceName } from "../config/interfaces.ts";
import { clone, parseConfig, type ConfigNode } from "../config/tree.ts";
import { denied, done, failed, invalid, textOnly, type Outcome } from "../outcome.ts";
import { configModel } from "../show/config_model.ts";
import { showInterfacesStatus, showIpInterfaceBrief, showVlan } from "../show/interfaces.ts";
import { showArp, showBgpSummary, showLldp, showMacs, showRoutes } from "../show/network.ts";
import {
  showClock,
  showHostname,
  showInventory,
  showMlag,
  showRedundancy,
  showUsers,
  showVersion,
} from "../show/system.ts";
import { showCheckpoints, showSessions } from "../show/sessions.ts";
import type { ExecCommand } from "./grammar.ts";

export interface Asked {
  readonly typed: string;
  readonly password?: string;
}

export function runExec(cli: Cli, command: ExecCommand, words: readonly string[], asked: Asked): Outcome {
  const { device } = cli;
  const { store, sessions } = device;
  const word = (at: number): string => words[at] ?? "";
  switch (command) {
    case "bash":
      cli.enterBash();
      return textOnly("\nArista Networks EOS shell\n\n");
    case "bash-line":
      return denied(asked.typed);
    case "checkpoint-restore": {
      const checkpoint = sessions.checkpoints.get(word(3));
      if (!checkpoint) return failed(`Checkpoint ${word(3)} does not exist`);
      sessions.checkpoint(undefined, cli.who.user);
      return replaceRunning(cli, checkpoint.tree, `checkpoint ${word(3)}`);
    }
    case "checkpoint-save":
      sessions.checkpoint(word(3), cli.who.user);
      return done();
    case "configure": {
      const locked = sessions.lockedBy(cli.who);
      if (locked !== undefined) return failed(`Unable to run this command (configuration is locked by user ${locked})`);
      cli.enterConfig(undefined);
      return done();
    }
    case "configure-replace": {
      const text = readFile(cli, word(2));
      if (text === undefined) return failed(`Error: ${word(2)}: No such file or directory`);
      const tree = device.clean();
      const [refused] = device.load(tree, text.split("\n"));
      if (refused && !words.includes("ignore-errors")) return failed(`${refused.message} (${refused.line.trim()})`);
      return replaceRunning(cli, tree, word(2));
    }
    case "session-enter": {
      const session = sessions.enter(words[2], cli.who, cli.who.terminal);
      if ("problem" in session) return failed(session.problem);
      cli.enterConfig(session);
      sessions.enter(session.name, cli.who, cli.who.terminal);
      return done();
    }
    case "session-abort":
    case "session-commit":
    case "session-commit-timer": {
      const session = sessions.find(word(2));
      if (!session) return failed(`Session ${word(2)} does not exist`);
      if (command === "session-commit") return cli.commit(session);
      if (command === "session-commit-timer") return cli.commit(session, word(5));
      sessions.abort(session, cli.who);
      return done();
    }
    case "session-delete": {
      // As published clients met it on boxes: one that is unknown is an error; one that waits for its timer stays.
      const session = sessions.find(word(3));
      if (!session) return failed(`Cannot delete non-existent session ${word(3)}`);
      return sessions.remove(session) ? done() : failed(`Cannot delete session ${word(3)} (pendingCommitTimer)`);
    }
    case "copy":
      return copy(cli, word(1), word(2));
    case "delete":
      return device.files.delete(fileOf(word(1)))
        ? done()
        : failed(`Error deleting ${word(1)} (No such file or directory)`);
    case "dir":
      return textOnly(
        `Directory of flash:/\n\n${[...device.files].map(([name, text]) => `       -rw-  ${String(text.length).padStart(12)}           ${name}\n`).join("")}\n3519041536 bytes total (${store.faults.conditions.freeBytes ?? 2_725_421_056} bytes free)\n`,
      );
    case "disable":
      cli.privileged = false;
      return done();
    case "enable":
      return enable(cli, asked.password);
    case "exit":
      return { kind: "logout" };
    case "more": {
      const text = readFile(cli, word(1));
      return text === undefined ? failed(`Error displaying ${word(1)} (No such file or directory)`) : textOnly(text);
    }
    case "reload":
      store.reboot(120_000);
      return done();
    case "show-arp":
      return showArp(device);
    case "show-bgp":
      return showBgpSummary(device);
    case "show-checkpoints":
      return showCheckpoints(device);
    case "show-clock":
      return showClock(device);
    case "show-hostname":
      return showHostname(device);
    case "show-int-status":
      return showInterfacesStatus(device, words.length > 3 ? interfaceName(word(2)) : undefined);
    case "show-inventory":
      return showInventory(device);
    case "show-ip-int":
      return showIpInterfaceBrief(device);
    case "show-lldp":
      return showLldp(device);
    case "show-mac":
      return showMacs(device);
    case "show-privilege":
      return done(`Current privilege level is ${cli.privileged ? 15 : 1}\n`, {
        privilegeLevel: cli.privileged ? 15 : 1,
      });
    case "show-mlag":
      return showMlag(device);
    case "show-redundancy":
      return showRedundancy(device);
    case "show-route":
      return showRoutes(device);
    case "show-running":
    case "show-running-all":
      return done(device.text(store.running, asked.typed), configModel(device, store.running));
    case "show-running-diffs":
      return textOnly(
        unifiedDiff(device.lines(store.startup), device.lines(store.running), {
          from: "flash:/startup-config",
          to: "system:/running-config",
        }),
      );
    case "show-running-section":
      return textOnly(sections(device.lines(store.running), word(3)));
    case "show-running-interface":
      return textOnly(sections(device.lines(store.running), `^interface ${interfaceName(word(3)) ?? word(3)}$`));
    case "show-sanitized":
      return textOnly(device.text(store.running, asked.typed).replaceAll(SECRETS, "$1 <removed>"));
    case "show-session":
    case "show-session-diffs":
      return showSession(cli, cli.session?.name, command === "show-session-diffs", asked);
    case "show-session-named":
    case "show-session-named-diffs":
      return showSession(cli, word(3), command === "show-session-named-diffs", asked);
    case "show-sessions":
    case "show-sessions-detail":
      return showSessions(device, cli.who.sessionId, command === "show-sessions-detail");
    case "show-startup":
      return done(device.startupText(asked.typed), configModel(device, store.startup));
    case "show-users":
      return showUsers(cli.options.peers(), cli.who.sessionId);
    case "show-version":
      return showVersion(device);
    case "show-vlan":
      return showVlan(device);
    case "terminal-length":
      cli.options.setLength?.(Number(word(2)));
      return textOnly(word(2) === "0" ? "Pagination disabled.\n" : `Pagination set to ${word(2)} lines.\n`);
    case "terminal-width":
      cli.options.setWidth?.(Number(word(2)));
      return textOnly(`Width set to ${word(2)} columns.\n`);
    case "terminal-monitor":
      return done();
    case "write":
      store.save(cli.who.user);
      return done("Copy completed successfully.\n", { messages: ["Copy completed successfully."] });
    default:
      return command satisfies never;
  }
}

const SECRETS = /((?:secret|password|key|community)(?: sha512| 0| 5| 7)?) \S+/g;

function enable(cli: Cli, password: string | undefined): Outcome {
  const { faults } = cli.device.store;
  if (faults.get("wrong-privilege")) return denied("enable");
  const wanted = cli.options.enablePassword;
  if (wanted !== undefined && !cli.privileged) {
    if (password === undefined) return { kind: "password" };
    if (password !== wanted) return failed("Bad secret");
  }
  cli.privileged = true;
  return done();
}

function sections(lines: readonly string[], source: string): string {
  const wanted = new RegExp(source, "i");
  const out: string[] = [];
  let block: string[] = [];
  for (const line of [...lines, "!"]) {
    if (line !== "!" && (line.startsWith(" ") || block.length === 0)) {
      block.push(line);
      continue;
    }
    if (block.some((one) => wanted.test(one))) out.push(...block);
    block = line === "!" ? [] : [line];
  }
  return out.map((line) => `${line}\n`).join("");
}

function showSession(cli: Cli, name: string | undefined, diffs: boolean, { typed }: Asked): Outcome {
  const session = name === undefined ? undefined : cli.device.sessions.find(name);
  if (!session)
    return name === undefined
      ? invalid("Invalid input (at token 1: 'session-config')")
      : failed(`Session ${name} does not exist`);
  if (diffs) return textOnly(`${cli.device.sessions.diff(session)}\n`);
  return textOnly(cli.device.text(session.tree, typed));
}

function replaceRunning(cli: Cli, tree: ConfigNode[], what: string): Outcome {
  const { store } = cli.device;
  store.direct(clone(tree), cli.who.user);
  store.appliedDirectly({ by: cli.who.user, via: "replace", lines: [what] });
  return done();
}

const fileOf = (url: string): string => url.replace(/^(?:flash|file):\/*/, "");

function readFile(cli: Cli, url: string): string | undefined {
  const { device } = cli;
  if (/^(?:system:)?\/?running-config$/.test(url)) return device.text(device.store.running);
  if (/^(?:flash:)?\/?startup-config$/.test(url)) return device.startupText();
  return device.files.get(fileOf(url));
}

function copy(cli: Cli, from: string, to: string): Outcome {
  const { store, files } = cli.device;
  const text = readFile(cli, from);
  if (text === undefined) return failed(`Error copying ${from} to ${to} (No such file or directory)`);
  const copied = done("Copy completed successfully.\n", { messages: ["Copy completed successfully."] });
  if (to.endsWith("startup-config")) {
    if (from.endsWith("running-config")) store.save(cli.who.user);
    else store.startup = parseConfig(text);
    return copied;
  }
  if (to.endsWith("running-config")) {
    const next = clone(store.running);
    const [refused] = cli.device.load(next, text.split("\n"));
    store.direct(next, cli.who.user);
    store.appliedDirectly({
      by: cli.who.user,
      via: "copy",
      lines: text.split("\n").filter((line) => /^[^!]/.test(line)),
    });
    return refused ? failed(`> ${refused.line.trim()}\n% ${refused.message}`) : copied;
  }
  files.set(fileOf(to), text);
  return copied;
}
