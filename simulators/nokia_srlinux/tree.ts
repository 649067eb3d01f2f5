/** A datastore's content: branches (containers and list entries), leaves and leaf-lists, edited by path. It knows no command line. */
import type { BranchSchema, Schema } from "./schema.ts";

export interface Branch {
  readonly kind: "branch";
  readonly children: Map<string, Item>;
}

export interface List {
  readonly kind: "list";
  /** By the keys in the model's order, as JSON. */
  readonly entries: Map<string, Entry>;
}

export interface Entry extends Branch {
  readonly keys: readonly string[];
}

export interface Leaf {
  readonly kind: "leaf";
  readonly value: string;
}

export interface LeafList {
  readonly kind: "leaf-list";
  readonly values: readonly string[];
}

export type Item = Branch | List | Leaf | LeafList;

/** `keys` is empty for a container, a leaf and a leaf-list. `*` as a key is every entry. */
export interface Step {
  readonly name: string;
  readonly keys: readonly string[];
}

export type Path = readonly Step[];

export type Edit =
  | { readonly op: "create"; readonly path: Path }
  | { readonly op: "leaf"; readonly path: Path; readonly value: string }
  | { readonly op: "leaf-list"; readonly path: Path; readonly values: readonly string[] }
  | { readonly op: "delete"; readonly path: Path; readonly values?: readonly string[] };

export function emptyBranch(): Branch {
  return { kind: "branch", children: new Map() };
}

export function cloneBranch(from: Branch): Branch {
  return { kind: "branch", children: cloneChildren(from) };
}

function cloneChildren(from: Branch): Map<string, Item> {
  return new Map([...from.children].map(([name, item]) => [name, cloneItem(item)]));
}

function cloneItem(item: Item): Item {
  switch (item.kind) {
    case "branch":
      return cloneBranch(item);
    case "list":
      return {
        kind: "list",
        entries: new Map(
          [...item.entries].map(([id, entry]) => [
            id,
            { kind: "branch", keys: entry.keys, children: cloneChildren(entry) },
          ]),
        ),
      };
    case "leaf":
    case "leaf-list":
      return item;
    default:
      return item satisfies never;
  }
}

export function sameItem(a: Item | undefined, b: Item | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  if (a.kind === "branch" && b.kind === "branch") return sameMap(a.children, b.children);
  if (a.kind === "list" && b.kind === "list") return sameMap(a.entries, b.entries);
  if (a.kind === "leaf" && b.kind === "leaf") return a.value === b.value;
  if (a.kind === "leaf-list" && b.kind === "leaf-list") return JSON.stringify(a.values) === JSON.stringify(b.values);
  return false;
}

function sameMap(a: ReadonlyMap<string, Item>, b: ReadonlyMap<string, Item>): boolean {
  return a.size === b.size && [...a].every(([name, item]) => sameItem(item, b.get(name)));
}

export function schemaAt(root: BranchSchema, path: Path): Schema | undefined {
  let at: Schema = root;
  for (const step of path) {
    if (at.kind !== "container" && at.kind !== "list") return undefined;
    const child: Schema | undefined = at.children.get(step.name);
    if (child === undefined) return undefined;
    at = child;
  }
  return at;
}

/** The branches that a path names; more than one where a key is `*`. */
export function branchesAt(root: Branch, path: Path): { readonly branch: Branch; readonly path: Path }[] {
  let found: { branch: Branch; path: Path }[] = [{ branch: root, path: [] }];
  for (const step of path) {
    found = found.flatMap(({ branch, path: before }) => {
      const item = branch.children.get(step.name);
      if (item?.kind === "branch") return [{ branch: item, path: [...before, step] }];
      if (item?.kind !== "list") return [];
      if (step.keys.length > 0 && !step.keys.includes("*")) {
        const entry = item.entries.get(JSON.stringify(step.keys));
        return entry === undefined ? [] : [{ branch: entry, path: [...before, step] }];
      }
      return [...item.entries.values()]
        .filter((entry) => step.keys.every((key, at) => key === "*" || key === entry.keys[at]))
        .map((entry) => ({ branch: entry, path: [...before, { name: step.name, keys: entry.keys }] }));
    });
  }
  return found;
}

export function itemAt(root: Branch, path: Path): Item | undefined {
  const last = path.at(-1);
  if (last === undefined) return root;
  const parent = branchesAt(root, path.slice(0, -1))[0]?.branch;
  const item = parent?.children.get(last.name);
  if (item?.kind === "list" && last.keys.length > 0) return item.entries.get(JSON.stringify(last.keys));
  return item;
}

