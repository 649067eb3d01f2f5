/** Interfaces, neighbours and tables, all out of the running configuration: what is configured is up, what is disabled is down. */
import { createHash } from "node:crypto";
import { select, type Statement } from "../config/tree.ts";
import type { JunosDevice } from "../device.ts";
import { duration } from "../dates.ts";

export interface Logical {
  readonly name: string;
  readonly up: boolean;
  readonly description: string | undefined;
  readonly families: readonly { readonly name: string; readonly addresses: readonly string[] }[];
}

export interface Physical {
  readonly name: string;
  readonly up: boolean;
  readonly description: string | undefined;
  readonly units: readonly Logical[];
}

const leafOf = (statement: Statement, word: string): string | undefined =>
  statement.children.find((child) => child.schema.words[0] === word && !child.inactive)?.values[0];
const has = (statement: Statement, word: string): boolean =>
  statement.children.some((child) => child.schema.words[0] === word && !child.inactive);

export function interfaces(device: JunosDevice): Physical[] {
  return select(device.store.running, "interfaces *")
    .filter(({ statement }) => statement.schema.words.length === 0)
    .map(({ statement }) => {
      const name = statement.keys[0] ?? "";
      const up = !has(statement, "disable");
      return {
        name,
        up,
        description: leafOf(statement, "description"),
        units: statement.children
          .filter((child) => child.schema.words[0] === "unit" && !child.inactive)
          .map((unit) => ({
            name: `${name}.${unit.keys[0] ?? ""}`,
            up: up && !has(unit, "disable"),
            description: leafOf(unit, "description"),
            families: unit.children
              .filter((child) => child.schema.words[0] === "family" && !child.inactive)
              .map((family) => ({
                name: family.schema.words[1] ?? "",
                addresses: family.children
                  .filter((child) => child.schema.words[0] === "address" && !child.inactive)
                  .map((child) => child.keys[0] ?? ""),
              })),
          })),
      };
    });
}

const state = (up: boolean): string => (up ? "up" : "down");

export function interfacesTerse(device: JunosDevice, only: string | undefined): string {
  const row = (name: string, admin: boolean, link: boolean, protocol = "", local = ""): string =>
    `${name.padEnd(24)}${state(admin).padEnd(6)}${state(link).padEnd(5)}${protocol.padEnd(9)}${local}`.trimEnd();
  const lines = interfaces(device).flatMap((physical) => {
    if (only !== undefined && physical.name !== only.split(".")[0]) return [];
    const units = physical.units
      .filter((unit) => only === undefined || !only.includes(".") || unit.name === only)
      .flatMap((unit) => {
        const shown = unit.families.flatMap((family) =>
          family.addresses.length === 0
            ? [{ protocol: protocolName(family.name), local: "" }]
            : family.addresses.map((address, at) => ({
                protocol: at === 0 ? protocolName(family.name) : "",
                local: unit.name.startsWith("lo0") ? `${address.split("/")[0] ?? ""}           --> 0/0` : address,
              })),
        );
        const [first, ...rest] = shown;
        return [
          row(unit.name, unit.up, unit.up, first?.protocol, first?.local),
          ...rest.map(({ protocol, local }) => `${" ".repeat(35)}${protocol.padEnd(9)}${local}`.trimEnd()),
        ];
      });
    return [row(physical.name, physical.up, physical.up), ...units];
  });
  const head = "Interface               Admin Link Proto    Local                 Remote";
  return lines.length === 0 && only !== undefined
    ? `error: device ${only} not found\n`
    : `${[head, ...lines].join("\n")}\n`;
}

function protocolName(family: string): string {
  return family === "ethernet-switching" ? "eth-switch" : family;
}

export function interfacesDescriptions(device: JunosDevice): string {
  const rows = interfaces(device)
    .flatMap((physical) => [physical, ...physical.units])
    .filter(({ description }) => description !== undefined)
    .map(
      ({ name, up, description }) =>
        `${name.padEnd(16)}${state(up).padEnd(6)}${state(up).padEnd(5)}${description ?? ""}`,
    );
  return rows.length === 0 ? "" : `${["Interface       Admin Link Description", ...rows].join("\n")}\n`;
}

