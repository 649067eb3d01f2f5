/** Where IOS puts a line in the running configuration, whatever the order in which it was typed. */
import type { ConfigNode } from "./tree.ts";

/** First match wins. The order is that of a real `show running-config`, good enough for a text that reads right. */
const GLOBAL_ORDER: readonly RegExp[] = [
  /^version /,
  /^(?:no )?service /,
  /^(?:no )?platform /,
  /^hostname /,
  /^boot-start-marker/,
  /^boot system/,
  /^boot-end-marker/,
  /^vrf definition |^ip vrf /,
  /^(?:no )?logging (?:buffered|console|monitor|count|userinfo|rate-limit|discriminator)/,
  /^enable /,
  /^(?:no )?aaa new-model/,
  /^(?:no )?aaa /,
  /^clock /,
  /^(?:no )?ip (?:source-route|gratuitous-arps|icmp|name-server|domain|host|cef|dhcp|multicast|bootp|options|nbar)/,
  /^(?:no )?ipv6 (?:unicast-routing|cef)/,
  /^login /,
  /^subscriber|^multilink|^mpls /,
  /^key chain|^crypto pki|^flow /,
  /^license /,
  /^diagnostic |^memory /,
  /^archive$/,
  /^spanning-tree|^vtp /,
  /^username /,
  /^redundancy/,
  /^vlan |^lldp |^cdp |^no cdp |^errdisable|^transceiver/,
  /^track |^class-map /,
  /^policy-map /,
  /^crypto /,
  /^interface /,
  /^router /,
  /^(?:no )?ip (?:forward-protocol|http|tftp|tcp|ftp|ssh|scp|route|nat|radius|tacacs|sla|flow|bgp|as-path|community-list)/,
  /^ip access-list /,
  /^ip prefix-list /,
  /^ipv6 /,
  /^(?:no )?logging /,
  /^access-list /,
  /^route-map /,
  /^snmp-server |^snmp /,
  /^tacacs|^radius/,
  /^(?:no )?mac|^dial-peer|^call-home/,
  /^control-plane/,
  /^banner /,
  /^alias |^privilege /,
  /^line /,
  /^event |^scheduler /,
  /^(?:no )?ntp |^sntp /,
  /^netconf|^restconf/,
];

const INTERFACE_ORDER: readonly RegExp[] = [
  /^description /,
  /^bandwidth |^mtu |^delay /,
  /^(?:vrf|ip vrf) forwarding /,
  /^encapsulation /,
  /^(?:no )?switchport/,
  /^(?:no )?ip address(?!.* secondary$)/,
  /^ip address /,
  /^(?:no )?ip /,
  /^(?:no )?ipv6 /,
  /^load-interval /,
  /^shutdown$/,
  /^speed |^duplex |^(?:no )?negotiation |^media-type/,
];

const BGP_ORDER: readonly RegExp[] = [
  /^(?:no )?bgp /,
  /^(?:no )?timers /,
  /^(?:neighbor|no neighbor|network|redistribute|aggregate-address|maximum-paths|no auto)/,
  /^address-family /,
];

function rankIn(order: readonly RegExp[], line: string, fallback: number): number {
  const at = order.findIndex((pattern) => pattern.test(line));
  return at < 0 ? fallback : at;
}

const LAST_KNOWN = GLOBAL_ORDER.findIndex((pattern) => pattern.test("control-plane"));

export function globalRank(line: string): number {
  return rankIn(GLOBAL_ORDER, line, LAST_KNOWN);
}

/** Numbers inside names count as numbers: GigabitEthernet2 stands before GigabitEthernet10. */
export function naturalCompare(a: string, b: string): number {
  return COLLATOR.compare(a, b);
}

const COLLATOR = new Intl.Collator("en", { numeric: true });

function positive(line: string): string {
  return line.startsWith("no ") ? line.slice(3) : line;
}

const INTERFACE_TYPES = [
  "loopback",
  "tunnel",
  "port-channel",
  "fastethernet",
  "gigabitethernet",
  "twogigabitethernet",
  "tengigabitethernet",
  "hundredgige",
  "vlan",
];

function interfaceRank(line: string): number {
  const type = /^interface ([a-z-]+)/i.exec(line)?.[1]?.toLowerCase() ?? "";
  const at = INTERFACE_TYPES.indexOf(type);
  return at < 0 ? INTERFACE_TYPES.length : at;
}

const PREFIX_LIST_NAME = /^ip prefix-list (\S+)/;

/**
 * A total order: what is taken away and put back stands where it stood. A real box keeps the order of typing in a few
 * lists, which makes two equal configurations print differently; that is a problem for another test than these.
 */
export function compareGlobal(a: ConfigNode, b: ConfigNode): number {
  const rank = globalRank(a.line) - globalRank(b.line);
  if (rank !== 0) return rank;
  if (a.line.startsWith("interface ") && b.line.startsWith("interface ")) {
    return interfaceRank(a.line) - interfaceRank(b.line) || naturalCompare(a.line, b.line);
  }
  if (a.line.startsWith("ip prefix-list ") && b.line.startsWith("ip prefix-list ")) {
    const names = naturalCompare(PREFIX_LIST_NAME.exec(a.line)?.[1] ?? "", PREFIX_LIST_NAME.exec(b.line)?.[1] ?? "");
    if (names !== 0) return names;
    const described = Number(b.line.includes(" description ")) - Number(a.line.includes(" description "));
    return described || naturalCompare(a.line, b.line);
  }
  if (a.line.startsWith("line ") && b.line.startsWith("line "))
    return LINES.indexOf(a.line.slice(5, 8)) - LINES.indexOf(b.line.slice(5, 8)) || naturalCompare(a.line, b.line);
  return naturalCompare(positive(a.line), positive(b.line));
}

const LINES = ["con", "aux", "vty"];

const NEIGHBOR = /^neighbor (\S+) (\S+)/;

const VRF_ORDER: readonly RegExp[] = [/^description /, /^rd /, /^route-target /, /^address-family /];

/** Sections in which the order of the lines is their meaning, or not ours to know. */
const AS_TYPED =
  /^(?:policy-map|class|call-home|event manager|crypto|aaa group|ip ssh pubkey-chain|flow|key|certificate|redundancy|control-plane)/;

export function compareIn(parent: string, a: ConfigNode, b: ConfigNode): number {
  if (AS_TYPED.test(parent)) return 0;
  const table = parent.startsWith("interface ")
    ? INTERFACE_ORDER
    : /^router bgp |^address-family /.test(parent)
      ? BGP_ORDER
      : parent.startsWith("vrf ")
        ? VRF_ORDER
        : [];
  const other = table === BGP_ORDER ? 2 : table.length;
  const rank = rankIn(table, a.line, other) - rankIn(table, b.line, other);
  if (rank !== 0) return rank;
  return (
    (table === BGP_ORDER ? compareNeighbors(a.line, b.line) : 0) || naturalCompare(positive(a.line), positive(b.line))
  );
}

function compareNeighbors(a: string, b: string): number {
  const left = NEIGHBOR.exec(a);
  const right = NEIGHBOR.exec(b);
  if (!left || !right) return Number(left !== null) - Number(right !== null);
  const peers = naturalCompare(left[1] ?? "", right[1] ?? "");
  if (peers !== 0) return peers;
  return Number(right[2] === "remote-as") - Number(left[2] === "remote-as");
}
