/** The commands of operational mode, and what each one does. */
import { compareText } from "../config/compare.ts";
import { resolve } from "../config/resolve.ts";
import { ROOT } from "../schema/statements.ts";
import type { Word } from "../config/words.ts";
import { ConfigMode } from "../config_mode.ts";
import type { EditMode } from "../editor.ts";
import { stamp } from "../dates.ts";
import { commitData, commitLog, type CommitEntry } from "../history.ts";
import type { Asked } from "../pipes.ts";
import type { JunosSession } from "../session.ts";
import { rollbackMissing, showTree } from "../show_tree.ts";
import { asXml, type Report } from "./report.ts";
import { authorization, chassisHardware, storage, uptime, users, version, virtualChassis } from "./system.ts";
import {
  arp,
  bgpSummary,
  ethernetTable,
  interfacesDescriptions,
  interfacesTerse,
  lldpNeighbors,
  ospfNeighbors,
  vlans,
} from "./network.ts";
import { routes, routeSummary } from "./routes.ts";
import type { CommandSpec } from "./match.ts";

const GRAMMAR = {
  configuration: "show configuration ...",
  version: "show version",
  versionBrief: "show version brief",
  hardware: "show chassis hardware",
  interfacesTerse: "show interfaces terse ...",
  interfacesDescriptions: "show interfaces descriptions",
  routeSummary: "show route summary",
  route: "show route ...",
  bgpSummary: "show bgp summary",
  lldpNeighbors: "show lldp neighbors",
  uptime: "show system uptime",
  users: "show system users",
  storage: "show system storage",
  commit: "show system commit",
  rollback: "show system rollback <number>",
  rollbackCompare: "show system rollback <number> compare <other>",
  alarms: "show system alarms",
  chassisAlarms: "show chassis alarms",
  arp: "show arp",
  arpNoResolve: "show arp no-resolve",
  ethernetTable: "show ethernet-switching table",
  vlans: "show vlans",
  ospfNeighbor: "show ospf neighbor",
  license: "show system license",
  cli: "show cli",
  authorization: "show cli authorization",
  virtualChassis: "show virtual-chassis",
  virtualChassisStatus: "show virtual-chassis status",
  setLength: "set cli screen-length <number>",
  setWidth: "set cli screen-width <number>",
  setCompletion: "set cli complete-on-space <on-off>",
  setTimestamp: "set cli timestamp",
  setTimestampDisable: "set cli timestamp disable",
  setIdle: "set cli idle-timeout <number>",
  configure: "configure",
  configureExclusive: "configure exclusive",
  configurePrivate: "configure private",
  edit: "edit",
  fileShow: "file show <name>",
  fileDelete: "file delete <name>",
  startShell: "start shell",
  startShellUser: "start shell user <name>",
  logout: "request system logout user <name>",
  reboot: "request system reboot",
  exit: "exit",
  quit: "quit",
} as const;
export type CommandId = keyof typeof GRAMMAR;

/** Not for a user of class read-only: he does not even see them. */
const CONTROL: ReadonlySet<CommandId> = new Set([
  "configure",
  "configureExclusive",
  "configurePrivate",
  "edit",
  "fileDelete",
  "startShell",
  "startShellUser",
  "logout",
  "reboot",
]);

export const COMMANDS: readonly CommandSpec<CommandId>[] = (Object.keys(GRAMMAR) as CommandId[]).map((id) => ({
  id,
  words: GRAMMAR[id],
  view: !CONTROL.has(id),
}));

export type Answer =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "refused"; readonly word: Word | undefined; readonly message: string }
  | { readonly kind: "logout" }
  | { readonly kind: "done" };

const text = (shown: string): Answer => ({ kind: "text", text: shown });
const DONE: Answer = { kind: "done" };

function report(made: Report, asked: Asked): Answer {
  if (asked.display === "xml") return text(asXml(made));
  if (asked.display === "json") return text(`${JSON.stringify({ [made.name]: [made.data] }, null, 4)}\n`);
  return text(made.text);
}

