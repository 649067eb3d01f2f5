/**
 * What follows from the running configuration: which links are up, who is on their other end, which routes are in force. A link that is disabled
 * takes its neighbours, its network and what is reached over it with it. The same for every model in which it is then told.
 */
import { createHash } from "node:crypto";
import type { Personality } from "./config.ts";
import { INTERFACES, IOSXE_BGP, IOSXE_NATIVE, IOSXE_OSPF, IP, IPV4_ROUTING, OPENCONFIG_BGP, ROUTING } from "./names.ts";
import { child, type XmlElement } from "./xml.ts";

export interface Link {
  readonly name: string;
  readonly up: boolean;
  readonly addresses: readonly { readonly ip: string; readonly bits: number }[];
}

export interface Peer {
  readonly address: string;
  readonly link: string;
  readonly mac: string;
  readonly name: string;
}

export interface Route {
  readonly prefix: string;
  readonly from: "direct" | "static";
  /** An address, or the name of a link. */
  readonly next: string;
  readonly active: boolean;
}

export interface Speaker {
  readonly address: string;
  readonly as: string;
  readonly stands: boolean;
}

/** A neighbour on a link where OSPF runs. */
export interface Adjacency {
  readonly peer: Peer;
  readonly area: string;
}

export interface Network {
  readonly links: readonly Link[];
  readonly peers: readonly Peer[];
  readonly routes: readonly Route[];
  readonly speakers: readonly Speaker[];
  readonly adjacencies: readonly Adjacency[];
  /** Whether LLDP runs. */
  readonly lldp: boolean;
}

export function networkOf(running: XmlElement, personality: Exclude<Personality, "junos">): Network {
  const links = personality === "generic" ? genericLinks(running) : nativeLinks(running);
  const peers = links.filter(({ up }) => up).flatMap(peersOf);
  const known = new Set(peers.map(({ address }) => address));
  const direct = links
    .filter(({ up }) => up)
    .flatMap(({ name, addresses }) =>
      addresses.map(({ ip, bits }): Route => ({ prefix: network(ip, bits), from: "direct", next: name, active: true })),
    );
  const reaches = (next: string): boolean =>
    links.some(({ name, up }) => up && name === next) || direct.some(({ prefix }) => isWithin(next, prefix));
  const fixed = (personality === "generic" ? genericRoutes(running) : nativeRoutes(running)).map(
    ({ prefix, next }): Route => ({ prefix, from: "static", next, active: reaches(next) }),
  );
  const speakers = (personality === "generic" ? openconfigSpeakers(running) : nativeSpeakers(running)).map((one) => ({
    ...one,
    stands: known.has(one.address),
  }));
  const adjacencies = personality === "generic" ? [] : nativeAdjacencies(running, peers);
  const lldp = personality === "generic" || down(running, ["native", IOSXE_NATIVE], ["lldp"], ["run"]) !== undefined;
  return { links, peers, routes: [...direct, ...fixed], speakers, adjacencies, lldp };
}

const texts = (of: XmlElement | undefined, name: string): string => (of && child(of, name)?.text) ?? "";
const all = (of: XmlElement | undefined, name: string): XmlElement[] =>
  of?.children.filter((one) => one.name === name) ?? [];
const down = (from: XmlElement, ...path: readonly (readonly [name: string, ns?: string])[]): XmlElement | undefined =>
  path.reduce<XmlElement | undefined>((at, [name, ns]) => at && child(at, name, ns), from);

function genericLinks(running: XmlElement): Link[] {
  return all(child(running, "interfaces", INTERFACES), "interface").map((one) => ({
    name: texts(one, "name"),
    up: texts(one, "enabled") !== "false",
    addresses: all(child(one, "ipv4", IP), "address").map((address) => ({
      ip: texts(address, "ip"),
      bits: Number(texts(address, "prefix-length")),
    })),
  }));
}

function nativeLinks(running: XmlElement): Link[] {
  const holder = down(running, ["native", IOSXE_NATIVE], ["interface"]);
  return (holder?.children ?? []).map((one) => {
    const primary = down(one, ["ip"], ["address"], ["primary"]);
    const [ip, mask] = [texts(primary, "address"), texts(primary, "mask")];
    return {
      name: `${one.name}${texts(one, "name")}`,
      up: !child(one, "shutdown"),
      addresses: ip === "" ? [] : [{ ip, bits: bitsOf(mask) }],
    };
  });
}

