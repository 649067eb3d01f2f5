/** Where EOS puts a line in the running configuration, whatever the order in which it was typed, and what stands together. */
import type { ConfigNode } from "./tree.ts";

type Order = readonly RegExp[];

/** Lines of one group print without a `!` between them; in a group the first match says where a line stands. */
type Groups = readonly Order[];

const AAA_RULES: Groups = [[/^aaa group /], [/^aaa authentication /, /^aaa authorization /, /^aaa accounting /]];

const HEAD: Groups = [
  [/^agent /],
  [/^daemon /],
  [/^prompt /],
  [/^terminal /],
  [/^schedule /],
  [/^alias /],
  [/^event-handler /],
  [/^(?:no )?switchport default /],
  [/^transceiver /],
  [/^queue-monitor /],
  [/^mlag /],
  [/^service /],
  [/^hardware |^platform |^qos |^port-channel /],
  [/^(?:no )?ip igmp snooping/],
  [/^(?:no )?logging (?!level)/],
  [/^logging level /],
  [/^hostname /, /^(?:ip domain-name|dns domain) /, /^ip name-server /],
  [/^(?:no )?lldp /],
  [/^ntp /],
  [/^radius-server /],
  [/^sflow /],
  [/^(?:no )?spanning-tree mode/, /^(?:no )?spanning-tree /],
  [/^(?:no )?snmp-server chassis/, /^snmp-server contact/, /^snmp-server location/, /^snmp-server /],
  [/^system l1/],
  [/^tacacs-server /],
];
const BODY: Groups = [
  [/^clock /],
  [/^errdisable /],
  [/^vlan internal /],
  [/^vlan \d/],
  [/^vrf (?:definition|instance) /],
  [/^monitor session /],
  [/^interface /],
  [/^arp |^mac address-table /],
  [/^ip virtual-router |^virtual-router /],
  [/^ip access-list /],
  [/^ipv6 access-list /],
  [/^class-map /],
  [/^policy-map /],
  [/^(?:no )?ip routing\b/],
  [/^ip as-path /],
  [/^ip community-list /],
  [/^ip prefix-list /],
  [/^(?:no )?ipv6 unicast-routing/],
  [/^ipv6 prefix-list /],
  [/^mlag configuration/],
  [/^ip route /],
  [/^ipv6 route /],
  [/^(?:no )?ip (?!(?:access-list|routing|route|prefix-list))/],
  [/^control-plane/, /^system control-plane/],
  [/^route-map /],
  [/^router /],
  [/^banner /],
];
/** In 4.23 and later the users went to the top and most of the management sections before the interfaces. */
const OLD: Groups = [
  ...HEAD,
  ...AAA_RULES,
  [/^enable /, /^(?:no )?aaa root\b/],
  [/^role /],
  [/^username /],
  ...BODY,
  [/^management /],
];
const NEW: Groups = [
  [/^(?:no )?aaa root\b/],
  [/^enable /],
  [/^username /],
  ...HEAD,
  ...AAA_RULES,
  [/^role /],
  ...BODY.slice(0, 5),
  [/^management (?!ssh|telnet|security)/],
  ...BODY.slice(5),
  [/^management /],
];

const INTERFACE: Order = [
  /^description /,
  /^(?:no )?shutdown$/,
  /^mtu /,
  /^(?:bandwidth|load-interval|logging|mac-address|link-debounce) ?/,
  /^speed /,
  /^error-correction /,
  /^(?:no )?switchport access /,
  /^switchport trunk native /,
  /^switchport trunk allowed /,
  /^switchport mode /,
  /^switchport trunk /,
  /^(?:no )?switchport$/,
  /^switchport /,
  /^flowcontrol /,
  /^channel-group /,
  /^encapsulation /,
  /^vrf /,
  /^vxlan source/,
  /^vxlan udp/,
  /^vxlan vlan/,
  /^vxlan /,
  /^ip address \S+$/,
  /^ip address /,
  /^(?:no )?ip (?!ospf|pim)/,
  /^ipv6 enable/,
  /^ipv6 address /,
  /^ipv6 /,
  /^mlag /,
];

