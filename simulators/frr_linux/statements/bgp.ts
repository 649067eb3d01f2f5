/** `router bgp` and its address families, without the neighbours. What belongs to a family is taken above it too, and shown in it. */
import { classful, maskLength, shownNetwork, bytesOf, lengthOf } from "../config/addresses.ts";
import type { Block, Config, Daemon, Rank } from "../config/config.ts";
import {
  childOf,
  flag,
  put,
  Refusal,
  statement,
  value,
  type Args,
  type Effect,
  type Place,
  type Statement,
} from "./statement.ts";

const BGP: readonly Daemon[] = ["bgpd"];
const FAMILIES: readonly string[] = ["ipv4 unicast", "ipv6 unicast"];

export function familyOf(router: Block, name: string): Block {
  return childOf(router, `address-family ${name}`, "bgp-af", [FAMILIES.indexOf(name)], BGP);
}

/** The family that a line goes to: its own, or IPv4 unicast for what is typed above all of them. */
export const ownFamily = ({ block }: Pick<Place, "block">): Block =>
  block.mode === "bgp-af" ? block : familyOf(block, "ipv4 unicast");

/** The router that a block of either kind belongs to. */
export function routerOf({ config, block }: Pick<Place, "block" | "config">): Block {
  if (block.mode === "router-bgp") return block;
  const router = [...config.blocks.values()].find(({ mode }) => mode === "router-bgp");
  if (!router) throw new Error("an address family without its router");
  return router;
}

/** Said of a route-map that is not there yet, and the line is taken all the same. */
export function missingMap(config: Config, name: string | undefined): Refusal | undefined {
  const isThere = [...config.blocks.values()].some(
    ({ mode, header }) => mode === "route-map" && header.split(" ")[1] === name,
  );
  return name === undefined || isThere ? undefined : new Refusal(`The route-map '${name}' does not exist.`, 0);
}

const at = (rank: number) => ({ owners: BGP, rank: [rank] });

function matching(name: string, text: (word: string) => string, rank: number): Statement[] {
  return [
    statement(`${name} A.B.C.D$id`, BGP, ({ block }, { id = "" }) => {
      put(block, name, { text: text(id), value: id, rank: [rank], owners: BGP });
      return undefined;
    }),
    statement(`no ${name} [A.B.C.D$id]`, BGP, ({ block }, { id }) => {
      if (id !== undefined && block.lines.get(name)?.value !== id && name === "bgp router-id")
        return new Refusal("% BGP router-id doesn't match");
      block.lines.delete(name);
      return undefined;
    }),
  ];
}

/** A hold time is three seconds at least, or none; keepalives come three times in it. */
function timers({ block }: Place, keep: number, hold: number): Effect {
  if (hold < 3 && hold !== 0) return new Refusal("% hold time value must be either 0 or greater than 3");
  const shown = Math.min(keep, Math.floor(hold / 3));
  if (shown === 60 && hold === 180) block.lines.delete("timers bgp");
  else put(block, "timers bgp", { text: `timers bgp ${shown} ${hold}`, rank: [60], owners: BGP });
  return undefined;
}

export const router: readonly Statement[] = [
  ...flag("bgp fast-external-failover", at(0), true),
  ...matching("bgp router-id", (id) => `bgp router-id ${id}`, 1),
  ...flag("bgp log-neighbor-changes", at(2)),
  ...flag("bgp always-compare-med", at(3)),
  ...flag("bgp ebgp-requires-policy", at(4), true),
  ...flag("bgp suppress-duplicates", at(5), true),
  ...flag("bgp default ipv4-unicast", at(6), true),
  ...value("bgp default local-preference", "(0-4294967295)", { ...at(7), hidden: "100" }),
  ...flag("bgp default show-hostname", at(8)),
  ...flag("bgp client-to-client reflection", at(9), true),
  ...matching("bgp cluster-id", (id) => `bgp cluster-id ${id}`, 10),
  ...value("write-quanta", "(1-64)", { ...at(20), hidden: "64" }),
  ...value("read-quanta", "(1-10)", { ...at(21), hidden: "10" }),
  ...flag("bgp deterministic-med", at(30)),
  ...flag("bgp bestpath as-path multipath-relax", at(41)),
  ...flag("bgp bestpath compare-routerid", at(42)),
  ...flag("bgp network import-check", at(50), true),
  statement("timers bgp (0-65535)$keep (0-65535)$hold", BGP, (place, args) =>
    timers(place, Number(args["keep"]), Number(args["hold"])),
  ),
  statement("no timers bgp [(0-65535) (0-65535)]", BGP, ({ block }) => {
    block.lines.delete("timers bgp");
    return undefined;
  }),
  ...flag("bgp fast-convergence", at(201)),
  statement("address-family <ipv4|ipv6> [unicast]", BGP, ({ block }, _args, [, family = "", kind = "unicast"]) =>
    familyOf(block, `${family} ${kind}`),
  ),
];