/** The text of a leaf; undefined where it is not set. */
export function leafAt(root: Branch, ...path: (string | Step)[]): string | undefined {
  const item = itemAt(
    root,
    path.map((step) => (typeof step === "string" ? { name: step, keys: [] } : step)),
  );
  return item?.kind === "leaf" ? item.value : undefined;
}

export function entriesAt(root: Branch, ...path: (string | Step)[]): Entry[] {
  const item = itemAt(
    root,
    path.map((step) => (typeof step === "string" ? { name: step, keys: [] } : step)),
  );
  return item?.kind === "list" ? [...item.entries.values()].toSorted(compareEntries) : [];
}

export function compareEntries(a: Entry, b: Entry): number {
  for (const [at, key] of a.keys.entries()) {
    const order = compareKeys(key, b.keys[at] ?? "");
    if (order !== 0) return order;
  }
  return 0;
}

/** Numbers by value, also inside names: `ethernet-1/2` before `ethernet-1/10`, entry 10 before entry 100. */
function compareKeys(a: string, b: string): number {
  const left = a.split(/(\d+)/);
  const right = b.split(/(\d+)/);
  for (let at = 0; at < Math.min(left.length, right.length); at += 1) {
    const [x = "", y = ""] = [left[at], right[at]];
    if (x === y) continue;
    return at % 2 === 1 && Number(x) !== Number(y) ? Number(x) - Number(y) : x < y ? -1 : 1;
  }
  return left.length - right.length;
}

export function ensureBranch(root: Branch, path: Path): Branch {
  let at: Branch = root;
  for (const step of path) {
    if (step.keys.length === 0) {
      const there = at.children.get(step.name);
      const next: Branch = there?.kind === "branch" ? there : emptyBranch();
      at.children.set(step.name, next);
      at = next;
      continue;
    }
    const there = at.children.get(step.name);
    const list: List = there?.kind === "list" ? there : { kind: "list", entries: new Map() };
    at.children.set(step.name, list);
    const id = JSON.stringify(step.keys);
    const entry: Entry = list.entries.get(id) ?? { kind: "branch", keys: [...step.keys], children: new Map() };
    list.entries.set(id, entry);
    at = entry;
  }
  return at;
}

/** Nothing is checked here: a caller has looked the path up in the model. */
export function applyEdit(root: Branch, edit: Edit): void {
  const last = edit.path.at(-1);
  switch (edit.op) {
    case "create":
      ensureBranch(root, edit.path);
      return;
    case "leaf":
      if (last) ensureBranch(root, edit.path.slice(0, -1)).children.set(last.name, { kind: "leaf", value: edit.value });
      return;
    case "leaf-list": {
      if (!last) return;
      const parent = ensureBranch(root, edit.path.slice(0, -1));
      const there = parent.children.get(last.name);
      const before = there?.kind === "leaf-list" ? there.values : [];
      parent.children.set(last.name, { kind: "leaf-list", values: [...new Set([...before, ...edit.values])] });
      return;
    }
    case "delete":
      remove(root, edit.path, edit.values);
      return;
    default:
      edit satisfies never;
  }
}

function remove(root: Branch, path: Path, values: readonly string[] | undefined): void {
  const last = path.at(-1);
  if (last === undefined) {
    root.children.clear();
    return;
  }
  for (const { branch } of branchesAt(root, path.slice(0, -1))) {
    const item = branch.children.get(last.name);
    if (item?.kind === "list" && last.keys.length > 0) {
      for (const entry of item.entries.values())
        if (last.keys.every((key, at) => key === "*" || key === entry.keys[at]))
          item.entries.delete(JSON.stringify(entry.keys));
      continue;
    }
    if (item?.kind === "leaf-list" && values !== undefined) {
      const left = item.values.filter((value) => !values.includes(value));
      branch.children.set(last.name, { kind: "leaf-list", values: left });
      continue;
    }
    branch.children.delete(last.name);
  }
}

/** Takes away what says nothing: empty lists and leaf-lists, and empty containers that do not exist by being named. */
export function prune(branch: Branch, schema: BranchSchema): void {
  for (const [name, item] of branch.children) {
    const child = schema.children.get(name);
    if (child === undefined) continue;
    switch (item.kind) {
      case "branch":
        if (child.kind !== "container") break;
        prune(item, child);
        if (item.children.size === 0 && !child.presence) branch.children.delete(name);
        break;
      case "list":
        if (child.kind !== "list") break;
        for (const entry of item.entries.values()) prune(entry, child);
        if (item.entries.size === 0) branch.children.delete(name);
        break;
      case "leaf-list":
        if (item.values.length === 0) branch.children.delete(name);
        break;
      case "leaf":
        break;
      default:
        item satisfies never;
    }
  }
}
