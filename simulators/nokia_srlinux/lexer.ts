/** Words of SR Linux's command line: quotes, braces, brackets, comments, and what is not finished with its line. */

export interface Token {
  readonly text: string;
  readonly quoted: boolean;
}

export type Lexed =
  | { readonly kind: "words"; readonly tokens: readonly Token[] }
  /** A quote or a bracket is open: the device asks for the rest with `...`. */
  | { readonly kind: "open" };

const ALONE = new Set(["{", "}", "[", "]", "|"]);

export function lex(text: string): Lexed {
  const tokens: Token[] = [];
  let brackets = 0;
  let at = 0;
  while (at < text.length) {
    const char = text[at] ?? "";
    if (/\s/.test(char)) {
      at += 1;
      continue;
    }
    if (char === "#" && (at === 0 || /\s/.test(text[at - 1] ?? ""))) {
      const end = text.indexOf("\n", at);
      at = end < 0 ? text.length : end;
      continue;
    }
    if (char === '"' || char === "'") {
      const quoted = readQuoted(text, at);
      if (quoted === undefined) return { kind: "open" };
      tokens.push({ text: quoted.text, quoted: true });
      at = quoted.end;
      continue;
    }
    if (ALONE.has(char)) {
      if (char === "[") brackets += 1;
      if (char === "]") brackets -= 1;
      tokens.push({ text: char, quoted: false });
      at += 1;
      continue;
    }
    let end = at;
    while (end < text.length && !/[\s{}[\]|]/.test(text[end] ?? "")) end += 1;
    const word = text.slice(at, end);
    // A leading slash is the root: `/interface` and `/ interface` are the same.
    if (word.length > 1 && word.startsWith("/") && !word.startsWith("//")) {
      tokens.push({ text: "/", quoted: false }, { text: word.slice(1), quoted: false });
    } else tokens.push({ text: word, quoted: false });
    at = end;
  }
  return brackets > 0 ? { kind: "open" } : { kind: "words", tokens };
}

function readQuoted(text: string, start: number): { text: string; end: number } | undefined {
  const quote = text[start];
  let value = "";
  for (let at = start + 1; at < text.length; at += 1) {
    const char = text[at] ?? "";
    if (char === "\\" && at + 1 < text.length) {
      value += text[at + 1] ?? "";
      at += 1;
    } else if (char === quote) return { text: value, end: at + 1 };
    else value += char;
  }
  return undefined;
}

/** As the device shows a value: bare where it can be typed bare. */
export function quote(value: string): string {
  return /^[^\s"'{}[\]|#>;?\\/][^\s"'{}[\]|#>;?\\]*$/.test(value)
    ? value
    : `"${value.replace(/["\\]/g, String.raw`\$&`)}"`;
}

/** A file or a pasted text as complete commands, each with its tokens. Throws on a quote that never ends. */
export function statements(text: string): (readonly Token[])[] {
  const found: (readonly Token[])[] = [];
  let pending = "";
  for (const line of text.split(/\r?\n/)) {
    pending = pending === "" ? line : `${pending}\n${line}`;
    const lexed = lex(pending);
    if (lexed.kind === "open") continue;
    if (lexed.tokens.length > 0) found.push(lexed.tokens);
    pending = "";
  }
  if (pending.trim() !== "") throw new Error(`this never ends: ${pending.slice(0, 80)}`);
  return found;
}
