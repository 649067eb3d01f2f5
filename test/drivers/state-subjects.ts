// Devices whose state is checked: what breaks a neighbour on each, and what that breaks.
import type { Clock } from "../../shared/clock.ts";
import { startAristaEos } from "../../simulators/arista_eos/index.ts";
import { startCiscoIosxe } from "../../simulators/cisco_iosxe/index.ts";
import type { SimulatedDevice } from "../../simulators/device.ts";
import { startJuniperJunos } from "../../simulators/juniper_junos/index.ts";
import { startMikrotikRouteros } from "../../simulators/mikrotik_routeros/index.ts";
import { startNetconf } from "../../simulators/netconf/index.ts";
import { startNokiaSrlinux } from "../../simulators/nokia_srlinux/index.ts";
import { sampleNokiaSrlinux } from "../../simulators/nokia_srlinux/sample.ts";
import { httpsTarget, sshTarget } from "./matrix/target.ts";

const IOSXE = `hostname edge-1
!
username netops privilege 15 secret 9 $9$aaaaaaaaaaaaaa$bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
!
archive
 path bootflash:archive
 maximum 10
!
interface GigabitEthernet1
 ip address 10.0.1.1 255.255.255.252
!
interface GigabitEthernet2
 ip address 10.0.2.1 255.255.255.252
!
router bgp 65001
 neighbor 10.0.1.2 remote-as 65002
 neighbor 10.0.2.2 remote-as 65003
!
ip route 0.0.0.0 0.0.0.0 10.0.1.2
!
end
`;
const EOS = `! device: edge-1 (DCS-7050SX3-48YC8, EOS-4.30.1F)
!
username netops privilege 15 role network-admin secret sha512 $6$aaaaaaaaaaaaaaaa$bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
!
hostname edge-1
!
management api http-commands
   no shutdown
!
interface Ethernet1
   no switchport
   ip address 10.0.1.1/30
!
interface Ethernet2
   no switchport
   ip address 10.0.2.1/30
!
ip routing
!
router bgp 65001
   neighbor 10.0.1.2 remote-as 65002
   neighbor 10.0.2.2 remote-as 65003
!
end
`;
const JUNOS = `version 21.4R3.15;
system {
    host-name edge-1;
    root-authentication {
        encrypted-password "$6$aaaaaaaa$bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"; ## SECRET-DATA
    }
    login {
        user netops {
            uid 2000;
            class super-user;
            authentication {
                encrypted-password "$6$cccccccc$dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"; ## SECRET-DATA
            }
        }
    }
    services {
        ssh;
    }
}
interfaces {
    ge-0/0/0 {
        unit 0 {
            family inet {
                address 10.0.1.1/30;
            }
        }
    }
    ge-0/0/1 {
        unit 0 {
            family inet {
                address 10.0.2.1/30;
            }
        }
    }
}
protocols {
    bgp {
        group EBGP {
            type external;
            neighbor 10.0.1.2 {
                peer-as 65002;
            }
            neighbor 10.0.2.2 {
                peer-as 65003;
            }
        }
    }
    lldp {
        interface all;
    }
}
`;

const ROUTEROS = `/interface ethernet
set [ find default-name=ether1 ] comment="uplink with name=none in it"
set [ find default-name=ether2 ] comment=access
/interface bridge
add name=lan
/interface bridge port
add bridge=lan interface=ether3
add bridge=lan interface=ether4
/ip neighbor discovery-settings
set discover-interface-list=all
/ip address
add address=10.0.1.1/30 interface=ether1 network=10.0.1.0
add address=10.0.2.1/30 interface=ether2 network=10.0.2.0
add address=192.168.88.1/24 interface=lan network=192.168.88.0
/ip route
add dst-address=0.0.0.0/0 gateway=10.0.1.2
/routing bgp connection
add as=65001 local.role=ebgp name=one remote.address=10.0.1.2 remote.as=65002
add as=65001 local.role=ebgp name=two remote.address=10.0.2.2 remote.as=65003
/routing ospf interface-template
add area=backbone interfaces=ether2
/system identity
set name=edge-1
`;

const IF = "urn:ietf:params:xml:ns:yang:ietf-interfaces";
const IP = "urn:ietf:params:xml:ns:yang:ietf-ip";
const BGP = "http://openconfig.net/yang/bgp";
const NATIVE = "http://cisco.com/ns/yang/Cisco-IOS-XE-native";

