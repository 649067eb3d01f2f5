import { XmlReader, type XmlElement } from "../xml/reader.ts";
import type { XmlRead, XmlRows } from "./pack.ts";
import type { Findings, Found } from "./parse.ts";
import { ROWS_MAX } from "./rows.ts";

const VALUE_MAX = 4096;
const VALUES_MAX = 64;
const ROOT = /<(?:[\w.\-]+:)?(?<local>[\w.\-]+)(?:\s[^>]*?xmlns="(?<namespace>[^"]*)")?/v;

/**
 * A table of XML, in one pass and without a tree: `reads` are the ways in which it may have been asked for, and the answer is of the first whose
 * elements are in it. Nothing in it is an answer too: no rows. Words instead of what was asked for are none.
 */
export function xmlRows(reads: readonly XmlRead[], output: string): Findings | string {
  if (output.trim() === "") return empty;
  const finder = new RowFinder(reads);
  const reader = new XmlReader(finder);
  try {
    reader.push(output);
    reader.finish();
  } catch {
    return "not XML";
  }
  return finder.findings();
}

/** An element at the top of a filter, with its namespace. */
interface Root {
  readonly local: string;
  readonly namespace: string | undefined;
}

/** Those of a subtree filter (RFC 6241 §6), which a pack writes as siblings without prefixes. */
function rootsOf(filter: string): Root[] {
  const roots: Root[] = [];
  let depth = 0;
  for (const [tag] of filter.matchAll(/<[^>]*>/gv)) {
    if (tag.startsWith("</")) {
      depth--;
      continue;
    }
    const { local, namespace } = ROOT.exec(tag)?.groups ?? {};
    if (depth === 0 && local !== undefined) roots.push({ local, namespace });
    if (!tag.endsWith("/>")) depth++;
  }
  return roots;
}

interface Way {
  readonly read: XmlRead;
  readonly roots: readonly Root[];
  /** Of its roots: a filter's stand in `<data>`, an operation answers with its own. */
  readonly depth: 1 | 2;
  /** Of each of its `rows`, in the order in which they begin; undefined while one is open, and where it is none after all. */
  readonly found: readonly (Found | undefined)[][];
  isThere: boolean;
}

interface OpenRow {
  readonly depth: number;
  readonly rows: XmlRows;
  readonly into: (Found | undefined)[];
  readonly at: number;
  readonly values: Map<string, string[]>;
  /** By column: which of its paths the value is of. */
  readonly ranks: Map<string, number>;
  /** Of the leaf that `where` asks about. */
  where: string | undefined;
}

class RowFinder {
  readonly #ways: readonly Way[];
  readonly #path: string[] = [];
  /** Leaves above the rows, by their path, until what holds them ends. */
  readonly #above = new Map<string, { depth: number; value: string }>();
  readonly #wanted: ReadonlySet<string>;
  readonly #open: OpenRow[] = [];
  /** No path of the packs leads deeper: below it an element, of which a device may send millions, costs nothing but its reading. */
  readonly #deepest: number;
  #text = "";
  #isLeaf = false;
  /** The one whose element is open. */
  #way: Way | undefined;
  #count = 0;

