/** What follows from a running configuration: ports, connected and static routes, BGP sessions with neighbours that are always well. */
import { bytesOf, holds, lengthOf, shownNetwork } from "./config/addresses.ts";
import type { Block, Config } from "./config/config.ts";
import { groupOf, peerKey, takesPart } from "./config/print.ts";
import { isIpv4 } from "./syntax.ts";
import { peersOf } from "./statements/peers.ts";

export interface Port {
  readonly name: string;
  readonly isUp: boolean;
  /** With their lengths, as configured. */
  readonly addresses: readonly string[];
}

export interface RouteShown {
  readonly prefix: string;
  readonly protocol: "connected" | "static" | "bgp";
  readonly distance: number;
  readonly gateway: string | undefined;
  /** Undefined for what is dropped. */
  readonly port: string | undefined;
  readonly isSelected: boolean;
}

export interface Session {
  readonly peer: string;
  readonly remoteAs: string;
  readonly state: "Established" | "Idle" | "Idle (Admin)" | "Active";
  readonly received: readonly string[];
}

export function portsOf(config: Config, names: readonly string[]): Port[] {
  const configured = [...config.blocks.values()]
    .filter(({ mode }) => mode === "interface")
    .map(({ header }) => header.slice("interface ".length));
  return [...new Set([...names, ...configured])].toSorted().map((name) => {
    const block = config.blocks.get(`interface ${name}`);
    const addresses = [...(block?.lines.values() ?? [])].flatMap(
      ({ text }) => /^ip(?:v6)? address (?<prefix>\S+)/.exec(text)?.groups?.["prefix"] ?? [],
    );
    return { name, isUp: names.includes(name) && block?.lines.has("shutdown") !== true, addresses };
  });
}

const connectedTo = (ports: readonly Port[], address: string): Port | undefined =>
  ports.find(
    ({ isUp, addresses }) =>
      isUp && addresses.some((prefix) => holds(prefix, address) && prefix.split("/")[0] !== address),
  );

export const routerBgp = (config: Config): Block | undefined =>
  [...config.blocks.values()].find(({ mode }) => mode === "router-bgp");

export const localAs = (router: Block): number => Number(router.header.split(" ")[2]);

/** The line of a neighbour, or that of its peer-group. */
const lineOf = (router: Block, block: Block, peer: string, slot: string): string | undefined => {
  const group = groupOf(router, peer);
  const line =
    block.lines.get(peerKey(peer, slot)) ?? (group === undefined ? undefined : block.lines.get(peerKey(group, slot)));
  return line && (line.value ?? line.text);
};

const POLICIES = ["route-map in", "prefix-list in", "filter-list in", "distribute-list in"];

export function sessionsOf(config: Config, ports: readonly Port[]): Session[] {
  const router = routerBgp(config);
  if (!router) return [];
  const family = router.blocks.get("address-family ipv4 unicast");
  return peersOf(router)
    .filter((peer) => isIpv4(peer) && (family ? takesPart(family, peer) : true))
    .map((peer) => {
      const said = lineOf(router, router, peer, "remote-as");
      const own = localAs(router);
      const byte = bytesOf(peer)[3] ?? 0;
      const remoteAs = said === "internal" ? String(own) : said === "external" ? String(65_000 + byte) : (said ?? "0");
      const isClosed = lineOf(router, router, peer, "shutdown") !== undefined;
      const state = isClosed
        ? "Idle (Admin)"
        : said === undefined
          ? "Idle"
          : connectedTo(ports, peer)
            ? "Established"
            : "Active";
      const isOpen = state === "Established" && lets(config, router, family, peer, remoteAs !== String(own));
      return { peer, remoteAs, state, received: isOpen ? [`198.18.${byte}.0/24`, `198.19.${byte}.0/24`] : [] };
    });
}

/** Whether a neighbour's routes come in: an external one needs a policy (RFC 8212), and a route-map that only denies lets none in. */
function lets(config: Config, router: Block, family: Block | undefined, peer: string, isExternal: boolean): boolean {
  const policies = POLICIES.map((slot) => family && lineOf(router, family, peer, slot));
  if (isExternal && !router.lines.has("bgp ebgp-requires-policy") && policies.every((one) => one === undefined))
    return false;
  const map = policies[0]?.split(" ")[3];
  if (map === undefined) return true;
  const entries = [...config.blocks.values()].filter(
    ({ mode, header }) => mode === "route-map" && header.split(" ")[1] === map,
  );
  return entries.some(({ header }) => header.split(" ")[2] === "permit");
}

export function routesOf(config: Config, ports: readonly Port[]): RouteShown[] {
  const connected: RouteShown[] = ports.flatMap(({ name, isUp, addresses }) =>
    addresses
      .filter((prefix) => isUp && isIpv4(prefix.split("/")[0] ?? ""))
      .map((prefix) => ({
        prefix: shownNetwork(prefix),
        protocol: "connected",
        distance: 0,
        gateway: undefined,
        port: name,
        isSelected: true,
      })),
  );
  const statics = [...config.lines].flatMap(([key, { text, value = "" }]): RouteShown[] => {
    const found = /^ip route (?<prefix>\S+) (?<via>\S+)/.exec(text)?.groups;
    if (!found || !key.startsWith("ip route ")) return [];
    const { prefix = "", via = "" } = found;
    const distance = Number(value.split(" ")[0] ?? 1);
    const base = { prefix, protocol: "static" as const, distance, isSelected: true };
    if (key.endsWith(" !")) return [{ ...base, gateway: undefined, port: undefined }];
    if (!isIpv4(via))
      return ports.some(({ name, isUp }) => name === via && isUp) ? [{ ...base, gateway: undefined, port: via }] : [];
    const port = connectedTo(ports, via)?.name;
    return port === undefined ? [] : [{ ...base, gateway: via, port }];
  });
  const learned: RouteShown[] = sessionsOf(config, ports).flatMap(({ peer, received, remoteAs }) =>
    received.map((prefix) => ({
      prefix,
      protocol: "bgp",
      distance: remoteAs === String(localAs(routerBgp(config) ?? config)) ? 200 : 20,
      gateway: peer,
      port: connectedTo(ports, peer)?.name,
      isSelected: true,
    })),
  );
  const all = [...connected, ...statics, ...learned];
  const best = (prefix: string): number =>
    Math.min(...all.filter((one) => one.prefix === prefix).map(({ distance }) => distance));
  return all
    .map((one) => ({ ...one, isSelected: one.distance === best(one.prefix) }))
    .toSorted((a, b) => order(a.prefix, b.prefix) || a.distance - b.distance);
}

function order(a: string, b: string): number {
  const [left, right] = [bytesOf(a.split("/")[0] ?? ""), bytesOf(b.split("/")[0] ?? "")];
  for (const [at, byte] of left.entries()) if (byte !== right[at]) return byte - (right[at] ?? 0);
  return lengthOf(a) - lengthOf(b);
}