const port = (name: string, address: string): string =>
  `<interface><name>${name}</name><type xmlns:i="urn:ietf:params:xml:ns:yang:iana-if-type">i:ethernetCsmacd</type>` +
  `<ipv4 xmlns="${IP}"><address><ip>${address}</ip><prefix-length>30</prefix-length></address></ipv4></interface>`;
const speaker = (address: string, as: number): string =>
  `<neighbor><neighbor-address>${address}</neighbor-address><config><neighbor-address>${address}</neighbor-address><peer-as>${as}</peer-as></config></neighbor>`;
/** Any server of RFC 6241 with the IETF's models, and OpenConfig's BGP and LLDP beside them. */
export const GENERIC =
  `<interfaces xmlns="${IF}">${port("eth1", "10.0.1.1")}${port("eth2", "10.0.2.1")}</interfaces>` +
  `<routing xmlns="urn:ietf:params:xml:ns:yang:ietf-routing"><control-plane-protocols><control-plane-protocol>` +
  `<type xmlns:rt="urn:ietf:params:xml:ns:yang:ietf-routing">rt:static</type><name>main</name><static-routes>` +
  `<ipv4 xmlns="urn:ietf:params:xml:ns:yang:ietf-ipv4-unicast-routing"><route><destination-prefix>0.0.0.0/0</destination-prefix>` +
  `<next-hop><next-hop-address>10.0.1.2</next-hop-address></next-hop></route></ipv4>` +
  `</static-routes></control-plane-protocol></control-plane-protocols></routing>`;
export const GENERIC_BGP = `<bgp xmlns="${BGP}"><neighbors>${speaker("10.0.1.2", 65002)}${speaker("10.0.2.2", 65003)}</neighbors></bgp>`;
export const shut = (name: string): string =>
  `<interfaces xmlns="${IF}"><interface><name>${name}</name><enabled>false</enabled></interface></interfaces>`;
export const told = (name: string): string =>
  `<interfaces xmlns="${IF}"><interface><name>${name}</name><description>probe</description></interface></interfaces>`;

const gigabit = (name: number, address: string): string =>
  `<GigabitEthernet><name>${name}</name><ip><address><primary><address>${address}</address><mask>255.255.255.252</mask></primary></address></ip></GigabitEthernet>`;
const IOSXE_XML =
  `<native xmlns="${NATIVE}"><version>17.9</version><hostname>edge-1</hostname>` +
  `<interface>${gigabit(1, "10.0.1.1")}${gigabit(2, "10.0.2.1")}</interface>` +
  `<ip><route><ip-route-interface-forwarding-list><prefix>0.0.0.0</prefix><mask>0.0.0.0</mask>` +
  `<fwd-list><fwd>10.0.1.2</fwd></fwd-list></ip-route-interface-forwarding-list></route></ip>` +
  `<lldp><run xmlns="http://cisco.com/ns/yang/Cisco-IOS-XE-lldp"/></lldp>` +
  `<router><router-ospf xmlns="http://cisco.com/ns/yang/Cisco-IOS-XE-ospf"><ospf><process-id><id>1</id>` +
  `<network><ip>10.0.2.0</ip><wildcard>0.0.0.3</wildcard><area>0</area></network></process-id></ospf></router-ospf>` +
  `<bgp xmlns="http://cisco.com/ns/yang/Cisco-IOS-XE-bgp"><id>65001</id>` +
  `<neighbor><id>10.0.1.2</id><remote-as>65002</remote-as></neighbor>` +
  `<neighbor><id>10.0.2.2</id><remote-as>65003</remote-as></neighbor></bgp></router></native>`;
const native = (leaves: string): string =>
  `<native xmlns="${NATIVE}"><interface><GigabitEthernet><name>2</name>${leaves}</GigabitEthernet></interface></native>`;
const junosPort = (leaves: string): string =>
  `<configuration><interfaces><interface><name>ge-0/0/1</name>${leaves}</interface></interfaces></configuration>`;

const netconfTarget = (sim: SimulatedDevice): ReturnType<typeof sshTarget> => sshTarget(sim, "netconf");

export interface Subject {
  readonly name: string;
  readonly start: (clock: Clock) => Promise<SimulatedDevice>;
  readonly target?: (sim: SimulatedDevice) => ReturnType<typeof sshTarget>;
  /** Where the device takes a change back by its timer alone, and a test has to wait for it. Milliseconds of its clock. */
  readonly confirmMs?: number;
  /** Shuts the link to a neighbour, as somebody would who has the wrong port. */
  readonly breaking: string;
  readonly broken: readonly string[];
  /** Touches nothing that is checked. */
  readonly harmless: string;
}

