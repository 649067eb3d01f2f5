/** Which lines set the same thing. A newer line takes the place of an older one with the same key. */
import type { Mode } from "./modes.ts";

/** How many leading words name the setting; the rest is its value. */
const GLOBAL_KEYS: readonly (readonly [RegExp, number])[] = [
  [/^(?:hostname|version) /, 1],
  [/^enable (?:secret|password)/, 2],
  [/^banner \w+/, 2],
  [/^username \S+/, 2],
  [/^snmp-server (?:location|contact|trap-source|chassis-id)/, 2],
  [/^snmp-server (?:community|user|group|host) \S+/, 3],
  [/^ntp (?:source|clock-period|master)/, 2],
  [/^ntp (?:server|peer|authentication-key) \S+/, 3],
  [/^logging (?:buffered|console|monitor|trap|facility|source-interface|origin-id|rate-limit)/, 2],
  [/^logging host \S+/, 3],
  [/^ip (?:domain|http) \S+/, 3],
  [/^ip ssh (?:version|time-out|authentication-retries|source-interface)/, 3],
  [/^ip prefix-list \S+ (?:seq \d+)/, 5],
  [/^ip prefix-list \S+ description/, 4],
  [/^clock \S+/, 2],
  [/^router bgp/, 2],
  [/^service timestamps \S+/, 3],
  [/^alias exec \S+/, 3],
];

const INTERFACE_KEYS: readonly (readonly [RegExp, number])[] = [
  [
    /^(?:description|bandwidth|mtu|delay|duplex|speed|load-interval|encapsulation|media-type|keepalive|mac-address)\b/,
    1,
  ],
  [/^ip address \S+ \S+ secondary$/, 5],
  [
    /^(?:ip (?:address|mtu|unnumbered)|vrf forwarding|arp timeout|switchport mode|tunnel (?:source|destination|mode|key))\b/,
    2,
  ],
  [
    /^(?:ip (?:vrf forwarding|tcp adjust-mss|ospf (?:cost|priority|network|hello-interval))|switchport (?:access|voice) vlan|service-policy (?:input|output))\b/,
    3,
  ],
];

const BGP_KEYS: readonly (readonly [RegExp, number])[] = [
  [/^neighbor \S+ peer-group$/, 3],
  [
    /^neighbor \S+ (?:remote-as|peer-group|description|update-source|password|timers|ebgp-multihop|maximum-prefix|weight|local-as|send-community|default-originate|next-hop-self)/,
    3,
  ],
  [/^bgp (?:router-id|cluster-id)/, 2],
  [/^network \S+/, 2],
  [/^redistribute \S+/, 2],
  [/^maximum-paths/, 1],
];

const OTHER_KEYS: readonly (readonly [RegExp, number])[] = [
  [
    /^(?:description|exec-timeout|password|session-timeout|stopbits|path|maximum|time-period|rd|router-id|name|state|length|width|shape|priority|police)\b/,
    1,
  ],
  [/^(?:transport \w+|privilege level|set \S+|match \S+ \S+|logging (?:size|enable)|bandwidth)\b/, 2],
  [/^\d+ /, 1],
];

function tableOf(mode: Mode): readonly (readonly [RegExp, number])[] {
  switch (mode) {
    case "global":
      return GLOBAL_KEYS;
    case "interface":
    case "subinterface":
      return INTERFACE_KEYS;
    case "bgp":
    case "bgp-af":
      return BGP_KEYS;
    case "free":
      return [];
    default:
      return OTHER_KEYS;
  }
}

const DIRECTED =
  /^(neighbor \S+ (?:route-map|prefix-list|filter-list|distribute-list)|ip access-group|access-class) \S+ (in|out)/;

export function settingKey(mode: Mode, line: string): string {
  const positive = line.startsWith("no ") ? line.slice(3) : line;
  const directed = DIRECTED.exec(positive);
  if (directed) return `${directed[1]} ${directed[2]}`;
  const entry = tableOf(mode).find(([pattern]) => pattern.test(positive));
  return entry ? positive.split(" ").slice(0, entry[1]).join(" ") : positive;
}

/** `no X` of these is itself a line of the running configuration; `both` also shows the positive form. */
const SHOWN_NEGATED: readonly (readonly [readonly Mode[], RegExp, "negative" | "both"])[] = [
  [["interface", "subinterface"], /^ip address$/, "negative"],
  [
    ["interface", "subinterface"],
    /^(?:mop (?:enabled|sysid)|ip (?:redirects|unreachables|proxy-arp)|cdp enable|switchport)$/,
    "negative",
  ],
  [
    ["global"],
    /^(?:ip (?:domain lookup|source-route|bootp server|gratuitous-arps)|logging console|service pad|cdp run)$/,
    "negative",
  ],
  [
    ["global"],
    /^(?:ip http (?:server|secure-server)|aaa new-model|platform punt-keepalive disable-kernel-core)$/,
    "both",
  ],
  [["bgp", "bgp-af"], /^(?:auto-summary|synchronization)$/, "both"],
  [["bgp"], /^bgp default ipv4-unicast$/, "negative"],
  [["archive-log"], /^hidekeys$/, "both"],
];

export function negatedForm(mode: Mode, positive: string): "negative" | "both" | undefined {
  return SHOWN_NEGATED.find(([modes, pattern]) => modes.includes(mode) && pattern.test(positive))?.[2];
}
