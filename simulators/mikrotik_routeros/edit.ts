/** Edits of the configuration, by `add`, `set`, `remove` and their like: what a box refuses, in its words. */
import { interfaceNames, itemsOf, newItem, valuesOf, type Config, type Item } from "./config.ts";
import type { Menu } from "./menus.ts";
import {
  ConsoleError,
  expectedEnd,
  failure,
  noSuchItem,
  pairOf,
  syntaxError,
  valueOf,
  wordsOf,
  type Word,
} from "./words.ts";

export interface Arguments {
  readonly props: ReadonlyMap<string, string>;
  /** Words without a name: numbers, names, `[find …]`. */
  readonly bare: readonly Word[];
}

const OWN = new Set(["place-before", "numbers", "destination", "copy-from"]);

export function argumentsOf(menu: Menu | undefined, words: readonly Word[]): Arguments {
  const props = new Map<string, string>();
  const bare: Word[] = [];
  for (const word of words) {
    const pair = pairOf(word);
    if (pair) {
      if (menu?.props && !menu.props.has(pair.key) && !OWN.has(pair.key)) throw expectedEnd(word.column);
      const raw = word.raw.slice(pair.key.length + 1);
      props.set(pair.key, raw.startsWith("[") ? raw : pair.value);
    } else if (/^![a-z][\w.-]*$/.test(word.raw)) props.set(word.raw.slice(1), "");
    else bare.push(word);
  }
  return { props, bare };
}

/** `where` of `find` and `print`: all of `key=value`, `key!=value`, `key~"pattern"`, `key`, `!key`. */
export function matcher(words: readonly Word[]): (item: Item) => boolean {
  const tests = words.flatMap(({ raw, column }): ((item: Item) => boolean)[] => {
    if (raw === "where" || raw === "and" || raw === "&&") return [];
    const found = /^(!?)([a-z0-9.][\w.-]*)(?:(=|!=|~)([\s\S]*))?$/i.exec(raw);
    if (!found) throw syntaxError(column);
    const [, not = "", key = "", operator, rest = ""] = found;
    const value = valueOf(rest);
    const of = ({ props, id }: Item): string =>
      key === ".id" ? `*${id.toString(16).toUpperCase()}` : (props.get(key) ?? NOTHING[key] ?? "");
    if (operator === undefined) return [(item) => (of(item) === "yes") !== (not === "!")];
    if (operator === "~") {
      const pattern = new RegExp(value);
      return [(item) => pattern.test(of(item))];
    }
    return [(item) => (of(item) === value) === (operator === "=")];
  });
  return (item) => tests.every((test) => test(item));
}

/** What an item that says nothing of it has. */
const NOTHING: Readonly<Record<string, string>> = { disabled: "no", dynamic: "no" };

export function find(items: readonly Item[], text: string): Item[] {
  const inner = text.slice(1, -1).trim();
  if (inner !== "find" && !/^find\s/.test(inner)) throw syntaxError(2);
  return items.filter(matcher(wordsOf(inner.slice(4))));
}

/** The items that words without a name mean: by number of the last print, by `*id`, by name, by `[find …]`. */
export function selected(
  menu: Menu,
  items: readonly Item[],
  words: readonly Word[],
  printed: readonly number[],
): Item[] {
  return words.flatMap(({ raw }) => {
    if (raw.startsWith("[")) return find(items, raw);
    return valueOf(raw)
      .split(",")
      .map((one) => {
        const id = /^\d+$/.test(one) ? (menu.key === "number" ? undefined : printed[Number(one)]) : undefined;
        const item = items.find(
          ({ id: own, props }) =>
            own === id ||
            `*${own.toString(16).toUpperCase()}` === one ||
            props.get("name") === one ||
            (menu.key !== undefined && props.get(menu.key) === one),
        );
        if (!item) throw noSuchItem();
        return item;
      });
  });
}

const YES_NO = new Set([
  "disabled",
  "auto-mac",
  "vlan-filtering",
  "log",
  "allow-remote-requests",
  "show-at-login",
  "enabled",
  "disable-running-check",
]);
const ADDRESS = /^!?(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f:]*:[0-9a-f:.]*)(?:\/\d{1,3})?(?:-[\da-f.:]+)?$/i;

function check(config: Config, menu: Menu, props: ReadonlyMap<string, string>): void {
  const names = interfaceNames(config);
  for (const [key, value] of props) {
    if (OWN.has(key)) continue;
    if (YES_NO.has(key) && !["yes", "no", ""].includes(value))
      throw new ConsoleError(`input does not match any value of ${key}`);
    if (menu.interfaces?.includes(key) === true && !names.has(value))
      throw new ConsoleError(`input does not match any value of ${key}`);
    if (menu.path === "/ip address" && key === "address" && !ADDRESS.test(value))
      throw new ConsoleError(
        `invalid value for argument address:\n    invalid value of mask, must be 0..32\n    value of address expects IP address`,
      );
    if (key === "dst-address" && menu.path === "/ip route" && !ADDRESS.test(value))
      throw new ConsoleError("invalid value for argument dst-address");
    if (key === "mtu" && !/^(?:\d{2,5}|auto)$/.test(value)) throw new ConsoleError("invalid value for argument mtu");
  }
}

