/** Tables of exec mode, in FRR's own JSON and columns. */
import { lengthOf } from "./config/addresses.ts";
import { compareRanks } from "./config/config.ts";
import {
  localAs,
  portsOf,
  routerBgp,
  routesOf,
  sessionsOf,
  type Port,
  type RouteShown,
  type Session,
} from "./network.ts";
import type { Router } from "./router.ts";

const ports = ({ config, facts }: Router): Port[] => portsOf(config, facts.ports);
const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2).replaceAll('": ', '":')}\n`;

function uptime(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const days = Math.floor(seconds / 86_400);
  if (days > 0) return `${days}d${two(Math.floor(seconds / 3600) % 24)}h${two(Math.floor(seconds / 60) % 60)}m`;
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

const sinceBoot = ({ store }: Router): number => store.clock.nowMs() - store.bootedAtMs;

export function interfacesBrief(router: Router): string {
  return json(
    Object.fromEntries(
      ports(router).map(({ name, isUp, addresses }) => [
        name,
        { status: isUp ? "up" : "down", vrfName: "default", addresses },
      ]),
    ),
  );
}

export function interfacesBriefText(router: Router): string {
  const row = (name: string, status: string, vrf: string, address: string): string =>
    `${name.padEnd(16)}${status.padEnd(8)}${vrf.padEnd(16)}${address}\n`;
  const rows = ports(router).flatMap(({ name, isUp, addresses }) => {
    const [first = "", ...more] = addresses;
    return [row(name, isUp ? "up" : "down", "default", first), ...more.map((address) => row("", "", "", address))];
  });
  return [
    row("Interface", "Status", "VRF", "Addresses"),
    row("---------", "------", "---", "---------"),
    ...rows,
    "\n",
  ].join("");
}

const routes = (router: Router): RouteShown[] => routesOf(router.config, ports(router));

export function ipRoutes(router: Router): string {
  const shown: Record<string, unknown[]> = {};
  for (const { prefix, protocol, distance, gateway, port, isSelected } of routes(router)) {
    const nexthop =
      port === undefined
        ? { flags: 3, fib: true, unreachable: true, blackhole: true, active: true }
        : {
            flags: 3,
            fib: true,
            ...(gateway === undefined ? { directlyConnected: true } : { ip: gateway, afi: "ipv4" }),
            interfaceName: port,
            active: true,
          };
    (shown[prefix] ??= []).push({
      prefix,
      prefixLen: lengthOf(prefix),
      protocol,
      vrfId: 0,
      vrfName: "default",
      ...(isSelected ? { selected: true, destSelected: true } : {}),
      distance,
      metric: 0,
      ...(isSelected ? { installed: true } : {}),
      table: 254,
      uptime: uptime(sinceBoot(router)),
      nexthops: [nexthop],
    });
  }
  return json(shown);
}

const CODES = `Codes: K - kernel route, C - connected, S - static, R - RIP,
       O - OSPF, I - IS-IS, B - BGP, E - EIGRP, N - NHRP,
       T - Table, v - VNC, V - VNC-Direct, A - Babel, F - PBR,
       f - OpenFabric,
       > - selected route, * - FIB route, q - queued, r - rejected, b - backup
       t - trapped, o - offload failure

