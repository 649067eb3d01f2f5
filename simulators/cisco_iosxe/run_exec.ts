/** From a matched exec command to its effect and its text. */
import { interfaceName } from "./config/interfaces.ts";
import { ConfigMode } from "./config_mode.ts";
import { showClock } from "./dates.ts";
import { WARNING } from "./device.ts";
import { copy, deleteFile, dir, more, tclShell, type FileContext } from "./exec/files.ts";
import type { ExecCommand } from "./exec/grammar.ts";
import { readReplaceWords, replaceConfig, REPLACE_QUESTION } from "./exec/replace.ts";
import * as network from "./exec/network.ts";
import * as show from "./exec/show.ts";
import type { Session } from "./session.ts";

export type ExecAnswer =
  | { kind: "text"; text: string }
  | { kind: "bulk"; chunks: Iterable<Buffer> }
  /** Syntax that only the command itself can judge: a caret under this word. */
  | { kind: "caret"; word: number }
  | { kind: "logout" };

const NO_ARCHIVE = "%Turn config archive on before using Rollback Confirmed Change\n";
const NONE_PENDING = "%No Rollback Confirmed Change pending\n\n";
const BOOT_MS = 180_000;

function say(text: string): ExecAnswer {
  return { kind: "text", text };
}

export async function runExec(session: Session, command: ExecCommand, words: readonly string[]): Promise<ExecAnswer> {
  const { device, term, user } = session;
  const files: FileContext = { device, term, user, sessionId: session.options.sessionId };
  const last = words.at(-1) ?? "";
  switch (command) {
    case "archive-config":
      return say(
        device.archive() === undefined ? " Archive feature not enabled\n% Error caught by command handler\n" : "\n",
      );
    case "configure-confirm":
      return say(device.confirm(user) ? "" : NONE_PENDING);
    case "configure-replace":
      return replace(session, words);
    case "configure-revert-now":
      return revertNow(session);
    case "configure-revert-timer": {
      const minutes = minutesOf(last);
      if (minutes === undefined) return { kind: "caret", word: words.length - 1 };
      return say(device.rearm(minutes, words.includes("idle") ? "idle" : "absolute") ? "" : NONE_PENDING);
    }
    case "configure-terminal":
      return configureTerminal(session, words);
    case "copy":
      return say(await copy(files, words[1] ?? "", words[2] ?? ""));
    case "delete":
      return say(await deleteFile(files, last, words.includes("/force")));
    case "dir":
      return say(dir(device));
    case "disable":
      session.privilege = 1;
      return say("");
    case "enable":
      return enable(session);
    case "exit":
      return { kind: "logout" };
    case "more":
      return say(more(device, last));
    case "reload":
      return reload(session);
    case "show-archive":
      return say(show.showArchive(device));
    case "show-bgp-summary":
      return say(show.showBgpSummary(device));
    case "show-clock":
      return say(
        `${showClock(device.clock.nowMs() + device.faults.conditions.clockSkewMs, device.faults.conditions.clockSynced)}\n`,
      );
    case "show-differences":
      return say(show.showDifferences(device, words.slice(4)));
    case "show-incremental":
      return say(show.showIncremental(device, words[4] ?? ""));
    case "show-interface-brief":
      return say(show.showInterfaceBrief(device));
    case "show-inventory":
      return say(show.showInventory(device));
    case "show-logging":
      return say(
        "Syslog logging: enabled (0 messages dropped, 0 messages rate-limited, 0 flushes, 0 overruns, xml disabled, filtering disabled)\n\n",
      );
    case "show-prefix-list":
      return say(show.showPrefixList(device, words[3]));
    case "show-privilege":
      return say(`Current privilege level is ${session.privilege}\n`);
    case "show-redundancy":
      return say(show.showRedundancy(device));
    case "show-rollback-timer":
      return say(show.showRollbackTimer(device));
    case "show-arp":
      return say(network.showArp(device));
    case "show-cdp":
      return say(network.showCdp(device));
    case "show-lldp":
      return say("% LLDP is not enabled\n");
    case "show-ospf":
      // No neighbour, and no word.
      return say("");
    case "show-routes":
      return say(network.showRoutes(device));
    case "show-running":
      return say(show.showRunning(device));
    case "show-running-interface": {
      const name = interfaceName(words.slice(3).join(" "), 0, device.running);
      const text = name.kind === "name" ? show.showRunningInterface(device, name.name) : undefined;
      return text === undefined ? { kind: "caret", word: 3 } : say(text);
    }
    case "show-startup":
      return say(show.showStartup(device));
    case "show-tech":
      return { kind: "bulk", chunks: show.techSupport(device.bulkBytes) };
    case "show-users":
      return say(users(session));
    case "show-version":
      return say(show.showVersion(device));
    case "tclsh":
      await tclShell(files);
      return say("");
    case "terminal-length":
      term.length = Number(last);
      return say("");
    case "terminal-width":
      term.width = Number(last);
      return say("");
    case "terminal-ignored":
      return say("");
    case "write-memory":
      device.save(user);
      return say("Building configuration...\n[OK]\n");
    default:
      return command satisfies never;
  }
}