const genericRoutes = (running: XmlElement): { prefix: string; next: string }[] =>
  all(down(running, ["routing", ROUTING], ["control-plane-protocols"]), "control-plane-protocol").flatMap((protocol) =>
    all(down(protocol, ["static-routes"], ["ipv4", IPV4_ROUTING]), "route").map((route) => {
      const hop = child(route, "next-hop");
      return {
        prefix: texts(route, "destination-prefix"),
        next: texts(hop, "next-hop-address") || texts(hop, "outgoing-interface"),
      };
    }),
  );

const nativeRoutes = (running: XmlElement): { prefix: string; next: string }[] =>
  all(down(running, ["native", IOSXE_NATIVE], ["ip"], ["route"]), "ip-route-interface-forwarding-list").flatMap(
    (list) =>
      all(list, "fwd-list").map((hop) => ({
        prefix: `${texts(list, "prefix")}/${bitsOf(texts(list, "mask"))}`,
        next: texts(hop, "fwd"),
      })),
  );

const openconfigSpeakers = (running: XmlElement): { address: string; as: string }[] =>
  all(down(running, ["bgp", OPENCONFIG_BGP], ["neighbors"]), "neighbor")
    .filter((one) => texts(child(one, "config"), "enabled") !== "false")
    .map((one) => ({ address: texts(one, "neighbor-address"), as: texts(child(one, "config"), "peer-as") }));

const nativeSpeakers = (running: XmlElement): { address: string; as: string }[] =>
  all(down(running, ["native", IOSXE_NATIVE], ["router"]), "bgp")
    .filter(({ ns }) => ns === IOSXE_BGP)
    .flatMap((process) => all(process, "neighbor"))
    .map((one) => ({ address: texts(one, "id"), as: texts(one, "remote-as") }));

/** `network 10.0.2.0 0.0.0.3 area 0`: the first that holds the address of the link's other end. */
function nativeAdjacencies(running: XmlElement, peers: readonly Peer[]): Adjacency[] {
  const ospf = down(running, ["native", IOSXE_NATIVE], ["router"], ["router-ospf", IOSXE_OSPF], ["ospf"]);
  const networks = all(ospf, "process-id").flatMap((process) => all(process, "network"));
  return peers.flatMap((peer) => {
    const found = networks.find((one) => {
      const wild = numberOf(texts(one, "wildcard"));
      return Math.floor(numberOf(peer.address) / (wild + 1)) === Math.floor(numberOf(texts(one, "ip")) / (wild + 1));
    });
    return found ? [{ peer, area: texts(found, "area") }] : [];
  });
}

/** The other end of a link of two, and one host of a larger network. */
function peersOf({ name, addresses }: Link): Peer[] {
  return addresses.flatMap(({ ip, bits }) => {
    const last = Number(ip.split(".")[3]);
    if (bits < 8 || bits > 31) return [];
    const other = bits === 31 ? last ^ 1 : bits === 30 ? (last % 4 === 1 ? last + 1 : last - 1) : 254;
    if (other === last) return [];
    const address = [...ip.split(".").slice(0, 3), other].join(".");
    return [{ address, link: name, mac: macOf(address), name: `n${address.replaceAll(".", "-")}` }];
  });
}

function macOf(seed: string): string {
  const bytes = createHash("sha256").update(seed).digest();
  return `02:${[0, 1, 2, 3, 4].map((at) => (bytes[at] ?? 0).toString(16).padStart(2, "0")).join(":")}`;
}

const numberOf = (ip: string): number => ip.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
const bitsOf = (mask: string): number => numberOf(mask).toString(2).replace(/0+$/, "").length;

function network(ip: string, bits: number): string {
  const size = 2 ** (32 - bits);
  const base = Math.floor(numberOf(ip) / size) * size;
  return `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join(".")}/${bits}`;
}

function isWithin(ip: string, prefix: string): boolean {
  const [base = "", bits = "32"] = prefix.split("/");
  return /^\d+(?:\.\d+){3}$/.test(ip) && network(ip, Number(bits)) === network(base, Number(bits));
}
