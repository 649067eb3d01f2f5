/** A datastore's content as the device shows it: `info`, `info flat`, `| as json`, and JSON-RPC's JSON with module names. */
import { quote } from "./lexer.ts";
import type { BranchSchema, LeafType, Schema } from "./schema.ts";
import { compareEntries, type Branch, type Entry, type Item, type Path, type Step } from "./tree.ts";

export interface PrintOptions {
  /** Levels of branches below the first one; undefined is all. */
  readonly depth?: number;
}

const INDENT = "    ";

/** In the model's order; entries by their keys. */
function* ordered(branch: Branch, schema: BranchSchema): Generator<{ name: string; child: Schema; item: Item }> {
  for (const [name, child] of schema.children) {
    const item = branch.children.get(name);
    if (item !== undefined) yield { name, child, item };
  }
}

function entriesOf(item: Item): Entry[] {
  return item.kind === "list" ? [...item.entries.values()].toSorted(compareEntries) : [];
}

export function stepText({ name, keys }: Step, schema: Schema | undefined): string {
  if (keys.length === 0 || schema?.kind !== "list") return [name, ...keys.map(quote)].join(" ");
  return [
    name,
    ...keys.flatMap((key, at) => (at === 0 ? [quote(key)] : [schema.keys[at]?.name ?? "", quote(key)])),
  ].join(" ");
}

/** The words of a path as they are typed from the root. */
export function pathText(root: BranchSchema, path: Path): string {
  let at: Schema | undefined = root;
  const words: string[] = [];
  for (const step of path) {
    at = at?.kind === "container" || at?.kind === "list" ? at.children.get(step.name) : undefined;
    words.push(stepText(step, at));
  }
  return words.join(" ");
}

/** The braces of `info`, without the braces of the branch itself. */
export function infoLines(branch: Branch, schema: BranchSchema, options: PrintOptions = {}, level = 0): string[] {
  const pad = INDENT.repeat(level);
  const { depth } = options;
  const inside = (within: Branch, child: BranchSchema): string[] =>
    depth === 0 ? [] : infoLines(within, child, depth === undefined ? {} : { depth: depth - 1 }, level + 1);
  return [...ordered(branch, schema)].flatMap(({ name, child, item }) => {
    switch (item.kind) {
      case "leaf":
        return [`${pad}${name} ${quote(item.value)}`];
      case "leaf-list":
        return [`${pad}${name} [`, ...item.values.map((value) => `${pad}${INDENT}${quote(value)}`), `${pad}]`];
      case "branch":
        return child.kind === "container" ? [`${pad}${name} {`, ...inside(item, child), `${pad}}`] : [];
      case "list":
        return entriesOf(item).flatMap((entry) =>
          child.kind === "list"
            ? [`${pad}${stepText({ name, keys: entry.keys }, child)} {`, ...inside(entry, child), `${pad}}`]
            : [],
        );
      default:
        return item satisfies never;
    }
  });
}

/** One `set` of the flat form: what has a value, and what exists by being named. */
export interface FlatLine {
  readonly path: Path;
  readonly item:
    | { readonly kind: "leaf"; readonly value: string }
    | { readonly kind: "leaf-list"; readonly values: readonly string[] }
    | { readonly kind: "named" };
}

/** `all` names every entry and presence container; without it only those that hold nothing, as `info flat` shows them. */
export function* flatten(branch: Branch, schema: BranchSchema, at: Path, all: boolean): Generator<FlatLine> {
  for (const { name, child, item } of ordered(branch, schema)) {
    switch (item.kind) {
      case "leaf":
        yield { path: [...at, { name, keys: [] }], item };
        break;
      case "leaf-list":
        yield { path: [...at, { name, keys: [] }], item };
        break;
      case "branch": {
        if (child.kind !== "container") break;
        const path = [...at, { name, keys: [] }];
        if (child.presence && (all || item.children.size === 0)) yield { path, item: { kind: "named" } };
        yield* flatten(item, child, path, all);
        break;
      }
      case "list":
        if (child.kind !== "list") break;
        for (const entry of entriesOf(item)) {
          const path = [...at, { name, keys: entry.keys }];
          if (all || entry.children.size === 0) yield { path, item: { kind: "named" } };
          yield* flatten(entry, child, path, all);
        }
        break;
      default:
        item satisfies never;
    }
  }
}

export function flatText(root: BranchSchema, { path, item }: FlatLine): string {
  const words = pathText(root, path);
  switch (item.kind) {
    case "named":
      return `/ ${words}`;
    case "leaf":
      return `/ ${words} ${quote(item.value)}`;
    case "leaf-list":
      return `/ ${words} [ ${item.values.map(quote).join(" ")} ]`;
    default:
      return item satisfies never;
  }
}

