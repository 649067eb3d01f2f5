/** What the configuration makes of the box: interfaces up or down, their addresses, routes, neighbours. All tables read from here. */
import { sectionAt, type ConfigNode } from "../config/tree.ts";
import { naturalCompare } from "../config/order.ts";
import type { EosDevice } from "../device.ts";

export interface InterfaceFacts {
  readonly name: string;
  readonly description: string;
  readonly enabled: boolean;
  readonly up: boolean;
  /** `10.0.0.1/31` */
  readonly address: string | undefined;
  readonly vrf: string;
  readonly mtu: number;
  /** `1`, `trunk`, `routed`. */
  readonly vlan: string;
}

export function valueOf(section: ConfigNode | undefined, words: string): string | undefined {
  return section?.children.find(({ line }) => line.startsWith(`${words} `))?.line.slice(words.length + 1);
}

export const has = (section: ConfigNode | undefined, line: string): boolean =>
  section?.children.some((child) => child.line === line) ?? false;

const TYPES = ["Ethernet", "Loopback", "Management", "Port-Channel", "Vlan", "Vxlan"];
const typeRank = (name: string): number => TYPES.findIndex((type) => name.startsWith(type));

export function interfacesOf(device: EosDevice): InterfaceFacts[] {
  const root = device.store.running;
  const routed = root.some(({ line }) => line === "switchport default mode routed");
  return root
    .filter(({ line }) => line.startsWith("interface "))
    .map((section): InterfaceFacts => {
      const name = section.line.slice("interface ".length);
      const enabled = !has(section, "shutdown");
      const l3 = !/^(?:Ethernet|Port-Channel)/.test(name) || routed || has(section, "no switchport");
      return {
        name,
        description: valueOf(section, "description") ?? "",
        enabled,
        up: enabled,
        address: valueOf(section, "ip address"),
        vrf: valueOf(section, "vrf") ?? "default",
        mtu: Number(valueOf(section, "mtu") ?? (name.startsWith("Loopback") ? 65_535 : 1500)),
        vlan: l3
          ? "routed"
          : has(section, "switchport mode trunk")
            ? "trunk"
            : (valueOf(section, "switchport access vlan") ?? "1"),
      };
    })
    .toSorted((a, b) => typeRank(a.name) - typeRank(b.name) || naturalCompare(a.name, b.name));
}

export function isUp(device: EosDevice, name: string): boolean {
  const section = sectionAt(device.store.running, [`interface ${name}`]);
  return section !== undefined && !has(section, "shutdown");
}

export const toNumber = (address: string): number =>
  address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);

export function inPrefix(address: string, prefix: string): boolean {
  const [network = "", length = "32"] = prefix.split("/");
  const size = 2 ** (32 - Number(length));
  return Math.floor(toNumber(address) / size) === Math.floor(toNumber(network) / size);
}

export function networkOf(prefix: string): string {
  const [address = "", length = "32"] = prefix.split("/");
  const size = 2 ** (32 - Number(length));
  const base = Math.floor(toNumber(address) / size) * size;
  return `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join(".")}/${length}`;
}

export interface Route {
  readonly prefix: string;
  readonly code: "C" | "S" | "B E";
  readonly type: "connected" | "static" | "eBGP";
  readonly via: string | undefined;
  readonly interface: string;
}

export interface BgpNeighbor {
  readonly address: string;
  readonly as: string;
  readonly description: string;
  readonly state: "Established" | "Active" | "Idle";
  readonly prefixes: readonly string[];
}

export interface Bgp {
  readonly as: string;
  readonly routerId: string;
  readonly neighbors: readonly BgpNeighbor[];
}

/** A neighbour is established where it is enabled and an interface that is up has its network. */
export function bgpOf(device: EosDevice): Bgp | undefined {
  const section = device.store.running.find(({ line }) => line.startsWith("router bgp "));
  if (!section) return undefined;
  const connected = interfacesOf(device).filter(({ up, address }) => up && address !== undefined);
  const setting = (peer: string, words: string): string | undefined => {
    const own = valueOf(section, `neighbor ${peer} ${words}`);
    const group = valueOf(section, `neighbor ${peer} peer group`);
    return own ?? (group === undefined ? undefined : valueOf(section, `neighbor ${group} ${words}`));
  };
  const peers = new Set(
    section.children.flatMap(({ line }) => /^neighbor (\d+\.\d+\.\d+\.\d+) /.exec(line)?.[1] ?? []),
  );
  const stopped = has(section, "shutdown");
  const neighbors = [...peers].map((address): BgpNeighbor => {
    const enabled = !stopped && !has(section, `neighbor ${address} shutdown`);
    const reachable = connected.some((one) => one.address !== undefined && inPrefix(address, one.address));
    const as = setting(address, "remote-as") ?? "";
    const state = !enabled || as === "" ? "Idle" : reachable ? "Established" : "Active";
    return {
      address,
      as,
      description: setting(address, "description") ?? "",
      state,
      prefixes: state === "Established" ? (device.neighborhood.prefixes[address] ?? []) : [],
    };
  });
  const loopback = connected.find(({ name }) => name.startsWith("Loopback"))?.address?.split("/")[0];
  return {
    as: section.line.slice("router bgp ".length),
    routerId: valueOf(section, "router-id") ?? loopback ?? "0.0.0.0",
    neighbors,
  };
}

export function routesOf(device: EosDevice): Route[] {
  const connected = interfacesOf(device).flatMap((one): Route[] =>
    one.up && one.address !== undefined && one.vrf === "default" && one.address.includes("/")
      ? [{ prefix: networkOf(one.address), code: "C", type: "connected", via: undefined, interface: one.name }]
      : [],
  );
  const through = (address: string): string | undefined =>
    connected.find(({ prefix }) => inPrefix(address, prefix))?.interface;
  const fixed = device.store.running.flatMap(({ line }): Route[] => {
    const [, prefix, via] = /^ip route (\d\S+) (\S+)/.exec(line) ?? [];
    const out = via === undefined ? undefined : (through(via) ?? (isUp(device, via) ? via : undefined));
    return prefix === undefined || out === undefined
      ? []
      : [{ prefix, code: "S", type: "static", via, interface: out }];
  });
  const learned = (bgpOf(device)?.neighbors ?? []).flatMap((neighbor) =>
    neighbor.prefixes.map((prefix): Route => ({
      prefix,
      code: "B E",
      type: "eBGP",
      via: neighbor.address,
      interface: through(neighbor.address) ?? "",
    })),
  );
  return [...fixed, ...connected, ...learned].toSorted((a, b) => naturalCompare(a.prefix, b.prefix));
}