export async function runOperational(
  session: JunosSession,
  command: CommandId,
  args: readonly Word[],
  asked: Asked,
): Promise<Answer> {
  const { device, shell } = session;
  const { term } = shell;
  const first = args[0];
  switch (command) {
    case "configuration":
      return configuration(session, args, asked);
    case "version":
    case "versionBrief":
      return report(version(device), asked);
    case "hardware":
      return text(chassisHardware(device));
    case "interfacesTerse":
      return text(interfacesTerse(device, first?.text));
    case "interfacesDescriptions":
      return text(interfacesDescriptions(device));
    case "routeSummary":
      return text(routeSummary(device));
    case "route":
      return text(routes(device, first?.text));
    case "bgpSummary":
      return text(bgpSummary(device));
    case "lldpNeighbors":
      return text(lldpNeighbors(device));
    case "uptime":
      return text(uptime(device, session));
    case "users":
      return text(users(device, session));
    case "storage":
      return text(storage(device));
    case "commit": {
      const waits = (entry: CommitEntry): boolean => device.waits(entry);
      return report(
        { name: "commit-information", text: commitLog(device.commits, waits), data: commitData(device.commits, waits) },
        asked,
      );
    }
    case "rollback":
    case "rollbackCompare":
      return rollback(session, args);
    case "alarms":
    case "chassisAlarms":
      return text("No alarms currently active\n");
    case "arp":
    case "arpNoResolve":
      return text(arp(device, command === "arpNoResolve"));
    case "ethernetTable":
      return text(ethernetTable(device));
    case "vlans":
      return text(vlans(device));
    case "ospfNeighbor":
      return text(ospfNeighbors(device));
    case "license":
      return text("License usage: none\n\nLicenses installed: none\n");
    case "authorization":
      return text(authorization(device, session));
    case "virtualChassis":
    case "virtualChassisStatus":
      return text(virtualChassis(device));
    case "cli":
      return text(`CLI complete-on-space set to on\nCLI screen-length set to ${term.length}\n`);
    case "setLength":
    case "setWidth": {
      const number = Number(first?.text);
      if (!Number.isInteger(number) || number < 0 || number > 100_000)
        return { kind: "refused", word: first, message: `invalid numeric value: '${first?.text ?? ""}'.` };
      if (command === "setLength") term.length = number;
      return text(`Screen ${command === "setLength" ? "length" : "width"} set to ${number}\n`);
    }
    case "setCompletion":
      if (first?.text === "off") return text("Disabling complete-on-space\n");
      if (first?.text === "on") return text("Enabling complete-on-space\n");
      return { kind: "refused", word: first, message: "syntax error, expecting 'on' or 'off'." };
    case "setTimestamp":
    case "setTimestampDisable":
      session.timestamps = command === "setTimestamp";
      return text(session.timestamps ? "CLI timestamp set to: %b %d %T\n" : "Disabling CLI timestamp\n");
    case "setIdle":
      return text(`Idle timeout set to ${first?.text ?? ""} minutes\n`);
    case "configure":
    case "edit":
      return configure(session, "shared");
    case "configureExclusive":
      return configure(session, "exclusive");
    case "configurePrivate":
      return configure(session, "private");
    case "fileShow":
      return text(device.files.get(first?.text ?? "") ?? `error: could not resolve file: ${first?.text ?? ""}\n`);
    case "fileDelete":
      return text(
        device.files.delete(first?.text ?? "") ? "" : `rm: ${first?.text ?? ""}: No such file or directory\n`,
      );
    case "startShell":
      session.shells.push(shell.user);
      return DONE;
    case "startShellUser": {
      const password = await term.readPassword("Password:");
      if (password === "") return text("su: Sorry\n");
      session.shells.push(first?.text ?? "root");
      return DONE;
    }
    case "logout":
      return logout(session, first?.text ?? "");
    case "reboot":
      if (await session.agrees("Reboot the system ?", "no")) device.store.reboot(120_000);
      return DONE;
    case "exit":
    case "quit":
      return session.shell.user === "root" ? backToShell(session) : { kind: "logout" };
    default:
      return command satisfies never;
  }
}

function backToShell(session: JunosSession): Answer {
  session.shells.push("root");
  return DONE;
}

function configure(session: JunosSession, mode: EditMode): Answer {
  if (session.config) return text("error: already in configuration mode\n");
  const { device } = session;
  const nowMs = device.clock.nowMs();
  const entered = device.enter({
    sessionId: session.shell.options.sessionId,
    user: session.shell.user,
    terminal: session.terminal,
    pid: session.pid,
    sinceMs: nowMs,
    lastMs: nowMs,
    mode,
    path: [],
    typed: [],
    count: 0,
  });
  if ("refused" in entered) return text(entered.refused);
  session.config = new ConfigMode(session, entered.editor);
  return text(entered.said);
}

function configuration(session: JunosSession, args: readonly Word[], asked: Asked): Answer {
  const { device, shell } = session;
  const root = device.store.running;
  const { targets, refusal } = resolve(ROOT, args, { abbreviations: true, open: true });
  if (refusal) return { kind: "refused", word: refusal.word, message: `${refusal.message}.` };
  const last = device.commits[0];
  const header = `## Last commit: ${stamp(last?.atMs ?? 0)} by ${last?.user ?? "root"}\n`;
  if (shell.options.faults.get("wrong-privilege")) {
    const names = root.children.map((child) => child.schema.words.join(" "));
    return text(header + names.map((name) => `${name} { /* ACCESS-DENIED */ };\n`).join(""));
  }
  const path = targets[0] ?? [];
  if (asked.compare !== undefined) {
    const older = device.commits[asked.compare]?.tree;
    return text(older ? compareText(older, root, path) : rollbackMissing(asked.compare));
  }
  return text(showTree(root, path, asked, path.length === 0 ? header : ""));
}

function rollback(session: JunosSession, args: readonly Word[]): Answer {
  const [number, other] = args.map((word) => Number(word.text));
  const { commits } = session.device;
  const tree = commits[number ?? -1]?.tree;
  if (!tree) return text(rollbackMissing(number ?? 0));
  if (other === undefined)
    return text(
      showTree(
        tree,
        [],
        NO_PIPES,
        `## Last commit: ${stamp(commits[number ?? 0]?.atMs ?? 0)} by ${commits[number ?? 0]?.user ?? ""}\n`,
      ),
    );
  const older = commits[other]?.tree;
  return text(older ? compareText(older, tree) : rollbackMissing(other));
}

const NO_PIPES: Asked = { display: "text", compare: undefined, noMore: false, filter: (shown) => shown };

/** Everybody of that name but the one who asks. */
function logout(session: JunosSession, user: string): Answer {
  for (const [id, shell] of session.device.shells)
    if (shell.user === user && id !== session.shell.options.sessionId) shell.options.drop("close");
  return DONE;
}