/** The other end of each small link, so that tables show somebody. */
export function peers(device: JunosDevice): { address: string; unit: string; mac: string }[] {
  return interfaces(device).flatMap((physical) =>
    physical.units
      .filter((unit) => unit.up)
      .flatMap((unit) =>
        unit.families
          .filter((family) => family.name === "inet")
          .flatMap((family) => family.addresses)
          .map(otherEnd)
          .filter((address) => address !== undefined)
          .map((address) => ({ address, unit: unit.name, mac: macOf(address) })),
      ),
  );
}

function otherEnd(address: string): string | undefined {
  const [ip = "", length] = address.split("/");
  if (length !== "30" && length !== "31") return undefined;
  const octets = ip.split(".").map(Number);
  const last = octets[3] ?? 0;
  const other = length === "31" ? last ^ 1 : last % 4 === 1 ? last + 1 : last - 1;
  return [...octets.slice(0, 3), other].join(".");
}

function macOf(seed: string): string {
  const bytes = createHash("sha256").update(seed).digest();
  return `2c:6b:f5:${[0, 1, 2].map((at) => (bytes[at] ?? 0).toString(16).padStart(2, "0")).join(":")}`;
}

/** Columns as recorded (ntc-templates): `show arp` has the name, `no-resolve` has not. */
export function arp(device: JunosDevice, noResolve: boolean): string {
  const rows = peers(device).map(({ address, unit, mac }) =>
    noResolve
      ? `${mac} ${address.padEnd(15)} ${unit.padEnd(14)} none`
      : `${mac} ${address.padEnd(15)} ${address.padEnd(25)} ${unit.padEnd(19)} none`,
  );
  const head = noResolve
    ? "MAC Address       Address         Interface     Flags"
    : "MAC Address       Address         Name                      Interface           Flags";
  return `${[head, ...rows, `Total entries: ${rows.length}`].join("\n")}\n`;
}

/** Undefined where LLDP does not run. */
export function lldpPeers(device: JunosDevice): { port: string; mac: string; name: string }[] | undefined {
  if (select(device.store.running, "protocols lldp").length === 0) return undefined;
  return peers(device).map(({ unit, mac, address }) => ({
    port: unit.split(".")[0] ?? "",
    mac,
    name: `n${address.replaceAll(".", "-")}`,
  }));
}

export function lldpNeighbors(device: JunosDevice): string {
  const found = lldpPeers(device);
  if (!found) return "";
  const rows = found.map(
    ({ port, mac, name }) => `${port.padEnd(19)}${"-".padEnd(20)}${mac.padEnd(20)}${port.padEnd(19)}${name}`,
  );
  const head = "Local Interface    Parent Interface    Chassis Id          Port info          System Name";
  return `${[head, ...rows].join("\n")}\n`;
}

/** One host behind each port that is up, in each of its VLANs. */
export function ethernetEntries(device: JunosDevice): { vlan: string; mac: string; unit: string }[] {
  const up = new Set(interfaces(device).flatMap(({ units }) => units.flatMap((unit) => (unit.up ? [unit.name] : []))));
  const members = select(device.store.running, "interfaces * unit * family ethernet-switching vlan members");
  return members.flatMap(({ statement, path }) => {
    const unit = `${path[1]?.keys[0] ?? ""}.${path[2]?.keys[0] ?? ""}`;
    return up.has(unit) ? statement.values.map((vlan) => ({ vlan, mac: macOf(unit), unit })) : [];
  });
}

export function ethernetTable(device: JunosDevice): string {
  const rows = ethernetEntries(device).map(
    ({ vlan, mac, unit }) => `    ${vlan.padEnd(20)}${mac.padEnd(20)}${"D".padEnd(13)}-   ${unit}`,
  );
  return [
    "",
    "MAC flags (S - static MAC, D - dynamic MAC, L - locally learned, P - Persistent static, C - Control MAC",
    "           SE - statistics enabled, NM - non configured MAC, R - remote PE MAC, O - ovsdb MAC)",
    "",
    "",
    `Ethernet switching table : ${rows.length} entries, ${rows.length} learned`,
    "Routing instance : default-switch",
    "    Vlan                MAC                 MAC         Age    Logical",
    "    name                address             flags              interface",
    ...rows,
    "",
  ].join("\n");
}

