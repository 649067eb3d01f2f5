/** What `print` shows of menus and of the box itself. */
import type { Box } from "./box.ts";
import { exportLines, itemsOf, valueAt, type ExportOptions, type Item } from "./config.ts";
import type { Menu } from "./menus.ts";
import type { StateMenu, StateRow } from "./state.ts";
import { dateOf, showSpan, timeOf } from "./times.ts";
import { shown } from "./words.ts";

const right = (rows: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, value]) => `${name.padStart(width)}: ${value}\n`).join("");
};

/** The box's own clock, which need not be right. */
export function clock({ store, config }: Box): string {
  const nowMs = store.clock.nowMs() + store.faults.conditions.clockSkewMs;
  return right([
    ["time", timeOf(nowMs)],
    ["date", dateOf(nowMs)],
    ["time-zone-autodetect", "yes"],
    ["time-zone-name", valueAt(config, "/system clock", "time-zone-name") ?? "UTC"],
    ["gmt-offset", "+00:00"],
    ["dst-active", "no"],
  ]);
}

export function resource(box: Box): string {
  const { store, facts } = box;
  const free = store.faults.conditions.freeBytes;
  return right([
    ["uptime", showSpan(Math.max(1000, store.clock.nowMs() - store.bootedAtMs))],
    ["version", `${facts.version} (stable)`],
    ["build-time", "2024-09-20 13:00:27"],
    ["factory-software", "7.1"],
    ["free-memory", "165.6MiB"],
    ["total-memory", "384.0MiB"],
    ["cpu", "ARM64"],
    ["cpu-count", "4"],
    ["cpu-frequency", "1400MHz"],
    ["cpu-load", "2%"],
    ["free-hdd-space", free === undefined ? "71.2MiB" : `${(free / 1024).toFixed(1)}KiB`],
    ["total-hdd-space", "89.2MiB"],
    ["write-sect-since-reboot", "584"],
    ["write-sect-total", "584"],
    ["architecture-name", "arm64"],
    ["board-name", facts.board],
    ["platform", "MikroTik"],
  ]);
}

export const routerboard = ({ facts, store }: Box): string =>
  right([
    ["routerboard", "yes"],
    ["model", facts.board],
    ["serial-number", store.serial],
    ["firmware-type", "70x0"],
    ["factory-firmware", "7.1"],
    ["current-firmware", facts.version],
    ["upgrade-firmware", facts.version],
  ]);

export const deviceMode = ({ facts }: Box): string =>
  right([
    ["mode", "advanced"],
    ["flagged", "no"],
    ["scheduler", facts.scheduler ? "yes" : "no"],
    ["fetch", "yes"],
  ]);

export const packageUpdate = ({ facts }: Box): string =>
  right([
    ["channel", "stable"],
    ["installed-version", facts.version],
  ]);

export const packages = ({ facts }: Box): string =>
  `Columns: NAME, VERSION, BUILD-TIME, SIZE\n#  NAME      VERSION  BUILD-TIME           SIZE   \n0  routeros  ${facts.version.padEnd(7)}  2024-09-20 13:00:27  11.2MiB\n`;

export function historyText(box: Box): string {
  const rows = box.history.map(({ action, by, atMs }) => [action, by, "write", `${dateOf(atMs)} ${timeOf(atMs)}`]);
  return `Flags: U - UNDOABLE\nColumns: ACTION, BY, POLICY, TIME\n${table(["ACTION", "BY", "POLICY", "TIME"], rows, "U")}`;
}

export function filesText(box: Box, match: (item: Item) => boolean, detail: boolean): string {
  const rows = box.files
    .map((file, id) => ({
      file,
      item: {
        id,
        props: new Map([
          ["name", file.name],
          ["type", file.type],
        ]),
      },
    }))
    .filter(({ item }) => match(item))
    .map(({ file }) => file);
  const time = (ms: number): string => `${dateOf(ms)} ${timeOf(ms)}`;
  if (detail)
    return rows
      .map(
        ({ name, type, content, atMs }, at) =>
          ` ${at} name=${name} type=${type} size=${content.length || 17_000} last-modified=${time(atMs)}\n`,
      )
      .join("");
  return `Columns: NAME, TYPE, SIZE, LAST-MODIFIED\n${table(
    ["#", "NAME", "TYPE", "SIZE", "LAST-MODIFIED"],
    rows.map(({ name, type, content, atMs }, at) => [
      String(at),
      name,
      type,
      type === "disk" ? "" : String(content.length || 17_000),
      time(atMs),
    ]),
    "",
  )}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[], flag: string): string {
  const widths = head.map((name, at) => Math.max(name.length, ...rows.map((row) => (row[at] ?? "").length)));
  const line = (cells: readonly string[], mark: string): string =>
    `${mark}${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ")}\n`;
  const pad = flag === "" ? "" : "  ";
  return line(head, pad) + rows.map((row) => line(row, flag === "" ? "" : `${flag} `)).join("");
}

export interface PrintOptions {
  readonly form: "columns" | "detail" | "terse" | "count-only";
  readonly match: (item: Item) => boolean;
}

const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  "/ip address": ["address", "network", "interface"],
  "/ip route": ["dst-address", "gateway", "distance"],
  "/interface ethernet": ["name", "mtu", "mac-address"],
  "/ip arp": ["address", "mac-address", "interface"],
  "/ip service": ["name", "port", "address"],
  "/ip firewall address-list": ["list", "address"],
  "/interface bridge port": ["interface", "bridge"],
};