/** `info flat` of the whole: lines that can be typed back. */
export function flatConfig(root: BranchSchema, tree: Branch): string {
  return [...flatten(tree, root, [], false)].map((line) => `set ${flatText(root, line)}\n`).join("");
}

export type Json = string | number | boolean | Json[] | { [name: string]: Json };

function jsonLeaf(type: LeafType, value: string): Json {
  if (type.kind === "uint") return Number(value);
  if (type.kind === "boolean") return value === "true";
  return value;
}

/** `withModules`: a name carries its module where that is not its parent's (RFC 7951 §4). */
export function toJson(branch: Branch, schema: BranchSchema, withModules: boolean): { [name: string]: Json } {
  const shown: { [name: string]: Json } = {};
  for (const { name, child, item } of ordered(branch, schema)) {
    const module = withModules && (child.kind === "container" || child.kind === "list") ? child.module : undefined;
    const value = jsonOf(item, child, withModules);
    if (value !== undefined) shown[module === undefined ? name : `${module}:${name}`] = value;
  }
  return shown;
}

function jsonOf(item: Item, schema: Schema, withModules: boolean): Json | undefined {
  switch (item.kind) {
    case "leaf":
      return schema.kind === "leaf" ? jsonLeaf(schema.type, item.value) : undefined;
    case "leaf-list":
      return schema.kind === "leaf-list" ? item.values.map((value) => jsonLeaf(schema.type, value)) : undefined;
    case "branch":
      return schema.kind === "container" ? toJson(item, schema, withModules) : undefined;
    case "list":
      return schema.kind === "list" ? entriesOf(item).map((entry) => jsonEntry(entry, schema, withModules)) : undefined;
    default:
      return item satisfies never;
  }
}

export function jsonEntry(entry: Entry, schema: BranchSchema, withModules: boolean): { [name: string]: Json } {
  const keys = schema.kind === "list" ? schema.keys : [];
  const shown = Object.fromEntries(keys.map(({ name, type }, at) => [name, jsonLeaf(type, entry.keys[at] ?? "")]));
  return { ...shown, ...toJson(entry, schema, withModules) };
}

/**
 * What JSON-RPC answers for a path: the value of a leaf, the content of a branch, and where a key is left out or `*`, the list with its
 * entries and their keys, from the first such list on. Empty where nothing is.
 */
export function jsonAt(branch: Branch, schema: BranchSchema, path: Path): Json {
  const [step, ...rest] = path;
  if (step === undefined) return toJson(branch, schema, true);
  const child = schema.children.get(step.name);
  const item = branch.children.get(step.name);
  if (child === undefined || item === undefined) return {};
  if (child.kind === "container") return item.kind === "branch" ? jsonAt(item, child, rest) : {};
  if (child.kind !== "list" || item.kind !== "list") return jsonOf(item, child, true) ?? {};
  const found = entriesOf(item).filter(({ keys }) => step.keys.every((key, at) => key === "*" || key === keys[at]));
  const isOne = step.keys.length > 0 && !step.keys.includes("*");
  const [one] = found;
  if (isOne) return one === undefined ? {} : rest.length === 0 ? jsonEntry(one, child, true) : jsonAt(one, child, rest);
  const name = child.module === undefined ? step.name : `${child.module}:${step.name}`;
  return {
    [name]: found.map((entry) => jsonEntry({ ...entry, children: onPath(entry, child, rest).children }, child, true)),
  };
}

/** Only what a path leads to, in the branches on the way. */
function onPath(branch: Branch, schema: BranchSchema, path: Path): Branch {
  const [step, ...rest] = path;
  const item = step === undefined ? undefined : branch.children.get(step.name);
  const child = step === undefined ? undefined : schema.children.get(step.name);
  if (step === undefined) return branch;
  if (item === undefined || child === undefined) return { kind: "branch", children: new Map() };
  if (item.kind === "branch" && child.kind === "container")
    return { kind: "branch", children: new Map([[step.name, onPath(item, child, rest)]]) };
  if (item.kind !== "list" || child.kind !== "list") return { kind: "branch", children: new Map([[step.name, item]]) };
  const kept = [...item.entries].filter(([, { keys }]) =>
    step.keys.every((key, at) => key === "*" || key === keys[at]),
  );
  const entries = new Map(
    kept.map(([id, entry]): [string, Entry] => [id, { ...onPath(entry, child, rest), keys: entry.keys }]),
  );
  return { kind: "branch", children: new Map([[step.name, { kind: "list", entries }]]) };
}
