/** The configuration modes, what their prompts are called, and which lines open them. */

export type Mode =
  | "global"
  | "interface"
  | "subinterface"
  | "bgp"
  | "bgp-af"
  | "router"
  | "acl-standard"
  | "acl-extended"
  | "line"
  | "archive"
  | "archive-log"
  | "vrf"
  | "vrf-af"
  | "route-map"
  | "class-map"
  | "policy-map"
  | "policy-class"
  | "vlan"
  | "free";

export function promptOf(mode: Mode): string {
  switch (mode) {
    case "global":
      return "config";
    case "interface":
      return "config-if";
    case "subinterface":
      return "config-subif";
    case "bgp":
    case "router":
      return "config-router";
    case "bgp-af":
      return "config-router-af";
    case "acl-standard":
      return "config-std-nacl";
    case "acl-extended":
      return "config-ext-nacl";
    case "line":
      return "config-line";
    case "archive":
      return "config-archive";
    case "archive-log":
      return "config-archive-log-cfg";
    case "vrf":
      return "config-vrf";
    case "vrf-af":
      return "config-vrf-af";
    case "route-map":
      return "config-route-map";
    case "class-map":
      return "config-cmap";
    case "policy-map":
      return "config-pmap";
    case "policy-class":
      return "config-pmap-c";
    case "vlan":
      return "config-vlan";
    case "free":
      return "config-sub";
    default:
      return mode satisfies never;
  }
}

const SECTIONS: readonly (readonly [Mode, RegExp, Mode])[] = [
  ["global", /^interface \S+\.\d+$/, "subinterface"],
  ["global", /^interface /, "interface"],
  ["global", /^router bgp /, "bgp"],
  ["global", /^router /, "router"],
  ["global", /^ip access-list standard /, "acl-standard"],
  ["global", /^ip access-list extended /, "acl-extended"],
  ["global", /^line (?:con|aux|vty) /, "line"],
  ["global", /^archive$/, "archive"],
  ["global", /^vrf definition /, "vrf"],
  ["global", /^route-map /, "route-map"],
  ["global", /^class-map /, "class-map"],
  ["global", /^policy-map /, "policy-map"],
  ["global", /^vlan [\d,-]+$/, "vlan"],
  [
    "global",
    /^(?:aaa group|call-home|control-plane|crypto (?:pki|isakmp|ipsec|ikev2|map)|event manager applet|flow |ip dhcp pool|ip sla \d|ip ssh pubkey-chain|ip vrf|key chain|object-group|radius server|redundancy|spanning-tree mst configuration|subscriber templating|tacacs server|track |transceiver type|virtual-service)/,
    "free",
  ],
  ["bgp", /^address-family /, "bgp-af"],
  ["vrf", /^address-family /, "vrf-af"],
  ["archive", /^log config$/, "archive-log"],
  ["policy-map", /^class /, "policy-class"],
  ["free", /^(?:address-family|certificate|cn|key \d|profile|username|rsakeypair-label|server )/, "free"],
];

export function submodeOf(mode: Mode, line: string): Mode | undefined {
  return SECTIONS.find(([from, pattern]) => from === mode && pattern.test(line))?.[2];
}

export function modeOfPath(path: readonly string[]): Mode {
  return path.reduce<Mode>((mode, line) => submodeOf(mode, line) ?? "free", "global");
}

/** In a mode that takes anything these still belong to the mode above, as a pasted configuration expects. */
export const LEAVES_FREE_MODE =
  /^(?:no )?(?:interface|router|line|archive|hostname|vrf definition|route-map|class-map|policy-map|ip (?:access-list|prefix-list|route)|ntp server|logging host|snmp-server|username|banner|enable (?:secret|password))\b/;
