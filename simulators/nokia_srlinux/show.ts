/** The `show` reports: small programs on the device that draw what the state datastore holds. */
import { say, refuse, type Answer } from "./answer.ts";
import type { Box } from "./box.ts";
import type { Token } from "./lexer.ts";
import {
  addresses,
  bgpNeighbors,
  instances,
  learntMacs,
  lldpNeighbors,
  portUp,
  routes,
  subinterfaceUp,
} from "./network.ts";
import { unknownToken } from "./parse.ts";
import { iso } from "./state.ts";
import { table, titled } from "./table.ts";
import { entriesAt, leafAt, type Step } from "./tree.ts";

const step = (name: string, ...keys: string[]): Step => ({ name, keys });

export function show(box: Box, tokens: readonly Token[]): Answer {
  const words = tokens.map(({ text }) => text);
  const [first, ...rest] = words[0] === "/" ? words.slice(1) : words;
  switch (first) {
    case "version":
      return rest.length === 0 ? version(box) : unknown(rest[0]);
    case "interface":
      return interfaces(box, rest);
    case "network-instance":
      return networkInstance(box, rest);
    case "system":
      return rest.join(" ") === "lldp neighbor" ? lldp(box) : unknown(rest[0] === "lldp" ? rest[1] : rest[0], ["lldp"]);
    case "platform":
      return rest.join(" ") === "chassis" ? chassis(box) : unknown(rest[0], ["chassis"]);
    default:
      return unknown(first);
  }
}

function unknown(
  word: string | undefined,
  known = ["interface", "network-instance", "platform", "system", "version"],
): Answer {
  return refuse(unknownToken(word ?? "", ["#", "/", ">", ">>", "|", "}", ...known]));
}

function listed(fields: readonly (readonly [string, string])[], name: string): Answer {
  const width = Math.max(...fields.map(([title]) => title.length));
  const lines = fields.map(([title, value]) => `${title.padEnd(width)}: ${value}`);
  return say(titled(lines, 50), { [name]: Object.fromEntries(fields) });
}

function version(box: Box): Answer {
  const { facts, store } = box;
  return listed(
    [
      ["Hostname", box.hostname],
      ["Chassis Type", facts.model],
      ["Part Number", "Sim Part No."],
      ["Serial Number", store.serial],
      ["System HW MAC Address", facts.macAddress],
      ["OS", "SR Linux"],
      ["Software Version", facts.version],
      ["Build Number", facts.build],
      ["Architecture", "x86_64"],
      ["Last Booted", iso(store.bootedAtMs)],
      ["Total Memory", "24052875 kB"],
      ["Free Memory", "16858484 kB"],
    ],
    "basic system info",
  );
}

function chassis(box: Box): Answer {
  return listed(
    [
      ["Type", box.facts.model],
      ["Last Boot type", "normal"],
      ["HW MAC address", box.facts.macAddress],
      ["Slots", "1"],
      ["Oper Status", "up"],
      ["Last booted", iso(box.store.bootedAtMs)],
      ["Part number", "Sim Part No."],
      ["Serial number", box.store.serial],
    ],
    "chassis",
  );
}

function interfaces(box: Box, words: readonly string[]): Answer {
  const { running } = box.store;
  const ports = entriesAt(running, "interface").map(({ keys }) => keys[0] ?? "");
  if (words.join(" ") === "brief") {
    const rows = ports.map((port) => [
      port,
      leafAt(running, step("interface", port), "admin-state") ?? "enable",
      portUp(box, port) ? "up" : "down",
      port.startsWith("ethernet-")
        ? (leafAt(running, step("interface", port), "ethernet", "port-speed") ?? "25G")
        : port === "mgmt0"
          ? "1G"
          : "",
      "",
    ]);
    return say(
      table(["Port", "Admin State", "Oper State", "Speed", "Type"], rows, [19, 22, 22, 22, 22]),
      rowsJson(["Port", "Admin State", "Oper State", "Speed", "Type"], rows),
    );
  }
  const wanted = words.length === 0 ? ports : ports.filter((port) => port === words[0]);
  if (words.length > 1 || wanted.length === 0) return unknown(words.at(-1), ["all", "brief", "detail"]);
  return say(
    `${["=".repeat(76), ...wanted.flatMap((port) => [...detail(box, port), "-".repeat(76)]), "=".repeat(76)].join("\n")}\n`,
  );
}

