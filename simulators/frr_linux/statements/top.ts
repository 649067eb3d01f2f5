/** Commands of `configure terminal`: what the router does as a whole, and static routes. */
import { lengthOf, maskLength, shownAddress, shownNetwork, bytesOf } from "../config/addresses.ts";
import { block, DAEMONS, naturalRank, type Config, type Daemon, type Rank } from "../config/config.ts";
import { HEAD_GROUP } from "../config/print.ts";
import {
  childOf,
  failed,
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

const ZEBRA: readonly Daemon[] = ["zebra"];
const BGP: readonly Daemon[] = ["bgpd"];
const BOTH: readonly Daemon[] = ["zebra", "bgpd"];
const STATIC: readonly Daemon[] = ["staticd"];
const LEVEL = "<emergencies|alerts|critical|errors|warnings|notifications|informational|debugging>";
const UNSAFE =
  "Please be aware that removing the password is a security risk and you should think twice about this command.";

const head = (at: number): Rank => [HEAD_GROUP, at];
const PASSWORDS = 2;
const ROUTES = 3;

const passwords: readonly Statement[] = ["password", "enable password"].flatMap((name, at) => [
  statement(`${name} [8$coded] WORD`, DAEMONS, ({ config }, { coded }, words) => {
    // Measured: what is typed encrypted is not shown without `service password-encryption`.
    put(config, name, { text: coded === undefined ? words.join(" ") : "", rank: [PASSWORDS, at], owners: DAEMONS });
    return undefined;
  }),
  statement(`no ${name}`, DAEMONS, ({ config }) => {
    config.lines.delete(name);
    return new Refusal(UNSAFE, 0);
  }),
]);

const router: readonly Statement[] = [
  statement(`log file WORD$path [${LEVEL}]`, DAEMONS, ({ config }, { path = "" }, words) => {
    if (!path.startsWith("/")) return new Refusal(`can't open logfile ${path}`);
    put(config, "log file", { text: words.join(" "), rank: head(0), owners: DAEMONS });
    return undefined;
  }),
  statement(`no log file [WORD [${LEVEL}]]`, DAEMONS, ({ config }) => {
    config.lines.delete("log file");
    return undefined;
  }),
  ...["stdout", "syslog"].flatMap((to, at) => [
    statement(`log ${to} [${LEVEL}]`, DAEMONS, ({ config }, _args, words) => {
      put(config, `log ${to}`, { text: words.join(" "), rank: head(1 + at), owners: DAEMONS });
      return undefined;
    }),
    statement(`no log ${to} [${LEVEL}]`, DAEMONS, ({ config }) => {
      config.lines.delete(`log ${to}`);
      return undefined;
    }),
  ]),
  ...value(
    "log facility",
    "<kern|user|mail|daemon|auth|syslog|cron|local0|local1|local2|local3|local4|local5|local6|local7>",
    {
      rank: head(3),
      owners: DAEMONS,
      hidden: "daemon",
    },
  ),
  ...flag("log record-priority", { rank: head(4), owners: DAEMONS }),
  ...value("log timestamp precision", "(0-6)", { rank: head(5), owners: DAEMONS, hidden: "0" }),
  ...flag("ip forwarding", { rank: head(7), owners: ZEBRA }, true),
  ...flag("ipv6 forwarding", { rank: head(8), owners: ZEBRA }, true),
  ...value("bgp route-map delay-timer", "(0-600)", { rank: head(10), owners: BGP, hidden: "5" }),
  ...flag("log commands", { rank: head(9), owners: DAEMONS }),
  statement("frr version LINE...", DAEMONS, () => undefined),
  statement("frr defaults <traditional|datacenter>", DAEMONS, () => undefined),
  // Takes no word of the system's own hostname away (FACTS.md).
  statement("hostname WORD", DAEMONS, () => undefined),
  statement("no hostname [WORD]", DAEMONS, () => undefined),
  ...passwords,
];

/** `ip router-id` may be typed without its first word, and is shown with it. */
const routerId: readonly Statement[] = [
  statement("[ip] router-id A.B.C.D$id", ZEBRA, ({ config }, { id = "" }) => {
    put(config, "router-id", { text: `ip router-id ${id}`, rank: [ROUTES, 0], owners: ZEBRA });
    return undefined;
  }),
  statement("no [ip] router-id A.B.C.D", ZEBRA, ({ config }) => {
    config.lines.delete("router-id");
    return undefined;
  }),
];

interface Route {
  readonly family: "ip" | "ipv6";
  readonly prefix: string;
  readonly via: string;
  readonly isBlackhole: boolean;
  readonly distance: number;
  readonly tag: number;
  readonly key: string;
}

function routeOf(family: Route["family"], args: Args): Route {
  const length = args["mask"] === undefined ? undefined : maskLength(args["mask"]);
  const prefix = shownNetwork(args["prefix"] ?? `${args["net"] ?? ""}/${length ?? 32}`);
  const drop = args["drop"];
  const gateway = args["gate"] === undefined ? undefined : shownAddress(args["gate"]);
  const port = args["port"];
  const via = drop ?? [gateway, port].filter((part) => part !== undefined).join(" ");
  return {
    family,
    prefix,
    via: drop === "Null0" ? "Null0" : via,
    isBlackhole: drop !== undefined,
    distance: Number(args["distance"] ?? 1),
    tag: Number(args["tag"] ?? 0),
    key: `${family} route ${prefix} ${drop === undefined ? via : "!"}`,
  };
}

function routeRank({ family, prefix, via, isBlackhole, distance }: Route): Rank {
  const [first = "", port = ""] = via.split(" ");
  const isGateway = /[.:]/.test(first) && /^[0-9a-fA-F.:]+$/.test(first);
  const kind = isBlackhole ? 3 : !isGateway ? 0 : port === "" ? 1 : 2;
  const next: Rank = isGateway ? [...bytesOf(first), ...naturalRank(port)] : naturalRank(first);
  const [address = ""] = prefix.split("/");
  return [ROUTES, family === "ip" ? 1 : 2, lengthOf(prefix), ...bytesOf(address), distance, kind, ...next];
}

/** Whether another next hop of this prefix and distance drops what this one sends on, or the other way round. */
function clashes(config: Config, { family, prefix, key, distance, isBlackhole }: Route): boolean {
  const start = `${family} route ${prefix} `;
  return [...config.lines].some(
    ([other, { value = "" }]) =>
      other.startsWith(start) &&
      other !== key &&
      value.split(" ")[0] === String(distance) &&
      other.endsWith(" !") !== isBlackhole,
  );
}

/** As it is printed, and as others find it: distance and next hop. */
function shownRoute({ family, prefix, via, tag, distance }: Route): { text: string; value: string } {
  const options = [...(tag === 0 ? [] : [`tag ${tag}`]), ...(distance === 1 ? [] : [String(distance)])];
  return { text: [`${family} route ${prefix} ${via}`, ...options].join(" "), value: `${distance} ${via}` };
}

function addRoute(family: Route["family"]): Statement["run"] {
  return ({ config }, args): Effect => {
    const route = routeOf(family, args);
    if (clashes(config, route)) return failed("Route cannot have blackhole and non-blackhole nexthops simultaneously");
    const start = `${family} route ${route.prefix} `;
    // A tag is of all next hops with one distance: the last one that was typed.
    for (const [key, line] of config.lines) {
      const [distance, ...via] = key.startsWith(start) ? (line.value ?? "").split(" ") : [];
      if (distance === String(route.distance))
        put(config, key, { ...line, ...shownRoute({ ...route, via: via.join(" ") }) });
    }
    put(config, route.key, { ...shownRoute(route), rank: routeRank(route), owners: STATIC });
    return undefined;
  };
}

/** Distance and tag are not looked at (measured). */
function removeRoute(family: Route["family"]): Statement["run"] {
  return ({ config }, args): Effect =>
    config.lines.delete(routeOf(family, args).key)
      ? undefined
      : new Refusal("% Refusing to remove a non-existent route", 0);
}

const OPTIONS = "{tag (1-4294967295)$tag|(1-255)$distance}";
const DROP = "<blackhole$drop|reject$drop|Null0$drop>";
const ROUTE_SYNTAX = {
  ip: `ip route <A.B.C.D/M$prefix|A.B.C.D$net A.B.C.D$mask> <A.B.C.D$gate [INTERFACE$port]|${DROP}|INTERFACE$port> ${OPTIONS}`,
  ipv6: `ipv6 route X:X::X:X/M$prefix <X:X::X:X$gate [INTERFACE$port]|${DROP}|INTERFACE$port> ${OPTIONS}`,
} as const;

const routes: readonly Statement[] = (["ip", "ipv6"] as const).flatMap((family) => [
  statement(ROUTE_SYNTAX[family], STATIC, addRoute(family)),
  statement(`no ${ROUTE_SYNTAX[family]}`, STATIC, removeRoute(family)),
]);

const INTERFACES = 4;
const ROUTERS = 5;
const MAPS = 12;

function routerBgp({ config }: Place, asn: string | undefined): Effect {
  const there = [...config.blocks.values()].find(({ mode }) => mode === "router-bgp");
  const [, , running] = there?.header.split(" ") ?? [];
  if (there && (asn === undefined || running === asn)) return there;
  if (there) return new Refusal(`BGP is already running; AS is ${running ?? ""}`);
  if (asn === undefined) return new Refusal("% No BGP process is configured");
  return childOf(config, `router bgp ${asn}`, "router-bgp", [ROUTERS], BGP);
}

const orderKey = (name: string): string => `route-map ${name}`;

/** Its name keeps its place when its last entry goes, until the whole of it is removed (measured). */
function routeMap({ config }: Place, name: string, action: string, seq: number): Effect {
  const key = `route-map ${name} ${seq}`;
  const orders = [...config.lines.values()].filter(({ rank, text }) => rank[0] === MAPS && text === "");
  const order =
    config.lines.get(orderKey(name))?.rank[1] ?? Math.max(0, ...orders.map(({ rank }) => Number(rank[1]))) + 1;
  put(config, orderKey(name), { text: "", rank: [MAPS, order], owners: BOTH });
  const made = block("route-map", `route-map ${name} ${action} ${seq}`, [MAPS, order, seq], BOTH);
  // Another action for a number that is taken changes the entry.
  const entry = { ...made, lines: config.blocks.get(key)?.lines ?? made.lines };
  config.blocks.set(key, entry);
  return entry;
}

const blocks: readonly Statement[] = [
  statement("interface IFNAME$name", ZEBRA, ({ config }, { name = "" }) =>
    childOf(config, `interface ${name}`, "interface", [INTERFACES, ...naturalRank(name)], BOTH),
  ),
  statement("no interface IFNAME$name", ZEBRA, ({ config, hasInterface }, { name = "" }) => {
    if (hasInterface(name)) return failed("only inactive interfaces can be deleted");
    config.blocks.delete(`interface ${name}`);
    return undefined;
  }),
  statement("router bgp [(1-4294967295)$asn]", BGP, (place, { asn }) => routerBgp(place, asn)),
  statement("no router bgp [(1-4294967295)$asn]", BGP, ({ config }, { asn }) => {
    const there = [...config.blocks].find(([, one]) => one.mode === "router-bgp");
    if (!there || (asn !== undefined && there[1].header !== `router bgp ${asn}`))
      return new Refusal("% Can't find BGP instance");
    config.blocks.delete(there[0]);
    return undefined;
  }),
  statement("route-map NAME$name <deny$action|permit$action> (1-65535)$seq", BOTH, (place, args) =>
    routeMap(place, args["name"] ?? "", args["action"] ?? "", Number(args["seq"])),
  ),
  statement("no route-map NAME$name [<deny|permit> (1-65535)$seq]", BOTH, ({ config }, { name = "", seq }) => {
    for (const [key, { mode, header }] of config.blocks)
      if (
        mode === "route-map" &&
        header.split(" ")[1] === name &&
        (seq === undefined || key === `route-map ${name} ${seq}`)
      )
        config.blocks.delete(key);
    if (seq === undefined) config.lines.delete(orderKey(name));
    return undefined;
  }),
];

export const top: readonly Statement[] = [...router, ...routerId, ...routes, ...blocks];