/** The same over whatever carries the commands. */
const ON_EOS = {
  start: (clock: Clock) => startAristaEos({ name: "edge-1", config: EOS }, { clock }),
  breaking: "interface Ethernet2\n   shutdown\n",
  broken: ["interfaces up", "ip interfaces up", "lldp neighbours", "bgp established", "bgp prefixes", "routes"],
  harmless: "interface Ethernet2\n   description probe\n",
};
const ON_SRLINUX = {
  start: (clock: Clock) =>
    startNokiaSrlinux(
      { name: "edge-1", config: sampleNokiaSrlinux({ seed: 1, index: 0, interfaces: 2, username: "netops" }).config },
      { clock },
    ),
  breaking: "set / interface ethernet-1/1 admin-state disable\n",
  broken: ["interfaces up", "lldp neighbours", "bgp established", "bgp prefixes", "routes"],
  harmless: "set / interface lo0 description probe\n",
};

export const subjects: readonly Subject[] = [
  {
    name: "cisco_iosxe",
    start: (clock) => startCiscoIosxe({ name: "edge-1", config: IOSXE }, { clock }),
    breaking: "interface GigabitEthernet2\n shutdown\n",
    broken: ["interfaces up", "cdp neighbours", "bgp established", "bgp prefixes", "routes"],
    harmless: "interface GigabitEthernet2\n description probe\n",
  },
  {
    name: "juniper_junos",
    start: (clock) => startJuniperJunos({ name: "edge-1", config: JUNOS }, { clock }),
    breaking: "set interfaces ge-0/0/1 disable\n",
    broken: ["interfaces up", "lldp neighbours", "bgp established", "bgp prefixes", "routes"],
    harmless: "set interfaces ge-0/0/1 description probe\n",
  },
  {
    name: "arista_eos",
    ...ON_EOS,
  },
  {
    name: "arista_eos over eAPI",
    target: httpsTarget,
    ...ON_EOS,
  },
  {
    name: "nokia_srlinux",
    ...ON_SRLINUX,
  },
  {
    name: "nokia_srlinux over JSON-RPC",
    target: httpsTarget,
    ...ON_SRLINUX,
  },
  {
    name: "mikrotik_routeros",
    start: (clock) => startMikrotikRouteros({ name: "edge-1", config: ROUTEROS }, { clock }),
    breaking: "/interface ethernet set [ find default-name=ether2 ] disabled=yes\n",
    broken: [
      "interfaces up",
      "ip interfaces up",
      "lldp neighbours",
      "bgp established",
      "bgp prefixes",
      "ospf full",
      "routes",
    ],
    harmless: "/interface ethernet set [ find default-name=ether2 ] comment=probe\n",
  },
  {
    name: "netconf",
    start: (clock) => startNetconf({ name: "edge-1", config: GENERIC + GENERIC_BGP, openconfig: true }, { clock }),
    target: netconfTarget,
    breaking: `${shut("eth2")}\n`,
    broken: ["interfaces up", "lldp neighbours", "bgp established", "bgp prefixes", "routes"],
    harmless: `${told("eth2")}\n`,
  },
  {
    name: "cisco_iosxe over NETCONF",
    start: (clock) =>
      startNetconf(
        {
          name: "edge-1",
          personality: "iosxe",
          config: IOSXE_XML,
          abilities: { candidate: "shared", confirmedCommit: "1.1", writableRunning: false },
        },
        { clock },
      ),
    target: netconfTarget,
    breaking: `${native("<shutdown/>")}\n`,
    broken: [
      "interfaces up",
      "cdp neighbours",
      "lldp neighbours",
      "bgp established",
      "bgp prefixes",
      "ospf full",
      "routes",
    ],
    harmless: `${native("<description>probe</description>")}\n`,
  },
  {
    name: "juniper_junos over NETCONF",
    start: (clock) =>
      startJuniperJunos(
        {
          name: "edge-1",
          config: JUNOS.replace("        ssh;\n", "        ssh;\n        netconf {\n            ssh;\n        }\n"),
        },
        { clock },
      ),
    target: netconfTarget,
    confirmMs: 120_000,
    breaking: `${junosPort("<disable/>")}\n`,
    broken: ["interfaces up", "lldp neighbours", "bgp established", "bgp prefixes", "routes"],
    harmless: `${junosPort("<description>probe</description>")}\n`,
  },
];