function detail(box: Box, port: string): string[] {
  const { running } = box.store;
  const up = (isUp: boolean): string => (isUp ? "up" : "down, reason port-admin-disabled");
  const owner = new Map(
    instances(running).flatMap((name) =>
      entriesAt(running, step("network-instance", name), "interface").map(({ keys }) => [keys[0], name] as const),
    ),
  );
  return [
    `${port} is ${up(portUp(box, port))}, speed ${port === "mgmt0" ? "1G" : "25G"}, type None`,
    ...entriesAt(running, step("interface", port), "subinterface").flatMap(({ keys: [index = ""] }) => {
      const name = `${port}.${index}`;
      const instance = owner.get(name);
      const type =
        instance === undefined ? "" : (leafAt(running, step("network-instance", instance), "type") ?? "ip-vrf");
      const shown = entriesAt(running, step("interface", port), step("subinterface", index), "ipv4", "address");
      return [
        `  ${name} is ${subinterfaceUp(box, name) ? "up" : "down"}`,
        "    Network-instances:",
        ...(instance === undefined ? [] : [`      * Name: ${instance} (${type})`]),
        "    Encapsulation   : null",
        "    Type            : routed",
        ...shown.map((entry) => `    IPv4 addr    : ${entry.keys[0]} (static, preferred, primary)`),
      ];
    }),
  ];
}

function rowsJson(head: readonly string[], rows: readonly (readonly string[])[]) {
  return { instance: rows.map((row) => Object.fromEntries(head.map((title, at) => [title, row[at] ?? ""]))) };
}

function networkInstance(box: Box, words: readonly string[]): Answer {
  const [name = "", ...rest] = words;
  const { running } = box.store;
  if (words.join(" ") === "summary") return summary(box);
  if (name === "*") {
    const each = instances(running).map((one) => networkInstance(box, [one, ...rest]));
    return (
      each.find(({ kind }) => kind === "error") ??
      say(each.map((one) => (one.kind === "text" ? one.text : "")).join(""))
    );
  }
  if (!instances(running).includes(name)) return say("");
  switch (rest.slice(0, 3).join(" ")) {
    case "route-table":
    case "route-table all":
    case "route-table ipv4-unicast summary":
      return routeTable(box, name);
    case "protocols bgp neighbor":
      return rest.length <= 4 ? bgpTable(box, name, rest[3]) : unknown(rest[4], ["detail"]);
    case "bridge-table":
    case "bridge-table mac-table":
    case "bridge-table mac-table all":
      return macTable(box, name);
    case "interfaces":
      return say(
        addresses(box, name)
          .map(({ subinterface, prefix }) => `${subinterface} ${prefix}\n`)
          .join(""),
      );
    default:
      return unknown(rest[0], ["bridge-table", "interfaces", "protocols", "route-table"]);
  }
}

function summary(box: Box): Answer {
  const { running } = box.store;
  const head = ["Name", "Type", "Admin state", "Oper state", "Router id", "Description"];
  const rows = instances(running).map((name) => {
    const own = (leaf: string) => leafAt(running, step("network-instance", name), leaf);
    const enabled = own("admin-state") ?? "enable";
    return [
      name,
      own("type") ?? "ip-vrf",
      enabled,
      enabled === "enable" ? "up" : "down",
      own("router-id") ?? "",
      own("description") ?? "",
    ];
  });
  return say(table(head, rows, [20, 12, 16, 16, 20, 30]), rowsJson(head, rows));
}

