import type { Finding } from "../../../shared/documents/receipt.ts";
import { listOf, type Language, type MenuForm } from "../language.ts";
import type { Merged } from "../merge.ts";
import { attempt, type HangsOn, refusal, type Refused, stop } from "../refusal.ts";
import type { ConfigNode, SourceNode } from "../tree.ts";
import { findOf, type MenuLine, printItem, readItem, termsOf } from "./item.ts";
import { networkOf } from "./network.ts";

export interface Held extends MenuLine {
  props: Map<string, string>;
}

/** Items by menu, each in the order of the text. */
export class MenuTree {
  readonly menus = new Map<string, Held[]>();
  readonly #other: ConfigNode[] = [];

  constructor(form: MenuForm, nodes: readonly ConfigNode[]) {
    for (const node of nodes) {
      const item = readItem(form, node.line);
      if (item) this.of(item.menu).push({ ...item, props: new Map(item.props) });
      else this.#other.push(node);
    }
  }

  of(menu: string): Held[] {
    let items = this.menus.get(menu);
    if (!items) {
      items = [];
      this.menus.set(menu, items);
    }
    return items;
  }

  nodes(): ConfigNode[] {
    const lines = [...this.menus.values()].flatMap((items) => items.map((item) => printItem(item)));
    return [...this.#other, ...lines.map((line) => ({ line, children: [] }))];
  }
}

/** Applies an author's lines to a configuration as RouterOS would, and marks which of them do something. */
export function mergeMenu(
  language: Language,
  form: MenuForm,
  before: readonly ConfigNode[],
  text: readonly SourceNode[],
  refused: Refused = stop,
): Merged {
  const tree = new MenuTree(form, before);
  const merger = new MenuMerger(language, form, tree);
  const effective = new Set<SourceNode>();
  for (const node of text) if (attempt(refused, () => merger.apply(node)) === true) effective.add(node);
  return { after: tree.nodes(), effective, warnings: merger.warnings };
}

export class MenuMerger {
  readonly warnings: Finding[] = [];
  readonly #language: Language;
  readonly #form: MenuForm;
  readonly #tree: MenuTree;

  constructor(language: Language, form: MenuForm, tree: MenuTree) {
    this.#language = language;
    this.#form = form;
    this.#tree = tree;
  }

