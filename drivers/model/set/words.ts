import { TOKEN } from "../token.ts";

/**
 * The words of a line of a set language. A quoted word is one word and keeps its quotes; a token that stands for a secret is part of the
 * word it stands in, whatever is in it.
 */

/** Deeper paths are no configuration: what follows is one last word, so that no device can make a tree without a bottom. */
export const WORDS_MAX = 48;

const STICKY_TOKEN = new RegExp(TOKEN.source, "vy");
const BARE = /^[\w.:\/\-+@,%~=]+$/v;
/** What a reader of set commands would take for something else than a letter. */
const UNSAFE = /[\s;\{\}\[\]#"'\\$]/v;

/** Where the word that begins at `from` ends; blanks are no part of it. */
export function wordEnd(text: string, from: number, stop?: (c: string) => boolean): number {
  let at = from;
  let quoted = text[at] === '"';
  if (quoted) at++;
  while (at < text.length) {
    const c = text.charAt(at);
    if (c === "‹") {
      STICKY_TOKEN.lastIndex = at;
      const found = STICKY_TOKEN.exec(text);
      if (found) {
        at += found[0].length;
        continue;
      }
    }
    if (quoted) {
      if (c === "\\") at++;
      else if (c === '"') quoted = false;
      at++;
      // A closed quote ends the word.
      if (!quoted && text[from] === '"') return Math.min(at, text.length);
      continue;
    }
    if (isBlank(c) || stop?.(c) === true) return at;
    at++;
  }
  return Math.min(at, text.length);
}

export const isBlank = (c: string): boolean => c === " " || c === "\t" || c === "\n" || c === "\r";

/** Most lines: words as they are, one blank between them. */
const PLAIN = /^[\w.:\/\-+@,%~=]+(?: [\w.:\/\-+@,%~=]+)*$/v;

export function wordsOf(text: string): string[] {
  if (PLAIN.test(text)) {
    const plain = text.split(" ");
    if (plain.length < WORDS_MAX) return plain;
  }
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && isBlank(text.charAt(at))) at++;
    if (at >= text.length) return words;
    if (words.length === WORDS_MAX - 1) {
      words.push(text.slice(at).trimEnd());
      return words;
    }
    const end = wordEnd(text, at);
    words.push(canonicalWord(text.slice(at, end)));
    at = end;
  }
}

/** One spelling for a word, quoted only where it must be: devices and people differ in it. A secret's token needs no quotes. */
export function canonicalWord(word: string): string {
  const quoted = word.length >= 2 && word.startsWith('"') && word.endsWith('"');
  const content = quoted ? word.slice(1, -1) : word;
  if (isToken(content)) return content;
  if (quoted) return BARE.test(content) ? content : word;
  // An open quote is closed.
  if (word.startsWith('"')) return `${word}"`;
  if (word === "[" || word === "]") return word;
  return UNSAFE.test(content.replaceAll(TOKEN, "")) ? `"${content.replaceAll(/(?<!\\)"/gv, '\\"')}"` : word;
}

export function isToken(word: string): boolean {
  STICKY_TOKEN.lastIndex = 0;
  return STICKY_TOKEN.exec(word)?.[0].length === word.length;
}

/** A value list in brackets is as many paths: `a b [ c d ]` is `a b c` and `a b d`. */
export function expanded(words: readonly string[]): string[][] {
  const open = words.indexOf("[");
  if (open < 0 || words.at(-1) !== "]") return [[...words]];
  const head = words.slice(0, open);
  const values = words.slice(open + 1, -1);
  if (values.length === 0) return [head];
  return values.map((value) => [...head, value]);
}

/** A line whose words were changed, in the spelling that it would be read in. */
export const respelt = (line: string): string => wordsOf(line).join(" ");

/** Secrets are typed in quotes: what they hold is not known before. */
export const withQuotedTokens = (line: string): string =>
  wordsOf(line)
    .map((word) => (isToken(word) ? `"${word}"` : word))
    .join(" ");
