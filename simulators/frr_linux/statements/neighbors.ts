/** Lines of a neighbour: what it says for itself, and in its families. */
import type { Block } from "../config/config.ts";
import { peerKey } from "../config/print.ts";
import { missingMap, ownFamily, routerOf } from "./bgp.ts";
import {
  BGP,
  PEER,
  UNKNOWN,
  asKnown,
  asNumber,
  exists,
  isGroup,
  isInternal,
  line,
  membersOf,
  nameOf,
  participate,
} from "./peers.ts";
import { sessions } from "./sessions.ts";
import { Refusal, statement, type Args, type Place, type Statement } from "./statement.ts";

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
