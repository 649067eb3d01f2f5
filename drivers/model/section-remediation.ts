import { orderedLists } from "./diff.ts";
import { below, keyAt, type Language } from "./language.ts";
import { tokensIn } from "./token.ts";
import type { ConfigNode, SourceNode } from "./tree.ts";

/**
 * The lines of a language of sections that lead from one configuration to another: first what goes is removed by name, so that nothing
 * new meets what it replaces (an address on another interface); then the target is typed, of which only what is missing is sent. In a
 * list whose order matters everything behind the first difference goes and is typed again; a section that holds such a list is
 * rebuilt in one piece, right where it is typed, so that it is incomplete for as short a time as can be.
 */
export function sectionRemediation(
  language: Language,
  before: readonly ConfigNode[],
  target: readonly SourceNode[],
): SourceNode[] {
  const { gone, typed } = towards(language, before, target, "", holders(language, target));
  return [...gone, ...typed];
}

interface Towards {
  readonly gone: SourceNode[];
  readonly typed: readonly SourceNode[];
}

function towards(
  language: Language,
  before: readonly ConfigNode[],
  target: readonly SourceNode[],
  path: string,
  held: Holders,
): Towards {
  const wanted = new Map(target.map((node) => [node.line, node]));
  const lists = orderedLists(language, path, before, target);
  // Also what the target holds further down the list: it is typed again.
  const behind = new Set(lists.flatMap((list) => list.removed));
  const replaced = replacedIn(language, path, target);
  const gone: SourceNode[] = [];
  const rebuilt = new Map<SourceNode, SourceNode>();
  for (const node of before) {
    const place = below(path, node.line);
    const same = behind.has(node) ? undefined : wanted.get(node.line);
    // A section that is not shown while it is empty goes with its last line, and some cannot be removed by name.
    const vanishes = node.children.length > 0 && language.vanish.some((pattern) => pattern.test(place));
    if (!same && !vanishes) {
      if (!replaced(node.line) || movesAway(language, path, node.line, held))
        gone.push(made(removal(language, path, node.line), []));
      continue;
    }
    if (node.children.length === 0 && !same?.children.length) continue;
    const inner = towards(language, node.children, same?.children ?? [], place, held);
    if (same && holdsList(language, place)) {
      rebuilt.set(same, { ...same, children: [...inner.gone, ...inner.typed] });
      continue;
    }
    if (same && inner.typed !== same.children) rebuilt.set(same, { ...same, children: [...inner.typed] });
    if (inner.gone.length > 0) gone.push(made(node.line, inner.gone));
  }
  return { gone, typed: rebuilt.size === 0 ? target : target.map((node) => rebuilt.get(node) ?? node) };
}

/** Where the target holds each value that only one section, or one line, may hold. */
type Holders = ReadonlyMap<string, ReadonlySet<string>>;

function holders(language: Language, target: readonly ConfigNode[]): Holders {
  const held = new Map<string, Set<string>>();
  const walk = (nodes: readonly ConfigNode[], path: string): void => {
    const rules = language.exclusive.filter((rule) => rule.path.test(path));
    for (const node of nodes) {
      for (const rule of rules) {
        const key = keyAt(rule, path, node.line);
        if (key !== undefined) held.set(key, (held.get(key) ?? new Set()).add(holder(rule, path, node.line)));
      }
      if (node.children.length > 0) walk(node.children, below(path, node.line));
    }
  };
  if (language.exclusive.length > 0) walk(target, "");
  return held;
}

const holder = (rule: Language["exclusive"][number], path: string, line: string): string =>
  rule.by === "section" ? path : `${path}\n${line}`;

const movesAway = (language: Language, path: string, line: string, held: Holders): boolean =>
  language.exclusive.some((rule) => {
    const key = keyAt(rule, path, line);
    const places = key === undefined ? undefined : held.get(key);
    return places !== undefined && !places.has(holder(rule, path, line));
  });

const holdsList = (language: Language, place: string): boolean =>
  language.ordered.some((rule) => rule.path.test(place) && !rule.path.test(""));

/** The one value of a setting is replaced by typing the new one. */
function replacedIn(language: Language, path: string, target: readonly ConfigNode[]): (line: string) => boolean {
  const rules = language.single.filter((rule) => rule.path.test(path));
  const keys = rules.map((rule) => {
    const of = new Set<string>();
    for (const { line } of target) {
      const key = keyAt(rule, path, line);
      if (key !== undefined) of.add(key);
    }
    return of;
  });
  return (line) =>
    rules.some((rule, at) => {
      if (keys[at]?.size === 0) return false;
      const key = keyAt(rule, path, line);
      return key !== undefined && keys[at]?.has(key) === true;
    });
}

/** A secret need not be told to be removed. */
function removal(language: Language, path: string, line: string): string {
  const [token] = tokensIn(line);
  const named = language.removals
    .map((rule) => (rule.path.test(path) ? rule.line.exec(line)?.groups?.["name"] : undefined))
    .find((name) => name !== undefined);
  const bare = named ?? (token === undefined ? line : withoutType(language, line.slice(0, token.start)).trimEnd());
  return language.positive(bare) ?? language.negative(bare);
}

const withoutType = (language: Language, text: string): string =>
  language.secretType === undefined ? text : text.replace(new RegExp(`(?<= )(?:${language.secretType})$`, "v"), "");

const made = (line: string, children: readonly SourceNode[]): SourceNode => ({
  line,
  children: [...children],
  source: { number: 0, indent: 0, text: line, body: undefined, block: undefined },
});
