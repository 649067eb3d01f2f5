import { type DiffEntry, parseDiff } from "./diff.ts";
import { type Language, listOf, PATH_SEPARATOR } from "./language.ts";
import { isImplied, type ShownAs, shownAs } from "./rewrite.ts";

/**
 * Whether the measured diff is the signed one, allowing only for what the platform file names:
 * - a signed added line that the device writes back in another form (`rewrites`), the lines below it then stand below that form;
 * - `‹secret("name")›` read back as a secret in the same place;
 * - lines that the device adds by itself in a section that the signed diff adds (`implied`).
 * Every other entry must be there once, on both sides. Lists whose order matters must have it.
 */
export function sameDiff(language: Language, signed: string, measured: string): boolean {
  const at = (path: readonly string[]): string => path.join(PATH_SEPARATOR);
  return sameDiffBy(
    {
      listOf: (path, line) => listOf(language, at(path), line),
      shownAs: (path, typed) => shownAs(language, at(path), typed),
      isImplied: (path, line) => isImplied(language, at(path), line),
    },
    signed,
    measured,
  );
}

/** What a kind of language knows about the lines of a diff. */
export interface DiffRules {
  listOf(path: readonly string[], line: string): string | undefined;
  shownAs(path: readonly string[], typed: string): ShownAs;
  isImplied(path: readonly string[], line: string): boolean;
}

export function sameDiffBy(rules: DiffRules, signed: string, measured: string): boolean {
  if (signed === measured) return true;
  const open = new Open(parseDiff(measured));
  /** Signed section headers to what the device shows for them, by their whole place. */
  const shownHeaders = new Map<string, readonly string[]>();
  const place = (path: readonly string[]): readonly string[] => shownHeaders.get(key(path)) ?? path;
  const added = new Set<string>();
  const lastInList = new Map<string, number>();
  const rest: DiffEntry[] = [];

  const take = (entry: DiffEntry, exactly: boolean): boolean => {
    const path = place(entry.path);
    const list = entry.op === "add" ? rules.listOf(entry.path, entry.line) : undefined;
    const listKey = list === undefined ? undefined : `${key(path)}\n${list}`;
    const after = listKey === undefined ? -1 : (lastInList.get(listKey) ?? -1);
    const at = exactly
      ? open.takeExact(entry.op, path, entry.line, after)
      : open.take(entry.op, path, rules.shownAs(entry.path, entry.line), after);
    if (at === undefined) return false;
    if (listKey !== undefined) lastInList.set(listKey, at.index);
    shownHeaders.set(key([...entry.path, entry.line]), [...path, at.line]);
    if (entry.op === "add") added.add(key([...path, at.line]));
    return true;
  };

  // Parents come before their children in both lists. Exact lines are taken before rewritten ones at each place, so that a
  // rewrite never takes what another signed line means literally.
  for (const group of byPlace(parseDiff(signed))) {
    rest.length = 0;
    for (const entry of group) {
      const ordered = rules.listOf(entry.path, entry.line) !== undefined;
      if (ordered ? !take(entry, true) && !(entry.op === "add" && take(entry, false)) : !take(entry, true))
        rest.push(entry);
    }
    for (const entry of rest) if (entry.op !== "add" || !take(entry, false)) return false;
  }
  return open.left().every(({ op, path, line }) => op === "add" && added.has(key(path)) && rules.isImplied(path, line));
}

const key = (path: readonly string[]): string => JSON.stringify(path);

/** Entries of one section and operation, sections in the order in which they first come. */
function byPlace(entries: readonly DiffEntry[]): DiffEntry[][] {
  const groups = new Map<string, DiffEntry[]>();
  for (const entry of entries) {
    const name = entry.op + key(entry.path);
    const group = groups.get(name);
    if (group) group.push(entry);
    else groups.set(name, [entry]);
  }
  return [...groups.values()];
}

interface Taken {
  readonly index: number;
  readonly line: string;
}

/** Measured entries that no signed one has taken yet. */
class Open {
  readonly #groups = new Map<string, (DiffEntry | undefined)[]>();
  readonly #exact = new Map<string, number[]>();

  constructor(entries: readonly DiffEntry[]) {
    for (const entry of entries) {
      const name = entry.op + key(entry.path);
      const group = this.#groups.get(name) ?? [];
      this.#groups.set(name, group);
      const exact = JSON.stringify([name, entry.line]);
      const indices = this.#exact.get(exact) ?? [];
      this.#exact.set(exact, indices);
      indices.push(group.push(entry) - 1);
    }
  }

  takeExact(op: DiffEntry["op"], path: readonly string[], line: string, after: number): Taken | undefined {
    const name = op + key(path);
    const index = this.#exact
      .get(JSON.stringify([name, line]))
      ?.find((at) => at > after && this.#groups.get(name)?.[at]);
    return index === undefined ? undefined : this.#takeAt(name, index);
  }

  take(
    op: DiffEntry["op"],
    path: readonly string[],
    matches: (line: string) => boolean,
    after: number,
  ): Taken | undefined {
    const name = op + key(path);
    const group = this.#groups.get(name) ?? [];
    for (let index = after + 1; index < group.length; index++) {
      const entry = group[index];
      if (entry && matches(entry.line)) return this.#takeAt(name, index);
    }
    return undefined;
  }

  #takeAt(name: string, index: number): Taken | undefined {
    const group = this.#groups.get(name);
    const entry = group?.[index];
    if (!group || !entry) return undefined;
    group[index] = undefined;
    return { index, line: entry.line };
  }

  left(): DiffEntry[] {
    return [...this.#groups.values()].flatMap((group) => group.filter((entry) => entry !== undefined));
  }
}
