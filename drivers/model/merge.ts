import type { Finding } from "../../shared/documents/receipt.ts";
import { below, isAt, type Language } from "./language.ts";
import { refusal, type Refused, stop } from "./refusal.ts";
import { formsOf, hasName, shownAs } from "./rewrite.ts";
import { beginnings, Section } from "./section.ts";
import { mergeMenu } from "./menu/merge.ts";
import { mergeSet } from "./set/merge.ts";
import type { ConfigNode, SourceNode } from "./tree.ts";

/** Applies an author's lines to a configuration as the platform would, and marks which of them do something. */
export interface Merged {
  readonly after: ConfigNode[];
  /** Author's lines that have an effect of their own or below them. */
  readonly effective: ReadonlySet<SourceNode>;
  readonly warnings: readonly Finding[];
}

/** `before` is taken over and changed: hand in a tree of your own. */
export function merge(
  language: Language,
  before: ConfigNode[],
  text: readonly SourceNode[],
  refused: Refused = stop,
): Merged {
  if (language.set) return mergeSet(language, language.set, before, text, refused);
  if (language.menu) return mergeMenu(language, language.menu, before, text, refused);
  const root = new Section(language, { line: "", children: before }, "", undefined, false);
  const merger = new Merger(language, refused);
  const shownEmpty = new Set<ConfigNode>();
  emptySections(language, before, "", (node) => shownEmpty.add(node));
  merger.section(root, text);
  root.settle();
  emptySections(language, before, "", (node, siblings, index) => {
    if (!shownEmpty.has(node)) siblings.splice(index, 1);
  });
  return { after: before, effective: merger.effective, warnings: merger.warnings };
}

class Merger {
  readonly effective = new Set<SourceNode>();
  readonly warnings: Finding[] = [];
  readonly #language: Language;

  readonly #refused: Refused;

  constructor(language: Language, refused: Refused) {
    this.#language = language;
    this.#refused = refused;
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
        this.#refused(refusal(typed.source.number, "a removal cannot have lines below it", typed.line));
        return false;
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
    const forms = formsOf(this.#language, at.path, line);
    if (forms.some(hasName)) {
      const matches = shownAs(this.#language, at.path, line);
      return at.children().find((child) => matches(child.line));
    }
    for (const form of forms.slice(1)) {
      const found = at.findForm(form);
      if (found) return found;
    }
    return undefined;
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
    if (at.elsewhere(typed.line)) {
      this.#warn("ALREADY_PRESENT", typed, "is there already as another entry, and the device takes no second one");
      return false;
    }
    if (at.gone.size > 0) for (const key of beginnings(typed.line)) at.gone.delete(key);
    const negative = language.negative(typed.line);
    const replaced = at.sharing(typed.line);
    const negated = at.find(negative);
    const cleared = at.removeAll(negated ? [...(replaced ?? []), negated] : (replaced ?? []));
    if (this.#isDefault(at, typed.line)) {
      // In a section that is new the device's own start is unknown: the line is sent, and shows nothing.
      if (!cleared && !at.isNew) this.#warn("ALREADY_PRESENT", typed, "states the default, and is not sent");
      return cleared || at.isNew;
    }
    at.add(typed.line);
    return true;
  }

  #isDefault(at: Section, typed: string): boolean {
    return this.#language.defaults.some((rule) => {
      if (!isAt(rule, at.path, typed)) return false;
      const { unless } = rule;
      if (!unless) return true;
      for (let section: Section | undefined = at; section; section = section.parent) {
        if (section.holds(unless)) return false;
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
    // The line itself where there is one, else all that begin with it, word by word.
    const target = this.#present(at, positive);
    const negative = language.negatives.find((rule) => (rule.both || !target) && isAt(rule, at.path, typed.line));
    const shown = negative !== undefined;
    let changed = target ? at.removeLine(target.line) : negative?.alone !== true && at.removeBelow(positive);
    if (this.#cascade(at, positive)) changed = true;
    if (shown && !isGone(at, positive)) {
      at.removeAll(at.sharing(typed.line) ?? []);
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
      if (this.#takeBelow(at, key, refers)) changed = true;
      at.gone.add(key);
    }
    return changed;
  }

  #takeBelow(section: Section, key: string, refers: RegExp | undefined): boolean {
    let changed = section.removeBare(key);
    if (refers) changed = section.remove((line) => refers.test(this.#language.positive(line) ?? line)) || changed;
    for (const child of section.headers()) if (this.#takeBelow(section.open(child, false), key, refers)) changed = true;
    return changed;
  }

  #warn(code: string, typed: SourceNode, what: string): void {
    this.warnings.push({ code, detail: `line ${typed.source.number} ${what}: ${typed.line.slice(0, 200)}` });
  }
}

function isGone(at: Section, positive: string): boolean {
  for (let section: Section | undefined = at; section; section = section.parent) {
    if (section.gone.size > 0) for (const key of beginnings(positive)) if (section.gone.has(key)) return true;
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
