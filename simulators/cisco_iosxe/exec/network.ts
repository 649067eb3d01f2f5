/** What the network around the box makes of its running configuration: interfaces that are up, their other ends, routes, sessions. */
import type { ConfigNode } from "../config/tree.ts";
import type { Device } from "../device.ts";

interface Port {
  readonly name: string;
  readonly up: boolean;
  readonly address: number | undefined;
  readonly mask: number;
}

const toNumber = (text: string): number => text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
const toText = (value: number): string => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
const lengthOf = (mask: number): number => mask.toString(2).replaceAll("0", "").length;
const sizeOf = ({ mask }: Port): number => 2 ** (32 - lengthOf(mask));
const networkOf = (port: Port): number => Math.floor((port.address ?? 0) / sizeOf(port)) * sizeOf(port);

function portOf(entry: ConfigNode): Port {
  const [, , address, mask] = entry.children.find(({ line }) => /^ip address \d/.test(line))?.line.split(" ") ?? [];
  return {
    name: entry.line.slice("interface ".length),
    up: !entry.children.some(({ line }) => line === "shutdown"),
    address: address === undefined ? undefined : toNumber(address),
    mask: toNumber(mask ?? "255.255.255.255"),
  };
}

function ports(device: Device): Port[] {
  return device.running.filter(({ line }) => line.startsWith("interface ")).map(portOf);
}

const covers = (port: Port, address: number): boolean =>
  port.address !== undefined &&
  lengthOf(port.mask) < 32 &&
  Math.floor(address / sizeOf(port)) === networkOf(port) / sizeOf(port);

/** Nobody answers through a port that is shut. What no port covers is reached some other way. */
export function reachable(device: Device, address: string): boolean {
  const through = ports(device).filter((port) => covers(port, toNumber(address)));
  return through.length === 0 || through.some(({ up }) => up);
}

/** The other end of each link that is up: the next address of its network. */
function otherEnds(device: Device): { port: Port; address: string }[] {
  return ports(device).flatMap((port) => {
    if (!port.up || port.address === undefined || lengthOf(port.mask) > 31) return [];
    const at = port.address - networkOf(port);
    const other = lengthOf(port.mask) === 31 ? at ^ 1 : at === 1 ? 2 : 1;
    return [{ port, address: toText(networkOf(port) + other) }];
  });
}

const macOf = (address: string): string => {
  const hex = toNumber(address).toString(16).padStart(8, "0");
  return `5254.${hex.slice(0, 4)}.${hex.slice(4)}`;
};

const shortName = (name: string): string => name.replace(/^([A-Za-z]{3})[A-Za-z]*(.*)$/, "$1 $2");

const CAPABILITIES = `Capability Codes: R - Router, T - Trans Bridge, B - Source Route Bridge
                  S - Switch, H - Host, I - IGMP, r - Repeater, P - Phone,
                  D - Remote, C - CVTA, M - Two-port Mac Relay

Device ID        Local Intrfce     Holdtme    Capability  Platform  Port ID
`;

/** The neighbour's name, too long for its column, stands on a line of its own. */
export function showCdp(device: Device): string {
  if (device.running.some(({ line }) => line === "no cdp run")) return "% CDP is not enabled\n";
  const rows = otherEnds(device).map(({ port, address }) => {
    const name = `n${address.replaceAll(".", "-")}.lab.example.net`;
    return `${name}\n${" ".repeat(17)}${shortName(port.name).padEnd(18)}${"144".padEnd(16)}${"R I".padEnd(6)}ISR4331   Gig 0/0/1\n`;
  });
  return `${CAPABILITIES}${rows.join("")}\nTotal cdp entries displayed : ${rows.length}\n`;
}

export function showArp(device: Device): string {
  const own = ports(device).flatMap((port) =>
    port.up && port.address !== undefined && !port.name.startsWith("Loopback")
      ? [{ address: toText(port.address), age: "-", name: port.name }]
      : [],
  );
  const learnt = otherEnds(device).map(({ port, address }) => ({ address, age: "12", name: port.name }));
  const rows = [...own, ...learnt].map(
    ({ address, age, name }) =>
      `Internet  ${address.padEnd(17)}${age.padStart(6)}   ${macOf(address)}  ARPA   ${name}\n`,
  );
  return `Protocol  Address          Age (min)  Hardware Addr   Type   Interface\n${rows.join("")}`;
}

const CODES = `Codes: L - local, C - connected, S - static, R - RIP, M - mobile, B - BGP
       D - EIGRP, EX - EIGRP external, O - OSPF, IA - OSPF inter area
       N1 - OSPF NSSA external type 1, N2 - OSPF NSSA external type 2
       E1 - OSPF external type 1, E2 - OSPF external type 2
       i - IS-IS, su - IS-IS summary, L1 - IS-IS level-1, L2 - IS-IS level-2
       ia - IS-IS inter area, * - candidate default, U - per-user static route
       + - replicated route, % - next hop override, p - overrides from PfR
`;

export function showRoutes(device: Device): string {
  const up = ports(device).filter((port) => port.up && port.address !== undefined);
  const connected = up.flatMap((port) => {
    const host = `${toText(port.address ?? 0)}/32`;
    const network = `${toText(networkOf(port))}/${lengthOf(port.mask)}`;
    const line = (code: string, prefix: string) => `${code}        ${prefix} is directly connected, ${port.name}\n`;
    return network === host ? [line("C", host)] : [line("C", network), line("L", host)];
  });
  const fixed = device.running.flatMap(({ line }) => {
    const [, network, mask, via] = /^ip route (\d\S+) (\d\S+) (\d\S+)/.exec(line) ?? [];
    if (network === undefined || mask === undefined || via === undefined || !reachable(device, via)) return [];
    return [{ prefix: `${network}/${lengthOf(toNumber(mask))}`, via }];
  });
  const fallback = fixed.find(({ prefix }) => prefix === "0.0.0.0/0");
  const last = fallback
    ? `Gateway of last resort is ${fallback.via} to network 0.0.0.0`
    : "Gateway of last resort is not set";
  const statics = fixed.map(
    ({ prefix, via }) => `${prefix === "0.0.0.0/0" ? "S*   " : "S       "} ${prefix} [1/0] via ${via}\n`,
  );
  const summary =
    connected.length > 0 ? `      10.0.0.0/8 is variably subnetted, ${connected.length} subnets, 2 masks\n` : "";
  return `${CODES}\n${last}\n\n${statics.join("")}${summary}${connected.join("")}`;
}
