/** What `print` shows of menus and of the box itself. */
import type { Box } from "./box.ts";
import { exportLines, itemsOf, valueAt, type ExportOptions, type Item } from "./config.ts";
import type { Menu } from "./menus.ts";
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

export function interfaces(box: Box): string {
  const rows = [
    "/interface ethernet",
    "/interface bridge",
    "/interface vlan",
    "/interface bonding",
    "/interface wireguard",
  ].flatMap((path) =>
    itemsOf(box.config, path).map(({ props }) => ({
      running: props.get("disabled") !== "yes",
      cells: [
        props.get("name") ?? props.get("default-name") ?? "",
        path === "/interface ethernet" ? "ether" : path.slice(11),
        props.get("mtu") ?? "1500",
        props.get("mac-address") ?? "",
      ],
    })),
  );
  const head = ["NAME", "TYPE", "ACTUAL-MTU", "MAC-ADDRESS"];
  return `Flags: R - RUNNING; X - DISABLED\nColumns: ${head.join(", ")}\n${table(
    ["#", ...head],
    rows.map(({ cells, running }, at) => [`${at} ${running ? "R" : "X"}`, ...cells]),
    "",
  )}`;
}

export function bgpSessions(box: Box): string {
  return `Flags: E - established \n${itemsOf(box.config, "/routing bgp connection")
    .map(
      ({ props }, at) =>
        ` ${at} ${props.get("disabled") === "yes" ? " " : "E"} name="${props.get("name") ?? ""}-1" \n     remote.address=${props.get("remote.address") ?? ""} .as=${props.get("remote.as") ?? ""} \n     local.role=${props.get("local.role") ?? "ebgp"} .as=${props.get("as") ?? ""} \n`,
    )
    .join("\n")}`;
}

export const neighbors = (box: Box): string => {
  const [first] = itemsOf(box.config, "/interface ethernet");
  const name = first?.props.get("name") ?? first?.props.get("default-name") ?? "ether1";
  return `Columns: INTERFACE, ADDRESS, MAC-ADDRESS, IDENTITY\n${table(["#", "INTERFACE", "ADDRESS", "MAC-ADDRESS", "IDENTITY"], [["0", name, "10.255.0.1", "02:00:00:00:00:01", "core"]], "")}`;
};

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
