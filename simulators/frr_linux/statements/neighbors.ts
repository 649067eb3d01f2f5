/** `neighbor …`: neighbours and peer-groups, what they say for themselves and in their families, and what becomes of them together. */
import { shownAddress } from "../config/addresses.ts";
import type { Block, Daemon } from "../config/config.ts";
import { groupOf, isOnByItself, peerKey, takesPart } from "../config/print.ts";
import { isIpv4, isIpv6 } from "../syntax.ts";
import { missingMap, ownFamily, routerOf } from "./bgp.ts";
import { put, Refusal, statement, type Args, type Effect, type Place, type Statement } from "./statement.ts";

const BGP: readonly Daemon[] = ["bgpd"];
const NEIGHBORS = 100;
const PEER = "<A.B.C.D$peer|X:X::X:X$peer|WORD$peer>";
const UNKNOWN = "% Specify remote-as or peer-group commands first";
const NO_GROUP = "% Create the peer-group first";

const nameOf = ({ peer = "" }: Args): string => (isIpv6(peer) ? shownAddress(peer) : peer);
const isAddress = (name: string): boolean => isIpv4(name) || isIpv6(name);
const isGroup = (router: Block, name: string): boolean => router.lines.has(peerKey(name, "group"));
const asOf = (router: Block, name: string): string | undefined => router.lines.get(peerKey(name, "remote-as"))?.value;

export function exists(router: Block, name: string): boolean {
  return [...router.lines.values()].some(({ peer }) => peer === name);
}

export function peersOf(router: Block): string[] {
  return [...new Set([...router.lines.values()].flatMap(({ peer }) => peer ?? []))].filter(
    (name) => !isGroup(router, name),
  );
}

export const membersOf = (router: Block, group: string): string[] =>
  peersOf(router).filter((name) => groupOf(router, name) === group);

export function removePeer(router: Block, name: string): void {
  for (const block of [router, ...router.blocks.values()])
    for (const [key, line] of block.lines) if (line.peer === name) block.lines.delete(key);
}

function line(
  block: Block,
  peer: string,
  slot: string,
  text: string,
  rank: number,
  more: { value?: string } = {},
): void {
  put(block, peerKey(peer, slot), { text, peer, rank: [NEIGHBORS, rank], owners: BGP, ...more });
}

/** Whether a neighbour takes part in IPv4 unicast is settled when it is made; shown is what the default does not say. */
function made(router: Block, peer: string): void {
  if (router.lines.has("bgp default ipv4-unicast")) participate(ownFamily({ block: router }), peer, false);
}

function participate(family: Block, peer: string, isIn: boolean): void {
  family.lines.delete(peerKey(peer, isIn ? "out" : "in"));
  const slot = isOnByItself(family) ? "out" : "in";
  if (isIn === (slot === "in")) put(family, peerKey(peer, slot), { text: "", peer, rank: [], owners: BGP });
}

function remoteAs({ block: router }: Place, args: Args): Effect {
  const peer = nameOf(args);
  const { as = "" } = args;
  if (!isAddress(peer) && !isGroup(router, peer)) return new Refusal("% Create the peer-group or interface first");
  const group = groupOf(router, peer);
  if (group !== undefined && asOf(router, group) !== undefined)
    return new Refusal("% Peer-group member cannot override remote-as of peer-group.");
  if (!exists(router, peer)) made(router, peer);
  line(router, peer, "remote-as", `neighbor ${peer} remote-as ${as}`, 1, { value: as });
  sorted(router, peer);
  if (isGroup(router, peer))
    for (const member of membersOf(router, peer)) router.lines.delete(peerKey(member, "remote-as"));
  return undefined;
}

/** What means nothing for a neighbour of one's own AS, or of another, goes when it becomes one. */
function sorted(router: Block, name: string): void {
  for (const peer of [name, ...(isGroup(router, name) ? membersOf(router, name) : [])])
    if (isInternal(router, peer))
      for (const slot of ["local-as", "ebgp-multihop"]) router.lines.delete(peerKey(peer, slot));
    else for (const family of router.blocks.values()) family.lines.delete(peerKey(peer, "route-reflector-client"));
}