`;

export function ipRoutesText(router: Router): string {
  const since = uptime(sinceBoot(router));
  const lines = routes(router).map(({ prefix, protocol, distance, gateway, port, isSelected }) => {
    const letter = { connected: "C", static: "S", bgp: "B" }[protocol];
    const head = `${letter}${isSelected ? ">*" : "  "} ${prefix}`;
    if (protocol === "connected") return `${head} is directly connected, ${port ?? ""}, ${since}\n`;
    const via =
      gateway === undefined
        ? port === undefined
          ? "unreachable (blackhole)"
          : `is directly connected, ${port}`
        : `via ${gateway}, ${port ?? ""}`;
    return `${head} [${distance}/0] ${via}, weight 1, ${since}\n`;
  });
  return CODES + lines.join("");
}

const sessions = (router: Router): Session[] => sessionsOf(router.config, ports(router));

function routerId(router: Router): string {
  const bgp = routerBgp(router.config);
  const zebra = router.config.lines.get("router-id")?.text.split(" ")[2];
  const addresses = ports(router).flatMap(({ addresses: all }) => all.flatMap((one) => one.split("/")[0] ?? []));
  return bgp?.lines.get("bgp router-id")?.value ?? zebra ?? addresses.toSorted().at(-1) ?? "0.0.0.0";
}

export function bgpSummary(router: Router): string {
  const bgp = routerBgp(router.config);
  if (!bgp) return "{}\n";
  const all = sessions(router);
  if (all.length === 0) return "{\n}\n";
  const own = localAs(bgp);
  const up = sinceBoot(router);
  const peers = Object.fromEntries(
    all.map(({ peer, remoteAs, state, received }) => {
      const isUp = state === "Established";
      return [
        peer,
        {
          remoteAs: Number(remoteAs),
          localAs: own,
          version: 4,
          peerUptime: isUp ? uptime(up) : "never",
          peerUptimeMsec: isUp ? up : 0,
          pfxRcd: received.length,
          pfxSnt: 0,
          state,
          peerState: isUp ? "OK" : "Idle",
          idType: "ipv4",
        },
      ];
    }),
  );
  const failed = all.filter(({ state }) => state !== "Established").length;
  return json({
    ipv4Unicast: {
      routerId: routerId(router),
      as: own,
      vrfId: 0,
      vrfName: "default",
      peerCount: all.length,
      peers,
      failedPeers: failed,
      displayedPeers: all.length,
      totalPeers: all.length,
      dynamicPeers: 0,
    },
  });
}

export function bgpSummaryText(router: Router): string {
  const bgp = routerBgp(router.config);
  if (!bgp) return "% BGP instance not found\n";
  const all = sessions(router);
  if (all.length === 0) return "% No BGP neighbors found in VRF default\n";
  const since = uptime(sinceBoot(router));
  const rows = all.map(({ peer, remoteAs, state, received }) => {
    const isUp = state === "Established";
    return `${peer.padEnd(16)}4 ${remoteAs.padStart(10)}         0         0        0    0    0 ${(isUp ? since : "never").padStart(8)} ${(isUp ? String(received.length) : state).padStart(12)}        0 N/A\n`;
  });
  return [
    "\nIPv4 Unicast Summary (VRF default):\n",
    `BGP router identifier ${routerId(router)}, local AS number ${localAs(bgp)} vrf-id 0\n`,
    "BGP table version 0\nRIB entries 0, using 0 bytes of memory\n",
    `Peers ${all.length}, using 724 KiB of memory\n\n`,
    "Neighbor        V         AS   MsgRcvd   MsgSent   TblVer  InQ OutQ  Up/Down State/PfxRcd   PfxSnt Desc\n",
    ...rows,
    `\nTotal number of neighbors ${all.length}\n`,
  ].join("");
}

/** Two daemons hold each list, and both tell. */
export function prefixLists(router: Router, name: string | undefined): string {
  const lines = [...router.config.lines.entries()]
    .filter(([key]) => key.startsWith("ip prefix-list ") && key.includes(" seq "))
    .map(([, line]) => line)
    .toSorted((a, b) => compareRanks(a.rank, b.rank));
  const names = [...new Set(lines.map(({ text }) => text.split(" ")[2] ?? ""))].filter(
    (one) => name === undefined || one === name,
  );
  const told = (daemon: string): string =>
    names
      .map((one) => {
        const own = lines.filter(({ text }) => text.split(" ")[2] === one);
        const rows = own.map(({ text }) => `   ${text.split(" ").slice(3).join(" ")}\n`);
        return `${daemon}: ip prefix-list ${one}: ${own.length} entries\n${rows.join("")}`;
      })
      .join("");
  return told("ZEBRA") + told("BGP");
}
