/** Which configuration lines the box knows, per mode. */
import { patterns, type Pattern } from "../../kit/match.ts";
import type { Mode } from "./modes.ts";

function grammar(...lines: string[]): Pattern<"line">[] {
  return patterns(lines.map((line) => ["line", line] as const));
}

const GLOBAL = grammar(
  "aaa new-model",
  "aaa authentication …",
  "aaa authorization …",
  "aaa accounting …",
  "aaa group server tacacs+|radius WORD",
  "aaa session-id common",
  "access-list NUM …",
  "alias exec WORD LINE",
  "archive",
  "banner motd LINE",
  "banner login LINE",
  "banner exec LINE",
  "banner incoming LINE",
  "boot-start-marker",
  "boot-end-marker",
  "boot system LINE",
  "call-home",
  "cdp run",
  "class-map …",
  "clock timezone WORD …",
  "clock summer-time …",
  "control-plane",
  "crypto …",
  "diagnostic …",
  "dial-peer …",
  "enable secret LINE",
  "enable password LINE",
  "errdisable …",
  "event manager …",
  "file prompt quiet",
  "flow …",
  "hostname WORD",
  "ip access-list standard|extended WORD",
  "ip as-path access-list NUM LINE",
  "ip bgp-community new-format",
  "ip bootp server",
  "ip cef",
  "ip community-list …",
  "ip dhcp …",
  "ip domain name WORD",
  "ip domain lookup",
  "ip domain list WORD",
  "ip domain-name WORD",
  "ip forward-protocol …",
  "ip ftp …",
  "ip gratuitous-arps",
  "ip host …",
  "ip http …",
  "ip icmp …",
  "ip local …",
  "ip multicast-routing …",
  "ip name-server …",
  "ip nat …",
  "ip options …",
  "ip prefix-list WORD description LINE",
  "ip prefix-list WORD permit|deny A.B.C.D/N",
  "ip prefix-list WORD permit|deny A.B.C.D/N ge|le NUM",
  "ip prefix-list WORD permit|deny A.B.C.D/N ge NUM le NUM",
  "ip prefix-list WORD seq NUM permit|deny A.B.C.D/N",
  "ip prefix-list WORD seq NUM permit|deny A.B.C.D/N ge|le NUM",
  "ip prefix-list WORD seq NUM permit|deny A.B.C.D/N ge NUM le NUM",
  "ip radius …",
  "ip route A.B.C.D A.B.C.D LINE",
  "ip route vrf WORD A.B.C.D A.B.C.D LINE",
  "ip routing",
  "ip scp server enable",
  "ip sla …",
  "ip source-route",
  "ip ssh …",
  "ip tacacs …",
  "ip tcp …",
  "ip tftp …",
  "ip vrf WORD",
  "ipv6 …",
  "key chain WORD",
  "license …",
  "line con NUM",
  "line aux NUM",
  "line vty NUM",
  "line vty NUM NUM",
  "lldp run",
  "logging host A.B.C.D …",
  "logging A.B.C.D",
  "logging buffered …",
  "logging console …",
  "logging monitor …",
  "logging trap …",
  "logging facility WORD",
  "logging source-interface IFACE …",
  "logging userinfo",
  "logging rate-limit …",
  "logging origin-id …",
  "login …",
  "mac …",
  "memory …",
  "mpls …",
  "multilink …",
  "netconf ssh",
  "netconf-yang …",
  "ntp server WORD …",
  "ntp peer WORD …",
  "ntp source IFACE",
  "ntp authenticate",
  "ntp authentication-key NUM LINE",
  "ntp trusted-key NUM",
  "ntp master …",
  "ntp update-calendar",
  "ntp logging",
  "ntp clock-period NUM",
  "object-group …",
  "platform …",
  "policy-map …",
  "privilege …",
  "radius …",
  "radius-server …",
  "redundancy",
  "restconf",
  "route-map WORD",
  "route-map WORD permit|deny",
  "route-map WORD permit|deny NUM",
  "router bgp NUM",
  "router ospf NUM …",
  "router eigrp WORD",
  "router isis …",
  "router rip",
  "scheduler …",
  "sdm …",
  "security …",
  "service …",
  "snmp …",
  "snmp-server community WORD …",
  "snmp-server location LINE",
  "snmp-server contact LINE",
  "snmp-server host …",
  "snmp-server enable …",
  "snmp-server user …",
  "snmp-server group …",
  "snmp-server view …",
  "snmp-server trap-source IFACE",
  "snmp-server source-interface …",
  "snmp-server ifindex …",
  "snmp-server chassis-id …",
  "snmp-server engineID …",
  "spanning-tree …",
  "subscriber …",
  "tacacs …",
  "tacacs-server …",
  "tftp-server …",
  "track …",
  "transceiver …",
  "username WORD …",
  "version …",
  "virtual-service …",
  "vlan …",
  "vrf definition WORD",
  "vtp …",
);

