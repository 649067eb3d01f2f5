/** A switch that looks like somebody's leaf, made from a seed: the same seed gives the same bytes. */
import { randomFrom, serialFrom } from "../fleet/generate.ts";
import type { Sample, SampleOptions } from "../kit/sample.ts";

const UPLINKS = 2;
const SERVERS = ["esx", "ceph", "plc-gw", "nvr", "hist", "scada"];

export function sampleAristaEos(options: Required<SampleOptions>): Sample {
  const { index, seed, interfaces, username } = options;
  const random = randomFrom(seed * 7919 + index);
  const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)] ?? "";
  const site = String(Math.floor(index / 4) + 1).padStart(4, "0");
  const hostname = `s${site}-lf${String((index % 4) + 1).padStart(2, "0")}`;
  const own = `${Math.floor(index / 250) % 250}.${(index % 250) + 1}`;
  const hash = (length: number): string =>
    Array.from({ length }, () => "abcdefghijklmnopqrstuvwxyzABCDEFGH0123456789./"[Math.floor(random() * 46)]).join("");
  const secret = (): string => `sha512 $6$${hash(16)}$${hash(86)}`;
  const uplinks = Math.min(UPLINKS, interfaces);
  const ports = Array.from({ length: interfaces }, (_, at) => ({
    at,
    name: `Ethernet${at + 1}`,
    uplink: at < uplinks,
  }));
  const peer = (at: number): string => `172.16.${Math.floor((at * 2) / 256)}.${(at * 2) % 256}`;
  const local = (at: number): string => `172.16.${Math.floor((at * 2 + 1) / 256)}.${(at * 2 + 1) % 256}`;
  const vlans = [10, 20, 30];
  const access = ports.map(() => vlans[Math.floor(random() * vlans.length)] ?? 10);
  const servers = ports.map(({ at }) => `${pick(SERVERS)}-${String(at).padStart(3, "0")}`);
  const lines = [
    "no aaa root",
    `username ${username} privilege 15 role network-admin secret ${secret()}`,
    "transceiver qsfp default-mode 4x10G",
    "service routing protocols model multi-agent",
    "logging host 10.255.0.10",
    `hostname ${hostname}`,
    "dns domain lab.example.net",
    "ip name-server vrf default 10.255.0.53",
    "ntp server 10.255.0.20",
    "ntp server 10.255.0.21",
    `snmp-server community ${hash(12).replaceAll(/[./]/g, "x")} ro SNMP-RO`,
    `snmp-server location Site ${site}`,
    "spanning-tree mode mstp",
    "aaa authorization exec default local",
    ...vlans.flatMap((vlan) => [`vlan ${vlan}`, `   name SEG-${vlan}`]),
    "vrf instance MGMT",
    "management api http-commands",
    "   no shutdown",
    "   vrf MGMT",
    "      no shutdown",
    ...ports.flatMap(({ at, name, uplink }) =>
      uplink
        ? [
            `interface ${name}`,
            `   description spine${at + 1}`,
            "   mtu 9214",
            "   no switchport",
            `   ip address ${local(at)}/31`,
          ]
        : [
            `interface ${name}`,
            `   description ${servers[at] ?? ""}`,
            `   switchport access vlan ${access[at] ?? 10}`,
            "   spanning-tree portfast",
          ],
    ),
    "interface Loopback0",
    `   ip address 192.0.${own}/32`,
    "interface Management1",
    "   vrf MGMT",
    `   ip address 10.${own}.10/24`,
    "interface Vlan10",
    "   ip address 10.10.0.1/24",
    "ip access-list standard SNMP-RO",
    "   10 permit 10.255.0.0/16",
    "ip routing",
    "no ip routing vrf MGMT",
    "ip prefix-list PL-LOOPBACKS",
    "   seq 10 permit 192.0.0.0/16 eq 32",
    "ip route vrf MGMT 0.0.0.0/0 10.255.0.1",
    "route-map RM-CONNECTED permit 10",
    "   match ip address prefix-list PL-LOOPBACKS",
    ...(uplinks === 0
      ? []
      : [
          `router bgp ${65_100 + (index % 400)}`,
          `   router-id 192.0.${own}`,
          "   maximum-paths 4 ecmp 4",
          "   neighbor SPINES peer group",
          "   neighbor SPINES remote-as 65000",
          "   neighbor SPINES send-community",
          "   neighbor SPINES maximum-routes 12000",
          ...ports
            .filter(({ uplink }) => uplink)
            .flatMap(({ at }) => [
              `   neighbor ${peer(at)} peer group SPINES`,
              `   neighbor ${peer(at)} description spine${at + 1}`,
            ]),
          "   redistribute connected route-map RM-CONNECTED",
        ]),
    "banner login",
    "*** Authorised users only. ###",
    "Problems? noc> call +1 555 0100 #",
    "EOF",
    "end",
  ];
  return { hostname, serial: serialFrom(random).replace(/^9/, "SSJ"), config: `${lines.join("\n")}\n` };
}
