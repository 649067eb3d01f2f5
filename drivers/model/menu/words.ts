import { TOKEN } from "../token.ts";

/**
 * The words of a line of a menu language: `/path add name=value other="two words" [ find name=x ]`. A token that stands for a secret is
 * part of the word it stands in; an open quote or bracket ends with the line.
 */

const STICKY_TOKEN = new RegExp(TOKEN.source, "vy");
const CLOSES: Readonly<Record<string, string>> = { "[": "]", "{": "}", "(": ")" };
/** No real line nests deeper, and a hostile one must not exhaust the stack. */
const NESTED_MAX = 8;

/** Where what begins at `at` ends: one character, a token, a quoted text, a bracket with all that is in it. */
function past(text: string, at: number, depth = 0): number {
  const c = text.charAt(at);
  if (c === "‹") {
    STICKY_TOKEN.lastIndex = at;
    const found = STICKY_TOKEN.exec(text);
    return found ? at + found[0].length : at + 1;
  }
  if (c === '"') {
    for (let next = at + 1; next < text.length;) {
      const d = text.charAt(next);
      if (d === '"') return next + 1;
      next = d === "\\" ? next + 2 : d === "‹" ? past(text, next) : next + 1;
    }
    return text.length;
  }
  const closes = CLOSES[c];
  if (closes === undefined || depth >= NESTED_MAX) return at + 1;
  let next = at + 1;
  while (next < text.length && text.charAt(next) !== closes) next = past(text, next, depth + 1);
  return Math.min(next + 1, text.length);
}

export function wordsOf(text: string): string[] {
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && /\s/v.test(text.charAt(at))) at++;
    if (at >= text.length) return words;
    const from = at;
    while (at < text.length && !/\s/v.test(text.charAt(at))) at = past(text, at);
    words.push(text.slice(from, at));
  }
}

/** Shown without quotes by the device; everything else in them. */
const BARE = /^[\w.,:\/\-!+@%*~<>^\|]+$/v;

/** One spelling of a value, whoever wrote it: quoted only where it must be, and always where it is secret. */
export function canonicalValue(raw: string, secret: boolean): string {
  const quoted = raw.length >= 2 && raw.startsWith('"') && raw.endsWith('"');
  const content = quoted ? raw.slice(1, -1) : raw;
  if (content === "") return '""';
  // A bracket is a search, a variable or an expression is for the rules that refuse it: quotes would make another thing of each.
  if (!quoted && (/^[\[\(\{]/v.test(raw) || /(?<!\\)\$/v.test(raw))) return raw;
  if (secret || content.includes("‹")) return `"${content}"`;
  if (BARE.test(content)) return content;
  return quoted ? raw : `"${content.replaceAll(/["\\$?]/gv, String.raw`\$&`)}"`;
}

/** `name=value`; undefined for a word alone. */
export function pairOf(word: string): readonly [name: string, value: string] | undefined {
  const found = /^(?<name>[a-z0-9.][\w.\-]{0,80})=/iv.exec(word);
  const name = found?.groups?.["name"];
  return name === undefined ? undefined : [name, word.slice(name.length + 1)];
}