/** Without its AS a neighbour is nothing; the members of a peer-group lose theirs with it. */
function noRemoteAs({ block: router }: Place, args: Args): Effect {
  const peer = nameOf(args);
  if (!isAddress(peer) && !isGroup(router, peer)) return new Refusal("% Create the peer-group or interface first");
  if (!isGroup(router, peer)) {
    removePeer(router, peer);
    return undefined;
  }
  router.lines.delete(peerKey(peer, "remote-as"));
  for (const member of membersOf(router, peer)) if (asOf(router, member) === undefined) removePeer(router, member);
  return undefined;
}

function noNeighbor({ block: router }: Place, args: Args): Effect {
  const peer = nameOf(args);
  if (isGroup(router, peer)) return noGroup({ router, group: peer });
  if (!isAddress(peer)) return new Refusal(NO_GROUP);
  removePeer(router, peer);
  return undefined;
}

function noGroup({ router, group }: { readonly router: Block; readonly group: string }): Effect {
  if (!isGroup(router, group)) return new Refusal(NO_GROUP);
  for (const member of membersOf(router, group)) removePeer(router, member);
  removePeer(router, group);
  return undefined;
}

function join({ block: router }: Place, args: Args): Effect {
  const peer = nameOf(args);
  const { group = "" } = args;
  if (!isGroup(router, group)) return new Refusal("% Configure the peer-group first");
  const there = groupOf(router, peer);
  if (there !== undefined && there !== group) return new Refusal("% Cannot change the peer-group. Deconfigure first");
  if (!exists(router, peer)) made(router, peer);
  if (asOf(router, group) !== undefined) router.lines.delete(peerKey(peer, "remote-as"));
  for (const family of router.blocks.values()) participate(family, peer, takesPart(family, group));
  line(router, peer, "peer-group", `neighbor ${peer} peer-group ${group}`, 2, { value: group });
  sorted(router, peer);
  return undefined;
}

/** Out of a peer-group a neighbour is nobody: measured, neither an AS of its own nor that it was in no group saves it. */
function leave({ block: router }: Place, args: Args): Effect {
  const { group = "" } = args;
  const peer = nameOf(args);
  if (!exists(router, peer)) return new Refusal(UNKNOWN);
  if (!isGroup(router, group)) return new Refusal("% Configure the peer-group first");
  removePeer(router, peer);
  return undefined;
}

const sessions: readonly Statement[] = [
  statement(`neighbor ${PEER} remote-as <(1-4294967295)$as|internal$as|external$as>`, BGP, remoteAs),
  statement(`no neighbor ${PEER} remote-as <(1-4294967295)|internal|external>`, BGP, noRemoteAs),
  statement("neighbor WORD$peer peer-group", BGP, ({ block }, { peer = "" }) => {
    if (!isGroup(block, peer)) {
      line(block, peer, "group", `neighbor ${peer} peer-group`, 0);
      made(block, peer);
    }
    return undefined;
  }),
  statement("no neighbor WORD$peer peer-group", BGP, ({ block }, { peer = "" }) =>
    noGroup({ router: block, group: peer }),
  ),
  statement(`neighbor ${PEER} peer-group PGNAME$group`, BGP, join),
  statement(`no neighbor ${PEER} peer-group PGNAME$group`, BGP, leave),
  statement(`no neighbor ${PEER}`, BGP, noNeighbor),
];

interface PeerSlot {
  readonly name: string;
  /** What stands behind the name; empty for a flag. */
  readonly tail: string;
  readonly rank: number;
  /** Said behind the name where nothing was. */
  readonly filled?: string;
  readonly show?: (text: string) => string;
  readonly refuse?: (router: Block, family: Block, peer: string, args: Args) => Refusal | undefined;
  /** What stands against it stands against its removal. */
  readonly isEither?: boolean;
  /** Taken without a word, and nothing comes of it (measured). */
  readonly isVain?: (router: Block, peer: string) => boolean;
  /** A route-map that it names, which need not be there. */
  readonly names?: (args: Args) => string | undefined;
  /** What `no` needs to have said, where it may not be left away. */
  readonly needsTail?: boolean;
  /** Its own key, where the name alone does not tell two lines apart. */
  readonly key?: (args: Args) => string;
}