function networkOf(args: Args): string {
  if (args["prefix"] !== undefined) return shownNetwork(args["prefix"]);
  const address = args["net"] ?? "";
  if (args["mask"] === undefined) return classful(address);
  return shownNetwork(`${address}/${maskLength(args["mask"])}`);
}

const prefixRank = (section: number, prefix: string): Rank => {
  const [address = ""] = prefix.split("/");
  return [section, ...bytesOf(address), lengthOf(prefix)];
};

const NETWORK = {
  ipv4: "<A.B.C.D/M$prefix|A.B.C.D$net [mask A.B.C.D$mask]>",
  ipv6: "X:X::X:X/M$prefix",
} as const;

function networks(syntax: string): Statement[] {
  return [
    statement(`network ${syntax} {route-map WORD$map|backdoor$door}`, BGP, (place, args) => {
      const prefix = networkOf(args);
      const { map, door } = args;
      const text = [
        `network ${prefix}`,
        ...(map === undefined ? [] : [`route-map ${map}`]),
        ...(door === undefined ? [] : ["backdoor"]),
      ];
      put(ownFamily(place), `network ${prefix}`, { text: text.join(" "), rank: prefixRank(20, prefix), owners: BGP });
      return undefined;
    }),
    statement(`no network ${syntax} {route-map WORD|backdoor}`, BGP, (place, args) => {
      const prefix = networkOf(args);
      return ownFamily(place).lines.delete(`network ${prefix}`)
        ? undefined
        : new Refusal("% Can't find static route specified");
    }),
    statement(`aggregate-address ${syntax} {as-set$set|summary-only$only|route-map WORD$map}`, BGP, (place, args) => {
      const prefix = networkOf(args);
      const key = `aggregate-address ${prefix}`;
      const family = ownFamily(place);
      const options = [
        ...(args["set"] === undefined ? [] : ["as-set"]),
        ...(args["only"] === undefined ? [] : ["summary-only"]),
        ...(args["map"] === undefined ? [] : [`route-map ${args["map"]}`]),
      ];
      const isThere = family.lines.has(key);
      put(family, key, { text: [key, ...options].join(" "), rank: prefixRank(30, prefix), owners: BGP });
      return isThere ? new Refusal("There is already same aggregate network.", 0) : undefined;
    }),
    statement(`no aggregate-address ${syntax} {as-set|summary-only|route-map WORD}`, BGP, (place, args) =>
      ownFamily(place).lines.delete(`aggregate-address ${networkOf(args)}`)
        ? undefined
        : new Refusal("% There is no aggregate-address configuration."),
    ),
  ];
}

const PROTOCOLS = ["kernel", "connected", "static", "rip", "ospf", "isis"] as const;

/** What is redistributed keeps its other option when one of them is typed again. */
const redistribute: readonly Statement[] = PROTOCOLS.flatMap((protocol, order) => [
  statement(`redistribute ${protocol} {metric (0-4294967295)$metric|route-map WORD$map}`, BGP, (place, args) => {
    const family = ownFamily(place);
    const key = `redistribute ${protocol}`;
    const before = family.lines.get(key)?.text ?? "";
    const metric = args["metric"] ?? / metric (?<metric>\d+)/.exec(before)?.groups?.["metric"];
    const map = args["map"] ?? / route-map (?<map>\S+)/.exec(before)?.groups?.["map"];
    const text = [
      key,
      ...(metric === undefined ? [] : [`metric ${metric}`]),
      ...(map === undefined ? [] : [`route-map ${map}`]),
    ];
    put(family, key, { text: text.join(" "), rank: [40, order], owners: BGP });
    return missingMap(place.config, args["map"]);
  }),
  statement(`no redistribute ${protocol} {metric (0-4294967295)|route-map WORD}`, BGP, (place) => {
    ownFamily(place).lines.delete(`redistribute ${protocol}`);
    return undefined;
  }),
]);

const paths: readonly Statement[] = ["maximum-paths", "maximum-paths ibgp"].flatMap((name, order) =>
  value(name, "(1-256)", { owners: BGP, rank: [110, order], into: ownFamily, hidden: "1" }),
);

const distance: readonly Statement[] = [
  statement("distance bgp (1-255)$e (1-255)$i (1-255)$l", BGP, (place, _args, words) => {
    const family = ownFamily(place);
    if (words.slice(2).join(" ") === "20 200 200") family.lines.delete("distance bgp");
    else put(family, "distance bgp", { text: words.join(" "), rank: [10], owners: BGP });
    return undefined;
  }),
  statement("no distance bgp [(1-255) (1-255) (1-255)]", BGP, (place) => {
    ownFamily(place).lines.delete("distance bgp");
    return undefined;
  }),
];

const shared: readonly Statement[] = [...redistribute, ...paths, ...distance];

export const routerFamily: readonly Statement[] = [...networks(NETWORK.ipv4), ...shared];
export const family4: readonly Statement[] = routerFamily;
export const family6: readonly Statement[] = [...networks(NETWORK.ipv6), ...shared];
