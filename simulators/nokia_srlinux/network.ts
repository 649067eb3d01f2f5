/** What the network around the box would make of its running configuration: links, sessions, routes, neighbours, addresses. */
import type { Box } from "./box.ts";
import { covers, hash, macOf, v4Prefix, v4Text } from "./ip.ts";
import { entriesAt, leafAt, type Branch, type Step } from "./tree.ts";

const step = (name: string, ...keys: string[]): Step => ({ name, keys });

export function portUp(box: Box, port: string): boolean {
  const { running } = box.store;
  const enabled = leafAt(running, step("interface", port), "admin-state") !== "disable";
  return enabled && !box.uncabled.has(port);
}

export function subinterfaceUp(box: Box, name: string): boolean {
  const [port = "", index = ""] = name.split(".");
  const there = entriesAt(box.store.running, step("interface", port), "subinterface").some(
    ({ keys }) => keys[0] === index,
  );
  return (
    there &&
    portUp(box, port) &&
    leafAt(box.store.running, step("interface", port), step("subinterface", index), "admin-state") !== "disable"
  );
}

export interface Address {
  readonly subinterface: string;
  /** `10.0.0.1/24`. */
  readonly prefix: string;
}

/** The addresses that answer in a network-instance. */
export function addresses(box: Box, instance: string): Address[] {
  const { running } = box.store;
  if (leafAt(running, step("network-instance", instance), "admin-state") === "disable") return [];
  return entriesAt(running, step("network-instance", instance), "interface").flatMap(({ keys: [name = ""] }) => {
    if (!subinterfaceUp(box, name)) return [];
    const [port = "", index = ""] = name.split(".");
    const path = [step("interface", port), step("subinterface", index), "ipv4"] as const;
    if (leafAt(running, ...path, "admin-state") !== "enable") return [];
    return entriesAt(running, ...path, "address").map(({ keys: [prefix = ""] }) => ({ subinterface: name, prefix }));
  });
}

export interface Neighbor {
  readonly peer: string;
  readonly group: string;
  readonly peerAs: string;
  readonly state: "established" | "active" | "idle";
  readonly received: number;
  readonly active: number;
  readonly sent: number;
}

/** A session stands where both ends are enabled and the peer is on a connected network. */
export function bgpNeighbors(box: Box, instance: string): Neighbor[] {
  const { running } = box.store;
  const self = [step("network-instance", instance), "protocols", "bgp"] as const;
  const local = addresses(box, instance);
  const bgpOn = leafAt(running, ...self, "admin-state") !== "disable";
  return entriesAt(running, ...self, "neighbor").map(({ keys: [peer = ""] }) => {
    const own = (name: string) => leafAt(running, ...self, step("neighbor", peer), name);
    const group = own("peer-group") ?? "";
    const of = (name: string) => own(name) ?? leafAt(running, ...self, step("group", group), name);
    const enabled = bgpOn && of("admin-state") !== "disable";
    const reachable = local.some(({ prefix }) => {
      const network = v4Prefix(prefix);
      return network !== undefined && covers(network, peer) && network.address !== peer;
    });
    const state = !enabled ? "idle" : reachable && of("peer-as") !== undefined ? "established" : "active";
    const received = state === "established" ? 2 + (hash(peer) % 6) : 0;
    return {
      peer,
      group,
      peerAs: of("peer-as") ?? "",
      state,
      received,
      active: received,
      sent: state === "established" ? local.length : 0,
    };
  });
}

export interface Route {
  readonly prefix: string;
  readonly type: "local" | "host" | "static" | "bgp";
  readonly owner: string;
  readonly preference: number;
  readonly nextHop: string;
  readonly via: string;
}

export function routes(box: Box, instance: string): Route[] {
  const local = addresses(box, instance);
  const connected = local.flatMap(({ prefix, subinterface }): Route[] => {
    const network = v4Prefix(prefix);
    if (network === undefined) return [];
    const base = { owner: "net_inst_mgr", preference: 0 } as const;
    return [
      ...(network.length < 32
        ? [
            {
              ...base,
              type: "local" as const,
              prefix: `${v4Text(network.network)}/${network.length}`,
              nextHop: network.address,
              via: subinterface,
            },
          ]
        : []),
      { ...base, type: "host", prefix: `${network.address}/32`, nextHop: "None", via: "None" },
    ];
  });
  return [...connected, ...staticRoutes(box, instance, local), ...bgpRoutes(box, instance, local)].toSorted(byPrefix);
}

