/** Reads what an export shows: the box's own configuration at boot, and the files of `/import`. */
import { itemsOf, newItem, type Config } from "./config.ts";
import { isNode, menuAt, type Menu } from "./menus.ts";
import { pairOf, wordsOf, type Word } from "./words.ts";

/** Whole lines: a backslash at the end goes on in the next, whose indent is none of it. */
export function joined(text: string): string[] {
  const out: string[] = [];
  let open = "";
  for (const line of text.split(/\r?\n/)) {
    const whole = open === "" ? line : open + line.trimStart();
    if (whole.endsWith("\\") && !whole.startsWith("#")) {
      open = whole.slice(0, -1);
      continue;
    }
    open = "";
    out.push(whole);
  }
  if (open !== "") out.push(open);
  return out;
}

/** A box keeps what it booted with, known or not; what is in no menu is refused, since that would be a mistake of the test. */
export function loadExport(config: Config, text: string): void {
  let path = "";
  for (const line of joined(text)) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const words = wordsOf(line);
    if (words[0]?.raw.startsWith("/") === true) {
      let count = 0;
      let found = "";
      for (let length = 1; length <= words.length; length++) {
        const candidate = words
          .slice(0, length)
          .map(({ raw }) => raw)
          .join(" ");
        if (!isNode(candidate)) break;
        found = candidate;
        count = length;
      }
      path = found;
      if (count < words.length) one(config, path, words.slice(count), line);
    } else one(config, path, words, line);
  }
}

function one(config: Config, path: string, words: readonly Word[], line: string): void {
  const menu = menuAt(path);
  const verb = words[0]?.raw;
  if (!menu || (verb !== "add" && verb !== "set"))
    throw new Error(`the simulated box knows no such line: ${path} ${line}`);
  const pairs = words.flatMap((word) => {
    const pair = pairOf(word);
    return pair ? [[pair.key, pair.value] as const] : [];
  });
  const items = itemsOf(config, path);
  if (verb === "add") {
    items.push(newItem(config, new Map(pairs)));
    return;
  }
  const item = target(config, menu, words);
  for (const [key, value] of pairs) item.props.set(key, value);
}

function target(config: Config, menu: Menu, words: readonly Word[]): { props: Map<string, string> } {
  const items = itemsOf(config, menu.path);
  const [, first] = words;
  const isPair = first !== undefined && pairOf(first) !== undefined;
  const key =
    menu.kind === "single" || isPair || !first ? undefined : (/=\s*"?([^\s"\]]+)/.exec(first.raw)?.[1] ?? first.raw);
  const name = menu.key ?? "name";
  const there = key === undefined ? items[0] : items.find(({ props }) => props.get(name) === key);
  if (there) return there;
  const made = newItem(config, new Map(key === undefined ? [] : [[name, key]]));
  items.push(made);
  return made;
}