const INTERFACE = grammar(
  "arp timeout NUM",
  "bandwidth NUM",
  "carrier-delay …",
  "cdp enable",
  "channel-group NUM …",
  "crypto map WORD",
  "delay NUM",
  "description LINE",
  "duplex auto|full|half",
  "encapsulation dot1Q NUM …",
  "encapsulation ppp|hdlc",
  "hold-queue …",
  "ip access-group WORD in|out",
  "ip address A.B.C.D A.B.C.D",
  "ip address A.B.C.D A.B.C.D secondary",
  "ip address dhcp",
  "ip flow ingress|egress|monitor …",
  "ip helper-address A.B.C.D …",
  "ip mtu NUM",
  "ip nat inside|outside",
  "ip nbar …",
  "ip ospf …",
  "ip pim …",
  "ip policy route-map WORD",
  "ip proxy-arp",
  "ip redirects",
  "ip tcp adjust-mss NUM",
  "ip unnumbered IFACE",
  "ip unreachables",
  "ip verify …",
  "ip virtual-reassembly …",
  "ip vrf forwarding WORD",
  "ipv6 address …",
  "ipv6 enable",
  "ipv6 mtu NUM",
  "ipv6 nd …",
  "ipv6 ospf …",
  "ipv6 traffic-filter WORD in|out",
  "isis …",
  "keepalive …",
  "lldp transmit|receive",
  "load-interval NUM",
  "logging event …",
  "mac-address WORD",
  "media-type …",
  "mop enabled",
  "mop sysid",
  "mpls ip",
  "mpls mtu …",
  "mpls traffic-eng tunnels",
  "mtu NUM",
  "negotiation auto",
  "ntp broadcast …",
  "ntp disable",
  "service-policy input|output WORD",
  "shutdown",
  "snmp trap …",
  "spanning-tree portfast …",
  "spanning-tree bpduguard …",
  "spanning-tree cost NUM",
  "spanning-tree link-type …",
  "speed …",
  "standby …",
  "storm-control …",
  "switchport",
  "switchport access vlan NUM",
  "switchport mode access|trunk",
  "switchport trunk …",
  "switchport nonegotiate",
  "switchport voice vlan NUM",
  "tunnel …",
  "vrf forwarding WORD",
  "vrrp …",
  "zone-member …",
);

