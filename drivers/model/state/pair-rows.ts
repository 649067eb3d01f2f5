import type { PairFile } from "./pack.ts";
import type { Findings, Found } from "./parse.ts";
import { cellText, LINE_CHARS_MAX, ROWS_MAX } from "./rows.ts";

/** `name=`, `remote.address=`, and `.as=` for another member of the group before it. */
const KEY = /(?:^|\s)(?<key>[a-z.][a-z0-9.\-]{0,60})=/gv;
/** What may stand before the first pair, without blanks around it: a number and letters, as flags. One repetition without a bound, or blanks would be tried by the square. */
const HEAD = /^(?<number>\d{1,10})?\s*(?<flags>[A-Za-z+*][A-Za-z+* ]{0,20})?$/v;
const COMMENT = ";;;";

/**
 * A table of RouterOS: `0 DAc dst-address=… gateway=…`, an entry a line (`print terse`) or over indented lines (`print detail`). What stands between
 * two keys is a value, blanks and all; with `keys` nothing but these is a key, so that a name with `x=y` in it is none.
 */
export function pairRows(file: PairFile | undefined, output: string): Findings | string {
  if (!file) return "nothing says how it is read";
  const reader = new PairReader(file);
  let at = 0;
  while (at < output.length && reader.count <= ROWS_MAX) {
    const end = output.indexOf("\n", at);
    reader.take(output.slice(at, end === -1 ? undefined : end).trimEnd());
    at = end === -1 ? output.length : end + 1;
  }
  return reader.findings();
}

interface Entry {
  readonly flags: string;
  readonly values: Map<string, string>;
}

class PairReader {
  readonly #file: PairFile;
  readonly #keys: ReadonlySet<string> | undefined;
  readonly #where: RegExp | undefined;
  readonly #skip: readonly RegExp[];
  readonly #entries: Entry[] = [];
  /** Of dotted keys: `remote` of `remote.address`. */
  #group = "";
  #strange = 0;
  #example: string | null = null;

  constructor(file: PairFile) {
    this.#file = file;
    this.#keys = file.keys.length === 0 ? undefined : new Set(file.keys);
    this.#where = file.where === undefined ? undefined : new RegExp(file.where, "v");
    this.#skip = file.skip.map((source) => new RegExp(source, "v"));
  }

  get count(): number {
    return this.#entries.length;
  }

  take(line: string): void {
    if (line.trim() === "") return;
    if (line.length > LINE_CHARS_MAX * 4) {
      this.#isStrange(line);
      return;
    }
    const pairs = this.#pairsOf(line);
    const comment = line.indexOf(COMMENT);
    const first = pairs[0];
    // A comment stands before all pairs, on a line of its own, and may hold what looks like one.
    const isComment = comment !== -1 && (first === undefined || comment < first.at);
    const head = HEAD.exec(line.slice(0, isComment ? comment : (first?.at ?? line.length)).trim())?.groups;
    if (isComment ? head === undefined : first === undefined) {
      if (!this.#skip.some((pattern) => pattern.test(line))) this.#isStrange(line);
      return;
    }
    if (head === undefined) {
      this.#isStrange(line);
      return;
    }
    const { number, flags } = head;
    let entry = this.#entries.at(-1);
    if (entry === undefined || number !== undefined || flags !== undefined) {
      entry = { flags: (flags ?? "").replaceAll(" ", ""), values: new Map() };
      this.#entries.push(entry);
      this.#group = "";
    }
    if (isComment) return;
    for (const { key, value } of pairs) this.#put(entry, key, value);
  }

  #pairsOf(line: string): { key: string; at: number; value: string }[] {
    // What stands in quotes holds no key.
    const plain = withoutQuoted(line);
    const found = [...plain.matchAll(KEY)].flatMap((match) => {
      const key = match.groups?.["key"] ?? "";
      if (this.#keys && !this.#keys.has(key)) return [];
      return [{ key, at: match.index, from: match.index + match[0].length }];
    });
    return found.map(({ key, at, from }, index) => ({
      key,
      at,
      value: unquoted(line.slice(from, found[index + 1]?.at).trim()),
    }));
  }

  #put(entry: Entry, key: string, value: string): void {
    const dot = key.indexOf(".");
    if (dot > 0) this.#group = key.slice(0, dot);
    entry.values.set(dot === 0 ? `${this.#group}${key}` : key, value);
  }

  #isStrange(line: string): void {
    this.#strange++;
    this.#example ??= cellText(line);
  }

  findings(): Findings | string {
    // Before `where` has taken any away: behind the last that was looked at may stand one that is wanted.
    if (this.count > ROWS_MAX) return `more than ${ROWS_MAX} rows`;
    const { columns, flags } = this.#file;
    const rows = this.#entries
      .filter((entry) => this.#where?.test(entry.flags) ?? true)
      .map((entry): Found => {
        const row = new Map<string, string>(flags.map((column) => [column, entry.flags]));
        for (const [column, key] of Object.entries(columns)) {
          const value = (typeof key === "string" ? [key] : key).map((one) => entry.values.get(one)).find((one) => one);
          if (value !== undefined) row.set(column, value);
        }
        return row;
      });
    return { rows, strange: this.#strange, example: this.#example };
  }
}

/** What stands in quotes as `_`, in one pass: an expression would try each quote to the end of the line where none closes. */
function withoutQuoted(line: string): string {
  let plain = "";
  let from = 0;
  for (let open = line.indexOf('"'); open !== -1; open = line.indexOf('"', from)) {
    let end = open + 1;
    while (end < line.length && line[end] !== '"') end += line[end] === "\\" ? 2 : 1;
    // Where this one does not close, no later one does.
    if (end >= line.length) break;
    plain += line.slice(from, open) + "_".repeat(end + 1 - open);
    from = end + 1;
  }
  return plain + line.slice(from);
}

const unquoted = (value: string): string =>
  /^".*"$/sv.test(value) ? value.slice(1, -1).replaceAll(/\\(?=["\\$?])/gv, "") : value;
