/** Words against the statements: which path they name, or at which word they stop making sense. */
import type { Schema } from "../schema/schema.ts";
import { canonical, refuseValue } from "../schema/values.ts";
import type { Word } from "./words.ts";

export interface Step {
  readonly schema: Schema;
  readonly keys: readonly string[];
  readonly values: readonly string[];
}

export interface Refusal {
  /** The word that is wrong; undefined where one is missing. */
  readonly word: Word | undefined;
  /** As the CLI says it under the caret. */
  readonly message: string;
}

export interface Resolved {
  /** Every statement that the words name: `route R next-hop N preference 5` names two. */
  readonly targets: readonly (readonly Step[])[];
  /** How far the words made sense. */
  readonly reached: readonly Step[];
  readonly refusal: Refusal | undefined;
}

export interface ResolveOptions {
  /** Unique beginnings of keywords count: at the prompt, not in a file. */
  readonly abbreviations?: boolean;
  /** A path to something that is there: values, and the last key, may be left out. */
  readonly open?: boolean;
}

type Found = { schema: Schema; taken: number } | { refusal: Refusal };

const SYNTAX = "syntax error";
const MISSING = "missing argument";

function matchWords(schema: Schema, words: readonly Word[], from: number, abbreviations: boolean): number {
  let matched = 0;
  for (const [at, name] of schema.words.entries()) {
    const word = words[from + at];
    if (!word || word.quoted) break;
    if (word.text !== name && !(abbreviations && name.startsWith(word.text))) break;
    matched += 1;
  }
  return matched;
}

function child(parent: Schema, words: readonly Word[], from: number, abbreviations: boolean): Found {
  const word = words[from];
  if (!word) return { refusal: { word: undefined, message: MISSING } };
  const named = parent.children.filter((schema) => schema.words.length > 0);
  const exact = named.filter((schema) => matchWords(schema, words, from, false) === schema.words.length);
  const best = exact[0];
  if (best) return { schema: best, taken: best.words.length };
  if (abbreviations) {
    const short = named.filter((schema) => matchWords(schema, words, from, true) === schema.words.length);
    const [only, second] = short;
    if (only && !second) return { schema: only, taken: only.words.length };
    const keyless = parent.children.some((schema) => schema.words.length === 0);
    if (second && !keyless) {
      const names = short.map((schema) => `  ${schema.words.join(" ")}`);
      return {
        refusal: { word, message: `'${word.text}' is ambiguous.\nPossible completions:\n${names.join("\n")}` },
      };
    }
  }
  // The first of two words was right: `family foo`.
  const half = named.find((schema) => schema.words.length > 1 && matchWords(schema, words, from, abbreviations) === 1);
  if (half) {
    const next = words[from + 1];
    return { refusal: { word: next, message: next ? SYNTAX : MISSING } };
  }
  const keyless = parent.children.find((schema) => schema.words.length === 0);
  if (!keyless) return { refusal: { word, message: SYNTAX } };
  const type = keyless.keys[0]?.type ?? keyless.value;
  const message = type === undefined ? undefined : refuseValue(type, word.text);
  return message === undefined ? { schema: keyless, taken: 0 } : { refusal: { word, message } };
}

function keysOf(schema: Schema, words: readonly Word[], from: number, open: boolean): Refusal | KeysTaken {
  const keys: string[] = [];
  let at = from;
  for (const key of schema.keys) {
    if (key.before !== undefined) {
      const fixed = words[at];
      if (!fixed) return { word: undefined, message: MISSING };
      if (fixed.text !== key.before) return { word: fixed, message: SYNTAX };
      at += 1;
    }
    const word = words[at];
    if (!word) return open && keys.length === 0 ? { keys: undefined, at } : { word: undefined, message: MISSING };
    const message = refuseValue(key.type, word.text);
    if (message !== undefined) return { word, message };
    keys.push(canonical(key.type, word.text));
    at += 1;
  }
  return { keys, at };
}

interface KeysTaken {
  /** Undefined: the keyword alone, every entry of it. */
  readonly keys: readonly string[] | undefined;
  readonly at: number;
}

function valuesOf(schema: Schema, words: readonly Word[], from: number, open: boolean): Refusal | ValuesTaken {
  const type = schema.value;
  if (type === undefined) return { values: [], at: from };
  const first = words[from];
  if (!first) return open ? { values: [], at: from } : { word: undefined, message: MISSING };
  const taken: Word[] = [];
  let at = from;
  if (schema.kind === "leaf-list" && first.text === "[" && !first.quoted) {
    at += 1;
    while (words[at] && words[at]?.text !== "]") {
      taken.push(words[at] as Word);
      at += 1;
    }
    if (!words[at]) return { word: undefined, message: "missing ']'" };
    at += 1;
  } else {
    taken.push(first);
    at += 1;
  }
  for (const word of taken) {
    const message = refuseValue(type, word.text);
    if (message !== undefined) return { word, message };
  }
  return { values: taken.map((word) => canonical(type, word.text)), at };
}

interface ValuesTaken {
  readonly values: readonly string[];
  readonly at: number;
}

export function resolve(start: Schema, words: readonly Word[], options: ResolveOptions = {}): Resolved {
  const { abbreviations = false, open = false } = options;
  const targets: Step[][] = [];
  const path: Step[] = [];
  let here = start;
  let at = 0;
  const stop = (refusal: Refusal): Resolved => ({ targets, reached: path, refusal });
  while (at < words.length) {
    const found = child(here, words, at, abbreviations);
    if ("refusal" in found) return stop(found.refusal);
    const { schema } = found;
    const keyed = keysOf(schema, words, at + found.taken, open);
    if ("message" in keyed) return stop(keyed);
    if (keyed.keys === undefined) {
      targets.push([...path, { schema, keys: [], values: [] }]);
      return { targets, reached: path, refusal: undefined };
    }
    const valued = valuesOf(schema, words, keyed.at, open);
    if ("message" in valued) return stop(valued);
    const step: Step = { schema, keys: keyed.keys, values: valued.values };
    at = valued.at;
    const descends = schema.children.length > 0 && schema.value === undefined;
    if (descends) {
      path.push(step);
      here = schema;
      if (at >= words.length) targets.push([...path]);
    } else targets.push([...path, step]);
  }
  return { targets, reached: path, refusal: undefined };
}