  /** Returns whether the line did something. TEXT_REFUSED for one whose effect cannot be told. */
  apply(typed: SourceNode): boolean {
    const line = readItem(this.#form, typed.line);
    if (!line) return refuse(typed, "no line of this language");
    switch (line.verb) {
      case "add":
        return this.#add(typed, line);
      case "set":
        return this.#set(typed, line, line.props);
      case "enable":
      case "disable":
        return this.#set(typed, line, new Map([["disabled", line.verb === "disable" ? "yes" : "no"]]));
      case "remove":
        return this.#remove(typed, line);
      case "move":
        return refuse(typed, 'a move: remove the rule and add it with "place-before"');
      default:
        return line.verb satisfies never;
    }
  }

  #add(typed: SourceNode, line: MenuLine): boolean {
    const items = this.#tree.of(line.menu);
    const props = new Map(line.props);
    const place = props.get("place-before");
    props.delete("place-before");
    const item: Held = { ...line, props: shownProps(this.#form, line.menu, props) };
    const same = printItem(item);
    if (items.some((other) => printItem(other) === same)) return this.#already(typed);
    const keys = this.#form.keys[line.menu] ?? ["name"];
    if (
      keys.every((key) => item.props.has(key)) &&
      items.some((other) => keys.every((key) => other.props.get(key) === item.props.get(key)))
    )
      return refuse(typed, `an item with the same ${keys.join(" and ")} is there: change it with "set"`);
    if (place === undefined) items.push(item);
    else {
      if (listOf(this.#language, "", same) === undefined) return refuse(typed, "a place in a list without order");
      const [before, another] = this.#found(typed, items, place);
      if (!before || another) return refuse(typed, "place-before names not exactly one rule", "device");
      items.splice(items.indexOf(before), 0, item);
    }
    return true;
  }

  #set(typed: SourceNode, line: MenuLine, props: ReadonlyMap<string, string>): boolean {
    const items = this.#tree.of(line.menu);
    const found = this.#target(typed, line, items);
    let did = false;
    for (const item of found) {
      const next = shownProps(
        this.#form,
        line.menu,
        new Map([...item.props, ...props]),
        props.has("address") && !props.has("network"),
      );
      const isSame = next.size === item.props.size && [...next].every(([key, value]) => item.props.get(key) === value);
      if (isSame) continue;
      did = true;
      item.props = next;
      // What says nothing any more is not shown.
      if (item.verb === "set" && next.size === 0) items.splice(items.indexOf(item), 1);
      if (item.verb === "set" && next.size > 0 && !items.includes(item)) items.push(item);
    }
    return did || this.#already(typed);
  }

  /** The items that a `set` is about; one that is there and not shown is made. */
  #target(typed: SourceNode, { menu, selector }: MenuLine, items: readonly Held[]): readonly Held[] {
    const made = (): Held => ({ menu, verb: "set", selector, props: new Map() });
    const shown = items.filter((item) => item.verb === "set" && item.selector === selector);
    if (shown.length > 0 || selector === undefined) {
      if (selector === undefined && items.some((item) => item.verb === "add"))
        return refuse(typed, "a set that does not say of what");
      return shown.length > 0 ? shown : [made()];
    }
    if (!selector.startsWith("[")) {
      if (/^\d+$/v.test(selector))
        return refuse(typed, "a number, which means something in one session only: use [find …]");
      const named = items.filter((item) => item.verb === "add" && item.props.get("name") === selector);
      return named.length > 0 ? named : [made()];
    }
    const found = this.#found(typed, items, selector);
    if (found.length === 1) return found;
    if (found.length > 1) return refuse(typed, `${found.length} items, where one is to be meant`);
    const terms = termsOf(selector) ?? [];
    if (terms.length === 1 && this.#form.builtin.some((pattern) => pattern.test(`${menu} ${terms[0]?.join("=")}`)))
      return [made()];
    return refuse(typed, "an item that is not there", "device");
  }

  #found(typed: SourceNode, items: readonly Held[], selector: string): readonly Held[] {
    if (!selector.startsWith("[")) return items.filter((item) => item.props.get("name") === selector);
    const terms = termsOf(selector);
    if (!terms || terms.length === 0) return refuse(typed, "a find that asks for more, or less, than equal values");
    return items.filter((item) => terms.every(([key, value]) => valueOf(item, key) === value));
  }

  #remove(typed: SourceNode, { menu, selector }: MenuLine): boolean {
    const items = this.#tree.of(menu);
    if (selector === undefined || /^\d+$/v.test(selector))
      return refuse(typed, "a removal that does not name what, other than by a number");
    const found = this.#found(typed, items, selector).filter((item) => item.verb === "add");
    if (found.length === 0) return this.#nothing("NOTHING_TO_REMOVE", typed, "takes nothing away, and is not sent");
    for (const item of found) items.splice(items.indexOf(item), 1);
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

/** An item that does not say so is not disabled. */
export const valueOf = ({ props }: MenuLine, key: string): string | undefined =>
  props.get(key) ?? (key === "disabled" ? "no" : undefined);

/** What the device shows of these values: defaults and empty ones not, and what it fills in by itself. */
function shownProps(
  form: MenuForm,
  menu: string,
  props: ReadonlyMap<string, string>,
  anew = false,
): Map<string, string> {
  const out = new Map<string, string>();
  for (const [key, value] of props) if (value !== '""' && value !== defaultOf(form, menu, key)) out.set(key, value);
  for (const rule of form.derived) {
    const from = out.get(rule.from);
    if (rule.menu !== menu || from === undefined || (out.has(rule.to) && !anew)) continue;
    const value = networkOf(from);
    if (value !== undefined) out.set(rule.to, value);
  }
  return out;
}

export const defaultOf = (form: MenuForm, menu: string, key: string): string | undefined =>
  form.defaults[menu]?.[key] ?? form.defaults["*"]?.[key];

function refuse(typed: SourceNode, reason: string, hangsOn?: HangsOn): never {
  throw refusal(typed.source.number, reason, typed.line, hangsOn);
}

/** The words that find this item among the others of its menu, and no other; undefined where it has a double. */
export function naming(form: MenuForm, item: Held, items: readonly Held[]): string | undefined {
  const names = (keys: readonly string[]): string | undefined => {
    if (keys.length === 0 || keys.some((key) => !item.props.has(key))) return undefined;
    const double = items.filter((other) => keys.every((key) => other.props.get(key) === item.props.get(key)));
    return double.length === 1 ? findOf(keys.map((key) => `${key}=${item.props.get(key) ?? ""}`)) : undefined;
  };
  // A secret is not told to a device to find what holds it.
  const plain = [...item.props.keys()].filter((key) => !form.quoted.test(key)).toSorted();
  return names(form.keys[item.menu] ?? ["name"]) ?? names(plain);
}
