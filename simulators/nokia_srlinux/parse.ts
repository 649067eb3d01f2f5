/** What a line of configuration means: a walk through the model from where the user stands, word by word. */
import { stored } from "./secrets.ts";
import { refusal, visible, type BranchSchema, type LeafType, type ListSchema, type Schema } from "./schema.ts";
import type { Token } from "./lexer.ts";
import type { Edit, Path, Step } from "./tree.ts";

export interface Walk {
  readonly edits: readonly Edit[];
  /** Where the words ended. For a leaf without a value: the leaf itself. */
  readonly end: Path;
  readonly endsIn: Schema;
  /** Words from the first that the walk did not take (`{`, `}`). */
  readonly rest: readonly Token[];
  /** Whether a leaf was given a value: a line that does so does not move the user. */
  readonly assigned: boolean;
}

export type Parsed = ({ readonly kind: "ok" } & Walk) | { readonly kind: "error"; readonly message: string };

export interface WalkOptions {
  /** The state datastore's nodes too. */
  readonly withState: boolean;
  /** Leaves take values; without it the words are a path, and `*` stands for every key. */
  readonly values: boolean;
  /** Other words that the device would take here, for its list of options. */
  readonly globals?: readonly string[];
}

/** Python's `repr` of a list: the device's command line is a Python program and shows it. */
export function options(words: Iterable<string>): string {
  return `[${[...words]
    .toSorted()
    .map((word) => `'${word}'`)
    .join(", ")}]`;
}

export function unknownToken(word: string, words: Iterable<string>): string {
  return `Parsing error: Unknown token '${word}'.\nOptions are ${options(words)}`;
}

const ENDINGS = ["#", ">", ">>", "|", "}"];

export function walk(
  root: BranchSchema,
  from: Path,
  start: BranchSchema,
  words: readonly Token[],
  how: WalkOptions,
): Parsed {
  const state: Walker = { root, path: [...from], schema: start, edits: [], at: 0, assigned: false };
  const [slash, second] = words;
  // `/system/information`: containers by slashes. A name after a list stays whole, since ports have slashes of their own.
  const tokens =
    slash?.text === "/" && second && !second.quoted ? [slash, ...bySlashes(root, second), ...words.slice(2)] : words;
  while (state.at < tokens.length) {
    const token = tokens[state.at];
    if (token === undefined || (!token.quoted && (token.text === "{" || token.text === "}"))) break;
    if (!token.quoted && token.text === "/") {
      Object.assign(state, { path: [], schema: root, at: state.at + 1 });
      continue;
    }
    if (!token.quoted && token.text === "..") {
      goUp(state);
      state.at += 1;
      continue;
    }
    const child = state.schema.children.get(token.text);
    if (child === undefined || (child.state && !how.withState))
      return fail(
        unknownToken(token.text, [
          ...visible(state.schema, how.withState).map(([name]) => name),
          ...ENDINGS,
          ...(how.globals ?? []),
        ]),
      );
    state.at += 1;
    const result = step(state, token.text, child, tokens, how);
    if (result !== undefined) return result;
  }
  return ok(state, state.schema, tokens);
}

function bySlashes(root: BranchSchema, token: Token): Token[] {
  const found: Token[] = [];
  let rest = token.text;
  let at: Schema | undefined = root;
  for (;;) {
    const cut = rest.indexOf("/");
    at = at?.kind === "container" && cut > 0 ? at.children.get(rest.slice(0, cut)) : undefined;
    if (at === undefined) return [...found, { text: rest, quoted: false }];
    found.push({ text: rest.slice(0, cut), quoted: false });
    rest = rest.slice(cut + 1);
  }
}

interface Walker {
  readonly root: BranchSchema;
  path: Step[];
  schema: BranchSchema;
  edits: Edit[];
  at: number;
  assigned: boolean;
}

function ok(state: Walker, endsIn: Schema, tokens: readonly Token[]): Parsed {
  const { edits, path, at, assigned } = state;
  return { kind: "ok", edits, end: [...path], endsIn, rest: tokens.slice(at), assigned };
}

function fail(message: string): Parsed {
  return { kind: "error", message };
}

