import type { TextFile } from "./pack.ts";
import type { Findings, Found } from "./parse.ts";
import { cellText, LINE_CHARS_MAX, ROWS_MAX } from "./rows.ts";

/**
 * A table of text, line by line: a header opens it, each pattern of `rows` is a row, `carry` is for all rows below, `more` adds to the row
 * above. One pass, each line tried against each pattern once.
 */
export function textRows(file: TextFile | undefined, output: string): Findings | string {
  if (!file) return "nothing says how it is read";
  const reader = new TextReader(file);
  let at = 0;
  while (at < output.length) {
    const end = output.indexOf("\n", at);
    const line = output.slice(at, end === -1 ? undefined : end).trimEnd();
    at = end === -1 ? output.length : end + 1;
    reader.take(line);
    if (reader.rows.length > ROWS_MAX) break;
  }
  reader.end();
  return reader.findings();
}

class TextReader {
  readonly rows: Map<string, string | string[]>[] = [];
  readonly #start: RegExp | undefined;
  readonly #carry: readonly RegExp[];
  readonly #rows: readonly { pattern: RegExp; set: readonly (readonly [string, string])[] }[];
  readonly #more: readonly RegExp[];
  readonly #wrap: RegExp | undefined;
  readonly #skip: readonly RegExp[];
  #open: boolean;
  #carried = new Map<string, string>();
  #half: string | undefined;
  #strange = 0;
  #example: string | null = null;

  constructor(file: TextFile) {
    this.#start = file.start === undefined ? undefined : new RegExp(file.start, "v");
    this.#open = this.#start === undefined;
    this.#carry = file.carry.map((source) => new RegExp(source, "v"));
    this.#rows = file.rows.map(({ pattern, set }) => ({ pattern: new RegExp(pattern, "v"), set: Object.entries(set) }));
    this.#more = file.more.map((source) => new RegExp(source, "v"));
    this.#wrap = file.wrap === undefined ? undefined : new RegExp(file.wrap, "v");
    this.#skip = file.skip.map((source) => new RegExp(source, "v"));
  }

  take(line: string): void {
    if (line === "") return;
    if (line.length > LINE_CHARS_MAX) {
      if (this.#open) this.#isStrange(line);
      return;
    }
    if (this.#start?.test(line) === true) {
      this.#open = true;
      return;
    }
    if (this.#carries(line) || !this.#open) return;
    if (this.#half !== undefined) {
      const whole = `${this.#half} ${line.trimStart()}`;
      const half = this.#half;
      this.#half = undefined;
      if (this.#isRow(whole)) return;
      this.#isStrange(half);
    }
    if (this.#isRow(line) || this.#isMore(line) || this.#skip.some((pattern) => pattern.test(line))) return;
    if (this.#wrap?.test(line) === true) this.#half = line;
    else this.#isStrange(line);
  }

  end(): void {
    if (this.#half !== undefined) this.#isStrange(this.#half);
  }

  findings(): Findings {
    const rows: readonly Found[] = this.rows;
    return { rows, strange: this.#strange, example: this.#example };
  }

  #carries(line: string): boolean {
    const groups = first(this.#carry, line);
    for (const [name, value] of Object.entries(groups ?? {})) this.#carried.set(name, value ?? "");
    return groups !== undefined;
  }

  #isRow(line: string): boolean {
    for (const { pattern, set } of this.#rows) {
      const found = pattern.exec(line);
      if (!found) continue;
      const row = new Map<string, string | string[]>([...this.#carried, ...set]);
      for (const [name, value] of Object.entries(found.groups ?? {})) if (value !== undefined) row.set(name, value);
      this.rows.push(row);
      return true;
    }
    return false;
  }

  /** A cell that is there already becomes a list. */
  #isMore(line: string): boolean {
    const last = this.rows.at(-1);
    const groups = last && first(this.#more, line);
    if (!groups) return false;
    for (const [name, value] of Object.entries(groups)) {
      if (value === undefined) continue;
      const held = last.get(name);
      if (held === undefined) last.set(name, value);
      else if (typeof held === "string") last.set(name, [held, value]);
      else if (held.length < 64) held.push(value);
    }
    return true;
  }

  #isStrange(line: string): void {
    this.#strange++;
    this.#example ??= cellText(line);
  }
}

function first(patterns: readonly RegExp[], line: string): Record<string, string | undefined> | undefined {
  for (const pattern of patterns) {
    const found = pattern.exec(line);
    if (found) return found.groups ?? {};
  }
  return undefined;
}