/** Undefined where BGP does not run. */
export function bgpPeers(
  device: JunosDevice,
): { groups: number; rows: { address: string; asn: string; up: boolean }[]; since: string } | undefined {
  const groups = select(device.store.running, "protocols bgp group *");
  if (groups.length === 0) return undefined;
  const known = new Set(peers(device).map(({ address }) => address));
  const rows = groups.flatMap(({ statement: group }) =>
    group.children
      .filter((child) => child.schema.words[0] === "neighbor" && !child.inactive)
      .map((neighbor) => {
        const address = neighbor.keys[0] ?? "";
        const asn = leafOf(neighbor, "peer-as") ?? leafOf(group, "peer-as") ?? "0";
        return { address, asn, up: known.has(address) };
      }),
  );
  return { groups: groups.length, rows, since: duration(device.clock.nowMs() - device.store.bootedAtMs) };
}

export function bgpSummary(device: JunosDevice): string {
  const found = bgpPeers(device);
  if (!found) return "BGP is not running\n";
  const { groups, rows, since } = found;
  const down = rows.filter(({ up }) => !up).length;
  return `${[
    "Threading mode: BGP I/O",
    `Groups: ${groups} Peers: ${rows.length} Down peers: ${down}`,
    "Table          Tot Paths  Act Paths Suppressed    History Damp State    Pending",
    "inet.0               ",
    `${String((rows.length - down) * 2).padStart(24)}${String(rows.length - down).padStart(11)}          0          0          0          0`,
    "Peer                     AS      InPkt     OutPkt    OutQ   Flaps Last Up/Dwn State|#Active/Received/Accepted/Damped...",
    ...rows.flatMap(({ address, asn, up }) => [
      `${address.padEnd(22)}${asn.padStart(6)}${(up ? "412" : "0").padStart(11)}${(up ? "410" : "0").padStart(11)}       0       0${since.padStart(12)} ${up ? "Establ" : "Active"}`,
      ...(up ? ["  inet.0: 1/2/2/0"] : []),
    ]),
  ].join("\n")}\n`;
}

/** A neighbour is there where OSPF runs on a link that has another end. Undefined where it runs nowhere. */
export function ospfPeers(device: JunosDevice): { address: string; unit: string }[] | undefined {
  const on = select(device.store.running, "protocols ospf area * interface *");
  if (on.length === 0) return undefined;
  const speaking = new Set(
    on
      .filter(({ statement }) => !has(statement, "passive") && !has(statement, "disable"))
      .map(({ statement }) => statement.keys[0] ?? ""),
  );
  return peers(device).filter(({ unit }) => speaking.has(unit) || speaking.has("all"));
}

/** Columns as recorded (ntc-templates). */
export function ospfNeighbors(device: JunosDevice): string {
  const found = ospfPeers(device);
  if (!found) return "OSPF instance is not running\n";
  const rows = found.map(
    ({ address, unit }) => `${address.padEnd(17)}${unit.padEnd(23)}${"Full".padEnd(10)}${address.padEnd(16)} 128    36`,
  );
  return `${["Address          Interface              State     ID               Pri  Dead", ...rows].join("\n")}\n`;
}

export function vlans(device: JunosDevice): string {
  const members = select(device.store.running, "interfaces * unit * family ethernet-switching vlan members");
  const named = select(device.store.running, "vlans *").filter(({ statement }) => statement.keys.length > 0);
  const rows = named.flatMap(({ statement }) => {
    const name = statement.keys[0] ?? "";
    const ports = members
      .filter((one) => one.statement.values.includes(name))
      .map(({ path }) => `${" ".repeat(61)}${path[1]?.keys[0] ?? ""}.${path[2]?.keys[0] ?? ""}*`);
    return [
      "",
      `default-switch          ${name.padEnd(22)}${(leafOf(statement, "vlan-id") ?? "").padEnd(14)}`.trimEnd(),
      ...ports,
    ];
  });
  return `${["", "Routing instance        VLAN name             Tag          Interfaces", ...rows].join("\n")}\n`;
}
