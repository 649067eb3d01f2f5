import type { Finding } from "../../../shared/documents/receipt.ts";
import { refuse } from "./author.ts";
import { groupName, type Group, groups, isKey, predicate, predicates } from "./identity.ts";
import type { XmlLanguage } from "./language.ts";
import { type Insert, isLeaf, PREDICATE, sameValue, type XmlNode } from "./tree.ts";

/**
 * An author's elements applied to a configuration, as RFC 6241 section 7.2 says for an `edit-config` whose default operation is
 * `merge`. What a server would answer with `data-exists` or `data-missing` is refused here, before anything is sent.
 */
export interface XmlMerged {
  readonly after: readonly XmlNode[];
  /** What of the text does something, and is sent. */
  readonly sent: readonly XmlNode[];
  readonly warnings: readonly Finding[];
}

export function mergeXml(language: XmlLanguage, before: readonly XmlNode[], text: readonly XmlNode[]): XmlMerged {
  const merger = new Merger(language);
  const { after, sent } = merger.section(before, text);
  return { after, sent, warnings: merger.warnings };
}

interface Result {
  readonly after: readonly XmlNode[];
  readonly sent: readonly XmlNode[];
}

/** What became of one element: `after` undefined where it is gone or never came, `sent` where nothing has to be sent. */
interface Outcome {
  readonly after: XmlNode | undefined;
  readonly sent: XmlNode | undefined;
}

class Merger {
  readonly warnings: Finding[] = [];
  readonly #language: XmlLanguage;
  readonly #guessed = new Set<string>();

  constructor(language: XmlLanguage) {
    this.#language = language;
  }

  section(before: readonly XmlNode[], text: readonly XmlNode[]): Result {
    if (text.length === 0) return { after: before, sent: [] };
    const lists = new Map<string, List>();
    for (const group of groups(this.#language, before, text)) {
      const [first] = [...group.before, ...group.after];
      if (first) lists.set(groupName(first), new List(group));
    }
    const sent: XmlNode[] = [];
    for (const node of text) {
      const list = lists.get(groupName(node));
      if (!list) continue;
      this.#noteGuess(list.group, node);
      const one = this.#element(list, node);
      if (one) sent.push(one);
    }
    chosen(lists, text);
    return { after: [...lists.values()].flatMap((list) => list.entries()), sent };
  }

  #element(list: List, node: XmlNode): XmlNode | undefined {
    const target = list.find(node);
    const outcome = this.#outcome(list.group, target, node);
    if (outcome.after === undefined) list.remove(node);
    else if (outcome.after !== target) list.put(node, outcome.after);
    const insert = node.edit?.insert;
    const moved = insert !== undefined && outcome.after !== undefined && list.move(node, insert);
    return outcome.sent ?? (moved ? withKeys(node, list.group, []) : undefined);
  }

