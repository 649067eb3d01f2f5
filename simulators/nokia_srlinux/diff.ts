/** What differs between two datastores: as `diff` shows it, as lines to type, as JSON, and as edits that a later baseline can take. */
import { quote } from "./lexer.ts";
import { flatten, flatText, stepText, toJson, type FlatLine, type Json } from "./print.ts";
import type { BranchSchema, Schema } from "./schema.ts";
import {
  applyEdit,
  cloneBranch,
  compareEntries,
  prune,
  type Branch,
  type Edit,
  type Entry,
  type Item,
} from "./tree.ts";

type Sign = " " | "+" | "-";

/** Six columns before the outermost name, the first of them for the sign. */
function line(sign: Sign, level: number, text: string): string {
  return `${sign}     ${"    ".repeat(level)}${text}`;
}

/** Only what changed and the way to it. Empty where nothing did. */
export function diffText(from: Branch, to: Branch, schema: BranchSchema): string {
  const lines = diffBranch(from, to, schema, 0);
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

function diffBranch(from: Branch | undefined, to: Branch | undefined, schema: BranchSchema, level: number): string[] {
  return [...schema.children].flatMap(([name, child]) =>
    diffItem(name, child, from?.children.get(name), to?.children.get(name), level),
  );
}

function diffItem(
  name: string,
  schema: Schema,
  before: Item | undefined,
  after: Item | undefined,
  level: number,
): string[] {
  switch (schema.kind) {
    case "leaf": {
      const shown = (item: Item | undefined, sign: Sign) =>
        item?.kind === "leaf" ? [line(sign, level, `${name} ${quote(item.value)}`)] : [];
      return valueOf(before) === valueOf(after) ? [] : [...shown(before, "-"), ...shown(after, "+")];
    }
    case "leaf-list":
      return diffLeafList(name, before, after, level);
    case "container": {
      const [old, fresh] = [
        before?.kind === "branch" ? before : undefined,
        after?.kind === "branch" ? after : undefined,
      ];
      return diffPart(name, schema, old, fresh, level);
    }
    case "list": {
      const [old, fresh] = [entriesOf(before), entriesOf(after)];
      const all = new Map([...old, ...fresh]);
      return [...all]
        .toSorted(([, a], [, b]) => compareEntries(a, b))
        .flatMap(([id, { keys }]) =>
          diffPart(stepText({ name, keys }, schema), schema, old.get(id), fresh.get(id), level),
        );
    }
    default:
      return schema satisfies never;
  }
}

function entriesOf(item: Item | undefined): ReadonlyMap<string, Entry> {
  return item?.kind === "list" ? item.entries : new Map<string, Entry>();
}

function diffPart(
  head: string,
  schema: BranchSchema,
  old: Branch | undefined,
  fresh: Branch | undefined,
  level: number,
): string[] {
  if (old === undefined && fresh === undefined) return [];
  const sign: Sign = old === undefined ? "+" : fresh === undefined ? "-" : " ";
  const inner = diffBranch(old, fresh, schema, level + 1);
  if (sign === " " && inner.length === 0) return [];
  return [line(sign, level, `${head} {`), ...inner, line(sign, level, "}")];
}

function diffLeafList(name: string, before: Item | undefined, after: Item | undefined, level: number): string[] {
  const old = before?.kind === "leaf-list" ? before.values : [];
  const fresh = after?.kind === "leaf-list" ? after.values : [];
  if (JSON.stringify(old) === JSON.stringify(fresh)) return [];
  const sign: Sign = old.length === 0 ? "+" : fresh.length === 0 ? "-" : " ";
  const values = [...new Set([...old, ...fresh])].map((value) => {
    const mark: Sign = !old.includes(value) ? "+" : fresh.includes(value) ? " " : "-";
    return line(mark, level + 1, quote(value));
  });
  return [line(sign, level, `${name} [`), ...values, line(sign, level, "]")];
}

function valueOf(item: Item | undefined): string | undefined {
  return item?.kind === "leaf" ? item.value : undefined;
}

export interface Delta {
  readonly removed: readonly FlatLine[];
  readonly added: readonly FlatLine[];
}

const keyOf = ({ path, item }: FlatLine, root: BranchSchema): string =>
  item.kind === "leaf-list" ? flatText(root, { path, item }) : JSON.stringify([path, item]);

export function delta(from: Branch, to: Branch, root: BranchSchema): Delta {
  const lines = (tree: Branch) => new Map([...flatten(tree, root, [], true)].map((one) => [keyOf(one, root), one]));
  const [old, fresh] = [lines(from), lines(to)];
  return {
    removed: [...old].filter(([key]) => !fresh.has(key)).map(([, one]) => one),
    added: [...fresh].filter(([key]) => !old.has(key)).map(([, one]) => one),
  };
}

/** What a user would type to get from one to the other: deletions first, the outermost only. */
export function deltaLines(from: Branch, to: Branch, root: BranchSchema): string[] {
  const { removed, added } = delta(from, to, root);
  const gone = edits({ removed, added: [] }, added);
  return [
    ...gone.map(({ path }) => `delete ${flatText(root, { path, item: { kind: "named" } })}`),
    ...added.map((one) => `set ${flatText(root, one)}`),
  ];
}

/** Edits that bring a delta into another tree. What is set again is not deleted before. */
export function edits({ removed, added }: Delta, again: readonly FlatLine[] = added): Edit[] {
  const set = new Set(again.filter(({ item }) => item.kind === "leaf").map(({ path }) => JSON.stringify(path)));
  const deleted = new Set(removed.map(({ path }) => JSON.stringify(path)));
  const isInside = ({ path }: FlatLine) =>
    path.some((_, at) => at > 0 && at < path.length && deleted.has(JSON.stringify(path.slice(0, at))));
  return [
    ...removed
      .filter((one) => !set.has(JSON.stringify(one.path)) && !isInside(one))
      .map(({ path }): Edit => ({ op: "delete", path })),
    ...added.map(({ path, item }): Edit => {
      switch (item.kind) {
        case "named":
          return { op: "create", path };
        case "leaf":
          return { op: "leaf", path, value: item.value };
        case "leaf-list":
          return { op: "leaf-list", path, values: item.values };
        default:
          return item satisfies never;
      }
    }),
  ];
}

export type Merged =
  | { readonly kind: "merged"; readonly tree: Branch }
  | { readonly kind: "conflict"; readonly line: string };

/** A candidate's changes against its baseline, brought onto what runs by now. The same node changed on both sides is a conflict. */
export function rebase(candidate: Branch, baseline: Branch, running: Branch, root: BranchSchema): Merged {
  const mine = delta(baseline, candidate, root);
  const theirs = delta(baseline, running, root);
  const touched = ({ removed, added }: Delta) => new Set([...removed, ...added].map((one) => JSON.stringify(one.path)));
  const ends = ({ added }: Delta) => new Map(added.map((one) => [JSON.stringify(one.path), keyOf(one, root)]));
  const [theirPaths, myEnds, theirEnds] = [touched(theirs), ends(mine), ends(theirs)];
  for (const one of [...mine.removed, ...mine.added]) {
    const path = JSON.stringify(one.path);
    if (theirPaths.has(path) && myEnds.get(path) !== theirEnds.get(path))
      return { kind: "conflict", line: flatText(root, { path: one.path, item: { kind: "named" } }) };
  }
  const tree = cloneBranch(running);
  for (const edit of edits(mine)) applyEdit(tree, edit);
  prune(tree, root);
  return { kind: "merged", tree };
}

/** JSON-RPC's `diff` without `output-format`: pretty JSON with a sign in front of what differs. */
export function diffJson(from: Branch, to: Branch, root: BranchSchema): string {
  const lines = jsonDiff(toJson(from, root, false), toJson(to, root, false), 1);
  return lines.length === 0 ? "" : `  {\n${joined(lines)}\n  }\n`;
}

interface JsonLine {
  readonly sign: Sign;
  readonly text: string;
}

function joined(lines: readonly JsonLine[]): string {
  return lines.map(({ sign, text }) => `${sign} ${text}`).join("\n");
}

function jsonDiff(from: { [name: string]: Json }, to: { [name: string]: Json }, level: number): JsonLine[] {
  const parts = [...new Set([...Object.keys(from), ...Object.keys(to)])].map((name) =>
    jsonPart(`"${name}": `, from[name], to[name], level),
  );
  return withCommas(parts.filter((part) => part.length > 0));
}

function jsonPart(head: string, before: Json | undefined, after: Json | undefined, level: number): JsonLine[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  const pad = "  ".repeat(level);
  if (isObject(before) && isObject(after))
    return [
      { sign: " ", text: `${pad}${head}{` },
      ...jsonDiff(before, after, level + 1),
      { sign: " ", text: `${pad}}` },
    ];
  const shown = (sign: Sign, value: Json | undefined): JsonLine[] =>
    value === undefined
      ? []
      : JSON.stringify(value, undefined, 2)
          .split("\n")
          .map((text, at) => ({ sign, text: pad + (at === 0 ? head : "") + text }));
  return [...shown("-", before), ...shown("+", after)];
}

function isObject(value: Json | undefined): value is { [name: string]: Json } {
  return typeof value === "object" && !Array.isArray(value);
}

function withCommas(parts: readonly JsonLine[][]): JsonLine[] {
  return parts.flatMap((part, at) =>
    at === parts.length - 1
      ? part
      : part.map((one, row) => (row === part.length - 1 ? { ...one, text: `${one.text},` } : one)),
  );
}