/** Lines of a neighbour that have one place: above the families, or in one. */
function slots(table: readonly PeerSlot[], into: (place: Place) => Block): Statement[] {
  return table.flatMap((slot) => {
    const { name, tail, rank, needsTail = false } = slot;
    const key = (args: Args): string => slot.key?.(args) ?? name;
    const known = (place: Place, peer: string): Refusal | undefined =>
      exists(routerOf(place), peer) ? undefined : new Refusal(UNKNOWN);
    const optional = tail === "" || needsTail ? tail : `[${tail}]`;
    return [
      statement(`neighbor ${PEER} ${name} ${tail}`, BGP, (place, args, words) => {
        const peer = nameOf(args);
        const router = routerOf(place);
        const block = into(place);
        const refused = known(place, peer) ?? slot.refuse?.(router, block, peer, args);
        if (refused || slot.isVain?.(router, peer) === true) return refused;
        const rest = words.slice(2).join(" ");
        const text = `neighbor ${peer} ${slot.show?.(rest) ?? rest}`;
        line(
          block,
          peer,
          key(args),
          rest === name && slot.filled !== undefined ? `${text} ${slot.filled}` : text,
          rank,
        );
        return missingMap(place.config, slot.names?.(args));
      }),
      statement(`no neighbor ${PEER} ${name} ${optional}`, BGP, (place, args) => {
        const peer = nameOf(args);
        const refused =
          known(place, peer) ??
          (slot.isEither === true ? slot.refuse?.(routerOf(place), into(place), peer, args) : undefined);
        if (refused) return refused;
        into(place).lines.delete(peerKey(peer, key(args)));
        return undefined;
      }),
    ];
  });
}

const has = (block: Block, peer: string, slot: string): boolean => block.lines.has(peerKey(peer, slot));
const asNumber = (router: Block): string => router.header.split(" ")[2] ?? "";

const asKnown = (router: Block, peer: string): string | undefined => {
  const group = groupOf(router, peer);
  return asOf(router, peer) ?? (group === undefined ? undefined : asOf(router, group));
};

const isInternal = (router: Block, peer: string): boolean => {
  const as = asKnown(router, peer);
  return as === "internal" || as === asNumber(router);
};

const ROUTER_SLOTS: readonly PeerSlot[] = [
  {
    name: "local-as",
    tail: "(1-4294967295)$as [no-prepend [replace-as]]",
    rank: 3,
    refuse: (router, _family, peer, { as }) =>
      isInternal(router, peer) || !(isGroup(router, peer) || asKnown(router, peer))
        ? new Refusal("% Local-AS allowed only for EBGP peers")
        : as === asNumber(router)
          ? new Refusal("% Cannot have local-as same as BGP AS number")
          : undefined,
  },
  { name: "description", tail: "LINE...", rank: 4 },
  { name: "shutdown", tail: "[message MSG...]", rank: 5 },
  { name: "password", tail: "LINE", rank: 7 },
  { name: "port", tail: "(0-65535)", rank: 9 },
  { name: "passive", tail: "", rank: 11 },
  {
    name: "ebgp-multihop",
    tail: "[(1-255)]",
    rank: 12,
    filled: "255",
    isVain: isInternal,
    refuse: (router, _family, peer) =>
      has(router, peer, "ttl-security hops")
        ? new Refusal("% ebgp-multihop and ttl-security cannot be configured together")
        : undefined,
  },
  {
    name: "ttl-security hops",
    tail: "(1-254)",
    rank: 13,
    refuse: (router, _family, peer) =>
      has(router, peer, "ebgp-multihop")
        ? new Refusal("% ebgp-multihop and ttl-security cannot be configured together")
        : undefined,
  },
  { name: "disable-connected-check", tail: "", rank: 14 },
  { name: "enforce-first-as", tail: "", rank: 15 },
  { name: "update-source", tail: "<A.B.C.D|X:X::X:X|WORD>", rank: 16 },
  { name: "advertisement-interval", tail: "(0-600)", rank: 17 },
  { name: "timers connect", tail: "(1-65535)", rank: 19 },
  { name: "timers", tail: "(0-65535) (0-65535)", rank: 18 },
  { name: "capability dynamic", tail: "", rank: 20 },
  { name: "capability extended-nexthop", tail: "", rank: 21 },
  { name: "dont-capability-negotiate", tail: "", rank: 22 },
];

const directed = (args: Args): string => args["way"] ?? "";
const filter = (name: string, rank: number, more: Partial<PeerSlot> = {}): PeerSlot => ({
  name,
  tail: "WORD <in$way|out$way>",
  rank,
  needsTail: true,
  key: (args) => `${name} ${directed(args)}`,
  ...more,
});

const together =
  (other: string): NonNullable<PeerSlot["refuse"]> =>
  (_router, family, peer, args) =>
    has(family, peer, `${other} ${directed(args)}`)
      ? new Refusal("% Prefix/distribute list can not co-exist")
      : undefined;