function minutesOf(word: string): number | undefined {
  const minutes = Number(word);
  return Number.isInteger(minutes) && minutes >= 1 && minutes <= 120 ? minutes : undefined;
}

const BEGIN_CONFIG = "Enter configuration commands, one per line.  End with CNTL/Z.\n";

function configureTerminal(session: Session, words: readonly string[]): ExecAnswer {
  if (!words.includes("revert")) {
    session.config = new ConfigMode(session);
    return say(BEGIN_CONFIG);
  }
  const { device } = session;
  const minutes = minutesOf(words.at(-1) ?? "");
  if (minutes === undefined) return { kind: "caret", word: words.length - 1 };
  if (device.archivePath === undefined) return say(NO_ARCHIVE);
  if (device.pending) return say("%Rollback Confirmed Change is already pending. Confirm or revert it first\n");
  const pending = device.arm({
    minutes,
    type: words.includes("idle") ? "idle" : "absolute",
    user: session.user,
    sessionId: session.options.sessionId,
  });
  if (!pending) return say(NO_ARCHIVE);
  session.config = new ConfigMode(session);
  if (minutes === 1) session.notice = WARNING;
  return say(`Rollback Confirmed Change: Backing up current running config to ${pending.archive}\n\n${BEGIN_CONFIG}`);
}

async function replace(session: Session, words: readonly string[]): Promise<ExecAnswer> {
  const { device, term } = session;
  const read = readReplaceWords(words.slice(3));
  if (read.kind === "invalid") return { kind: "caret", word: 3 + read.word };
  if (read.kind === "incomplete") return say("% Incomplete command.\n\n");
  if (read.options.timerMinutes !== undefined) {
    if (device.archivePath === undefined) return say(NO_ARCHIVE);
    if (device.pending) return say("%Rollback Confirmed Change is already pending. Confirm or revert it first\n");
  }
  if (!read.options.force) {
    const answer = await term.ask(REPLACE_QUESTION);
    if (!/^y(?:es)?$/i.test(answer?.trim() ?? "")) return say("\n");
  }
  const outcome = replaceConfig(
    { device, user: session.user, sessionId: session.options.sessionId },
    words[2] ?? "",
    read.options,
  );
  session.notice = outcome.notice;
  return say(outcome.text);
}

function revertNow(session: Session): ExecAnswer {
  const { device, user } = session;
  const archive = device.pending?.archive;
  const commands = device.rollback("asked", user);
  if (!commands) return say(NONE_PENDING);
  return say(
    `Rollback Confirmed Change: rolling to:${archive}\n\nTotal number of passes: ${commands.length === 0 ? 0 : 1}\nRollback Done\n\n`,
  );
}

async function enable(session: Session): Promise<ExecAnswer> {
  const { term } = session;
  const wanted = session.options.enablePassword();
  if (session.privilege >= 15) return say("");
  if (wanted === undefined) return say("% Error in authentication.\n\n");
  for (let attempt = 0; attempt < 3; attempt += 1) {
    if ((await term.readPassword("Password: ")) === wanted) {
      session.privilege = 15;
      return say("");
    }
  }
  return say("% Bad secrets\n\n");
}

async function reload(session: Session): Promise<ExecAnswer> {
  const { device, term, user } = session;
  if (device.startup !== device.runningText()) {
    const answer = await term.ask("\nSystem configuration has been modified. Save? [yes/no]: ");
    if (answer === undefined) return say("");
    if (/^y/i.test(answer.trim())) {
      device.save(user);
      await term.write("Building configuration...\n[OK]\n");
    }
  }
  if (!(await term.confirm("Proceed with reload? [confirm]"))) return say("");
  device.reboot(BOOT_MS);
  return { kind: "logout" };
}

function users(session: Session): string {
  const rows = session.options.others().map(({ user, remote, line }) => {
    const mark = line === session.options.sessionId ? "*" : " ";
    return `${mark}${String(line + 433).padStart(3)} vty ${String(line - 1).padEnd(5)}${user.padEnd(11)}idle                 00:00:00 ${remote}\n`;
  });
  return `    Line       User       Host(s)              Idle       Location\n${rows.join("")}\n  Interface    User               Mode         Idle     Peer Address\n\n`;
}