function byPrefix(a: Route, b: Route): number {
  const [x, y] = [v4Prefix(a.prefix), v4Prefix(b.prefix)];
  return (x?.network ?? 0) - (y?.network ?? 0) || (x?.length ?? 0) - (y?.length ?? 0);
}

function viaOf(local: readonly Address[], nextHop: string): string | undefined {
  return local.find(({ prefix }) => {
    const network = v4Prefix(prefix);
    return network !== undefined && covers(network, nextHop);
  })?.subinterface;
}

function staticRoutes(box: Box, instance: string, local: readonly Address[]): Route[] {
  const self = step("network-instance", instance);
  const { running } = box.store;
  return entriesAt(running, self, "static-routes", "route").flatMap(({ keys: [prefix = ""] }): Route[] => {
    const group = leafAt(running, self, "static-routes", step("route", prefix), "next-hop-group");
    if (
      group === undefined ||
      leafAt(running, self, "static-routes", step("route", prefix), "admin-state") === "disable"
    )
      return [];
    return entriesAt(running, self, "next-hop-groups", step("group", group), "nexthop").flatMap(
      ({ keys: [index = ""] }): Route[] => {
        const nextHop = leafAt(
          running,
          self,
          "next-hop-groups",
          step("group", group),
          step("nexthop", index),
          "ip-address",
        );
        const via = nextHop === undefined ? undefined : viaOf(local, nextHop);
        return nextHop === undefined || via === undefined
          ? []
          : [{ prefix, type: "static", owner: "static_route_mgr", preference: 5, nextHop, via }];
      },
    );
  });
}

function bgpRoutes(box: Box, instance: string, local: readonly Address[]): Route[] {
  return bgpNeighbors(box, instance).flatMap(({ peer, received }) =>
    Array.from({ length: received }, (_, index): Route => ({
      prefix: `100.${64 + (hash(peer) % 64)}.${index}.0/24`,
      type: "bgp",
      owner: "bgp_mgr",
      preference: 170,
      nextHop: peer,
      via: viaOf(local, peer) ?? "",
    })),
  );
}

export interface LldpNeighbor {
  readonly port: string;
  readonly id: string;
  readonly system: string;
  readonly remotePort: string;
}

export function lldpNeighbors(box: Box): LldpNeighbor[] {
  const { running } = box.store;
  if (leafAt(running, "system", "lldp", "admin-state") === "disable") return [];
  return entriesAt(running, "interface").flatMap(({ keys: [port = ""] }) => {
    const silent = leafAt(running, "system", "lldp", step("interface", port), "admin-state") === "disable";
    if (silent || !port.startsWith("ethernet-") || !portUp(box, port)) return [];
    const far = hash(`${box.store.serial}/${port}`);
    return [
      { port, id: macOf(`lldp/${far}`), system: `spine${(far % 4) + 1}`, remotePort: `ethernet-1/${(far % 32) + 1}` },
    ];
  });
}

export interface LearntMac {
  readonly address: string;
  readonly destination: string;
}

export function learntMacs(box: Box, instance: string): LearntMac[] {
  const { running } = box.store;
  if (leafAt(running, step("network-instance", instance), "type") !== "mac-vrf") return [];
  if (leafAt(running, step("network-instance", instance), "bridge-table", "mac-learning", "admin-state") === "disable")
    return [];
  return entriesAt(running, step("network-instance", instance), "interface").flatMap(({ keys: [name = ""] }) =>
    subinterfaceUp(box, name)
      ? [0, 1].map((index) => ({ address: macOf(`mac/${box.store.serial}/${name}/${index}`), destination: name }))
      : [],
  );
}

export function instances(tree: Branch): string[] {
  return entriesAt(tree, "network-instance").map(({ keys }) => keys[0] ?? "");
}
