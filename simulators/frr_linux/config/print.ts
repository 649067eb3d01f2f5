/** What `show running-config` makes of a configuration: one text out of what every daemon says (FACTS.md, "Reading"). */
import {
  compareRanks,
  DAEMONS,
  naturalRank,
  type Block,
  type Config,
  type Daemon,
  type Line,
  type Rank,
} from "./config.ts";
import { bytesOf } from "./addresses.ts";
import { isIpv4, isIpv6 } from "../syntax.ts";

export interface PrintOptions {
  readonly version: string;
  readonly hostname: string;
  /** Daemons that answer; what only others hold is missing, and no word is said. */
  readonly alive: ReadonlySet<Daemon>;
  /** The last line of the head, which is vtysh's own. */
  readonly service: string;
}

/** Ends of the blocks that do not end with `exit`. */
const ENDS: Partial<Record<Block["mode"], string>> = { "bgp-af": "exit-address-family" };

/** The line that ends the first group of a configuration: everything about the router as a whole. */
export const HEAD_GROUP = 0;

export function printConfig(config: Config, options: PrintOptions): string {
  const head: Line[] = [
    `frr version ${options.version}`,
    "frr defaults traditional",
    `hostname ${options.hostname}`,
  ].map((text, at) => ({ text, rank: [HEAD_GROUP, -3 + at], owners: DAEMONS }));
  const service: Line = { text: options.service, rank: [HEAD_GROUP, 99], owners: DAEMONS };
  const lines = [...head, service, ...config.lines.values()].filter((one) => one.text !== "" && lives(one, options));
  const blocks = [...config.blocks.values()].filter((one) => lives(one, options) && isShown(one));
  const all = [...lines, ...blocks].toSorted((a, b) => compareRanks(a.rank, b.rank));
  const out: string[] = [];
  let group: Rank[number] | undefined;
  for (const one of all) {
    if (group !== undefined && (one.rank[0] !== group || "mode" in one)) out.push("!");
    group = one.rank[0];
    if ("mode" in one) out.push(...printBlock(one, options, ""));
    else out.push(one.text);
  }
  return [...out, "!", "end", ""].join("\n");
}

function lives(one: Line | Block, { alive }: PrintOptions): boolean {
  return one.owners.some((owner) => alive.has(owner));
}

/** An interface or an address family without a line of its own is not shown; a router and an entry of a route-map are. */
function isShown(one: Block): boolean {
  return one.mode === "router-bgp" || one.mode === "route-map" || shownLines(one, one).length > 0;
}

function printBlock(one: Block, options: PrintOptions, indent: string, router = one): string[] {
  const children = [...one.blocks.values()]
    .filter((child) => shownLines(child, one).length > 0)
    .toSorted((a, b) => compareRanks(a.rank, b.rank));
  return [
    indent + one.header,
    ...shownLines(one, router)
      .filter((line) => lives(line, options))
      .map(({ text }) => `${indent} ${text}`),
    ...children.flatMap((child) => [`${indent} !`, ...printBlock(child, options, `${indent} `, one)]),
    indent + (ENDS[one.mode] ?? "exit"),
  ];
}

/** Lines in the order in which they are printed; neighbours stand where their router puts them. */
function shownLines(one: Block, router: Block): Line[] {
  const own = [...one.lines.entries()]
    .filter(([key, line]) => line.text !== "" && !isInherited(one, router, key, line))
    .map(([, line]) => line);
  return [...own, ...(one.mode === "bgp-af" ? activations(one, router) : [])]
    .map((line) => ({ line, rank: line.peer === undefined ? line.rank : peerRank(router, line) }))
    .toSorted((a, b) => compareRanks(a.rank, b.rank))
    .map(({ line }) => line);
}

/** Who takes part in a family is said where it is not what the default says, and not again where the peer-group says so. */
function activations(family: Block, router: Block): Line[] {
  const isOn = isOnByItself(family) && !router.lines.has("bgp default ipv4-unicast");
  return [...new Set([...router.lines.values()].flatMap(({ peer }) => peer ?? []))].flatMap((peer) => {
    const isActive = takesPart(family, peer);
    const group = groupOf(router, peer);
    const expected = group === undefined ? isOn : takesPart(family, group);
    if (isActive === expected) return [];
    const text = `${isActive ? "" : "no "}neighbor ${peer} activate`;
    return [{ text, peer, rank: [100, 30], owners: ["bgpd"] }];
  });
}

export const isOnByItself = ({ header }: Block): boolean => header === "address-family ipv4 unicast";

/** IPv4 unicast keeps who is out of it, the others who is in. */
export const takesPart = (family: Block, peer: string): boolean =>
  family.lines.has(peerKey(peer, "out")) ? false : family.lines.has(peerKey(peer, "in")) || isOnByItself(family);

/** What a member does not say again where its peer-group says it; everything else it does (measured). */
const INHERITED = /^(?:ebgp-multihop|route-map .*)$/;

function isInherited(one: Block, router: Block, key: string, line: Line): boolean {
  if (line.peer === undefined) return false;
  const group = groupOf(router, line.peer);
  const slot = key.slice(peerKey(line.peer, "").length);
  const theirs = group === undefined || !INHERITED.test(slot) ? undefined : one.lines.get(peerKey(group, slot));
  return group !== undefined && theirs?.text.replace(group, line.peer) === line.text;
}

export const peerKey = (peer: string, slot: string): string => `peer ${peer} ${slot}`;

export const groupOf = (router: Block, peer: string): string | undefined =>
  router.lines.get(peerKey(peer, "peer-group"))?.value;

/** Peer-groups by name, then the members of each, then those without: interfaces, IPv4, IPv6. */
function peerRank(router: Block, line: Line): Rank {
  const { peer = "" } = line;
  const [section = 0, ...rest] = line.rank;
  if (router.lines.has(peerKey(peer, "group"))) return [section, 0, peer, ...rest];
  const group = groupOf(router, peer);
  const address: Rank = isIpv4(peer)
    ? [1, ...bytesOf(peer)]
    : isIpv6(peer)
      ? [2, ...bytesOf(peer)]
      : [0, ...naturalRank(peer)];
  const own = [...address, ...Array.from({ length: 17 - address.length }, () => -1), ...rest];
  return group === undefined ? [section, 2, ...own] : [section, 1, group, ...own];
}

/** Lines that stand together, and the headers that lead to them. */
export interface Context {
  readonly path: readonly string[];
  readonly lines: readonly string[];
  /** One `no` takes all of it. */
  readonly isWhole: boolean;
}

/** A configuration as what stands where, without the lines that are no command of a daemon. */
export function contextsOf(config: Config): Context[] {
  const top = [...config.lines.values()]
    .filter(({ text }) => text !== "")
    .toSorted((a, b) => compareRanks(a.rank, b.rank));
  return [
    { path: [], lines: top.map(({ text }) => text), isWhole: false },
    ...[...config.blocks.values()]
      .filter(isShown)
      .toSorted((a, b) => compareRanks(a.rank, b.rank))
      .flatMap((one) => [
        { path: [one.header], lines: shownLines(one, one).map(({ text }) => text), isWhole: one.mode !== "interface" },
        ...[...one.blocks.values()]
          .toSorted((a, b) => compareRanks(a.rank, b.rank))
          .map((child) => ({
            path: [one.header, child.header],
            lines: shownLines(child, one).map(({ text }) => text),
            isWhole: false,
          })),
      ]),
  ];
}
