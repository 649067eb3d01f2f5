import type { Finding } from "../../../shared/documents/receipt.ts";
import { keyAt, type Language, type SetForm } from "../language.ts";
import type { Merged } from "../merge.ts";
import { attempt, refusal, type Refused, stop } from "../refusal.ts";
import type { ConfigNode, SourceNode } from "../tree.ts";
import { keepsItself, moved, nodesOf, ownTree, parseSet, pathOf, type SetNode, type SetTree } from "./tree.ts";

/** Applies an author's set lines to a configuration as the platform would, and marks which of them do something. */
export function mergeSet(
  language: Language,
  form: SetForm,
  before: readonly ConfigNode[],
  text: readonly SourceNode[],
  refused: Refused = stop,
): Merged {
  const tree = ownTree(form, before);
  const merger = new SetMerger(language, form, tree);
  const effective = new Set<SourceNode>();
  for (const node of text) if (attempt(refused, () => merger.apply(node)) === true) effective.add(node);
  return { after: nodesOf(form, tree), effective, warnings: merger.warnings };
}

export class SetMerger {
  readonly warnings: Finding[] = [];
  readonly #language: Language;
  readonly #form: SetForm;
  readonly #tree: SetTree;
  readonly #stays: (node: SetNode) => boolean;

  constructor(language: Language, form: SetForm, tree: SetTree) {
    this.#language = language;
    this.#form = form;
    this.#tree = tree;
    this.#stays = keepsItself(form);
  }

  /** Returns whether the line did something. */
  apply(typed: SourceNode): boolean {
    const parsed = parseSet(this.#form, typed.line);
    switch (parsed.kind) {
      case "assert":
        return this.#assert(typed, parsed.words);
      case "negate":
        return this.#negate(typed, parsed.words);
      case "put": {
        const node = this.#tree.find(parsed.words);
        if (node?.marks?.has(parsed.mark) === true) return this.#already(typed);
        if (!node) return this.#nothing("NOTHING_TO_CHANGE", typed, "names nothing that is there, and is not sent");
        this.#tree.mark(node, parsed.mark, typed);
        return true;
      }
      case "take": {
        const marks = this.#tree.find(parsed.words)?.marks;
        return marks?.delete(parsed.mark) === true || this.#already(typed);
      }
      case "insert": {
        const did = moved(this.#tree, parsed.words);
        if (did === undefined)
          return this.#nothing("NOTHING_TO_CHANGE", typed, "moves nothing that is there, and is not sent");
        return did || this.#already(typed);
      }
      case "other":
        throw refusal(typed.source.number, "no line of this language", typed.line);
      default:
        return parsed satisfies never;
    }
  }

  #assert(typed: SourceNode, words: readonly string[]): boolean {
    if (this.#tree.find(words)) return this.#already(typed);
    const [value, keyword] = [words.at(-1) ?? "", words.at(-2) ?? ""];
    this.#replaceSingle(words.slice(0, -2), keyword, value);
    this.#replaceChoice(words.slice(0, -1), value);
    this.#tree.set(words, typed);
    return true;
  }

  /** `mtu 1500` takes the place of `mtu 9000`. */
  #replaceSingle(above: readonly string[], keyword: string, value: string): void {
    const path = above.join(" ");
    const holder = this.#tree.find([...above, keyword]);
    if (!holder) return;
    for (const rule of this.#language.single) {
      const key = keyAt(rule, path, `${keyword} ${value}`);
      if (key === undefined) continue;
      for (const old of holder.inOrder())
        if (!old.first && keyAt(rule, path, `${keyword} ${old.word}`) === key) holder.take(old);
    }
  }

  /** `accept` takes the place of `reject`. */
  #replaceChoice(above: readonly string[], word: string): void {
    const path = above.join(" ");
    const parent = this.#tree.find(above);
    if (!parent || parent.size === 0) return;
    for (const rule of this.#language.single) {
      const key = keyAt(rule, path, word);
      if (key === undefined) continue;
      for (const old of parent.inOrder()) if (keyAt(rule, path, old.word) === key) parent.take(old);
    }
  }

  #negate(typed: SourceNode, words: readonly string[]): boolean {
    const node = this.#tree.find(words);
    if (!node?.parent) return this.#nothing("NOTHING_TO_REMOVE", typed, "takes nothing away, and is not sent");
    this.#tree.remove(node, this.#stays);
    return true;
  }

  #already(typed: SourceNode): boolean {
    return this.#nothing("ALREADY_PRESENT", typed, "is there already, and is not sent");
  }

  #nothing(code: string, typed: SourceNode, what: string): false {
    this.warnings.push({ code, detail: `line ${typed.source.number} ${what}: ${typed.line.slice(0, 200)}` });
    return false;
  }
}

/** Whether this is the value of a setting that holds one, so that the keyword alone names it. */
export function isSingle(language: Language, keyword: SetNode): boolean {
  const value = keyword.first;
  if (!value || value.first || keyword.size !== 1 || !keyword.parent) return false;
  const path = pathOf(keyword.parent);
  return language.single.some((rule) => keyAt(rule, path, `${keyword.word} ${value.word}`) !== undefined);
}
