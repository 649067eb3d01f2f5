import { below, keyAt, type Language, type Place } from "./language.ts";
import { NUMBER } from "./rewrite.ts";
import type { ConfigNode } from "./tree.ts";

/**
 * A section that is being changed. Every question about its lines is answered by an index that is made when it is first asked: a large
 * change would otherwise be quadratic. The node's own list is brought up to date by `settle`.
 */
export class Section {
  readonly path: string;
  readonly parent: Section | undefined;
  /** Made by this change: nothing is known about what the device starts it with. */
  readonly isNew: boolean;
  /** What a cascade of this change took away: removing its lines again is refused by the device. */
  readonly gone = new Set<string>();
  readonly #language: Language;
  readonly #node: { line: string; children: ConfigNode[] };
  readonly #live: Set<ConfigNode>;
  readonly #open = new Map<ConfigNode, Section>();
  readonly #indices = new Map<string, Index>();
  readonly #single: readonly Place[];
  readonly #exclusive: readonly Place[];
  readonly #unless = new Map<RegExp, { live: number; holds: boolean }>();
  #headers: Set<ConfigNode> | undefined;
  #changes = 0;

  constructor(
    language: Language,
    node: { line: string; children: ConfigNode[] },
    path: string,
    parent: Section | undefined,
    isNew: boolean,
  ) {
    this.#language = language;
    this.#node = node;
    this.#live = new Set(node.children);
    this.path = path;
    this.parent = parent;
    this.isNew = isNew;
    this.#single = language.single.filter((rule) => rule.path.test(path));
    this.#exclusive = language.exclusive.filter((rule) => rule.by === "line" && rule.path.test(path));
  }