/** For neighbours of another AS alone, its removal too. */
const external = (name: string, tail: string, rank: number): PeerSlot => ({
  name,
  tail,
  rank,
  isEither: true,
  refuse: (router, family, peer) =>
    isInternal(router, peer) && !has(family, peer, name)
      ? new Refusal(`% ${name} cannot be configured for IBGP peers`)
      : undefined,
});

const FAMILY_SLOTS: readonly PeerSlot[] = [
  {
    name: "route-reflector-client",
    tail: "",
    rank: 33,
    refuse: (router, _family, peer) =>
      isInternal(router, peer) ? undefined : new Refusal("% Invalid command. Not an internal neighbor"),
  },
  { name: "next-hop-self force", tail: "", rank: 34 },
  { name: "next-hop-self", tail: "", rank: 35 },
  external("remove-private-AS", "[all]", 36),
  external("as-override", "", 37),
  { name: "default-originate", tail: "[route-map WORD$map]", rank: 39, names: ({ map }) => map },
  { name: "soft-reconfiguration inbound", tail: "", rank: 40 },
  { name: "maximum-prefix", tail: "(1-4294967295) [(1-100)] [warning-only]", rank: 41 },
  { name: "allowas-in", tail: "[<(1-10)|origin>]", rank: 43, show: (text) => text.replace(/ 3$/, "") },
  { name: "weight", tail: "(0-65535)", rank: 44 },
  filter("distribute-list", 45, { refuse: together("prefix-list") }),
  filter("prefix-list", 46, { refuse: together("distribute-list") }),
  filter("route-map", 47, { tail: "WORD$map <in$way|out$way>", names: ({ map }) => map }),
  { name: "unsuppress-map", tail: "WORD$map", rank: 49, needsTail: true, names: ({ map }) => map },
  filter("filter-list", 50),
];

/** In force unless taken away in IPv4 unicast, and the other way round elsewhere. */
function activate(isOn: boolean): Statement["run"] {
  return (place, args) => {
    const peer = nameOf(args);
    if (!exists(routerOf(place), peer)) return new Refusal(UNKNOWN);
    // What a peer-group does its members do.
    for (const one of [peer, ...membersOf(routerOf(place), peer)]) participate(ownFamily(place), one, isOn);
    return undefined;
  };
}

const COMMUNITIES: readonly string[] = ["standard", "extended", "large"];

/** Communities of all kinds are sent unless one is taken away. */
const communities: readonly Statement[] = (["standard", "extended", "large", "both", "all"] as const).flatMap(
  (kind) => {
    const kinds = kind === "all" ? COMMUNITIES : kind === "both" ? ["standard", "extended"] : [kind];
    const run =
      (isOn: boolean): Statement["run"] =>
      (place, args) => {
        const peer = nameOf(args);
        if (!exists(routerOf(place), peer)) return new Refusal(UNKNOWN);
        const family = ownFamily(place);
        const slot = (one: string): string => `no send-community ${one}`;
        const before = COMMUNITIES.filter((one) => has(family, peer, slot(one)) || has(family, peer, slot("all")));
        const off = COMMUNITIES.filter((one) => (kinds.includes(one) ? !isOn : before.includes(one)));
        for (const one of [...COMMUNITIES, "all"]) family.lines.delete(peerKey(peer, slot(one)));
        for (const one of off.length === COMMUNITIES.length ? ["all"] : off) {
          const text = `no neighbor ${peer} send-community${one === "standard" ? "" : ` ${one}`}`;
          line(family, peer, slot(one), text, 38);
        }
        return undefined;
      };
    const word = kind === "standard" ? "[standard]" : kind;
    return [
      statement(`neighbor ${PEER} send-community ${word}`, BGP, run(true)),
      statement(`no neighbor ${PEER} send-community ${word}`, BGP, run(false)),
    ];
  },
);

const families: readonly Statement[] = [
  ...slots(FAMILY_SLOTS, ownFamily),
  ...communities,
  statement(`neighbor ${PEER} activate`, BGP, activate(true)),
  statement(`no neighbor ${PEER} activate`, BGP, activate(false)),
];

export const routerNeighbors: readonly Statement[] = [
  ...sessions,
  ...slots(ROUTER_SLOTS, ({ block }) => block),
  ...families,
];
export const familyNeighbors: readonly Statement[] = families;