  #outcome(group: Group, target: XmlNode | undefined, node: XmlNode): Outcome {
    const operation = node.edit?.operation ?? "merge";
    switch (operation) {
      case "merge":
        return this.#merge(group, target, node);
      case "create":
        if (target) refuse(node, "data-exists: create, but it is there already");
        return { after: plain(node), sent: node };
      case "replace": {
        const after = plain(node);
        if (target && sameTree(target, after)) {
          this.#warn("ALREADY_PRESENT", node, "is there already, and is not sent");
          return { after: target, sent: undefined };
        }
        return { after, sent: node };
      }
      case "delete":
      case "remove":
        return this.#remove(group, target, node, operation);
      default:
        return operation satisfies never;
    }
  }

  #merge(group: Group, target: XmlNode | undefined, node: XmlNode): Outcome {
    if (isLeaf(node) && (!target || isLeaf(target))) {
      if (target && sameValue(target, node) && !metaChanges(target, node)) {
        this.#warn("ALREADY_PRESENT", node, "is there already, and is not sent");
        return { after: target, sent: undefined };
      }
      return { after: plain({ ...node, meta: mergedMeta(target, node) }), sent: node };
    }
    // `<ntp/>` where `ntp` holds something: it is there.
    if (isLeaf(node) && node.value !== "") refuse(node, "a value where the device has elements");
    if (target && isLeaf(target) && target.value !== "") refuse(node, "elements where the device has a value");
    const inner = node.children.filter((child) => !isKey(node, child, group.keys));
    const { after, sent } = this.section(target?.children ?? [], inner);
    const meta = mergedMeta(target, node);
    const isNothing = sent.length === 0 && !(target && metaChanges(target, node));
    if (target && isNothing) {
      if (inner.length === 0) this.#warn("ALREADY_PRESENT", node, "is there already, and is not sent");
      return { after: target, sent: undefined };
    }
    const keyLeaves = node.children.filter((child) => isKey(node, child, group.keys));
    const own = target ? after : [...keyLeaves, ...after];
    // Nothing but removals of what is not there.
    if (!target && own.length === 0 && node.children.length > 0) return { after: undefined, sent: undefined };
    const vanishes =
      group.kind === "container" &&
      own.length === 0 &&
      (target?.children.length ?? 0) > 0 &&
      !node.place.facts.hasPresence;
    return {
      after: vanishes ? undefined : { ...(target ?? plain({ ...node, children: [] })), children: own, meta },
      sent: { ...node, children: [...keyLeaves, ...sent] },
    };
  }

  #remove(group: Group, target: XmlNode | undefined, node: XmlNode, operation: "delete" | "remove"): Outcome {
    if (node.children.some((child) => !isKey(node, child, group.keys)))
      refuse(node, `${operation} takes the whole element: nothing but its keys may stand in it`);
    const isThere = target !== undefined && (group.kind !== "leaf" || node.value === "" || sameValue(target, node));
    if (!isThere && operation === "delete") refuse(node, "data-missing: delete, but it is not there", "device");
    if (!isThere) {
      this.#warn("NOTHING_TO_REMOVE", node, "takes nothing away, and is not sent");
      return { after: target, sent: undefined };
    }
    return { after: undefined, sent: withKeys(node, group, []) };
  }

  #noteGuess({ kind, isGuess, before }: Group, node: XmlNode): void {
    if (!isGuess || this.#guessed.has(node.place.path)) return;
    if (kind === "unkeyed" && (before.length > 0 || node.edit?.operation !== undefined))
      refuse(node, "what names an entry of this list is not known; the platform file needs its keys");
    this.#guessed.add(node.place.path);
    const how = kind === "unkeyed" ? "no leaf" : "its first leaf";
    this.warnings.push({
      code: "KEY_GUESSED",
      detail: `${node.place.path}: ${how} is taken for its key; the platform file does not say`,
    });
  }

  #warn(code: string, node: XmlNode, what: string): void {
    this.warnings.push({ code, detail: `line ${node.line} ${what}: ${node.place.path}`.slice(0, 300) });
  }
}

/** What is set takes the other cases of its choice away (RFC 7950 section 7.9). A text that sets two would depend on their order. */
function chosen(lists: Map<string, List>, text: readonly XmlNode[]): void {
  const choice = text[0]?.place.up?.facts.choice;
  if (!choice) return;
  const caseOf = (node: XmlNode): number => choice.findIndex((names) => names.includes(node.name));
  const set = text.filter((node) => caseOf(node) >= 0 && lists.get(groupName(node))?.find(node) !== undefined);
  const [first] = set;
  if (!first) return;
  const other = set.find((node) => caseOf(node) !== caseOf(first));
  if (other) refuse(other, "two cases of one choice");
  for (const [name, list] of lists) {
    const [node] = [...list.group.before, ...list.group.after];
    if (node && caseOf(node) >= 0 && caseOf(node) !== caseOf(first)) lists.delete(name);
  }
}

/** The entries of one group while it is changed; by name, as a large change would otherwise be quadratic. */
class List {
  readonly group: Group;
  #byName: Map<string, XmlNode> | undefined;
  #order: string[] | undefined;

  constructor(group: Group) {
    this.group = group;
  }