  children(): ConfigNode[] {
    return [...this.#live];
  }

  /** Those that hold lines, or have been opened to be given some. */
  headers(): readonly ConfigNode[] {
    this.#headers ??= new Set(this.children().filter((child) => child.children.length > 0 || this.#open.has(child)));
    return [...this.#headers];
  }

  find(line: string): ConfigNode | undefined {
    return first(this.#index("line", (of) => [of]).get(line));
  }

  /** A form of a rewrite, with at most one number that the device chose. */
  findForm(form: string): ConfigNode | undefined {
    return form.includes(NUMBER) ? first(this.#index("number", numberForms).get(form)) : this.find(form);
  }

  /** The lines that hold the one value that this line sets anew; undefined where it is no such setting. */
  sharing(line: string): readonly ConfigNode[] | undefined {
    return this.#ofKeys("single", this.#single, line);
  }

  /** What holds the value of this line already, where only one line at a time may: a device takes no second one, and says nothing. */
  elsewhere(line: string): ConfigNode | undefined {
    return this.#ofKeys("exclusive", this.#exclusive, line)?.find((node) => node.line !== line);
  }

  holds(pattern: RegExp): boolean {
    const known = this.#unless.get(pattern);
    if (known?.live === this.#changes) return known.holds;
    const holds = this.children().some((child) => pattern.test(child.line));
    this.#unless.set(pattern, { live: this.#changes, holds });
    return holds;
  }

  removeLine(line: string): boolean {
    return this.removeAll([...(this.#index("line", (of) => [of]).get(line) ?? [])]);
  }

  /** All lines that begin with these words and go on. */
  removeBelow(words: string): boolean {
    return this.removeAll(this.#beginning(words).filter((child) => child.line.startsWith(`${words} `)));
  }

  /** The line, negated or not, and all that begin with it. */
  removeBare(words: string): boolean {
    const bare = (line: string): string => this.#language.positive(line) ?? line;
    return this.removeAll(
      this.#beginning(words).filter(({ line }) => bare(line) === words || bare(line).startsWith(`${words} `)),
    );
  }

  remove(matches: (line: string) => boolean): boolean {
    return this.removeAll(this.children().filter((child) => matches(child.line)));
  }

  /** Returns whether anything went. */
  removeAll(nodes: readonly ConfigNode[]): boolean {
    let changed = false;
    for (const node of nodes) {
      if (!this.#live.delete(node)) continue;
      changed = true;
      this.#changes++;
      this.#headers?.delete(node);
      for (const index of this.#indices.values()) index.drop(node);
    }
    return changed;
  }

  add(line: string): ConfigNode {
    const child: ConfigNode = { line, children: [] };
    this.#live.add(child);
    this.#changes++;
    for (const index of this.#indices.values()) index.put(child);
    return child;
  }

  open(child: ConfigNode, isNew: boolean): Section {
    let section = this.#open.get(child);
    if (!section) {
      section = new Section(this.#language, child, below(this.path, child.line), this, isNew || this.isNew);
      this.#open.set(child, section);
      this.#headers?.add(child);
    }
    return section;
  }

  /** Writes what stands now into the tree. */
  settle(): void {
    for (const section of this.#open.values()) section.settle();
    if (this.#changes === 0) return;
    const { children } = this.#node;
    children.length = 0;
    for (const child of this.#live) children.push(child);
  }

  /** The lines that share a key of these rules with this one; undefined where none of the rules is of it. */
  #ofKeys(name: string, rules: readonly Place[], line: string): readonly ConfigNode[] | undefined {
    const keysOf = (of: string): string[] =>
      rules.flatMap((rule, at) => {
        const key = keyAt(rule, this.path, of);
        return key === undefined ? [] : [`${at}\n${key}`];
      });
    const keys = keysOf(line);
    if (keys.length === 0) return undefined;
    const index = this.#index(name, keysOf);
    return keys.flatMap((key) => [...(index.get(key) ?? [])]);
  }

  /** Candidates: by the first two words where there are as many. */
  #beginning(words: string): readonly ConfigNode[] {
    const head = twoWords(words);
    if (head === undefined) return this.children();
    const index = this.#index("words", (line) => {
      const own = twoWords(line);
      const bare = this.#language.positive(line);
      const positive = bare === undefined ? undefined : twoWords(bare);
      return [own, positive].filter((key) => key !== undefined);
    });
    return [...(index.get(head) ?? [])];
  }

  #index(name: string, keysOf: (line: string) => readonly string[]): Index {
    let index = this.#indices.get(name);
    if (!index) {
      index = new Index(keysOf);
      for (const child of this.#live) index.put(child);
      this.#indices.set(name, index);
    }
    return index;
  }
}

class Index {
  readonly #nodes = new Map<string, Set<ConfigNode>>();
  readonly #keysOf: (line: string) => readonly string[];

  constructor(keysOf: (line: string) => readonly string[]) {
    this.#keysOf = keysOf;
  }

  get(key: string): ReadonlySet<ConfigNode> | undefined {
    return this.#nodes.get(key);
  }

  put(node: ConfigNode): void {
    for (const key of this.#keysOf(node.line)) {
      const same = this.#nodes.get(key);
      if (same) same.add(node);
      else this.#nodes.set(key, new Set([node]));
    }
  }

  drop(node: ConfigNode): void {
    for (const key of this.#keysOf(node.line)) this.#nodes.get(key)?.delete(node);
  }
}

function first(nodes: ReadonlySet<ConfigNode> | undefined): ConfigNode | undefined {
  for (const node of nodes ?? []) return node;
  return undefined;
}

/** The line's beginnings, word by word, and the line itself. */
export function* beginnings(line: string): Generator<string> {
  for (let at = line.indexOf(" "); at >= 0; at = line.indexOf(" ", at + 1)) yield line.slice(0, at);
  yield line;
}

function twoWords(line: string): string | undefined {
  const one = line.indexOf(" ");
  if (one < 0) return undefined;
  const two = line.indexOf(" ", one + 1);
  return two < 0 ? line : line.slice(0, two);
}

/** The line with each of its bare numbers in turn left open. */
function numberForms(line: string): string[] {
  return [...line.matchAll(/(?<=^|\s)\d+(?=\s|$)/gv)].map(
    (found) => line.slice(0, found.index) + NUMBER + line.slice(found.index + found[0].length),
  );
}