const NEIGHBOR = [
  "neighbor PEER remote-as NUM",
  "neighbor PEER peer-group",
  "neighbor PEER peer-group WORD",
  "neighbor PEER description LINE",
  "neighbor PEER update-source IFACE",
  "neighbor PEER password LINE",
  "neighbor PEER timers NUM NUM",
  "neighbor PEER ebgp-multihop …",
  "neighbor PEER next-hop-self …",
  "neighbor PEER send-community …",
  "neighbor PEER route-map WORD in|out",
  "neighbor PEER prefix-list WORD in|out",
  "neighbor PEER filter-list WORD in|out",
  "neighbor PEER distribute-list WORD in|out",
  "neighbor PEER activate",
  "neighbor PEER shutdown",
  "neighbor PEER soft-reconfiguration inbound",
  "neighbor PEER maximum-prefix LINE",
  "neighbor PEER default-originate …",
  "neighbor PEER remove-private-as …",
  "neighbor PEER route-reflector-client",
  "neighbor PEER allowas-in …",
  "neighbor PEER weight NUM",
  "neighbor PEER fall-over …",
  "neighbor PEER local-as LINE",
  "neighbor PEER advertisement-interval NUM",
  "neighbor PEER version NUM",
];
const BGP_COMMON = [
  "network A.B.C.D",
  "network A.B.C.D mask A.B.C.D …",
  "network A.B.C.D route-map WORD",
  "redistribute WORD …",
  "aggregate-address …",
  "maximum-paths …",
  "auto-summary",
  "synchronization",
  "default-information …",
  "distance …",
  "timers …",
  "table-map …",
];
const BGP = grammar(...NEIGHBOR, ...BGP_COMMON, "bgp …", "address-family ipv4|ipv6|vpnv4|vpnv6|l2vpn …", "template …");
const BGP_AF = grammar(...NEIGHBOR, ...BGP_COMMON, "bgp …", "exit-address-family");
const ROUTER = grammar(
  "router-id A.B.C.D",
  "network …",
  "passive-interface …",
  "redistribute WORD …",
  "area …",
  "default-information …",
  "auto-cost …",
  "log-adjacency-changes …",
  "distance …",
  "timers …",
  "neighbor …",
  "summary-address …",
  "version NUM",
  "net WORD",
  "is-type WORD",
  "metric-style …",
  "eigrp …",
  "maximum-paths NUM",
  "address-family …",
);
const ACL = ["permit LINE", "deny LINE", "remark LINE", "NUM permit LINE", "NUM deny LINE", "NUM remark LINE"];
const LINE = grammar(
  "access-class WORD in|out …",
  "exec-timeout NUM …",
  "login …",
  "logging synchronous …",
  "password LINE",
  "privilege level NUM",
  "session-timeout NUM",
  "stopbits NUM",
  "transport input …",
  "transport output …",
  "transport preferred …",
  "length NUM",
  "width NUM",
  "history …",
  "authorization …",
  "accounting …",
  "exec",
  "rotary NUM",
  "ipv6 …",
  "location …",
  "speed NUM",
  "escape-character …",
);
const ARCHIVE = grammar("log config", "path URL", "maximum NUM", "write-memory", "time-period NUM", "rollback …");
const ARCHIVE_LOG = grammar(
  "logging enable",
  "logging size NUM",
  "logging persistent …",
  "hidekeys",
  "notify syslog …",
  "record rc",
);
const VRF = grammar(
  "rd WORD",
  "description LINE",
  "route-target import|export|both WORD",
  "address-family ipv4|ipv6 …",
  "vnet …",
);
const VRF_AF = grammar(
  "route-target import|export|both WORD …",
  "import …",
  "export …",
  "maximum …",
  "exit-address-family",
);
const ROUTE_MAP = grammar("match …", "set …", "description LINE", "continue …");
const CLASS_MAP = grammar("match …", "description LINE");
const POLICY_MAP = grammar("class …", "description LINE");
const POLICY_CLASS = grammar(
  "bandwidth …",
  "police …",
  "priority …",
  "shape …",
  "set …",
  "fair-queue …",
  "queue-limit …",
  "random-detect …",
  "service-policy WORD",
);
const VLAN = grammar("name WORD", "state active|suspend", "shutdown", "mtu NUM");
const ACL_GRAMMAR = grammar(...ACL);
const FREE = grammar("…");

export function grammarOf(mode: Mode): readonly Pattern<"line">[] {
  switch (mode) {
    case "global":
      return GLOBAL;
    case "interface":
    case "subinterface":
      return INTERFACE;
    case "bgp":
      return BGP;
    case "bgp-af":
      return BGP_AF;
    case "router":
      return ROUTER;
    case "acl-standard":
    case "acl-extended":
      return ACL_GRAMMAR;
    case "line":
      return LINE;
    case "archive":
      return ARCHIVE;
    case "archive-log":
      return ARCHIVE_LOG;
    case "vrf":
      return VRF;
    case "vrf-af":
      return VRF_AF;
    case "route-map":
      return ROUTE_MAP;
    case "class-map":
      return CLASS_MAP;
    case "policy-map":
      return POLICY_MAP;
    case "policy-class":
      return POLICY_CLASS;
    case "vlan":
      return VLAN;
    case "free":
      return FREE;
    default:
      return mode satisfies never;
  }
}
