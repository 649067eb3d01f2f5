import { applyPatch } from "diff";
import { loadBraces, parseConfig } from "../../../simulators/juniper_junos/config/load.ts";
import { printSet } from "../../../simulators/juniper_junos/config/print.ts";
import { emptyConfig } from "../../../simulators/juniper_junos/config/tree.ts";
import type { Facts } from "../../../drivers/types.ts";
import type { Standing } from "./peer.ts";
import { answerIn, type Recording } from "./recording.ts";

/** A change in a recording: what its author typed, and what became of it. */
export interface RecordedChange {
  readonly mode: "merge" | "replace";
  readonly text: (recording: Recording) => string;
  /** The diff that our model predicts, line by line. */
  readonly diff: readonly string[];
  /** Why the candidate is not what was predicted, where it is not: the engine then gives it up. */
  readonly differs?: string;
  /** What the device said of the change itself. */
  readonly native?: RegExp;
  readonly end: "abort" | "keep" | { readonly refused: RegExp };
}

export interface ReplayPlatform {
  readonly id: string;
  /** Folders and file names of the corpus; what the corpus has not is left out. */
  readonly oxidized?: string;
  readonly ntc?: string;
  /** Names of its outputs in which the device refuses the command. */
  readonly refusals?: RegExp;
  readonly batfish?: string;
  readonly napalm?: string;
  readonly hier?: string;
  /** What napalm was given, for each of its sanitized results; and what it leaves in the clear, up to the secret. */
  readonly sanitized?: Readonly<Record<string, string>>;
  readonly shownByNapalm?: readonly string[];
  /** How a device of that name asks for a command. */
  readonly prompt: (host: string) => string;
  /** What shows the configuration in its recordings, the first that was typed. */
  readonly shown: readonly string[];
  /** The prompt, where oxidized has left prompts out. */
  readonly bare?: string;
  /** What looks like a prompt in a recorded session and is none of the CLI's: a here-document, another program. */
  readonly noPrompt?: RegExp;
  /** How the recordings name what we name by the change. */
  readonly names?: (name: string) => readonly (readonly [string, string])[];
  readonly standings: readonly Standing[];
  /** By the recording's name, or `scrapli` for all of scrapli_cfg's. */
  readonly facts: Readonly<Record<string, Omit<Facts, "vendor">>>;
  /** Lines in which the recorded configuration differs from what is kept of it, and why. */
  readonly otherwise?: Readonly<Record<string, readonly string[]>>;
  /** The same for what oxidized keeps, which leaves some lines out. */
  readonly kept?: Readonly<Record<string, readonly string[]>>;
  readonly changes: Readonly<Record<string, RecordedChange>>;
}

/** Everything that a recorded command was answered, without echo and prompt. */
export function answerTo({ name, exchanges }: Recording, ...commands: readonly string[]): string {
  const found = exchanges.find(({ typed }) => typed !== null && commands.includes(typed));
  if (!found) throw new Error(`${name}: nobody typed ${commands.join(" or ")}`);
  return answerIn(found);
}

/** What was typed behind the first line that matches `from`, up to one that matches `to`. */
export function typedBetween({ exchanges }: Recording, from: RegExp, to: RegExp): string[] {
  const typed = exchanges.flatMap((exchange) => exchange.typed ?? []);
  const first = typed.findIndex((line) => from.test(line)) + 1;
  const count = typed.slice(first).findIndex((line) => to.test(line));
  return typed.slice(first, first + count);
}

const ANONYMOUS = "__SCRAPLI_CFG_SESSION_NAME__";
const lastOf = (typed: readonly string[], pattern: RegExp): number => typed.findLastIndex((line) => pattern.test(line));