function routeTable(box: Box, name: string): Answer {
  const found = routes(box, name);
  const head = [
    "Prefix",
    "ID",
    "Route Type",
    "Route Owner",
    "Active",
    "Origin Network Instance",
    "Metric",
    "Pref",
    "Next-hop (Type)",
    "Next-hop Interface",
  ];
  const rows = found.map(({ prefix, type, owner, preference, nextHop, via }) => [
    prefix,
    "0",
    type,
    owner,
    "True",
    name,
    "0",
    String(preference),
    nextHop,
    via,
  ]);
  const title = titled([`IPv4 unicast route table of network instance ${name}`], 139);
  const totals = [
    `IPv4 routes total                    : ${found.length}`,
    `IPv4 prefixes with active routes     : ${found.length}`,
    "IPv4 prefixes with active ECMP routes: 0",
  ];
  return say(
    `${title}${table(head, rows, [18, 4, 10, 18, 8, 10, 8, 6, 16, 16])}${titled(totals, 139)}`,
    rowsJson(head, rows),
  );
}

function bgpTable(box: Box, name: string, peer: string | undefined): Answer {
  const found = bgpNeighbors(box, name).filter((one) => peer === undefined || one.peer === peer);
  const up = found.filter(({ state }) => state === "established").length;
  const head = ["Net-Inst", "Peer", "Group", "Flags", "Peer-AS", "State", "Uptime", "AFI/SAFI", "[Rx/Active/Tx]"];
  const age = uptime(box.store.clock.nowMs() - box.store.bootedAtMs);
  const rows = found.map((one) => {
    const isUp = one.state === "established";
    return [
      name,
      one.peer,
      one.group,
      "S",
      one.peerAs,
      one.state,
      isUp ? age : "-",
      isUp ? "ipv4-unicast" : "",
      isUp ? `[${one.received}/${one.active}/${one.sent}]` : "",
    ];
  });
  const title = titled(
    [
      `BGP neighbor summary for network-instance "${name}"`,
      "Flags: S static, D dynamic, L discovered by LLDP, B BFD enabled, - disabled, * slow",
    ],
    139,
  );
  const idle = found.filter(({ state }) => state === "idle").length;
  const totals = `${"-".repeat(139)}\nSummary:\n${found.length} configured neighbors, ${up} configured sessions are established, ${idle} disabled peers\n0 dynamic peers\n`;
  return say(`${title}${table(head, rows, [16, 24, 16, 6, 11, 14, 14, 14, 22])}${totals}`, rowsJson(head, rows));
}

function uptime(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 86_400)}d:${Math.floor(seconds / 3600) % 24}h:${Math.floor(seconds / 60) % 60}m:${seconds % 60}s`;
}

function macTable(box: Box, name: string): Answer {
  const found = learntMacs(box, name);
  const head = ["Address", "Destination", "Dest Index", "Type", "Active", "Aging", "Last Update"];
  const rows = found.map(({ address, destination }) => [
    address,
    destination,
    "1",
    "learnt",
    "true",
    "300",
    iso(box.store.bootedAtMs),
  ]);
  const title = titled([`Mac-table of network instance ${name}`], 120);
  const totals = `Total Learnt Macs            :  ${found.length} Total  ${found.length} Active\n`;
  return say(
    `${title}${table(head, rows, [18, 24, 10, 10, 8, 8, 24])}${totals}${"-".repeat(120)}\n`,
    rowsJson(head, rows),
  );
}

function lldp(box: Box): Answer {
  const head = [
    "Name",
    "Neighbor",
    "Neighbor System Name",
    "Neighbor Chassis ID",
    "Neighbor First Message",
    "Neighbor Last Update",
    "Neighbor Port",
  ];
  const rows = lldpNeighbors(box).map(({ port, id, system, remotePort }) => [
    port,
    id,
    system,
    id,
    "20 hours ago",
    "now",
    remotePort,
  ]);
  return say(table(head, rows, [14, 19, 22, 21, 24, 22, 15]), rowsJson(head, rows));
}