const BGP: Order = [
  /^(?:no )?shutdown$/,
  /^(?:local-as|rd) /,
  /^route-target /,
  /^router-id /,
  /^(?:timers|distance|graceful-restart|update) ?/,
  /^(?:no )?bgp /,
  /^maximum-paths /,
  /^(?:no )?neighbor /,
  /^aggregate-address /,
  /^network /,
  /^redistribute /,
  /^vlan /,
  /^vlan-aware-bundle /,
  /^address-family /,
  /^vrf /,
];

const API: Order = [/^(?:no )?protocol /, /^(?:no )?shutdown$/, /^vrf /];

/** What a neighbour has first: who it is. */
const NEIGHBOR: Order = [/^peer group/, /^remote-as /];

const COLLATOR = new Intl.Collator("en", { numeric: true });

function positive(line: string): string {
  return line.startsWith("no ") ? line.slice(3) : line;
}

export function naturalCompare(a: string, b: string): number {
  return COLLATOR.compare(a, b);
}

function rankIn(order: Order, line: string): number {
  const at = order.findIndex((pattern) => pattern.test(line));
  return at < 0 ? order.length : at;
}

export class TopOrder {
  readonly #groups: Groups;

  /** `4.22.1F` */
  constructor(version: string) {
    const [major = 4, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
    this.#groups = major > 4 || (major === 4 && minor >= 23) ? NEW : OLD;
  }

  groupOf(line: string): number {
    const at = this.#groups.findIndex((group) => group.some((pattern) => pattern.test(line)));
    return at < 0 ? this.#groups.length : at;
  }

  compare(a: ConfigNode, b: ConfigNode): number {
    const group = this.groupOf(a.line);
    const groups = group - this.groupOf(b.line);
    if (groups !== 0) return groups;
    const order = this.#groups[group] ?? [];
    return (
      rankIn(order, a.line) - rankIn(order, b.line) ||
      interfaceRank(a.line) - interfaceRank(b.line) ||
      naturalCompare(positive(a.line), positive(b.line))
    );
  }
}

const INTERFACE_TYPES = ["Port-Channel", "Ethernet", "Loopback", "Management", "Tunnel", "Vlan", "Vxlan"];

function interfaceRank(line: string): number {
  const type = /^interface ([A-Za-z-]+)/.exec(line)?.[1];
  return type === undefined ? 0 : INTERFACE_TYPES.indexOf(type);
}

/** Sections in which the order of the lines is their meaning, or not ours to know. */
const AS_TYPED = /^(?:policy-map|class|class-map|daemon|event-handler|aaa group|role|mlag configuration|system|tap) ?/;

export function compareIn(parent: string, a: ConfigNode, b: ConfigNode): number {
  if (AS_TYPED.test(parent)) return 0;
  if (parent.startsWith("interface ")) return byOrder(INTERFACE, a.line, b.line);
  if (/^(?:router bgp|address-family|vrf|vlan) /.test(parent))
    return rankIn(BGP, a.line) - rankIn(BGP, b.line) || byNeighbor(a.line, b.line);
  if (parent.startsWith("management ")) return byOrder(API, a.line, b.line);
  return naturalCompare(positive(a.line), positive(b.line));
}

function byOrder(order: Order, a: string, b: string): number {
  return rankIn(order, a) - rankIn(order, b) || naturalCompare(positive(a), positive(b));
}

function byNeighbor(a: string, b: string): number {
  const left = /^(?:no )?neighbor (\S+) (.*)$/.exec(a);
  const right = /^(?:no )?neighbor (\S+) (.*)$/.exec(b);
  if (!left || !right) return naturalCompare(positive(a), positive(b));
  // Groups stand before the neighbours that are in them.
  const isAddress = (peer = ""): number => Number(/^[\d:]/.test(peer));
  return (
    isAddress(left[1]) - isAddress(right[1]) ||
    naturalCompare(left[1] ?? "", right[1] ?? "") ||
    byOrder(NEIGHBOR, left[2] ?? "", right[2] ?? "")
  );
}
