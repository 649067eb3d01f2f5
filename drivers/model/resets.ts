import type { Finding } from "../../shared/documents/receipt.ts";
import type { Command } from "./commands.ts";
import type { DiffEntry } from "./diff.ts";
import { below, type Language, listOf, PATH_SEPARATOR, type SetForm } from "./language.ts";
import { parseSet, type SetNode, treeOf } from "./set/tree.ts";
import type { ConfigNode } from "./tree.ts";

/** What a change does to traffic and sessions beyond what its diff says. */

const DETAIL_MAX = 160;

/** Whether a section is there, and in it a line that begins with the key. */
type Has = (path: string, key: string | undefined) => boolean;
type Place = readonly [path: string, line: string];

/** Changed lines that the platform file says end a session or take a link down for a moment. */
export function resetWarnings(
  language: Language,
  [before, after]: readonly [readonly ConfigNode[], readonly ConfigNode[]],
  diff: readonly DiffEntry[],
): Finding[] {
  if (language.resets.length === 0 || diff.length === 0) return [];
  const places = (nodes: readonly ConfigNode[]): Has =>
    language.set ? setPlaces(language.set, nodes) : sectionPlaces(nodes);
  const [had, has] = [places(before), places(after)];
  const warned = new Set<string>();
  const out: Finding[] = [];
  for (const entry of diff) {
    const where = language.set ? setPlacesOf(language.set, entry.line) : [sectionPlace(entry)];
    for (const [path, line] of where) {
      for (const rule of language.resets) {
        if (!rule.path.test(path)) continue;
        const found = rule.line.exec(line);
        if (!found) continue;
        const key = found.groups?.["key"];
        // What is new has no session to lose, and what is gone is told once.
        if (entry.op === "add" ? rule.gone || !had(path, key) : rule.gone ? has(path, key) : !has(path, undefined))
          continue;
        const detail = `${rule.what}: ${below(path, key ?? found[0].trimEnd()).slice(0, DETAIL_MAX)}`;
        if (warned.has(detail)) continue;
        warned.add(detail);
        out.push({ code: "SESSION_RESET", detail });
      }
    }
  }
  return out;
}

const sectionPlace = ({ path, line }: DiffEntry): Place => [path.join(PATH_SEPARATOR), line];

function sectionPlaces(before: readonly ConfigNode[]): Has {
  const sections = new Map<string, readonly ConfigNode[]>([["", before]]);
  const walk = (nodes: readonly ConfigNode[], path: string): void => {
    for (const node of nodes) {
      if (node.children.length === 0) continue;
      const place = below(path, node.line);
      sections.set(place, node.children);
      walk(node.children, place);
    }
  };
  walk(before, "");
  const keys = new Map<readonly ConfigNode[], Set<string>>();
  return (path, key) => {
    const lines = sections.get(path);
    if (!lines || key === undefined) return lines !== undefined;
    let known = keys.get(lines);
    if (!known) {
      known = new Set();
      for (const { line } of lines) for (const words of beginningsOf(line)) known.add(words);
      keys.set(lines, known);
    }
    return known.has(key);
  };
}

function beginningsOf(line: string): string[] {
  const out: string[] = [];
  for (let at = line.indexOf(" "); at >= 0; at = line.indexOf(" ", at + 1)) out.push(line.slice(0, at));
  return [...out, line];
}

function setPlaces(form: SetForm, before: readonly ConfigNode[]): Has {
  const tree = treeOf(form, before);
  return (path, key) => {
    const holder: SetNode | undefined = tree.find(path === "" ? [] : path.split(" "));
    return (
      holder !== undefined && (key === undefined || tree.find([...path.split(" "), ...key.split(" ")]) !== undefined)
    );
  };
}

/** A set line stands at every place along its path. */
function setPlacesOf(form: SetForm, line: string): Place[] {
  const parsed = parseSet(form, line);
  if (parsed.kind === "other" || parsed.kind === "insert") return [];
  const { words } = parsed;
  return words.map((_, at) => [words.slice(0, at).join(" "), words.slice(at).join(" ")]);
}

/** Lists whose order matters and that lose entries: until the last line is typed, traffic meets a list that is neither the old nor the new one. */
export function gapWarnings(language: Language, diff: readonly DiffEntry[], commands: readonly Command[]): Finding[] {
  const lists = new Set<string>();
  for (const { op, path, line } of diff) {
    const joined = path.join(PATH_SEPARATOR);
    if (
      op === "remove" &&
      path.length > 0 &&
      language.ordered.some((rule) => rule.path.test(joined) && !rule.path.test(""))
    )
      lists.add(joined);
    else if (op === "remove" && listOf(language, joined, line) !== undefined)
      lists.add(below(joined, line.split(" ").slice(0, 3).join(" ")));
  }
  if (commands.length < 2) return [];
  return [...lists].map((list) => ({
    code: "TRAFFIC_GAP",
    detail: `while it is typed, traffic meets an incomplete list: ${list.slice(0, DETAIL_MAX)}`,
  }));
}
