/** The configuration as a tree of statements. An entry's identity is its schema and its keys; order is Junos's own (see `place`). */
import type { Schema } from "../schema/schema.ts";
import { ROOT } from "../schema/statements.ts";

export interface Statement {
  readonly schema: Schema;
  readonly keys: readonly string[];
  /** One of a leaf, several of a leaf-list, none elsewhere. */
  values: string[];
  children: Statement[];
  inactive: boolean;
}

export type Config = Statement;

export function makeStatement(schema: Schema, keys: readonly string[] = []): Statement {
  return { schema, keys, values: [], children: [], inactive: false };
}

export function emptyConfig(): Config {
  return makeStatement(ROOT);
}

export function clone(statement: Statement): Statement {
  return { ...statement, values: [...statement.values], children: statement.children.map(clone) };
}

export function sameKeys(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((key, at) => key === b[at]);
}

export function find(parent: Statement, schema: Schema, keys: readonly string[]): Statement | undefined {
  return parent.children.find((child) => child.schema === schema && sameKeys(child.keys, keys));
}

/** The words that name a statement in its parent, without values: `unit 0`, `family inet`, `from-zone a to-zone b`. */
export function nameWords({ schema, keys }: Pick<Statement, "schema" | "keys">): string[] {
  return [
    ...schema.words,
    ...schema.keys.flatMap((key, at) => [...(key.before === undefined ? [] : [key.before]), keys[at] ?? ""]),
  ];
}

const natural = new Intl.Collator("en", { numeric: true });

/** Interfaces with a slot stand before those without one (ge-0/0/0, then fxp0, irb, lo0), as recorded configurations have them. */
function before(a: Statement, b: Statement): boolean {
  const [left, right] = [a.keys.join(" "), b.keys.join(" ")];
  const slots = Number(right.includes("/")) - Number(left.includes("/"));
  return slots === 0 ? natural.compare(left, right) < 0 : slots < 0;
}

/** Puts a new statement where the device prints it: by schema, then sorted, or behind its siblings. */
export function place(parent: Statement, made: Statement): Statement {
  const { children } = parent;
  const where = children.findIndex((child) => {
    if (child.schema !== made.schema) return child.schema.at > made.schema.at;
    return made.schema.sorted && before(made, child);
  });
  children.splice(where === -1 ? children.length : where, 0, made);
  return made;
}

export function findOrPlace(parent: Statement, schema: Schema, keys: readonly string[]): Statement {
  return find(parent, schema, keys) ?? place(parent, makeStatement(schema, keys));
}

/** Whether it says something by itself: an empty container does not. */
export function means(statement: Statement): boolean {
  switch (statement.schema.kind) {
    case "container":
      return statement.children.length > 0;
    case "leaf":
    case "leaf-list":
      return statement.values.length > 0;
    case "presence":
    case "list":
    case "flag":
      return true;
    default:
      return statement.schema.kind satisfies never;
  }
}

/** Drops what is empty and says nothing. Returns how many such statements there were. */
export function prune(statement: Statement): number {
  let dropped = 0;
  statement.children = statement.children.filter((child) => {
    dropped += prune(child);
    if (means(child)) return true;
    dropped += 1;
    return false;
  });
  return dropped;
}

/** Equal for the device: the order of entries counts only where people set it. */
export function same(a: Statement, b: Statement): boolean {
  if (a.schema !== b.schema || !sameKeys(a.keys, b.keys) || a.inactive !== b.inactive) return false;
  if (!sameKeys(a.values, b.values) || a.children.length !== b.children.length) return false;
  if (!sameKeys(orderOf(a), orderOf(b))) return false;
  return a.children.every((child) => {
    const other = find(b, child.schema, child.keys);
    return other !== undefined && same(child, other);
  });
}

/** The entries whose order people set, as one list. */
export function orderOf(statement: Statement): string[] {
  return statement.children
    .filter((child) => child.schema.ordered)
    .map((child) => `${child.schema.at} ${child.keys.join(" ")}`);
}

/** The statement at a path of (schema, keys), or undefined. */
export type Path = readonly Pick<Statement, "schema" | "keys">[];

export function at(root: Config, path: Path): Statement | undefined {
  let here: Statement | undefined = root;
  for (const step of path) {
    if (!here) return undefined;
    here = find(here, step.schema, step.keys);
  }
  return here;
}

/** The statement at a path, made where it is not there. */
export function reachFrom(from: Statement, path: Path): Statement {
  let here = from;
  for (const step of path) here = findOrPlace(here, step.schema, step.keys);
  return here;
}

export function pathWords(path: Path): string[] {
  return path.flatMap(nameWords);
}

/** All statements under one, with their paths; inactive ones only where asked for. */
export function* walk(from: Statement, path: Path = [], all = false): Generator<{ statement: Statement; path: Path }> {
  for (const child of from.children) {
    if (child.inactive && !all) continue;
    const here = [...path, child];
    yield { statement: child, path: here };
    yield* walk(child, here, all);
  }
}

/** Statements by words: `select(config, "protocols bgp group *")` gives every group. Active ones only. */
export function select(root: Config, pattern: string): { statement: Statement; path: Path }[] {
  const wanted = pattern.split(" ");
  const found: { statement: Statement; path: Path }[] = [];
  const step = (from: Statement, path: Path, words: readonly string[]): void => {
    for (const child of from.children) {
      if (child.inactive) continue;
      const name = nameWords(child);
      if (name.length > words.length || !name.every((word, index) => words[index] === "*" || words[index] === word))
        continue;
      const rest = words.slice(name.length);
      if (rest.length === 0) found.push({ statement: child, path: [...path, child] });
      else step(child, [...path, child], rest);
    }
  };
  step(root, [], wanted);
  return found;
}
