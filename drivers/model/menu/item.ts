import type { MenuForm } from "../language.ts";
import { canonicalValue, pairOf, wordsOf } from "./words.ts";

/** One line of a menu language, taken apart. */
export interface MenuLine {
  /** `/ip firewall filter` */
  readonly menu: string;
  readonly verb: Verb;
  /** What it is about: `[ find default-name=ether1 ]`, `telnet`; undefined for an item that is added and for a menu's own settings. */
  readonly selector: string | undefined;
  readonly props: ReadonlyMap<string, string>;
}

const VERBS = ["add", "set", "remove", "enable", "disable", "move"] as const;
export type Verb = (typeof VERBS)[number];
const isVerb = (word: string): word is Verb => (VERBS as readonly string[]).includes(word);

/** Undefined where the line is none of this language. */
export function readItem(form: MenuForm, text: string): MenuLine | undefined {
  const words = wordsOf(text);
  const at = words.findIndex(isVerb);
  const verb = words[at];
  if (at < 1 || verb === undefined || !isVerb(verb)) return undefined;
  const path = words.slice(0, at);
  const menu = `/${path.join(" ").replaceAll("/", " ").trim()}`.replaceAll(/ {2,}/gv, " ");
  if (path[0]?.startsWith("/") !== true || !/^\/[a-z0-9 \-]+$/v.test(menu)) return undefined;
  const props = new Map<string, string>();
  let selector: string | undefined;
  for (const word of words.slice(at + 1)) {
    const pair = pairOf(word);
    if (pair) {
      const [name, value] = pair;
      props.set(name, value.startsWith("[") ? selectorOf(form, value) : canonicalValue(value, form.quoted.test(name)));
    } else if (/^![a-z][\w.\-]*$/v.test(word)) props.set(word.slice(1), '""');
    else if (selector === undefined && verb !== "add") selector = selectorOf(form, word);
    else return undefined;
  }
  return { menu, verb, selector, props };
}

/** `[find where name = x]` in one spelling. */
function selectorOf(form: MenuForm, raw: string): string {
  const inner = raw.startsWith("[") && raw.endsWith("]") ? wordsOf(raw.slice(1, -1)) : undefined;
  if (inner?.[0] !== "find") return canonicalValue(raw, false);
  return findOf(
    inner.slice(1).flatMap((word) => {
      if (word === "where" || word === "and") return [];
      const pair = pairOf(word);
      return [pair ? `${pair[0]}=${canonicalValue(pair[1], form.quoted.test(pair[0]))}` : word];
    }),
  );
}

export const findOf = (terms: readonly string[]): string => `[ find ${[...terms, "]"].join(" ")}`;

/** What a `[ find … ]` asks for; undefined for one that asks for more than equality. */
export function termsOf(selector: string): readonly (readonly [string, string])[] | undefined {
  const words = wordsOf(selector.slice(1, -1)).slice(1);
  const pairs = words.map(pairOf);
  return pairs.every((pair) => pair !== undefined) ? pairs : undefined;
}

export function printItem({ menu, verb, selector, props }: MenuLine): string {
  const sorted = [...props].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const words = [
    menu,
    verb,
    ...(selector === undefined ? [] : [selector]),
    ...sorted.map(([name, value]) => `${name}=${value}`),
  ];
  return words.join(" ");
}

/** In the spelling in which it would be read: a token that took the place of a value stands in quotes. */
export function respeltItem(form: MenuForm, text: string): string {
  const item = readItem(form, text);
  return item ? printItem(item) : text;
}
