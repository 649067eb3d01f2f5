/** The configuration of a RouterOS box: items of menus. Changes are at once in force and at once kept. */
import { MENUS, menuAt, type Menu } from "./menus.ts";
import { shown } from "./words.ts";

export interface Item {
  /** As `*1A`; never used twice. */
  readonly id: number;
  props: Map<string, string>;
}

export interface Config {
  readonly menus: Map<string, Item[]>;
  nextId: number;
}

export const emptyConfig = (): Config => ({ menus: new Map(), nextId: 1 });

export const cloneConfig = (config: Config): Config => ({
  nextId: config.nextId,
  menus: new Map(
    [...config.menus].map(([path, items]) => [path, items.map(({ id, props }) => ({ id, props: new Map(props) }))]),
  ),
});

export function itemsOf(config: Config, path: string): Item[] {
  let items = config.menus.get(path);
  if (!items) {
    items = [];
    config.menus.set(path, items);
  }
  return items;
}

export function newItem(config: Config, props: ReadonlyMap<string, string>): Item {
  return { id: config.nextId++, props: new Map(props) };
}

/** The one set of values of a menu that has no items. */
export function valuesOf(config: Config, path: string): Map<string, string> {
  const items = itemsOf(config, path);
  let [only] = items;
  if (!only) {
    only = newItem(config, new Map());
    items.push(only);
  }
  return only.props;
}

export const valueAt = (config: Config, path: string, key: string): string | undefined =>
  config.menus.get(path)?.[0]?.props.get(key) ?? menuAt(path)?.defaults?.[key];

/** Every name that an interface goes by. */
export function interfaceNames(config: Config): Set<string> {
  const names = new Set<string>(["lo", "all", "none", "dynamic", "static"]);
  for (const path of [
    "/interface ethernet",
    "/interface bridge",
    "/interface vlan",
    "/interface bonding",
    "/interface wireguard",
    "/interface list",
  ])
    for (const { props } of config.menus.get(path) ?? [])
      names.add(props.get("name") ?? props.get("default-name") ?? "");
  return names;
}

export interface ExportOptions {
  readonly sensitive: boolean;
  readonly terse: boolean;
  readonly verbose: boolean;
  /** Below this menu only. */
  readonly under?: string;
}

const WIDTH = 80;
const INDENT = "    ";

/** The lines of `/export`, without the header. */
export function exportLines(config: Config, options: ExportOptions): string[] {
  const out: string[] = [];
  for (const menu of MENUS) {
    const { path } = menu;
    if (menu.hidden === true) continue;
    const { under = "" } = options;
    if (under !== "" && path !== under && !path.startsWith(`${under} `)) continue;
    const lines = (config.menus.get(path) ?? []).flatMap((item) => itemLine(menu, item, options));
    if (lines.length === 0) continue;
    if (options.terse) out.push(...lines.map((line) => `${path} ${line.join("").trimEnd()}`));
    else out.push(path, ...lines.flatMap((parts) => wrapped(parts)));
  }
  return out;
}

/** The line as the pieces between which it may be broken: `add `, `address=`, `10.0.0.1/24 `. */
function itemLine(menu: Menu, { props }: Item, options: ExportOptions): string[][] {
  const parts: string[] = [];
  for (const [key, value] of [...props].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) {
    if (!options.sensitive && menu.sensitive?.includes(key) === true) continue;
    if (!options.verbose && menu.defaults?.[key] === value) continue;
    if ((menu.kind === "fixed" && key === menu.key) || menu.unsaid?.includes(key) === true) continue;
    if (menu.path === "/interface ethernet" && key === "name" && value === props.get("default-name")) continue;
    parts.push(`${key}=`, `${shown(value)} `);
  }
  if (menu.kind === "list") return [["add ", ...parts]];
  if (parts.length === 0) return [];
  if (menu.kind === "single") return [["set ", ...parts]];
  const key = props.get(menu.key ?? "") ?? "";
  return [[menu.findsKey === true ? `set [ find ${menu.key}=${key} ] ` : `set ${key} `, ...parts]];
}

/** At 80 columns, the backslash among them; what goes on is indented by four. Recorded exports break so, byte for byte. */
function wrapped(parts: readonly string[]): string[] {
  const lines: string[] = [];
  let line = "";
  for (const part of parts) {
    if (line.length + part.trimEnd().length > WIDTH - 3 && line.trim() !== "") {
      lines.push(`${line}\\`);
      line = INDENT;
    }
    line += part;
    while (line.trimEnd().length > WIDTH - 1) {
      lines.push(`${line.slice(0, WIDTH - 1)}\\`);
      line = INDENT + line.slice(WIDTH - 1);
    }
  }
  lines.push(line.trimEnd());
  return lines;
}

export const exportText = (config: Config, options: Partial<ExportOptions> = {}): string =>
  exportLines(config, { sensitive: true, terse: false, verbose: false, ...options })
    .map((line) => `${line}\n`)
    .join("");