  get #entries(): Map<string, XmlNode> {
    this.#byName ??= new Map(this.group.before.map((node) => [this.group.identity(node), node]));
    return this.#byName;
  }

  find(node: XmlNode): XmlNode | undefined {
    return this.#entries.get(this.group.identity(node));
  }

  put(node: XmlNode, entry: XmlNode): void {
    this.#entries.set(this.group.identity(node), entry);
  }

  remove(node: XmlNode): void {
    this.#entries.delete(this.group.identity(node));
  }

  /** Entries that nobody asked about are as they were, two that look alike included. */
  entries(): readonly XmlNode[] {
    if (!this.#byName) return this.group.before;
    if (!this.#order) return [...this.#entries.values()];
    return this.#names().flatMap((name) => this.#entries.get(name) ?? []);
  }

  /** Returns whether it stands elsewhere now. */
  move(node: XmlNode, insert: Insert): boolean {
    const name = this.group.identity(node);
    const names = this.#names();
    const from = names.indexOf(name);
    const rest = names.filter((other) => other !== name);
    const to = this.#position(node, insert, rest);
    this.#order = rest.toSpliced(to, 0, name);
    return from !== to;
  }

  #position(node: XmlNode, insert: Insert, names: readonly string[]): number {
    switch (insert.at) {
      case "first":
        return 0;
      case "last":
        return names.length;
      case "before":
      case "after": {
        const wanted = insert.by === "key" ? withoutQuotes(insert.anchor) : insert.anchor;
        const at = names.findIndex((name) => {
          const entry = this.#entries.get(name);
          if (!entry) return false;
          return (insert.by === "key" ? predicates(entry, this.group.keys) : entry.value) === wanted;
        });
        if (at < 0) refuse(node, "yang:insert beside an entry that is not there", "device");
        return insert.at === "before" ? at : at + 1;
      }
      default:
        return insert satisfies never;
    }
  }

  /** In the order that holds now; entries that came meanwhile are at the end. */
  #names(): string[] {
    const known = (this.#order ?? []).filter((name) => this.#entries.has(name));
    const seen = new Set(known);
    return [...known, ...[...this.#entries.keys()].filter((name) => !seen.has(name))];
  }
}

/** `[ex:name='a']` of an author is `[name=a]` of ours. */
const withoutQuotes = (text: string): string =>
  text.replaceAll(PREDICATE, (_, name: string, quoted: string) => predicate(name, quoted.slice(1, -1)));

/** What it is once it is there. An operation below one that states the whole element would contradict it. */
function plain(node: XmlNode): XmlNode {
  const check = (child: XmlNode): XmlNode => {
    if (child.edit?.operation !== undefined && child !== node)
      refuse(child, "an operation inside an element that is stated whole");
    return { ...child, edit: undefined, children: child.children.map((inner) => check(inner)) };
  };
  return check(node);
}

function withKeys(node: XmlNode, { kind, keys }: Group, children: readonly XmlNode[]): XmlNode {
  const own = node.children.filter((child) => isKey(node, child, keys));
  const bare = kind === "leaf" ? { value: "", written: undefined, bindings: [] } : {};
  return { ...node, ...bare, children: [...own, ...children] };
}

const metaChanges = (target: XmlNode, node: XmlNode): boolean =>
  node.meta.some(({ name, value }) => !target.meta.some((meta) => meta.name === name && meta.value === value));

const mergedMeta = (target: XmlNode | undefined, node: XmlNode): XmlNode["meta"] => [
  ...(target?.meta ?? []).filter(({ name }) => !node.meta.some((meta) => meta.name === name)),
  ...node.meta,
];

function sameTree(a: XmlNode, b: XmlNode): boolean {
  return (
    a.ns === b.ns &&
    a.name === b.name &&
    sameValue(a, b) &&
    !metaChanges(a, b) &&
    !metaChanges(b, a) &&
    a.children.length === b.children.length &&
    a.children.every((child, at) => {
      const other = b.children[at];
      return other !== undefined && sameTree(child, other);
    })
  );
}
