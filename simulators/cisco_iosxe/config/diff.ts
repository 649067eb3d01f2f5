/** The contextual diff and the rollback command list, in the forms in which IOS prints them. */
import { compareGlobal } from "./order.ts";
import { settingKey } from "./settings.ts";
import { modeOfPath } from "./modes.ts";
import { flatten } from "./print.ts";
import type { ConfigNode } from "./tree.ts";

function sameLeaf(a: ConfigNode, b: ConfigNode): boolean {
  return a.line === b.line && JSON.stringify(a.body) === JSON.stringify(b.body);
}

/** Lines of `a` that `b` lacks, with their sections as context. */
function onlyIn(a: readonly ConfigNode[], b: readonly ConfigNode[], sign: "+" | "-", depth = 0): string[] {
  const indent = " ".repeat(depth);
  const byLine = new Map(b.map((entry) => [entry.line, entry]));
  return (depth === 0 ? a.toSorted(compareGlobal) : a).flatMap((entry) => {
    const twin = byLine.get(entry.line);
    if (!twin || !sameLeaf(entry, twin)) return signed(entry, sign, depth);
    const inside = onlyIn(entry.children, twin.children, sign, depth + 1);
    return inside.length > 0 ? [indent + entry.line, ...inside] : [];
  });
}

function signed(entry: ConfigNode, sign: string, depth: number): string[] {
  const body = (entry.body ?? []).map(
    (line) => `${" ".repeat(depth + (line.startsWith(" ") ? 1 : 0))}${sign}${line.trim()}`,
  );
  return [
    `${" ".repeat(depth)}${sign}${entry.line}`,
    ...body,
    ...entry.children.flatMap((child) => signed(child, sign, depth + 1)),
  ];
}

export function contextualDiff(first: readonly ConfigNode[], second: readonly ConfigNode[]): string {
  const lines = [...onlyIn(second, first, "+"), ...onlyIn(first, second, "-")];
  return `!Contextual Config Diffs:\n${lines.length > 0 ? lines.join("\n") : "!No changes were found"}\n\n`;
}

export interface Command {
  path: string[];
  line: string;
  body?: string[] | undefined;
}

/** The commands that turn `from` into `to`: removals first, then additions, each in its section. */
export function rollbackCommands(from: readonly ConfigNode[], to: readonly ConfigNode[]): Command[] {
  return [...removals(from, to, []), ...additions(from, to, [])];
}

function removals(from: readonly ConfigNode[], to: readonly ConfigNode[], path: string[]): Command[] {
  const byLine = new Map(to.map((entry) => [entry.line, entry]));
  return from.flatMap((entry) => {
    const twin = byLine.get(entry.line);
    if (twin) return removals(entry.children, twin.children, [...path, entry.line]);
    // A default that must come back on: `no X` is taken away by X.
    return [{ path, line: entry.line.startsWith("no ") ? entry.line.slice(3) : `no ${entry.line}` }].filter(
      ({ line }) => !restoredByAddition(path, line, to),
    );
  });
}

/** `no ip address A` before `ip address B` is only noise where the addition replaces the setting in one step. */
function restoredByAddition(path: string[], line: string, to: readonly ConfigNode[]): boolean {
  const mode = modeOfPath(path);
  const key = settingKey(mode, line);
  if (/^(?:no )?ip prefix-list .* seq |^(?:no )?\d+ /.test(line)) return false;
  return to.some((entry) => settingKey(mode, entry.line) === key && entry.children.length === 0);
}

function additions(from: readonly ConfigNode[], to: readonly ConfigNode[], path: string[]): Command[] {
  const byLine = new Map(from.map((entry) => [entry.line, entry]));
  return to.flatMap((entry) => {
    const twin = byLine.get(entry.line);
    const own: Command[] = twin && sameLeaf(twin, entry) ? [] : [{ path, line: entry.line, body: entry.body }];
    return [...own, ...additions(twin?.children ?? [], entry.children, [...path, entry.line])];
  });
}

export function printCommands(commands: readonly Command[]): string[] {
  const out: string[] = [];
  let shown = "";
  for (const command of commands) {
    const section = command.path.join("\n");
    if (section !== shown && section !== "")
      command.path.forEach((line, depth) => out.push(`${" ".repeat(depth)}${line}`));
    shown = section;
    out.push(`${" ".repeat(command.path.length)}${command.line}`, ...(command.body ?? []));
    // A section that the command itself opened needs no second heading.
    if (!command.line.startsWith("no ")) shown = [...command.path, command.line].join("\n");
  }
  return out;
}

export function linesOf(nodes: readonly ConfigNode[]): string[] {
  return nodes.flatMap((entry) => flatten(entry));
}
