import type { Finding } from "../../shared/documents/receipt.ts";
import { FarhandError } from "../../shared/errors.ts";
import { below, isAt, keyAt, type Language } from "./language.ts";
import { shownAs } from "./rewrite.ts";
import type { ConfigNode, SourceNode } from "./tree.ts";

/** Applies an author's lines to a configuration as the platform would, and marks which of them do something. */
export interface Merged {
  readonly after: ConfigNode[];
  /** Author's lines that have an effect of their own or below them. */
  readonly effective: ReadonlySet<SourceNode>;
  readonly warnings: readonly Finding[];
}

/** A section that is being changed. Lines are found by a map: a large change would otherwise be quadratic. */
class Section {
  readonly node: { line: string; children: ConfigNode[] };
  readonly path: string;
  readonly parent: Section | undefined;
  /** Made by this change: nothing is known about what the device starts it with. */
  readonly isNew: boolean;
  /** What a cascade of this change took away: removing its lines again is refused by the device. */
  readonly gone = new Set<string>();
  readonly #open = new Map<ConfigNode, Section>();
  #byLine: Map<string, ConfigNode> | undefined;

  constructor(node: ConfigNode, path: string, parent: Section | undefined, isNew: boolean) {
    this.node = node;
    this.path = path;
    this.parent = parent;
    this.isNew = isNew;
  }

  find(line: string): ConfigNode | undefined {
    if (!this.#byLine) {
      this.#byLine = new Map();
      for (const child of this.node.children) if (!this.#byLine.has(child.line)) this.#byLine.set(child.line, child);
    }
    return this.#byLine.get(line);
  }

  /** Returns whether anything went. */
  remove(matches: (line: string) => boolean): boolean {
    const kept = this.node.children.filter((child) => !matches(child.line));
    const changed = kept.length < this.node.children.length;
    if (changed) {
      this.node.children.splice(0, this.node.children.length, ...kept);
      this.#byLine = undefined;
    }
    return changed;
  }

  add(line: string): ConfigNode {
    const child: ConfigNode = { line, children: [] };
    this.node.children.push(child);
    if (this.#byLine && !this.#byLine.has(line)) this.#byLine.set(line, child);
    return child;
  }

  open(child: ConfigNode, isNew: boolean): Section {
    let section = this.#open.get(child);
    if (!section) {
      section = new Section(child, below(this.path, child.line), this, isNew || this.isNew);
      this.#open.set(child, section);
    }
    return section;
  }
}

/** `before` is taken over and changed: hand in a tree of your own. */
export function merge(language: Language, before: ConfigNode[], text: readonly SourceNode[]): Merged {
  const root = new Section({ line: "", children: before }, "", undefined, false);
  const merger = new Merger(language);
  const shownEmpty = new Set<ConfigNode>();
  emptySections(language, before, "", (node) => shownEmpty.add(node));
  merger.section(root, text);
  emptySections(language, before, "", (node, siblings, index) => {
    if (!shownEmpty.has(node)) siblings.splice(index, 1);
  });
  return { after: before, effective: merger.effective, warnings: merger.warnings };
}

class Merger {
  readonly effective = new Set<SourceNode>();
  readonly warnings: Finding[] = [];
  readonly #language: Language;

  constructor(language: Language) {
    this.#language = language;
  }

  /** Returns whether any line did something. */
  section(at: Section, lines: readonly SourceNode[]): boolean {
    let any = false;
    for (const line of lines) {
      if (!this.#line(at, line)) continue;
      this.effective.add(line);
      any = true;
    }
    return any;
  }

  #line(at: Section, typed: SourceNode): boolean {
    const positive = this.#language.positive(typed.line);
    if (typed.children.length > 0) {
      if (positive !== undefined) {
        throw new FarhandError(
          "TEXT_REFUSED",
          `line ${typed.source.number}: a removal cannot have lines below it: ${typed.line.slice(0, 120)}`,
        );
      }
      return this.#header(at, typed);
    }
    if (positive !== undefined) return this.#negative(at, typed, positive);
    return this.#positive(at, typed);
  }

  #header(at: Section, typed: SourceNode): boolean {
    const there = this.#present(at, typed.line);
    const child = there ?? at.add(typed.line);
    const changed = this.section(at.open(child, there === undefined), typed.children);
    return changed || there === undefined;
  }

  #present(at: Section, line: string): ConfigNode | undefined {
    const exact = at.find(line);
    if (exact) return exact;
    if (!this.#language.rewrites.some((rule) => isAt({ path: rule.path, line: rule.typed }, at.path, line)))
      return undefined;
    const matches = shownAs(this.#language, at.path, line);
    return at.node.children.find((child) => matches(child.line));
  }

  #positive(at: Section, typed: SourceNode): boolean {
    const language = this.#language;
    const moved = language.moves.find((rule) => isAt(rule, at.path, typed.line));
    if (moved) {
      const there = at.find(moved.into);
      return this.#positive(at.open(there ?? at.add(moved.into), there === undefined), typed);
    }
    if (this.#present(at, typed.line)) {
      this.#warn("ALREADY_PRESENT", typed, "is there already, and is not sent");
      return false;
    }
    for (const key of at.gone) if (typed.line.startsWith(`${key} `)) at.gone.delete(key);
    const negative = language.negative(typed.line);
    const replaced = this.#replaces(at, typed.line);
    const cleared =
      (replaced !== undefined || at.find(negative) !== undefined) &&
      at.remove((line) => line === negative || replaced?.(line) === true);
    if (this.#isDefault(at, typed.line)) {
      // In a section that is new the device's own start is unknown: the line is sent, and shows nothing.
      if (!cleared && !at.isNew) this.#warn("ALREADY_PRESENT", typed, "states the default, and is not sent");
      return cleared || at.isNew;
    }
    at.add(typed.line);
    return true;
  }

  /** Which lines hold the one value that this line sets anew. */
  #replaces(at: Section, typed: string): ((line: string) => boolean) | undefined {
    const rules = this.#language.single
      .map((rule) => ({ rule, key: keyAt(rule, at.path, typed) }))
      .filter((found) => found.key !== undefined);
    if (rules.length === 0) return undefined;
    return (line) => rules.some(({ rule, key }) => keyAt(rule, at.path, line) === key);
  }