/** Returns an answer where the words end here. */
function step(
  state: Walker,
  name: string,
  child: Schema,
  tokens: readonly Token[],
  how: WalkOptions,
): Parsed | undefined {
  switch (child.kind) {
    case "container":
      state.path.push({ name, keys: [] });
      state.schema = child;
      if (child.presence) state.edits.push({ op: "create", path: [...state.path] });
      return undefined;
    case "list":
      return intoList(state, name, child, tokens, how);
    case "leaf":
      return intoLeaf(state, name, child.type, tokens, how);
    case "leaf-list":
      return intoLeafList(state, name, child.type, tokens, how);
    default:
      return child satisfies never;
  }
}

function goUp(state: Walker): void {
  state.path.pop();
  let schema: Schema = state.root;
  for (const { name } of state.path) {
    const next: Schema | undefined =
      schema.kind === "container" || schema.kind === "list" ? schema.children.get(name) : undefined;
    if (next === undefined) return;
    schema = next;
  }
  if (schema.kind === "container" || schema.kind === "list") state.schema = schema;
}

/** The first key by its place, further ones by their name: `acl-filter edge type ipv4`. */
function intoList(
  state: Walker,
  name: string,
  schema: ListSchema,
  tokens: readonly Token[],
  how: WalkOptions,
): Parsed | undefined {
  const keys = schema.keys.map(() => (how.values ? undefined : "*")) as (string | undefined)[];
  let given = 0;
  for (const [index, key] of schema.keys.entries()) {
    const word = tokens[state.at];
    const named = word !== undefined && !word.quoted && index > 0 && word.text === key.name;
    if (index > 0 && !named) break;
    if (named) state.at += 1;
    const value = tokens[state.at];
    if (value === undefined || isEnd(value)) break;
    const wild = !how.values && !value.quoted && value.text === "*";
    const why = wild ? undefined : refusal(key.type, value.text);
    if (why !== undefined)
      return fail(`Error: Failed to parse value '${value.text}' for key '${key.name}' (node '${name}') - ${why}`);
    keys[index] = value.text;
    given += 1;
    state.at += 1;
  }
  if (how.values && given < schema.keys.length) {
    const missing = schema.keys[given]?.name ?? "";
    return fail(`Parsing error: Missing value for key '${missing}' of '${name}'`);
  }
  const isWhole = given === 0 && !how.values;
  state.path.push({ name, keys: isWhole ? [] : keys.map((key) => key ?? "*") });
  if (isWhole) return ok(state, schema, tokens);
  state.schema = schema;
  state.edits.push({ op: "create", path: [...state.path] });
  return undefined;
}

function isEnd(token: Token): boolean {
  return !token.quoted && ["{", "}", "|", "]"].includes(token.text);
}

function intoLeaf(
  state: Walker,
  name: string,
  type: LeafType,
  tokens: readonly Token[],
  how: WalkOptions,
): Parsed | undefined {
  const path = [...state.path, { name, keys: [] }];
  if (!how.values) return ok({ ...state, path }, { kind: "leaf", type, state: false }, tokens);
  const value = tokens[state.at];
  if (value === undefined || isEnd(value)) return fail(`Parsing error: Missing value for '${name}'`);
  const why = refusal(type, value.text);
  if (why !== undefined) return fail(`Error: Failed to parse value '${value.text}' for leaf '${name}' - ${why}`);
  state.edits.push({ op: "leaf", path, value: stored(type, value.text) });
  state.assigned = true;
  state.at += 1;
  return undefined;
}

function intoLeafList(
  state: Walker,
  name: string,
  type: LeafType,
  tokens: readonly Token[],
  how: WalkOptions,
): Parsed | undefined {
  const path = [...state.path, { name, keys: [] }];
  const values: string[] = [];
  const first = tokens[state.at];
  if (first !== undefined && !first.quoted && first.text === "[") {
    state.at += 1;
    for (;;) {
      const token = tokens[state.at];
      state.at += 1;
      if (token === undefined || (!token.quoted && token.text === "]")) break;
      values.push(token.text);
    }
  } else if (first !== undefined && !isEnd(first)) {
    values.push(first.text);
    state.at += 1;
  }
  for (const value of values) {
    const why = refusal(type, value);
    if (why !== undefined) return fail(`Error: Failed to parse value '${value}' for leaf-list '${name}' - ${why}`);
  }
  if (!how.values) {
    state.edits = values.length > 0 ? [{ op: "leaf-list", path, values }] : [];
    return ok({ ...state, path }, { kind: "leaf-list", type, state: false }, tokens);
  }
  if (values.length === 0) return fail(`Parsing error: Missing value for '${name}'`);
  state.edits.push({ op: "leaf-list", path, values });
  state.assigned = true;
  return undefined;
}
