/** One typed line, applied to a configuration. Pure but for the tree that it is given to change. */
import { matchLine, tokensOf } from "../../kit/match.ts";
import { grammarOf } from "./grammar.ts";
import { isPhysical } from "./interfaces.ts";
import type { Mode } from "./modes.ts";
import { nameOf, outOfRange, stored } from "./normal.ts";
import { openedBy } from "./opens.ts";
import type { Rule } from "./rules.ts";
import { node, opensBody, sectionAt, type ConfigNode } from "./tree.ts";

/** Where a user stands: the sections that lead there. */
export type Place = readonly { readonly line: string; readonly mode: Mode }[];

export type EditResult =
  | { kind: "ok"; place: Place; changed: boolean; line: string }
  | { kind: "needs-body" }
  /** `message` as the box says it, without the `% ` in front. */
  | { kind: "refused"; message: string };

export interface EditOptions {
  /** Interfaces that the hardware has. */
  readonly ports: ReadonlySet<string>;
  /** 4.23 and later write some lines in newer words. */
  readonly modern: boolean;
  readonly body?: readonly string[];
  /** Without it a shortened keyword is refused, as eAPI does unless asked. */
  readonly abbreviations: boolean;
}

type Sign = "set" | "no" | "default";

interface Read {
  readonly kind: "read";
  readonly place: Place;
  readonly mode: Mode;
  readonly sign: Sign;
  readonly rule: Rule | undefined;
  readonly line: string;
}

export const modeAt = (place: Place): Mode => place.at(-1)?.mode ?? "global";

export function editLine(root: ConfigNode[], place: Place, typed: string, options: EditOptions): EditResult {
  const read = readLine(place, typed, options);
  if (read.kind !== "read") return read;
  const section = sectionAt(
    root,
    read.place.map(({ line }) => line),
  );
  if (read.place.length > 0 && !section) return { kind: "refused", message: "This mode has been deleted" };
  const siblings = section ? section.children : root;
  if (read.sign !== "set") return negate(siblings, read);
  return set(siblings, read, options);
}

/** A line that a mode does not know is tried in the modes above: that is how a pasted configuration leaves a section. */
function readLine(place: Place, typed: string, options: EditOptions): Read | EditResult {
  const here = readIn(place, typed, options);
  const free = modeAt(place) === "free" && !/^\s/.test(typed);
  if (here.kind === "read" && !free) return here;
  // What got furthest knows best what is wrong.
  let best = here;
  for (let depth = place.length - 1; depth >= 0; depth -= 1) {
    const above = readIn(place.slice(0, depth), typed, options);
    if (above.kind === "read") return above;
    if (best.kind === "refused" && tokenOf(above) > tokenOf(best)) best = above;
  }
  return best;
}

const tokenOf = ({ message }: { message: string }): number => Number(/at token (\d+)/.exec(message)?.[1] ?? 0);

function signOf(first: string): Sign {
  if (first === "no") return "no";
  return first.length >= 3 && "default".startsWith(first) ? "default" : "set";
}

/** `interface Ethernet 1` is one name in two words. */
const SPLIT_NAME = /^(\s*(?:\S+\s+)?(?:int\w*|(?:\S+ )*source-interface)\s+[A-Za-z-]+)\s+(\d[\d/.]*)\s*$/;

function readIn(place: Place, raw: string, options: EditOptions): Read | { kind: "refused"; message: string } {
  const mode = modeAt(place);
  const typed = raw.replace(SPLIT_NAME, "$1$2");
  const tokens = tokensOf(typed);
  const sign = signOf(tokens[0]?.text.toLowerCase() ?? "");
  const skip = sign === "set" ? 0 : 1;
  const invalid = (at: number, what = "Invalid input") => ({
    kind: "refused" as const,
    message: atToken(what, typed, at),
  });
  if (tokens.length === skip) return { kind: "refused", message: "Incomplete command" };
  const { patterns, rules } = grammarOf(mode);
  const match = matchLine(patterns, typed, skip);
  switch (match.kind) {
    case "matched": {
      const rule = rules.get(match.id);
      const short = match.words.findIndex(
        (word, at) =>
          !options.abbreviations &&
          word !== match.tokens[at]?.text.toLowerCase() &&
          /^[a-z-]+$/.test(rule?.words[at] ?? ""),
      );
      if (short >= 0) return invalid(match.tokens[short]?.at ?? 0, "Incomplete token");
      const bad = rule && (outOfRange(rule, match.words) ?? unknownPort(rule, match.words, options.ports));
      if (bad !== undefined) return invalid(match.tokens[bad]?.at ?? 0);
      const line = rule ? stored(rule, mode, match.words, match.canonical, options.modern) : match.canonical;
      return { kind: "read", place, mode, sign, rule, line };
    }
    case "incomplete":
      // `no mtu`, `no neighbor 1.1.1.1`: what is taken away need not be named to its end.
      if (sign !== "set") return { kind: "read", place, mode, sign, rule: undefined, line: match.canonical };
      return invalid(tokens.at(-1)?.at ?? 0, "Incomplete command");
    case "invalid":
      return invalid(match.at);
    case "ambiguous":
      return invalid(typed.indexOf(match.text), "Ambiguous command");
    default:
      return match satisfies never;
  }
}