export function printMenu(box: Box, menu: Menu, { form, match }: PrintOptions): { text: string; ids: number[] } {
  const items = itemsOf(box.config, menu.path).filter(match);
  const ids = items.map(({ id }) => id);
  if (form === "count-only") return { text: `${items.length}\n`, ids };
  if (menu.kind === "single") {
    const values = Object.entries({ ...menu.defaults, ...Object.fromEntries(items[0]?.props ?? []) });
    return { text: values.length === 0 ? "" : right(values.map(([key, value]) => [key, value] as const)), ids };
  }
  const columns = COLUMNS[menu.path];
  if (form === "columns" && columns) {
    const head = ["#", ...columns.map((name) => name.toUpperCase())];
    const rows = items.map(({ props }, at) => [
      String(at),
      ...columns.map((name) => props.get(name) ?? props.get(`default-${name}`) ?? ""),
    ]);
    return { text: `Columns: ${head.slice(1).join(", ")}\n${table(head, rows, "")}`, ids };
  }
  const lines = items.map((item, at) => {
    const flag = item.props.get("disabled") === "yes" ? "X" : " ";
    const extra = menu.path === "/system scheduler" ? schedule(box, item) : [];
    const pairs = [...item.props].filter(([key]) => key !== "disabled").concat(extra);
    return form === "terse"
      ? ` ${at} ${flag} ${pairs.map(([key, value]) => `${key}=${value}`).join(" ")} \n`
      : ` ${at} ${flag} ${pairs.map(([key, value]) => `${key}=${/^[\w.:\-/]+$/.test(value) && !/^name|comment/.test(key) ? value : `"${shown(value).replace(/^"|"$/g, "")}"`}`).join(" ")} \n`;
  });
  return { text: `Flags: X - DISABLED; D - DYNAMIC\n${lines.join(form === "terse" ? "" : "\n")}`, ids };
}

function schedule(box: Box, item: Item): [string, string][] {
  const next = box.nextRun(item);
  const at: [string, string][] = next === undefined ? [] : [["next-run", `${dateOf(next)} ${timeOf(next)}`]];
  return [["run-count", String(box.runs.get(item.id) ?? 0)], ...at];
}

/** Rows of state. In `terse` values stand without quotes, as recorded; a proplist gives no more than it names. */
export function printState(
  rows: readonly StateRow[],
  { legend, columns }: StateMenu,
  form: "columns" | "detail" | "terse",
  proplist: readonly string[] | undefined,
): string {
  const flagged = rows.some(({ flags }) => flags !== "");
  const width = Math.max(...rows.map(({ flags }) => flags.length), 1);
  const head = legend === "" ? "" : `Flags: ${legend}\n`;
  if (form === "columns" && columns.length > 0) {
    const shown = proplist ?? columns;
    const cells = rows.map(({ flags, props }, at) => [
      `${at}${flagged ? ` ${flags.padEnd(width)}` : ""}`,
      ...shown.map((name) => props.get(name) ?? ""),
    ]);
    const names = shown.map((name) => name.toUpperCase());
    return `${head}Columns: ${names.join(", ")}\n${table(["#", ...names], cells, "")}`;
  }
  const lines = rows.map(({ flags, props }, at) => {
    const pairs = proplist
      ? proplist.flatMap((name) => (props.has(name) ? [[name, props.get(name) ?? ""] as const] : []))
      : [...props];
    const mark = `${String(at).padStart(2)} ${flags.padEnd(width)} `;
    if (form === "terse")
      return `${mark}${grouped(pairs)
        .map(([key, value]) => `${key}=${value}`)
        .join(" ")} \n`;
    const comment = pairs.find(([key]) => key === "comment")?.[1];
    const rest = grouped(pairs.filter(([key]) => key !== "comment")).map(
      ([key, value]) => `${key}=${quoted(key, value)}`,
    );
    const text = rest.join(" ");
    return comment === undefined ? `${mark}${text} \n` : `${mark};;; ${comment}\n        ${text} \n`;
  });
  return form === "terse" ? lines.join("") : `${head}${lines.join("\n")}`;
}

/** `remote.address=… .as=…`: what is of the same group leaves its name away. */
function grouped(pairs: readonly (readonly [string, string])[]): (readonly [string, string])[] {
  let group = "";
  return pairs.map(([key, value]) => {
    const dot = key.indexOf(".");
    const [name, rest] = dot < 0 ? ["", key] : [key.slice(0, dot), key.slice(dot)];
    const same = dot >= 0 && name === group;
    if (dot >= 0) group = name;
    return [same ? rest : key, value] as const;
  });
}

const quoted = (key: string, value: string): string =>
  /^[\w.:\-/%,]+$/.test(value) && !["name", "default-name", "type", "identity"].includes(key)
    ? value
    : `"${value.replace(/[\\"$?]/g, (c) => `\\${c}`)}"`;

export function exported(box: Box, options: ExportOptions): string {
  const { facts, store } = box;
  const nowMs = store.clock.nowMs();
  const header = [
    `# ${dateOf(nowMs)} ${timeOf(nowMs)} by RouterOS ${facts.version}`,
    `# software id = ${facts.softwareId}`,
    "#",
    `# model = ${facts.board}`,
    `# serial number = ${store.serial}`,
  ];
  return [...header, ...exportLines(box.config, options)].map((line) => `${line}\n`).join("");
}
