/** Changes to a tree by words, as `set`, `delete`, `rename`, `insert` and their like make them. */
import type { Schema } from "../schema/schema.ts";
import { resolve, type Refusal, type ResolveOptions, type Step } from "./resolve.ts";
import { hide, hashPassword } from "./secrets.ts";
import {
  at,
  clone,
  find,
  findOrPlace,
  makeStatement,
  nameWords,
  place,
  prune,
  reachFrom,
  type Config,
  type Path,
  type Statement,
} from "./tree.ts";
import type { Word } from "./words.ts";

export interface EditResult {
  readonly refusal?: Refusal;
  /** What the CLI prints although it went on: `warning: statement not found`. */
  readonly said?: string;
  /** A statement whose value is asked for without an echo. */
  readonly prompt?: { readonly path: Path; readonly schema: Schema };
}

const NOT_FOUND: EditResult = { said: "warning: statement not found\n" };
/** Under `then`, one of these takes the place of another. */
const VERDICTS = new Set(["accept", "reject", "discard", "permit", "deny"]);

export function schemaAt(root: Config, path: Path): Schema {
  return path.at(-1)?.schema ?? root.schema;
}

export function assign(from: Statement, steps: readonly Step[]): void {
  let here = from;
  for (const step of steps) {
    const name = step.schema.words[0];
    if (name !== undefined && VERDICTS.has(name) && here.schema.words[0] === "then")
      here.children = here.children.filter(
        (child) => child.schema === step.schema || !VERDICTS.has(child.schema.words[0] ?? ""),
      );
    if (step.schema.prompts !== undefined) {
      const target = here.schema.children.find((child) => child.words[0] === step.schema.prompts);
      if (target) findOrPlace(here, target, []).values = [hashPassword(step.values[0] ?? "")];
      return;
    }
    here = findOrPlace(here, step.schema, step.keys);
    const values = step.values.map((value) => (step.schema.secret === "9" ? hide(value) : value));
    if (step.schema.kind === "leaf-list") here.values.push(...values.filter((value) => !here.values.includes(value)));
    else if (values.length > 0) here.values = values;
  }
}

export function setWords(root: Config, base: Path, words: readonly Word[], options: ResolveOptions = {}): EditResult {
  if (words.length === 0) return { refusal: { word: undefined, message: "missing argument" } };
  const { targets, reached, refusal } = resolve(schemaAt(root, base), words, options);
  for (const target of targets) {
    const last = target.at(-1);
    if (last?.schema.kind === "flag" && last.schema.prompts !== undefined)
      return { prompt: { path: [...base, ...target.slice(0, -1)], schema: last.schema } };
  }
  // Junos keeps what made sense before the word that did not, where that says something by itself.
  if (refusal && !options.abbreviations) assign(reachFrom(root, base), reached);
  if (!refusal) for (const target of targets) assign(reachFrom(root, base), target);
  prune(root);
  return refusal ? { refusal } : {};
}

function remove(parent: Statement, step: Step): boolean {
  const before = parent.children.length;
  const { schema, keys, values } = step;
  if (keys.length < schema.keys.length) {
    parent.children = parent.children.filter((child) => child.schema !== schema);
    return parent.children.length < before;
  }
  const found = find(parent, schema, keys);
  if (!found) return false;
  if (values.length > 0) {
    const left = found.values.filter((value) => !values.includes(value));
    if (left.length === found.values.length) return false;
    found.values = left;
    if (left.length > 0) return true;
  }
  parent.children = parent.children.filter((child) => child !== found);
  return true;
}

export function deleteWords(
  root: Config,
  base: Path,
  words: readonly Word[],
  options: ResolveOptions = {},
): EditResult {
  const { targets, refusal } = resolve(schemaAt(root, base), words, { ...options, open: true });
  if (refusal) return { refusal };
  let found = true;
  for (const target of targets) {
    const parent = at(root, [...base, ...target.slice(0, -1)]);
    const last = target.at(-1);
    if (!parent || !last || !remove(parent, last)) found = false;
  }
  prune(root);
  return found ? {} : NOT_FOUND;
}

/** `delete` with nothing behind it, once it was confirmed. */
export function deleteAll(root: Config, base: Path): void {
  const here = at(root, base);
  if (here) here.children = [];
  prune(root);
}