/** `Invalid input (at token 2: 'bogus')`; tokens count from 0. */
export function atToken(what: string, typed: string, at: number): string {
  const tokens = tokensOf(typed);
  const index = Math.max(
    0,
    tokens.findIndex((token) => token.at === at),
  );
  return `${what} (at token ${index}: '${tokens[index]?.text ?? ""}')`;
}

function unknownPort(rule: Rule, words: readonly string[], ports: ReadonlySet<string>): number | undefined {
  if (rule.opens !== "interface") return undefined;
  const name = nameOf(words[1] ?? "");
  return name === undefined || (isPhysical(name) && !ports.has(name)) ? 1 : undefined;
}

function set(siblings: ConfigNode[], read: Read, options: EditOptions): EditResult {
  const { place, mode, rule } = read;
  if (rule?.refused !== undefined) return { kind: "refused", message: rule.refused };
  const line = numbered(mode, siblings, read.line);
  if (line === undefined) return { kind: "refused", message: "Duplicate sequence number" };
  const done = (changed: boolean): EditResult => ({ kind: "ok", place, changed, line });
  if (opensBody(line) && !options.body) return { kind: "needs-body" };
  const inline = /^(ip prefix-list \S+) (seq .*)$/.exec(line);
  if (inline) {
    const list = sectionIn(siblings, inline[1] ?? "");
    return done(replaceSetting(list.entry.children, "prefix-list", inline[2] ?? "") || list.made);
  }
  if (rule?.opens !== undefined) {
    const { entry, made } = sectionIn(siblings, line);
    return { kind: "ok", place: [...place, { line: entry.line, mode: rule.opens }], changed: made, line };
  }
  // What is on by itself does not show: typing it only takes its `no` away.
  if (rule?.shows === "negated") return done(removeWhere(siblings, (entry) => entry.line === `no ${line}`));
  const changed = replaceSetting(siblings, mode, line, options.body);
  if (changed && line === ROUTED_PORTS) for (const entry of siblings) becomeRouted(entry);
  return done(changed);
}

/** The line makes routed ports of all that say nothing else, and each of them shows it (seen in a recorded session of vEOS 4.22). */
const ROUTED_PORTS = "switchport default mode routed";

function becomeRouted(entry: ConfigNode): void {
  if (
    /^interface Ethernet\d[\d/]*$/.test(entry.line) &&
    !entry.children.some(({ line }) => /\bswitchport\b/.test(line))
  )
    entry.children.push(node("no switchport"));
}

function sectionIn(siblings: ConfigNode[], line: string): { entry: ConfigNode; made: boolean } {
  const there = siblings.find((entry) => entry.line === line);
  if (there) return { entry: there, made: false };
  const entry = node(line);
  siblings.push(entry);
  return { entry, made: true };
}

/** The words that name a setting; `no X` names the same as X. */
export function settingName(mode: Mode, line: string): string {
  const words = (line.startsWith("no ") ? line.slice(3) : line).split(" ");
  if (mode === "prefix-list") return words.slice(0, 2).join(" ");
  if ((mode === "acl" || mode === "acl-standard") && /^\d/.test(line)) return words[0] ?? "";
  const key = `${mode} ${words.join(" ")}`;
  const known = names.get(key);
  if (known !== undefined) return known;
  const match = matchLine(grammarOf(mode).patterns, words.join(" "));
  const rule = match.kind === "matched" ? grammarOf(mode).rules.get(match.id) : undefined;
  const name = words.slice(0, rule?.nameWords ?? words.length).join(" ");
  if (names.size >= NAMES_MAX) names.clear();
  names.set(key, name);
  return name;
}

/** A list of a thousand entries is matched against itself otherwise, line by line. */
const names = new Map<string, string>();
const NAMES_MAX = 20_000;