/** The network that goes with an address, which the box shows beside it. */
export function networkOf(address: string): string | undefined {
  const found = /^(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?$/.exec(address);
  if (!found) return undefined;
  const length = Number(found[5] ?? 32);
  const bits = found.slice(1, 5).reduce((all, part) => all * 256 + Number(part), 0);
  const size = 2 ** (32 - length);
  const network = Math.floor(bits / size) * size;
  return [24, 16, 8, 0].map((shift) => Math.floor(network / 2 ** shift) % 256).join(".");
}

function requireUnique(menu: Menu, items: readonly Item[], item: Item): void {
  const { unique } = menu;
  if (!unique || unique.some((key) => !item.props.has(key))) return;
  if (
    !items.some((other) => other.id !== item.id && unique.every((key) => other.props.get(key) === item.props.get(key)))
  )
    return;
  if (menu.path === "/ip address") throw failure("already have such address");
  if (menu.path.startsWith("/interface")) throw failure("already have interface with such name");
  throw failure(unique.includes("name") ? "item with such name already exists" : "already have such entry");
}

export function add(config: Config, menu: Menu, { props, bare }: Arguments): Item {
  if (bare[0]) throw expectedEnd(bare[0].column);
  const missing = menu.required?.find((key) => !props.has(key));
  if (missing !== undefined) throw new ConsoleError(`missing value(s) of argument(s) ${missing}`);
  check(config, menu, props);
  const items = itemsOf(config, menu.path);
  const item = newItem(config, new Map([...props].filter(([key, value]) => !OWN.has(key) && value !== "")));
  const network = menu.path === "/ip address" ? networkOf(item.props.get("address") ?? "") : undefined;
  if (network !== undefined && !item.props.has("network")) item.props.set("network", network);
  if (menu.path === "/ip address" && !(item.props.get("address") ?? "").includes("/"))
    item.props.set("address", `${item.props.get("address")}/32`);
  requireUnique(menu, items, item);
  const before = props.get("place-before");
  if (before === undefined) items.push(item);
  else {
    if (menu.ordered !== true) throw expectedEnd(1);
    const [other] = before.startsWith("[")
      ? find(items, before)
      : items.filter(({ id }) => before === `*${id.toString(16).toUpperCase()}`);
    if (!other) throw noSuchItem();
    items.splice(items.indexOf(other), 0, item);
  }
  return item;
}

/** Returns whether anything is another than before. */
export function set(config: Config, menu: Menu, item: Item | undefined, props: ReadonlyMap<string, string>): boolean {
  check(config, menu, props);
  const values = item?.props ?? valuesOf(config, menu.path);
  const next = new Map(values);
  for (const [key, value] of props) {
    if (OWN.has(key)) continue;
    if (value === "" || (menu.defaults?.[key] === value && menu.kind !== "list")) next.delete(key);
    else next.set(key, value);
  }
  if (menu.path === "/ip address" && props.has("address") && !props.has("network"))
    next.set("network", networkOf(next.get("address") ?? "") ?? "");
  if (item) requireUnique(menu, itemsOf(config, menu.path), { id: item.id, props: next });
  if (next.size === values.size && [...next].every(([key, value]) => values.get(key) === value)) return false;
  values.clear();
  for (const [key, value] of next) values.set(key, value);
  return true;
}

/** A bridge takes its ports with it. */
export function remove(config: Config, menu: Menu, gone: readonly Item[]): void {
  if (menu.kind !== "list") throw failure("can not remove this item");
  const items = itemsOf(config, menu.path);
  for (const item of gone) {
    const at = items.indexOf(item);
    if (at >= 0) items.splice(at, 1);
    const name = item.props.get("name");
    if (menu.path === "/interface bridge" && name !== undefined) {
      const ports = itemsOf(config, "/interface bridge port");
      for (const port of ports.filter(({ props }) => props.get("bridge") === name))
        ports.splice(ports.indexOf(port), 1);
    }
  }
}

export function move(config: Config, menu: Menu, moved: readonly Item[], destination: Item | undefined): void {
  if (menu.ordered !== true) throw failure("can not move");
  const items = itemsOf(config, menu.path);
  for (const item of moved) {
    items.splice(items.indexOf(item), 1);
    items.splice(destination ? items.indexOf(destination) : items.length, 0, item);
  }
}