  constructor(reads: readonly XmlRead[]) {
    this.#ways = reads.map((read) => ({
      read,
      roots:
        read.filter === undefined
          ? read.rows.flatMap(({ path }) => path.map((one) => ({ local: first(one), namespace: undefined })))
          : rootsOf(read.filter),
      depth: read.filter === undefined ? 1 : 2,
      found: read.rows.map(() => []),
      isThere: false,
    }));
    this.#deepest = Math.max(...reads.map(deepestOf)) + 2;
    this.#wanted = new Set(reads.flatMap(({ rows }) => rows.flatMap(({ above }) => Object.values(above))));
  }

  open({ local, namespace }: XmlElement): void {
    this.#path.push(local);
    this.#text = "";
    this.#isLeaf = true;
    const depth = this.#path.length;
    if (depth > this.#deepest) return;
    this.#way ??= this.#begins(depth, local, namespace);
    const way = this.#way;
    if (!way) return;
    const path = this.#relative(way);
    for (const [index, rows] of way.read.rows.entries()) {
      if (this.#count > ROWS_MAX || !rows.path.includes(path)) continue;
      this.#count++;
      const values = Object.entries(rows.above).flatMap(([column, from]): [string, string[]][] => {
        const value = this.#above.get(from)?.value;
        return value === undefined ? [] : [[column, [value]]];
      });
      const into = way.found[index] ?? [];
      into.push(undefined);
      const at = into.length - 1;
      this.#open.push({ depth, rows, into, at, values: new Map(values), ranks: new Map(), where: undefined });
    }
  }

  text(piece: string): void {
    if (this.#text.length < VALUE_MAX) this.#text += piece.slice(0, VALUE_MAX);
  }

  close(): void {
    const depth = this.#path.length;
    const way = depth > this.#deepest ? undefined : this.#way;
    if (way) {
      if (this.#isLeaf) this.#leaf(this.#relative(way), this.#text.trim(), depth);
      for (let row = this.#open.at(-1); row?.depth === depth; row = this.#open.at(-1)) {
        this.#open.pop();
        if (isWanted(row)) row.into[row.at] = row.values;
      }
      for (const [path, leaf] of this.#above) if (leaf.depth > depth) this.#above.delete(path);
      if (depth === way.depth) this.#way = undefined;
    }
    this.#isLeaf = false;
    this.#path.pop();
  }

  findings(): Findings | string {
    const way = this.#ways.find(({ isThere }) => isThere);
    // An empty `<data/>` has nothing of what was asked for; an operation that answers with words instead was not done.
    if (!way) return this.#ways.some(({ depth }) => depth === 2) ? empty : "an answer of another kind";
    // Before `where` has taken any away: behind the last that was looked at may stand one that is wanted.
    if (this.#count > ROWS_MAX) return `more than ${ROWS_MAX} rows`;
    const rows: Found[] = [];
    for (const [index, found] of way.found.entries())
      if (way.read.rows[index]?.otherwise !== true || rows.length === 0)
        rows.push(...found.filter((row) => row !== undefined));
    return { ...empty, rows };
  }

  #leaf(path: string, value: string, depth: number): void {
    if (this.#wanted.has(path)) this.#above.set(path, { depth, value });
    for (const row of this.#open) {
      const inner = this.#path.slice(row.depth).join("/");
      if (row.rows.where?.path === inner) row.where = value;
      if (value !== "")
        for (const [column, paths] of Object.entries(row.rows.columns)) put(row, column, paths, inner, value);
    }
  }

  #begins(depth: number, local: string, namespace: string): Way | undefined {
    const way = this.#ways.find(
      (one) =>
        one.depth === depth &&
        one.roots.some((root) => root.local === local && (root.namespace ?? namespace) === namespace),
    );
    if (way) way.isThere = true;
    return way;
  }

  readonly #relative = ({ depth }: Way): string => this.#path.slice(depth - 1).join("/");
}

/** The first of its paths that is there, in whatever order the device writes them; several values of the same gather. */
function put(
  { values, ranks }: OpenRow,
  column: string,
  paths: string | readonly string[],
  path: string,
  value: string,
): void {
  const rank = typeof paths === "string" ? (paths === path ? 0 : -1) : paths.indexOf(path);
  const held = ranks.get(column);
  if (rank === -1 || (held !== undefined && rank > held)) return;
  const list = rank === held ? values.get(column) : undefined;
  if (!list) values.set(column, [value]);
  else if (list.length < VALUES_MAX) list.push(value);
  ranks.set(column, rank);
}

function isWanted({ rows: { where }, where: value }: OpenRow): boolean {
  if (!where) return true;
  return value !== undefined && (where.is === undefined || where.is === value);
}

const lengthOf = (path: string): number => path.split("/").length;

function deepestOf({ rows }: XmlRead): number {
  const each = rows.flatMap(({ path, above, columns, where }) => {
    const within = [...Object.values(columns).flat(), ...(where ? [where.path] : [])].map(lengthOf);
    const row = Math.max(...path.map(lengthOf));
    return [row + Math.max(0, ...within), ...Object.values(above).map(lengthOf)];
  });
  return Math.max(...each);
}

const empty: Findings = { rows: [], strange: 0, example: null };
const first = (path: string): string => path.split("/")[0] ?? "";
