/** A line as words with their positions; quotes hold blanks together, and a word that needs them gets them back. */

export interface Word {
  readonly text: string;
  /** Columns from the start of the line: of its first character, and behind its last. */
  readonly from: number;
  readonly to: number;
  readonly quoted: boolean;
}

/** In quotes only a quote needs its backslash; every other one is part of the text, as in `message "one\\ntwo"`. */
export function unescape(text: string, at: number): { text: string; length: number } {
  const next = text[at + 1];
  if (text[at] !== "\\" || next === undefined) return { text: text[at] ?? "", length: 1 };
  return next === '"' ? { text: next, length: 2 } : { text: `\\${next}`, length: 2 };
}

export function splitWords(line: string): Word[] {
  const words: Word[] = [];
  let at = 0;
  while (at < line.length) {
    const start = at;
    const char = line[at] ?? "";
    if (/\s/.test(char)) {
      at += 1;
      continue;
    }
    if (char === "[" || char === "]") {
      words.push({ text: char, from: at, to: at + 1, quoted: false });
      at += 1;
      continue;
    }
    if (char === '"') {
      let text = "";
      at += 1;
      while (at < line.length && line[at] !== '"') {
        const escaped = unescape(line, at);
        text += escaped.text;
        at += escaped.length;
      }
      at += 1;
      words.push({ text, from: start, to: Math.min(at, line.length), quoted: true });
      continue;
    }
    // A bracket in the middle of a word belongs to it: `ge-0/0/[0-3]`.
    while (
      at < line.length &&
      !/\s/.test(line[at] ?? "") &&
      !(line[at] === "]" && !line.slice(start, at).includes("["))
    )
      at += 1;
    words.push({ text: line.slice(start, at), from: start, to: at, quoted: false });
  }
  return words;
}

/** As the device prints a value. */
export function quote(text: string): string {
  if (text !== "" && !/[\s"@$;{}[\]#\\?<>|&()']/.test(text)) return text;
  if (/^<[\w*.-]+>$/.test(text)) return text;
  return `"${text.replaceAll('"', String.raw`\"`)}"`;
}