  #isDefault(at: Section, typed: string): boolean {
    return this.#language.defaults.some((rule) => {
      if (!isAt(rule, at.path, typed)) return false;
      const { unless } = rule;
      if (!unless) return true;
      for (let section: Section | undefined = at; section; section = section.parent) {
        if (section.node.children.some((child) => unless.test(child.line))) return false;
      }
      return true;
    });
  }

  #negative(at: Section, typed: SourceNode, positive: string): boolean {
    const language = this.#language;
    const moved = language.moves.find((rule) => isAt(rule, at.path, positive));
    const inner = moved && at.find(moved.into);
    if (inner) return this.#negative(at.open(inner, false), typed, positive);
    if (at.find(typed.line)) {
      this.#warn("ALREADY_PRESENT", typed, "is there already, and is not sent");
      return false;
    }
    const shown = language.negatives.some((rule) => isAt(rule, at.path, typed.line));
    // The line itself where there is one, else all that begin with it, word by word.
    const target = this.#present(at, positive);
    const prefix = `${positive} `;
    let changed = target ? at.remove((line) => line === target.line) : at.remove((line) => line.startsWith(prefix));
    if (this.#cascade(at, positive)) changed = true;
    if (shown && !isGone(at, positive)) {
      const replaced = this.#replaces(at, typed.line);
      if (replaced) at.remove(replaced);
      at.add(typed.line);
      return true;
    }
    if (changed || at.isNew) return true;
    this.#warn("NOTHING_TO_REMOVE", typed, "takes nothing away, and is not sent");
    return false;
  }

  #cascade(at: Section, positive: string): boolean {
    let changed = false;
    for (const rule of this.#language.cascade) {
      if (!rule.path.test(at.path)) continue;
      const groups = rule.line.exec(positive)?.groups;
      const key = groups?.["key"];
      if (key === undefined) continue;
      const refers =
        rule.refers === undefined
          ? undefined
          : new RegExp(
              rule.refers.replaceAll(/\$<(\w+)>/gv, (_, name: string) => RegExp.escape(groups?.[name] ?? "")),
              "v",
            );
      const taken = (line: string): boolean => {
        const bare = this.#language.positive(line) ?? line;
        return bare === key || bare.startsWith(`${key} `) || refers?.test(bare) === true;
      };
      if (at.remove(taken)) changed = true;
      for (const child of at.node.children) if (this.#takeBelow(at.open(child, false), taken)) changed = true;
      at.gone.add(key);
    }
    return changed;
  }

  #takeBelow(section: Section, taken: (line: string) => boolean): boolean {
    let changed = section.remove(taken);
    for (const child of section.node.children) {
      if (child.children.length > 0 && this.#takeBelow(section.open(child, false), taken)) changed = true;
    }
    return changed;
  }

  #warn(code: string, typed: SourceNode, what: string): void {
    this.warnings.push({ code, detail: `line ${typed.source.number} ${what}: ${typed.line.slice(0, 200)}` });
  }
}

function isGone(at: Section, positive: string): boolean {
  for (let section: Section | undefined = at; section; section = section.parent) {
    for (const key of section.gone) if (positive === key || positive.startsWith(`${key} `)) return true;
  }
  return false;
}

/** Sections of a kind that the device does not show while they are empty; innermost and last first, so that one can be taken away. */
function emptySections(
  language: Language,
  nodes: ConfigNode[],
  path: string,
  visit: (node: ConfigNode, siblings: ConfigNode[], index: number) => void,
): void {
  if (language.vanish.length === 0) return;
  for (let at = nodes.length - 1; at >= 0; at--) {
    const node = nodes[at];
    if (!node) continue;
    const place = below(path, node.line);
    if (node.children.length > 0) emptySections(language, node.children, place, visit);
    if (node.children.length === 0 && language.vanish.some((pattern) => pattern.test(place))) visit(node, nodes, at);
  }
}