function replaceSetting(siblings: ConfigNode[], mode: Mode, line: string, body?: readonly string[]): boolean {
  const name = settingName(mode, line);
  const first = `${name.split(" ")[0]}`;
  const at = siblings.findIndex(
    (entry) =>
      entry.children.length === 0 &&
      (entry.line.startsWith(first) || entry.line.startsWith(`no ${first}`)) &&
      settingName(mode, entry.line) === name,
  );
  const old = siblings[at];
  if (old?.line === line && JSON.stringify(old.body) === JSON.stringify(body)) return false;
  if (old) siblings[at] = node(line, [], body);
  else siblings.push(node(line, [], body));
  return true;
}

/** Entries without a number get the next one, as they read back. Undefined where the number is another entry's. */
function numbered(mode: Mode, siblings: readonly ConfigNode[], line: string): string | undefined {
  if (mode !== "acl" && mode !== "acl-standard" && mode !== "prefix-list") return line;
  const [before, parse] =
    mode === "prefix-list" ? (["seq ", /^seq (\d+) (.*)$/] as const) : (["", /^(\d+) (.*)$/] as const);
  const entries = siblings.flatMap((entry) => {
    const found = parse.exec(entry.line);
    return found ? [{ number: Number(found[1]), rule: found[2], line: entry.line }] : [];
  });
  const typed = parse.exec(line);
  if (typed) {
    const there = entries.find((entry) => entry.number === Number(typed[1]));
    return there && there.rule !== typed[2] ? undefined : line;
  }
  if (!/^(?:permit|deny|remark) /.test(line)) return line;
  const next = Math.floor(Math.max(0, ...entries.map((entry) => entry.number)) / 10) * 10 + 10;
  return entries.find((entry) => entry.rule === line)?.line ?? `${before}${next} ${line}`;
}

/** What a setting goes back to that always shows. */
const DEFAULTS: Readonly<Record<string, string>> = {
  "spanning-tree mode": "spanning-tree mode mstp",
  "transceiver qsfp default-mode": "transceiver qsfp default-mode 4x10G",
};

function negate(siblings: ConfigNode[], { place, mode, rule, line, sign }: Read): EditResult {
  const done = (changed: boolean): EditResult => ({ kind: "ok", place, changed, line: `${sign} ${line}` });
  const port = /^interface (.*)$/.exec(line)?.[1];
  if (mode === "global" && port !== undefined && isPhysical(port)) {
    if (sign === "no") return { kind: "refused", message: `Invalid input (at token 2: '${port}')` };
    const section = siblings.find((entry) => entry.line === line);
    const had = (section?.children.length ?? 0) > 0;
    section?.children.splice(0);
    if (section && siblings.some((entry) => entry.line === ROUTED_PORTS)) becomeRouted(section);
    return done(had);
  }
  const inline = /^(ip prefix-list \S+) (seq \d+)/.exec(line);
  if (inline) {
    const list = siblings.find((entry) => entry.line === inline[1]);
    return done(list !== undefined && removeWhere(list.children, (entry) => entry.line.startsWith(`${inline[2]} `)));
  }
  if (rule?.shows === "negated")
    return done(
      sign === "no"
        ? replaceSetting(siblings, mode, `no ${line}`)
        : removeWhere(siblings, (entry) => entry.line === `no ${line}`),
    );
  const name = rule ? settingName(mode, line) : line;
  const either = rule?.shows === "either" || EITHER.has(name);
  if (either) return done(replaceSetting(siblings, mode, DEFAULTS[name] ?? `no ${name}`));
  const isGone = (entry: ConfigNode): boolean =>
    entry.line === line ||
    entry.line.startsWith(`${line} `) ||
    (rule !== undefined && rule.nameWords < rule.words.length && settingName(mode, entry.line) === name);
  if (/^neighbor \S+$/.test(line)) return done(removeDeep(siblings, isGone));
  return done(removeWhere(siblings, isGone));
}

const EITHER = new Set(["aaa root", "spanning-tree mode", "transceiver qsfp default-mode"]);

function removeDeep(siblings: ConfigNode[], isGone: (entry: ConfigNode) => boolean): boolean {
  const below = siblings.map((entry) => entry.line.startsWith("address-family ") && removeDeep(entry.children, isGone));
  return removeWhere(siblings, isGone) || below.some(Boolean);
}

function removeWhere(siblings: ConfigNode[], isGone: (entry: ConfigNode) => boolean): boolean {
  const kept = siblings.filter((entry) => !isGone(entry));
  if (kept.length === siblings.length) return false;
  siblings.splice(0, siblings.length, ...kept);
  return true;
}

/** Whether a line stands alone between two `!`. */
export function isSection(mode: Mode, entry: ConfigNode): boolean {
  return entry.children.length > 0 || entry.body !== undefined || openedBy(mode, entry.line) !== undefined;
}
