/** One typed line, applied to a running configuration. Pure but for the tree that it is given to change. */
import { matchLine, tokensOf } from "../../kit/match.ts";
import { refusal } from "./checks.ts";
import { grammarOf } from "./grammar.ts";
import { LEAVES_FREE_MODE, modeOfPath, submodeOf, type Mode } from "./modes.ts";
import { initialLines, interfaceName, isPhysical } from "./interfaces.ts";
import { storedForm } from "./secrets.ts";
import { negatedForm, settingKey } from "./settings.ts";
import { typedBanner } from "./banner.ts";
import { node, type ConfigNode } from "./tree.ts";

export type EditResult =
  | { kind: "ok"; path: string[]; changed: boolean }
  | { kind: "refused"; message: string }
  | { kind: "invalid"; at: number }
  | { kind: "incomplete" }
  | { kind: "ambiguous"; text: string }
  /** More raw lines are needed, up to and with the one for which `isLast` says so. */
  | { kind: "needs-body"; isLast: (line: string) => boolean }
  /** The box asks before it does this; call again with `confirmed`. */
  | { kind: "needs-confirm"; question: string };

export interface EditOptions {
  body?: string[];
  confirmed?: boolean;
}

type Read =
  | { kind: "read"; mode: Mode; path: string[]; negated: boolean; line: string }
  | Exclude<EditResult, { kind: "ok" | "refused" | "needs-body" | "needs-confirm" }>;

/** `path` names the submode: the section lines that lead to it. */
export function editLine(
  root: ConfigNode[],
  path: readonly string[],
  typed: string,
  options: EditOptions = {},
): EditResult {
  const read = readLine(root, path, typed);
  if (read.kind !== "read") return read;
  const section = sectionAt(root, read.path);
  // A rollback may have taken the section away from under the feet of whoever stands in it.
  if (read.path.length > 0 && !section) return { kind: "refused", message: "% This section has been deleted" };
  const siblings = section ? section.children : root;
  if (read.negated) return negate(siblings, section, read, options);
  return set(root, siblings, section, read, options);
}

export function sectionAt(root: readonly ConfigNode[], path: readonly string[]): ConfigNode | undefined {
  let section: ConfigNode | undefined;
  for (const line of path) section = (section?.children ?? root).find((entry) => entry.line === line);
  return section;
}

function readLine(root: readonly ConfigNode[], path: readonly string[], typed: string): Read {
  const here = readIn(root, path, typed);
  const escapes = modeOfPath(path) === "free" && LEAVES_FREE_MODE.test(typed.trim());
  if (here.kind === "read" && !escapes) return here;
  // A line that the submode does not know is tried as a global one: that is how a pasted configuration leaves a section.
  for (let depth = path.length - 1; depth >= 0; depth -= 1) {
    const above = readIn(root, path.slice(0, depth), typed);
    if (above.kind === "read") return above;
  }
  return here;
}

function readIn(root: readonly ConfigNode[], path: readonly string[], typed: string): Read {
  const mode = modeOfPath(path);
  const tokens = tokensOf(typed);
  const first = tokens[0]?.text.toLowerCase() ?? "";
  const negated = first === "no" || (first.length >= 3 && "default".startsWith(first));
  const rest = negated ? 1 : 0;
  const token = tokens[rest];
  if (!token) return { kind: "incomplete" };
  if (mode === "global" && token.text.length >= 3 && "interface".startsWith(token.text.toLowerCase())) {
    const nameToken = tokens[rest + 1];
    if (!nameToken) return { kind: "incomplete" };
    const name = interfaceName(typed.slice(nameToken.at).trim(), nameToken.at, root);
    if (name.kind !== "name") return name;
    return { kind: "read", mode, path: [...path], negated, line: `interface ${name.name}` };
  }
  const match = matchLine(grammarOf(mode), typed, rest);
  switch (match.kind) {
    case "matched":
      return { kind: "read", mode, path: [...path], negated, line: match.canonical };
    case "incomplete":
      return negated ? { kind: "read", mode, path: [...path], negated, line: match.canonical } : { kind: "incomplete" };
    case "invalid":
      return { kind: "invalid", at: match.at };
    case "ambiguous":
      return { kind: "ambiguous", text: typed.trim() };
    default:
      return match satisfies never;
  }
}

type ReadLine = Extract<Read, { kind: "read" }>;

function set(
  root: ConfigNode[],
  siblings: ConfigNode[],
  section: ConfigNode | undefined,
  read: ReadLine,
  options: EditOptions,
): EditResult {
  const { mode, path } = read;
  const encrypt = root.some((entry) => entry.line === "service password-encryption");
  let line = padded(mode, numbered(mode, siblings, padded(mode, storedForm(read.line, encrypt))));
  const refused = refusal(line, { mode, root, section, parents: path });
  if (refused !== undefined) return { kind: "refused", message: refused };
  const banner = mode === "global" ? typedBanner(line, options.body) : undefined;
  let body = options.body;
  if (banner?.kind === "open") return { kind: "needs-body", isLast: banner.isLast };
  if (banner) ({ line, body } = banner);
  else if (line.startsWith("certificate ") && !body)
    return { kind: "needs-body", isLast: (text) => text.trim() === "quit" };
  const submode = submodeOf(mode, line);
  if (submode !== undefined && !banner) {
    const existing = siblings.find((entry) => entry.line === line);
    const entry = existing ?? node(line, [], body);
    if (!existing) {
      siblings.push(entry);
      if (line.startsWith("interface "))
        for (const initial of initialLines(line.slice("interface ".length))) entry.children.push(node(initial));
    }
    // A certificate is a section in the text and nothing to enter.
    return { kind: "ok", path: body ? path : [...path, line], changed: !existing };
  }
  if (line === "exit-address-family") return { kind: "ok", path: path.slice(0, -1), changed: false };
  if (line === "shutdown" || negatedForm(mode, line) !== "negative")
    return { kind: "ok", path, changed: replaceSetting(siblings, mode, line, body) };
  // Default-on settings do not show: typing one only takes its `no` away.
  return { kind: "ok", path, changed: removeWhere(siblings, (entry) => entry.line === `no ${line}`) };
}

