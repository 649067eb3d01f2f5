/**
 * The IOS parser in small: keywords by unique abbreviation, a caret under the first word that fits nothing, "Ambiguous",
 * "Incomplete". One matcher for exec and configuration; the grammars are lists of words.
 *
 * In a pattern: lower case and digits are keywords, `a|b` is a choice, WORD/NUM/A.B.C.D/IFACE/URL are values,
 * `…` (last) is any rest, `LINE` (last) is a rest of at least one word, `[…]` optional words are written as two patterns.
 */
export interface Pattern<Id extends string> {
  readonly id: Id;
  readonly words: readonly string[];
}

export interface Token {
  readonly text: string;
  readonly at: number;
}

export type Match<Id extends string> =
  | { kind: "matched"; id: Id; words: string[]; canonical: string; tokens: Token[] }
  | { kind: "invalid"; at: number }
  | { kind: "incomplete"; canonical: string }
  | { kind: "ambiguous"; text: string };

export function patterns<Id extends string>(table: readonly (readonly [Id, string])[]): Pattern<Id>[] {
  return table.map(([id, text]) => ({ id, words: text.split(" ") }));
}

export function tokensOf(line: string): Token[] {
  return [...line.matchAll(/\S+/g)].map((found) => ({ text: found[0], at: found.index }));
}

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$/;
const IPV4_PREFIX = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\/(?:3[0-2]|[12]?\d)$/;
const IPV6 = /^[0-9a-f:]*:[0-9a-f:.]*$/i;

export function isAddress(text: string): boolean {
  return IPV4.test(text);
}

/** Undefined where `word` is a keyword of the pattern. */
function valueFits(word: string, text: string): boolean | undefined {
  switch (word) {
    case "WORD":
    case "LINE":
    case "…":
    case "URL":
      return true;
    case "NUM":
      return /^\d+$/.test(text);
    case "A.B.C.D":
      return IPV4.test(text);
    case "A.B.C.D/N":
      return IPV4_PREFIX.test(text);
    case "ADDRESS":
      return IPV4.test(text) || IPV6.test(text);
    case "PEER":
      return IPV4.test(text) || IPV6.test(text) || /^[A-Za-z]/.test(text);
    case "IFACE":
      return /^[A-Za-z][A-Za-z-]*\s?\d[\d/.:]*$/.test(text);
    case "IFTYPE":
      return /^[A-Za-z][A-Za-z-]*$/.test(text);
    default:
      return undefined;
  }
}

function isRest(word: string | undefined): boolean {
  return word === "…" || word === "LINE";
}

interface Live<Id extends string> {
  pattern: Pattern<Id>;
  words: string[];
}

export function matchLine<Id extends string>(grammar: readonly Pattern<Id>[], line: string, fromToken = 0): Match<Id> {
  const tokens = tokensOf(line).slice(fromToken);
  let live: Live<Id>[] = grammar.map((pattern) => ({ pattern, words: [] }));
  let resting: Live<Id> | undefined;
  for (const [index, token] of tokens.entries()) {
    const step = narrow(live, index, token);
    if (step.kind !== "live") return step;
    live = step.live;
    const rest = live.find((entry) => isRest(entry.pattern.words[index]));
    if (rest && live.every((entry) => isRest(entry.pattern.words[index]))) {
      resting = {
        pattern: rest.pattern,
        words: [...rest.words.slice(0, index), ...tokens.slice(index).map((later) => later.text)],
      };
      break;
    }
  }
  if (resting) return matched(resting, tokens, line);
  const done = live.find(
    ({ pattern }) => pattern.words.length === tokens.length || pattern.words[tokens.length] === "…",
  );
  return done ? matched(done, tokens, line) : { kind: "incomplete", canonical: live[0]?.words.join(" ") ?? "" };
}

function matched<Id extends string>(entry: Live<Id>, tokens: Token[], line: string): Match<Id> {
  // A free rest keeps its own blanks: a description may have two in a row.
  const restAt = entry.pattern.words.findIndex((word) => isRest(word));
  const restFrom = restAt < 0 ? undefined : tokens[restAt]?.at;
  const canonical =
    restFrom === undefined
      ? entry.words.join(" ")
      : [...entry.words.slice(0, restAt), line.slice(restFrom).trimEnd()].join(" ");
  return { kind: "matched", id: entry.pattern.id, words: entry.words, canonical, tokens };
}

type Step<Id extends string> =
  | { kind: "live"; live: Live<Id>[] }
  | { kind: "invalid"; at: number }
  | { kind: "ambiguous"; text: string };

function narrow<Id extends string>(live: readonly Live<Id>[], index: number, token: Token): Step<Id> {
  const wanted = token.text.toLowerCase();
  const keywords = new Set<string>();
  for (const { pattern } of live) {
    for (const keyword of keywordsAt(pattern.words[index])) if (keyword.startsWith(wanted)) keywords.add(keyword);
  }
  const keyword = keywords.has(wanted) ? wanted : keywords.size === 1 ? [...keywords][0] : undefined;
  if (keyword === undefined && keywords.size > 1) return { kind: "ambiguous", text: token.text };
  const next: Live<Id>[] = [];
  for (const { pattern, words } of live) {
    const word = pattern.words[index];
    if (word === undefined) continue;
    if (keyword !== undefined && keywordsAt(word).includes(keyword)) next.push({ pattern, words: [...words, keyword] });
    else if (keyword === undefined && valueFits(word, token.text))
      next.push({ pattern, words: [...words, token.text] });
  }
  // A free rest is taken only where no keyword fits, but then it must not be lost beside a keyword either.
  if (next.length === 0) {
    const free = live.filter(({ pattern }) => isRest(pattern.words[index]));
    if (free.length === 0) return { kind: "invalid", at: token.at };
    return { kind: "live", live: free.map(({ pattern, words }) => ({ pattern, words: [...words, token.text] })) };
  }
  return { kind: "live", live: next };
}

function keywordsAt(word: string | undefined): readonly string[] {
  if (word === undefined || valueFits(word, "x") !== undefined) return [];
  return word.split("|");
}

/** The words that could follow, for `?`. */
export function nextWords<Id extends string>(grammar: readonly Pattern<Id>[], line: string): string[] {
  const tokens = tokensOf(line);
  const partial = /\S$/.test(line) ? (tokens.pop()?.text.toLowerCase() ?? "") : "";
  let live: Live<Id>[] = grammar.map((pattern) => ({ pattern, words: [] }));
  for (const [index, token] of tokens.entries()) {
    const step = narrow(live, index, token);
    if (step.kind !== "live") return [];
    live = step.live;
  }
  const words = new Set<string>();
  for (const { pattern } of live) {
    const word = pattern.words[tokens.length];
    const keywords = keywordsAt(word);
    for (const keyword of keywords) if (keyword.startsWith(partial)) words.add(keyword);
    if (keywords.length === 0 && word !== undefined && partial === "") words.add(word === "…" ? "<cr>" : word);
    if (word === undefined && partial === "") words.add("<cr>");
  }
  return [...words].toSorted();
}
