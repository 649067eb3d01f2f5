/** A leaf switch of somebody's fabric, made from a seed: the same seed gives the same bytes. */
import { randomFrom, serialFrom } from "../fleet/generate.ts";
import type { Sample, SampleOptions } from "../kit/sample.ts";

const ROLES = ["uplink", "rack", "storage", "to core", "cameras", "PLC segment", "backup path"];

export function sampleNokiaSrlinux({ seed, index = 0, interfaces = 4, username = "netops" }: SampleOptions): Sample {
  const random = randomFrom(seed * 7919 + index);
  const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)] ?? "";
  const site = String(Math.floor(index / 4) + 1).padStart(4, "0");
  const hostname = `s${site}-leaf${(index % 4) + 1}`;
  const asn = 64_512 + (index % 1000);
  const loopback = `192.0.${Math.floor(index / 250) % 250}.${(index % 250) + 1}`;
  const lines = [
    "acl acl-filter edge type ipv4 entry 10 match ipv4 protocol icmp",
    "acl acl-filter edge type ipv4 entry 10 action accept",
    'acl acl-filter edge type ipv4 entry 20 description "management from the jump host"',
    "acl acl-filter edge type ipv4 entry 20 match ipv4 protocol tcp",
    "acl acl-filter edge type ipv4 entry 20 match ipv4 source-ip prefix 10.0.0.0/8",
    "acl acl-filter edge type ipv4 entry 20 match transport destination-port operator eq",
    "acl acl-filter edge type ipv4 entry 20 match transport destination-port value 22",
    "acl acl-filter edge type ipv4 entry 20 action accept",
    "acl acl-filter edge type ipv4 entry 100 action drop",
  ];
  for (let number = 1; number <= interfaces; number += 1) {
    const port = `ethernet-1/${number}`;
    const at = (number - 1) * 2;
    const subnet = `172.${16 + Math.floor(at / 65_536)}.${Math.floor(at / 256) % 256}.${at % 256}/31`;
    lines.push(
      `interface ${port} description "${pick(ROLES)} ${String(Math.floor(random() * 1e6)).padStart(6, "0")}"`,
      `interface ${port} admin-state enable`,
      `interface ${port} subinterface 0 ipv4 admin-state enable`,
      `interface ${port} subinterface 0 ipv4 address ${subnet}`,
      `network-instance default interface ${port}.0`,
    );
  }
  lines.push(
    "interface lo0 admin-state enable",
    "interface lo0 subinterface 0 ipv4 admin-state enable",
    `interface lo0 subinterface 0 ipv4 address ${loopback}/32`,
    "network-instance default interface lo0.0",
    "interface mgmt0 admin-state enable",
    "interface mgmt0 subinterface 0 admin-state enable",
    "interface mgmt0 subinterface 0 ipv4 admin-state enable",
    `interface mgmt0 subinterface 0 ipv4 address 10.${Math.floor(index / 250) % 250}.${index % 250}.10/24`,
    "network-instance default type default",
    "network-instance default admin-state enable",
    `network-instance default router-id ${loopback}`,
    `network-instance default protocols bgp autonomous-system ${asn}`,
    `network-instance default protocols bgp router-id ${loopback}`,
    "network-instance default protocols bgp admin-state enable",
    "network-instance default protocols bgp afi-safi ipv4-unicast admin-state enable",
    "network-instance default protocols bgp group spines export-policy [ loopbacks ]",
    "network-instance default protocols bgp group spines import-policy [ all ]",
    "network-instance default protocols bgp neighbor 172.16.0.1 peer-group spines",
    `network-instance default protocols bgp neighbor 172.16.0.1 peer-as ${65_000 + (index % 8)}`,
    "network-instance default protocols bgp neighbor 172.16.0.1 authentication password fabric-secret",
    "network-instance mgmt type ip-vrf",
    "network-instance mgmt admin-state enable",
    'network-instance mgmt description "Management network instance"',
    "network-instance mgmt interface mgmt0.0",
    "network-instance mgmt static-routes route 0.0.0.0/0 next-hop-group gateway",
    `network-instance mgmt next-hop-groups group gateway nexthop 1 ip-address 10.${Math.floor(index / 250) % 250}.${index % 250}.1`,
    "routing-policy prefix-set loopbacks prefix 192.0.0.0/16 mask-length-range 32..32",
    "routing-policy policy all default-action policy-result accept",
    "routing-policy policy loopbacks statement 10 match prefix prefix-set loopbacks",
    "routing-policy policy loopbacks statement 10 action policy-result accept",
    "system aaa authentication authentication-method [ local ]",
    "system aaa authentication admin-user password NokiaSrl1!",
    `system aaa authentication user ${username} password n3t0ps-lab`,
    `system aaa authentication user ${username} role [ operators ]`,
    "system aaa authorization role operators superuser true",
    `system banner login-banner "Authorised users only. ###\nProblems? noc> call +1 555 0100 #"`,
    "system dns network-instance mgmt",
    "system dns server-list [ 10.255.0.53 10.255.1.53 ]",
    `system information contact noc@lab.example.net`,
    `system information location "Site ${site}"`,
    "system json-rpc-server admin-state enable",
    "system json-rpc-server network-instance mgmt https admin-state enable",
    "system json-rpc-server network-instance mgmt https tls-profile json-rpc",
    "system lldp admin-state enable",
    "system logging remote-server 10.255.0.10 transport udp",
    "system logging remote-server 10.255.0.10 facility local6 priority match-above warning",
    `system name host-name ${hostname}`,
    "system ntp admin-state enable",
    "system ntp network-instance mgmt",
    "system ntp server 10.255.0.20",
    "system snmp access-group ro security-level no-auth-no-priv",
    "system snmp access-group ro community-entry noc community n0c-r3ad",
    "system ssh-server mgmt admin-state enable",
    "system ssh-server mgmt network-instance mgmt",
    'system tls server-profile json-rpc key "not a key"',
    'system tls server-profile json-rpc certificate "not a certificate"',
  );
  return { hostname, serial: serialFrom(random), config: lines.map((line) => `set / ${line}\n`).join("") };
}
