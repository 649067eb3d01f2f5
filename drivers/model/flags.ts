import type { DiffEntry } from "./diff.ts";
import { asTyped, below, type Language, type SetForm } from "./language.ts";
import { parseSet } from "./set/tree.ts";
import type { ConfigNode } from "./tree.ts";

/** What a change means for the way it must be run. */

const ADDRESS = "‹address›";
/** Where the device's management address is not known, every address counts as it. */
const ANY_ADDRESS = "\\S+";

export function touchesManagement(
  language: Language,
  diff: readonly DiffEntry[],
  trees: readonly (readonly ConfigNode[])[],
  managementAddress: string | undefined,
): boolean {
  const address =
    managementAddress === undefined ? ANY_ADDRESS : `(?<![\\w.:])${RegExp.escape(managementAddress)}(?![\\w.:])`;
  const compile = (source: string): RegExp => new RegExp(source.replaceAll(ADDRESS, address), "v");
  const places = language.management.flatMap((rule) => ("place" in rule ? [compile(rule.place)] : []));
  if (language.set && carriesPath(language, language.set, diff, trees, compile)) return true;
  const carrying = sectionsThatCarry(language, trees, compile);
  return diff.some(({ path, line }) => {
    let place = "";
    for (const header of [...path, line]) {
      place = below(place, header);
      if (carrying.has(place) || places.some((pattern) => pattern.test(place))) return true;
    }
    return false;
  });
}

/** In a set language a section is what begins with the same words: all lines of an interface that holds the address. */
function carriesPath(
  language: Language,
  form: SetForm,
  diff: readonly DiffEntry[],
  trees: readonly (readonly ConfigNode[])[],
  compile: (source: string) => RegExp,
): boolean {
  const path = (line: string): string => {
    const parsed = parseSet(form, line);
    return parsed.kind === "other" ? line : parsed.words.join(" ");
  };
  return language.management.some((rule) => {
    if (!("section" in rule)) return false;
    const holds = compile(rule.holds);
    const carrying = new Set<string>();
    for (const { line } of trees.flat()) {
      if (!holds.test(line)) continue;
      const section = rule.section.exec(path(line))?.[0];
      if (section !== undefined) carrying.add(section);
    }
    if (carrying.size === 0) return false;
    return diff.some(({ line }) => {
      const section = rule.section.exec(path(line))?.[0];
      return section !== undefined && carrying.has(section);
    });
  });
}

/** Sections that hold the management path before or after, by their place. */
function sectionsThatCarry(
  language: Language,
  trees: readonly (readonly ConfigNode[])[],
  compile: (source: string) => RegExp,
): Set<string> {
  const rules = language.management.flatMap((rule) =>
    "section" in rule ? [{ section: rule.section, holds: compile(rule.holds) }] : [],
  );
  const found = new Set<string>();
  const walk = (nodes: readonly ConfigNode[], path: string): void => {
    for (const node of nodes) {
      if (node.children.length === 0) continue;
      const place = below(path, node.line);
      for (const { section, holds } of rules) {
        if (section.test(place) && node.children.some((child) => holds.test(child.line))) found.add(place);
      }
      walk(node.children, place);
    }
  };
  if (rules.length > 0) for (const tree of trees) walk(tree, "");
  return found;
}

/** Looks at what is typed and at what goes away, however it was asked for. */
export function isDestructive(language: Language, diff: readonly DiffEntry[], commands: readonly string[]): boolean {
  const lines = [
    ...commands.map(asTyped),
    ...diff.flatMap(({ op, line }) => (op === "remove" ? [language.negative(line)] : [])),
  ];
  return lines.some((line) => language.destructive.some((pattern) => pattern.test(line)));
}