const EOS_SESSION = /^configure session \S+$/;
const eos: ReplayPlatform = {
  id: "arista_eos",
  oxidized: "eos",
  ntc: "arista_eos",
  batfish: "arista",
  napalm: "eos",
  hier: "eos",
  sanitized: { running: "show_running_config_sanitized.text" },
  prompt: (host) => `${host}#`,
  shown: ["show running-config", "show running-config | no-more | exclude ! Time:"],
  names: (name) => [
    [ANONYMOUS, name],
    // A prompt shows six characters of it.
    ["config-s-scrapl", `config-s-${name.slice(0, 6)}`],
  ],
  standings: [
    { typed: /^terminal width 511$/, as: "terminal width 32767", why: "the same command with another number" },
    {
      typed: /^show version$/,
      as: "show version | i Software image version",
      why: "recorded through a filter: its version is all that there is",
    },
    {
      typed: /^show running-config$/,
      as: "show running-config | no-more | exclude ! Time:",
      why: "what oxidized asks",
    },
    { typed: /^terminal /, answer: () => "", why: "oxidized's simulation has no terminal to set" },
    {
      typed: /^exit$/,
      at: /\(config-s-\w+-.+\)#$/,
      answer: () => "",
      prompt: (before) => before.replace(/(\(config-s-\w+)-.+\)#$/, "$1)#"),
      why: "what was recorded leaves a section by typing the next one",
    },
    { typed: /^show session-config named \S+ diffs$/, as: "show session-config diffs", why: "asked by name" },
    {
      typed: /^show session-config named \S+$/,
      answer: ({ recording }) => {
        const staged = applyPatch(
          answerTo(recording, "show running-config"),
          hunks(answerTo(recording, "show session-config diffs")),
        );
        if (staged === false) throw new Error(`${recording.name}: the recorded diff does not fit`);
        return staged;
      },
      why: "made of the recorded running configuration and the recorded diff",
    },
    {
      typed: /^commit timer \d\d:\d\d:\d\d$/,
      answer: () => "",
      prompt: (before) => before.replace(/\(.*$/, "#"),
      why: "no recording commits with a timer",
    },
    {
      typed: /^show configuration sessions detail$/,
      answer: ({ typed }) => {
        const isArmed = lastOf(typed, /^commit timer/) > lastOf(typed, /^configure session \S+ (?:commit|abort)$/);
        const name = typed.find((line) => EOS_SESSION.test(line))?.split(" ")[2] ?? "";
        const states = isArmed ? `  ${name}     pendingCommitTimer     boxen    vty3     0:04:58\n` : "";
        return `Maximum number of completed sessions: 1\nMaximum number of pending sessions: 5\n\n${states}`;
      },
      why: "no recording commits with a timer",
    },
    { typed: /^abort$/, as: "abort", why: "recorded at the top of the session, typed in a section" },
    { typed: /^no configure session \S+$/, answer: () => "", why: "what was recorded leaves its session there" },
  ],
  facts: {
    "eos__DCS-7050SX3-48YC8_4.29.2F": { hostname: "eos-test-01", model: null, version: null, serial: null },
    scrapli: { hostname: "localhost", model: null, version: "4.22.1F", serial: null },
  },
  changes: {
    test_load_config_merge_diff_and_abort: {
      mode: "merge",
      text: (recording) =>
        `${indented(typedBetween(recording, EOS_SESSION, /^show session-config/).filter((line) => line !== ""))}\n`,
      diff: ["add interface loopback1", "add description tacocat"],
      native: /^\+interface Loopback1\n\+   description tacocat$/m,
      end: "abort",
    },
    test_load_config_merge_diff_and_commit: {
      mode: "replace",
      text: (recording) => `${typedBetween(recording, /^rollback clean-config$/, /^show session-config/).join("\n")}\n`,
      diff: [],
      end: "keep",
    },
    test_load_config_replace_diff_and_commit: {
      mode: "replace",
      text: (recording) => `${typedBetween(recording, /^rollback clean-config$/, /^show session-config/).join("\n")}\n`,
      diff: [
        "remove interface Ethernet20",
        "remove ipv6 address auto-config",
        "remove ipv6 enable",
        "remove ipv6 nd ra rx accept default-route",
        "remove no switchport",
        "remove speed forced 10000full",
      ],
      differs: "a port does not go with its lines, which the text leaves out: EOS keeps its header and its default",
      native: /^ interface Ethernet20\n-   speed forced 10000full$/m,
      end: "keep",
    },
  },
};

/** scrapli_cfg types a short text without the indentation that the file has. */
const indented = ([first = "", ...below]: readonly string[]): string =>
  [first, ...below.map((line) => `   ${line}`)].join("\n");

/** A diff of EOS: hunks, with numbers of lines that count none of what heads its configuration. */
const hunks = (diff: string): string => `${diff.trim()}\n`;

const PUTS = /^puts \[open /;
const iosReplace: Omit<RecordedChange, "diff"> = {
  mode: "replace",
  text: (recording) => `${typedBetween(recording, PUTS, /^\}$/).join("\n")}\n`,
  // The box takes no licence of another box back, and says so after five passes.
  end: { refused: /Rollback aborted/ },
};

const ios: ReplayPlatform = {
  id: "cisco_iosxe",
  oxidized: "ios",
  ntc: "cisco_ios",
  batfish: "cisco",
  napalm: "ios",
  hier: "ios",
  sanitized: { running: "show_running_config.txt", startup: "show_startup_config.txt" },
  shownByNapalm: ["enable password"],
  prompt: (host) => `${host}#`,
  shown: ["show running-config"],
  names: (name) => [[ANONYMOUS, `farhand-${name}.cfg`]],
  noPrompt: /^\+>$/,
  standings: [
    { typed: /^terminal width 511$/, as: "terminal width 512", why: "the same command with another number" },
    { typed: /^terminal width 511$/, as: "terminal width 0", why: "the same command with another number" },
    { typed: /^terminal no monitor$/, answer: () => "", why: "no recording turns the log off" },
    {
      typed: /^show version$/,
      as: "show version | i Version",
      why: "recorded through a filter: its version is all that there is",
    },
    {
      typed: /^configure replace \S+ force revert trigger error timer \d+$/,
      as: (typed) => typed.replace(/ revert trigger .*$/, ""),
      why: "recorded without a timer",
    },
    { typed: /^delete \/force \S+$/, answer: () => "", why: "recorded without /force, and so asked about twice" },
  ],
  facts: {
    "ios__C9200L-24P-4G_17.09.04a": {
      hostname: "LAB-SW123_9200L",
      model: "C9200L-24P-4G",
      version: "17.09.04a",
      serial: "JAE24FFFFFF",
    },
    "ios__asr920_16.8.1b": {
      hostname: "hostname",
      model: "ASR-920-24TZ-M",
      version: "16.08.01b",
      serial: "CAT12345699",
    },
    scrapli: { hostname: "csr1000v", model: null, version: "16.12.03", serial: null },
  },
  kept: {
    // oxidized takes the volatile value of an embedded resource manager out; here it is a setting.
    "ios__C9200L-24P-4G_17.09.04a": [
      "remove expression <value removed>",
      "add expression 42",
      "remove expression <value removed>",
      "add expression 42",
    ],
  },
  changes: {
    test_load_config_merge_diff_and_commit: {
      ...iosReplace,
      // As the box's own `show archive config differences` has it.
      diff: ["remove license udi pid CSR1000V sn 9IB2R42M6QG", "add license udi pid CSR1000V sn 9MVVU09YZFH"],
    },
    test_load_config_replace_diff_and_commit: {
      ...iosReplace,
      diff: [
        "remove crypto pki certificate chain TP-self-signed-2167864204",
        "remove certificate self-signed 01",
        "remove crypto pki trustpoint TP-self-signed-2167864204",
        "remove enrollment selfsigned",
        "remove revocation-check none",
        "remove rsakeypair TP-self-signed-2167864204",
        "remove subject-name cn=IOS-Self-Signed-Certificate-2167864204",
        "remove license udi pid CSR1000V sn 9FK0UZW73QE",
        "add license udi pid CSR1000V sn 9MVVU09YZFH",
      ],
    },
  },
};

const ECHO = /^echo >> \S+ '(?<line>.*)'$/;
const inShell = (recording: Recording): string =>
  `${recording.exchanges.flatMap(({ typed }) => ECHO.exec(typed ?? "")?.groups?.["line"] ?? []).join("\n")}\n`;

/** By the simulator's own reader of braces, which shares nothing with the driver's. */
const asSet = (braces: string, merged = ""): string => {
  const config = parseConfig(emptyConfig(), braces);
  loadBraces(config, [], merged, { source: "terminal" });
  return `${printSet(config).join("\n")}\n`;
};
const SHOWN = ["show configuration", "run show configuration", "show configuration | display omit"];
const junosReplace: RecordedChange = { mode: "replace", text: inShell, diff: [], end: "keep" };

const junos: ReplayPlatform = {
  id: "juniper_junos",
  oxidized: "junos",
  ntc: "juniper_junos",
  batfish: "juniper",
  napalm: "junos",
  hier: "junos",
  sanitized: { running: "get_config__database_committed__format_text.xml" },
  prompt: (host) => `admin@${host}> `,
  shown: SHOWN,
  bare: "admin@srx300> ",
  // The shell of root, which scrapli_cfg goes through.
  noPrompt: /^root@%$/,
  names: (name) => [[ANONYMOUS, name]],
  standings: [
    { typed: /^set cli screen-width 511$/, as: "set cli screen-width 0", why: "the same command with another number" },
    { typed: /^set cli \S+ \S+$/, answer: () => "", why: "not recorded; what it says is not looked at" },
    {
      typed: /^show version$/,
      as: "show version | grep junos:",
      why: "recorded through a filter: its version is all that there is",
    },
    {
      typed: /^show configuration \| display set$/,
      answer: ({ recording }) => asSet(answerTo(recording, ...SHOWN)),
      why: "recorded in braces; made lines by the simulator's reader, which shares nothing with ours",
    },
    { typed: /^configure exclusive$/, as: "configure", why: "recorded without the lock" },
    {
      typed: /^delete$/,
      at: /#$/,
      answer: () => "Delete everything under this level? [yes,no] (no) ",
      asks: true,
      why: "recorded as a file that is loaded",
    },
    {
      typed: /^yes$/,
      at: /\[yes,no\]/,
      answer: () => "",
      prompt: () => "boxen#",
      why: "recorded as a file that is loaded",
    },
    {
      typed: /^(?:set|delete|insert|deactivate) \S/,
      at: /#$/,
      answer: () => "",
      why: "recorded as a file that is loaded",
    },
    {
      typed: /^show \| display set$/,
      answer: ({ recording, typed }) =>
        typed.includes("delete") ? asSet(inShell(recording)) : asSet(answerTo(recording, ...SHOWN), inShell(recording)),
      why: "made of the recorded braces and of the file that was loaded",
    },
    {
      typed: /^commit confirmed \d+ comment /,
      answer: () =>
        "commit confirmed will be automatically rolled back in 5 minutes unless confirmed\ncommit complete\n",
      why: "no recording commits with a timer",
    },
    {
      typed: /^show system commit$/,
      answer: ({ typed }) => {
        const comment = /"(?<words>.*)"/.exec(typed.findLast((line) => line.startsWith("commit ")) ?? "")?.groups?.[
          "words"
        ];
        const isArmed = lastOf(typed, /^commit confirmed /) > lastOf(typed, /^commit comment /);
        const newest = `0   2021-05-29 17:13:41 UTC by boxen via cli${isArmed ? " commit confirmed, rollback in 5mins" : ""}`;
        return `${newest}\n    ${comment ?? ""}\n1   2021-05-29 17:12:55 UTC by boxen via cli\n`;
      },
      why: "no recording commits with a timer",
    },
    { typed: /^commit comment ".*"$/, as: "commit", why: "recorded without a comment" },
  ],
  facts: {
    "junos__srx300_22.4": { hostname: "srx300", model: "srx300", version: "22.4R3-S2.11", serial: "AA0000AA0000" },
    scrapli: { hostname: "boxen", model: null, version: "17.3R2.10", serial: null },
  },
  otherwise: {
    // Only the schema of a release tells that these are two settings; Junos shows them as two lines in its set form.
    "junos__srx300_22.4": [
      "add set system syslog archive files 3",
      "remove set system syslog archive size 100k files 3",
    ],
  },
  changes: {
    test_load_config_merge_diff_and_abort: {
      mode: "merge",
      text: inShell,
      diff: ["add set interfaces fxp0 unit 0 description RACECAR"],
      native: /^\[edit interfaces fxp0 unit 0\]\n\+ {4}description RACECAR;$/m,
      end: "abort",
    },
    test_load_config_merge_diff_and_commit: junosReplace,
    test_load_config_replace_diff_and_commit: junosReplace,
  },
};

const EXPORT = "/export show-sensitive";

const routeros: ReplayPlatform = {
  id: "mikrotik_routeros",
  oxidized: "routeros",
  ntc: "mikrotik_routeros",
  refusals: /_no_poe(?:_2)?\.raw$/,
  prompt: (host) => `[admin@${host}] > `,
  shown: [EXPORT],
  bare: "[admin@MikroTik] > ",
  standings: [
    { typed: /^\/system identity print$/, answer: () => "  name: MikroTik\n", why: "nobody asked for its name" },
    {
      typed: /^\/export (?:terse )?show-sensitive; :put "# end of export"$/,
      answer: ({ recording }) => `${answerTo(recording, EXPORT)}# end of export\n`,
      why: "recorded in menus, and without an end of its own; what is read of it is the same",
    },
  ],
  facts: {
    "routeros__CHR_7.16": {
      hostname: "MikroTik",
      model: "CHR QEMU Standard PC (i440FX + PIIX, 1996)",
      version: "7.16",
      serial: null,
    },
    "routeros__RB5009UPr+S+_7.18.2": {
      hostname: "MikroTik",
      model: "RB5009UPr+S+",
      version: "7.18.2",
      serial: null,
    },
  },
  changes: {},
};

const nxos: ReplayPlatform = {
  id: "cisco_nxos",
  oxidized: "nxos",
  ntc: "cisco_nxos",
  batfish: "cisco_nxos",
  prompt: (host) => `${host}# `,
  shown: ["show running-config"],
  standings: [{ typed: /^(?:terminal width 511|exit)$/, answer: () => "", why: "oxidized sets the length only" }],
  facts: {
    "nxos__N5548_7.3.13": {
      hostname: "TEST-12345",
      model: "Nexus5548",
      version: "7.3(13)N1(1)",
      serial: "FOC00000001",
    },
  },
  changes: {},
};

export const PLATFORMS: readonly ReplayPlatform[] = [eos, ios, junos, routeros, nxos];
