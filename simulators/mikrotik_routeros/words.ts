/** The words of RouterOS's console: quoted strings with their escapes, brackets, and where each stands, as errors name a column. */

export interface Word {
  /** As typed. */
  readonly raw: string;
  /** From 1. */
  readonly column: number;
}

export class ConsoleError extends Error {}

export const syntaxError = (column: number): ConsoleError => new ConsoleError(`syntax error (line 1 column ${column})`);
export const expectedEnd = (column: number): ConsoleError =>
  new ConsoleError(`expected end of command (line 1 column ${column})`);
export const badCommand = (name: string, column: number): ConsoleError =>
  new ConsoleError(`bad command name ${name} (line 1 column ${column})`);
export const noSuchItem = (): ConsoleError => new ConsoleError("no such item");
export const failure = (why: string): ConsoleError => new ConsoleError(`failure: ${why}`);

/** Commands of one line, parted by `;` outside of quotes and brackets. */
export function commandsOf(line: string): { text: string; column: number }[] {
  const out: { text: string; column: number }[] = [];
  let from = 0;
  for (let at = 0; at <= line.length; at++) {
    if (at < line.length && line.charAt(at) !== ";" && line.charAt(at) !== "\n") {
      at = pastGroup(line, at) - 1;
      continue;
    }
    const text = line.slice(from, at);
    if (text.trim() !== "") out.push({ text, column: from + 1 });
    from = at + 1;
  }
  return out;
}

/** Where the character, string or bracket that begins here ends. */
function pastGroup(text: string, from: number): number {
  const opens = text.charAt(from);
  if (opens === '"') {
    for (let at = from + 1; at < text.length; at++) {
      if (text.charAt(at) === "\\") at++;
      else if (text.charAt(at) === '"') return at + 1;
    }
    throw new ConsoleError(`expected closing '"' (line 1 column ${text.length + 1})`);
  }
  const closes = opens === "[" ? "]" : opens === "{" ? "}" : opens === "(" ? ")" : undefined;
  if (closes === undefined) return from + 1;
  let at = from + 1;
  while (at < text.length && text.charAt(at) !== closes) at = pastGroup(text, at);
  if (at >= text.length) throw syntaxError(text.length + 1);
  return at + 1;
}

export function wordsOf(text: string, column = 1): Word[] {
  const words: Word[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && /\s/.test(text.charAt(at))) at++;
    if (at >= text.length) return words;
    const from = at;
    while (at < text.length && !/\s/.test(text.charAt(at))) at = pastGroup(text, at);
    words.push({ raw: text.slice(from, at), column: column + from });
  }
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", _: " ", a: "\u0007" };

/** What a word means: without its quotes, escapes resolved. */
export function valueOf(raw: string): string {
  if (!raw.startsWith('"')) return raw;
  const inner = raw.slice(1, -1);
  return inner.replace(/\\([0-9A-F]{2}|[\s\S])/g, (_, one: string) =>
    one.length === 2 ? String.fromCharCode(Number.parseInt(one, 16)) : (ESCAPES[one] ?? one),
  );
}

/** How an export shows a value: in quotes where it holds more than plain characters (from what recorded exports quote and do not). */
export function shown(value: string): string {
  if (/^[\w.,:/\-!+@%*~<>^|]+$/.test(value)) return value;
  const escaped = value
    .replace(/[\\"$?]/g, (c) => `\\${c}`)
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\t", "\\t");
  return `"${escaped}"`;
}

/** `key=value`, `!key`, or a word alone. */
export function pairOf(word: Word): { key: string; value: string } | undefined {
  const found = /^([a-z0-9.][\w.-]*)=/i.exec(word.raw);
  if (!found) return undefined;
  return { key: found[1] ?? "", value: valueOf(word.raw.slice(found[0].length)) };
}