export function activateWords(
  root: Config,
  base: Path,
  words: readonly Word[],
  inactive: boolean,
  options: ResolveOptions = {},
): EditResult {
  const { targets, refusal } = resolve(schemaAt(root, base), words, { ...options, open: true });
  if (refusal) return { refusal };
  const target = targets[0];
  const found = target && at(root, [...base, ...target]);
  if (!found) return NOT_FOUND;
  found.inactive = inactive;
  return {};
}

function splitAt(words: readonly Word[], ...marks: string[]): [readonly Word[], readonly Word[], string] | undefined {
  const index = words.findIndex((word, position) => position > 0 && !word.quoted && marks.includes(word.text));
  return index === -1 ? undefined : [words.slice(0, index), words.slice(index + 1), words[index]?.text ?? ""];
}

/** `rename A to B` and `copy A to B`. */
export function renameWords(
  root: Config,
  base: Path,
  words: readonly Word[],
  keep: boolean,
  options: ResolveOptions = {},
): EditResult {
  const parts = splitAt(words, "to");
  if (!parts || parts[1].length === 0) return { refusal: { word: undefined, message: "missing argument" } };
  const from = resolve(schemaAt(root, base), parts[0], options);
  if (from.refusal) return { refusal: from.refusal };
  const target = from.targets[0] ?? [];
  const parentPath = [...base, ...target.slice(0, -1)];
  const parent = at(root, parentPath);
  const last = target.at(-1);
  const found = parent && last && find(parent, last.schema, last.keys);
  if (!parent || !found) return NOT_FOUND;
  const to = resolve(schemaAt(root, parentPath), parts[1], options);
  if (to.refusal) return { refusal: to.refusal };
  const named = to.targets[0]?.[0];
  if (!named || named.schema !== found.schema || named.keys.length === 0)
    return { refusal: { word: parts[1][0], message: "syntax error" } };
  if (find(parent, named.schema, named.keys))
    return { said: `error: target '${nameWords(named).join(" ")}' already exists\n` };
  const made: Statement = { ...clone(found), keys: named.keys };
  const where = parent.children.indexOf(found);
  if (keep) place(parent, made);
  else if (found.schema.sorted) {
    parent.children.splice(where, 1);
    place(parent, made);
  } else parent.children.splice(where, 1, made);
  return {};
}

/** `insert term B before term A`. */
export function insertWords(
  root: Config,
  base: Path,
  words: readonly Word[],
  options: ResolveOptions = {},
): EditResult {
  const parts = splitAt(words, "before", "after");
  if (!parts || parts[1].length === 0) return { refusal: { word: undefined, message: "missing argument" } };
  const moved = resolve(schemaAt(root, base), parts[0], options);
  if (moved.refusal) return { refusal: moved.refusal };
  const target = moved.targets[0] ?? [];
  const parentPath = [...base, ...target.slice(0, -1)];
  const anchor = resolve(schemaAt(root, parentPath), parts[1], options);
  if (anchor.refusal) return { refusal: anchor.refusal };
  const parent = at(root, parentPath);
  const [what, where] = [target.at(-1), anchor.targets[0]?.[0]];
  const entry = parent && what && find(parent, what.schema, what.keys);
  const next = parent && where && find(parent, where.schema, where.keys);
  if (!parent || !entry || !next) return NOT_FOUND;
  if (!entry.schema.ordered) return { said: "error: statement is not ordered by the user\n" };
  parent.children = parent.children.filter((child) => child !== entry);
  parent.children.splice(parent.children.indexOf(next) + (parts[2] === "after" ? 1 : 0), 0, entry);
  return {};
}

/** The path that `edit` goes to; made where it is not there. */
export function editPath(
  root: Config,
  base: Path,
  words: readonly Word[],
  options: ResolveOptions = {},
): Path | Refusal {
  const { targets, refusal } = resolve(schemaAt(root, base), words, options);
  if (refusal) return refusal;
  const target = targets[0] ?? [];
  const last = target.at(-1);
  if (!last || last.schema.children.length === 0) return { word: words.at(-1), message: "syntax error" };
  return [...base, ...target.map(({ schema, keys }) => makeStatement(schema, keys))];
}