function replaceSetting(siblings: ConfigNode[], mode: Mode, line: string, body?: string[]): boolean {
  const key = settingKey(mode, line);
  const at = siblings.findIndex((entry) => entry.children.length === 0 && settingKey(mode, entry.line) === key);
  const old = siblings[at];
  if (!old) {
    siblings.push(node(line, [], body));
    return true;
  }
  if (old.line === line && JSON.stringify(old.body) === JSON.stringify(body)) return false;
  siblings[at] = node(line, [], body);
  return true;
}

/** `deny` is shown as wide as `permit`. */
function padded(mode: Mode, line: string): string {
  return mode === "acl-standard" || mode === "acl-extended" ? line.replace(/^((?:\d+ )?deny) +/, "$1   ") : line;
}

/** Entries without a number get the next one, as they read back. */
function numbered(mode: Mode, siblings: readonly ConfigNode[], line: string): string {
  const step = (taken: number[], by: number) =>
    taken.length === 0 ? by : Math.floor(Math.max(...taken) / by) * by + by;
  if (mode === "acl-standard" || mode === "acl-extended") {
    if (/^\d/.test(line)) return line;
    const same = siblings.find((entry) => entry.line.replace(/^\d+ /, "") === line);
    return (
      same?.line ??
      `${step(
        siblings.map((entry) => Number.parseInt(entry.line, 10)),
        10,
      )} ${line}`
    );
  }
  const list = mode === "global" ? /^ip prefix-list (\S+) ((?:permit|deny) .*)$/.exec(line) : null;
  if (!list) return line;
  const entries = siblings.flatMap((entry) => {
    const found = /^ip prefix-list (\S+) seq (\d+) (.*)$/.exec(entry.line);
    return found && found[1] === list[1] ? [{ line: entry.line, sequence: Number(found[2]), rule: found[3] }] : [];
  });
  const same = entries.find((entry) => entry.rule === list[2]);
  return (
    same?.line ??
    `ip prefix-list ${list[1]} seq ${step(
      entries.map((entry) => entry.sequence),
      5,
    )} ${list[2]}`
  );
}

function negate(
  siblings: ConfigNode[],
  section: ConfigNode | undefined,
  read: ReadLine,
  options: EditOptions,
): EditResult {
  const { mode, path, line } = read;
  const done = (changed: boolean): EditResult => ({ kind: "ok", path, changed });
  if (mode === "global" && isPhysical(line))
    return { kind: "refused", message: "% Removal of physical interfaces is not permitted" };
  if (mode === "global" && line.startsWith("license udi "))
    return { kind: "refused", message: "% The UDI of this device cannot be changed" };
  if (
    mode === "global" &&
    line.startsWith("username ") &&
    !options.confirmed &&
    siblings.some((entry) => entry.line.startsWith(`${line.split(" ").slice(0, 2).join(" ")} `))
  ) {
    return {
      kind: "needs-confirm",
      question:
        "This operation will remove all username related configurations with same name.Do you want to continue? [confirm]",
    };
  }
  // `no ip address 10.0.0.1 …` and `no ip address` leave the same thing behind.
  const key = settingKey(mode, line);
  const shown = negatedForm(mode, key) ?? negatedForm(mode, line);
  if (shown !== undefined) {
    const subject = negatedForm(mode, line) === undefined ? key : line;
    const removed = removeWhere(
      siblings,
      (entry) => entry.line === subject || (subject === "ip address" && entry.line.startsWith("ip address ")),
    );
    return done(replaceSetting(siblings, mode, `no ${subject}`) || removed);
  }
  const peer = /^neighbor (\S+) (?:remote-as .*|peer-group)$/.exec(line)?.[1];
  if (peer !== undefined) {
    const bgp = section ? [section, ...section.children] : [];
    return done(
      bgp
        .map((part) => removeWhere(part.children, (entry) => entry.line.startsWith(`neighbor ${peer} `)))
        .some(Boolean),
    );
  }
  const hasKey = key !== line;
  return done(
    removeWhere(
      siblings,
      (entry) =>
        entry.line === line ||
        entry.line.startsWith(`${line} `) ||
        (hasKey && settingKey(mode, entry.line) === key) ||
        unnumbered(entry.line) === line,
    ),
  );
}

/** An entry may be removed by what it says, without its number. */
function unnumbered(line: string): string {
  return line.replace(/^\d+ /, "").replace(/^(ip prefix-list \S+) seq \d+ /, "$1 ");
}

function removeWhere(siblings: ConfigNode[], isGone: (entry: ConfigNode) => boolean): boolean {
  const kept = siblings.filter((entry) => !isGone(entry));
  if (kept.length === siblings.length) return false;
  siblings.splice(0, siblings.length, ...kept);
  return true;
}
