// What management rides on, on each platform: path, credential, AAA and access lists. A change that touches one of them needs a device timer,
// and one that touches none of them does not.
import { describe, expect, test } from "vitest";
import { driverFor } from "../../drivers/registry.ts";
import type { DeviceId, PlatformId } from "../../shared/ids.ts";
import { tagger } from "./support.ts";

const ADDRESS = "192.0.2.10";
const id = "r1" as DeviceId;

interface Case {
  readonly platform: string;
  readonly before: string;
  readonly touches: readonly (readonly [what: string, text: string])[];
  readonly apart: readonly (readonly [what: string, text: string])[];
}

const CASES: readonly Case[] = [
  {
    platform: "cisco_iosxe",
    before: `hostname r1
aaa new-model
aaa authentication login default group tacacs+ local
username netops privilege 15 secret 9 $9$aaaa
ip access-list standard MGMT
 10 permit 198.51.100.0 0.0.0.255
interface GigabitEthernet1
 ip address ${ADDRESS} 255.255.255.0
interface GigabitEthernet2
 ip address 10.0.0.1 255.255.255.0
ip route 198.51.100.0 255.255.255.0 192.0.2.1
tacacs server T1
 address ipv4 198.51.100.5
line vty 0 4
 access-class MGMT in
 transport input ssh
end
`,
    touches: [
      ["an access list on the terminals", "line vty 0 4\n access-class OTHER in\n"],
      ["an entry of the list that they use", "ip access-list standard MGMT\n 5 deny 198.51.100.7\n"],
      ["what the terminals take", "line vty 0 4\n transport input none\n"],
      ["the route to the jump host", "no ip route 198.51.100.0 255.255.255.0 192.0.2.1\n"],
      ["the order of AAA", "aaa authentication login default group radius\n"],
      ["an AAA server", "tacacs server T1\n address ipv4 198.51.100.6\n"],
      ["the user itself", "no username netops privilege 15 secret 9 $9$aaaa\n"],
      ["the interface of its address", "interface GigabitEthernet1\n shutdown\n"],
      ["an access list on that interface", "interface GigabitEthernet1\n ip access-group X in\n"],
      ["the VRF of that interface", "interface GigabitEthernet1\n vrf forwarding RED\n"],
      ["the SSH server", "ip ssh version 1\n"],
      ["control-plane policing", "control-plane\n service-policy input CPP\n"],
      ["where AAA is asked from", "ip tacacs source-interface GigabitEthernet2\n"],
      ["a group that an access list names", "object-group network JUMP\n host 198.51.100.7\n"],
      ["the route to the jump host, in IPv6", "ipv6 route 2001:db8::/32 2001:db8:1::1\n"],
      ["who is kept waiting at the login", "login block-for 600 attempts 1 within 60\n"],
    ],
    apart: [["the description of another interface", "interface GigabitEthernet2\n description x\n"]],
  },
  {
    platform: "arista_eos",
    before: `hostname r1
username netops privilege 15 role network-admin secret sha512 $6$aaaa
aaa authentication login default group tacacs+ local
tacacs-server host 198.51.100.5
ip access-list standard MGMT
   10 permit 198.51.100.0/24
interface Ethernet1
   ip address 10.0.0.1/24
interface Ethernet2
   ip address ${ADDRESS}/24
interface Management1
   ip address 10.9.9.9/24
ip route 198.51.100.0/24 192.0.2.1
management ssh
   ip access-group MGMT in
management api http-commands
   no shutdown
end
`,
    touches: [
      ["an access list on SSH", "management ssh\n   ip access-group OTHER in\n"],
      ["an entry of the list that it uses", "ip access-list standard MGMT\n   5 deny host 198.51.100.7\n"],
      ["the API", "management api http-commands\n   shutdown\n"],
      ["the route to the jump host", "no ip route 198.51.100.0/24 192.0.2.1\n"],
      ["the order of AAA", "aaa authentication login default local\n"],
      ["an AAA server", "no tacacs-server host 198.51.100.5\n"],
      ["the user itself", "no username netops\n"],
      ["the interface of its address", "interface Ethernet2\n   shutdown\n"],
      ["an access list on that interface", "interface Ethernet2\n   ip access-group X in\n"],
      ["the management port", "interface Management1\n   shutdown\n"],
      ["the control plane", "system control-plane\n   ip access-group X in\n"],
      ["routing itself", "no ip routing\n"],
      ["where AAA is asked from", "ip tacacs source-interface Ethernet1\n"],
      ["the route to the jump host, in IPv6", "ipv6 route 2001:db8::/32 2001:db8:1::1\n"],
    ],
    apart: [["the description of another interface", "interface Ethernet1\n   description x\n"]],
  },
  {
    platform: "juniper_junos",
    before: `set version 21.4R1
set system host-name r1
set system login user netops class super-user
set system login user netops authentication encrypted-password "$6$aaaa"
set system authentication-order tacplus
set system authentication-order password
set system tacplus-server 198.51.100.5
set system services ssh
set interfaces ge-0/0/0 unit 0 family inet address ${ADDRESS}/24
set interfaces ge-0/0/1 unit 0 family inet address 10.0.0.1/24
set interfaces lo0 unit 0 family inet filter input PROTECT-RE
set routing-options static route 198.51.100.0/24 next-hop 192.0.2.1
set firewall family inet filter PROTECT-RE term SSH from source-address 198.51.100.0/24
set firewall family inet filter PROTECT-RE term SSH then accept
`,
    touches: [
      ["a term of the filter that guards it", "set firewall family inet filter PROTECT-RE term SSH then reject\n"],
      ["the filter on the loopback", "delete interfaces lo0 unit 0 family inet filter\n"],
      ["the SSH service", "delete system services ssh\n"],
      ["the route to the jump host", "delete routing-options static route 198.51.100.0/24\n"],
      ["the order of AAA", "delete system authentication-order tacplus\n"],
      ["an AAA server", "delete system tacplus-server 198.51.100.5\n"],
      ["the user itself", "delete system login user netops\n"],
      ["the interface of its address", "set interfaces ge-0/0/0 disable\n"],
      ["a filter on that interface", "set interfaces ge-0/0/0 unit 0 family inet filter input X\n"],
      ["a group that is applied to everything", "set groups G system services telnet\n"],
      ["what a zone lets in", "set security zones security-zone trust host-inbound-traffic system-services ping\n"],
    ],
    apart: [["the description of another interface", "set interfaces ge-0/0/1 description x\n"]],
  },
  {
    platform: "nokia_srlinux",
    before: `set / system name host-name r1
set / system aaa authentication authentication-method [ local ]
set / system aaa authentication user netops password $y$aaaa
set / system ssh-server mgmt admin-state enable
set / system ssh-server mgmt network-instance mgmt
set / interface mgmt0 subinterface 0 ipv4 admin-state enable
set / interface ethernet-1/1 subinterface 0 ipv4 address 10.0.0.1/24
set / interface ethernet-1/2 subinterface 0 ipv4 address ${ADDRESS}/24
set / network-instance default static-routes route 198.51.100.0/24 next-hop-group G
`,
    touches: [
      ["an access list", "set / acl cpm-filter ipv4-filter entry 5 action drop\n"],
      ["the SSH server", "delete / system ssh-server mgmt\n"],
      ["the API", "set / system json-rpc-server admin-state disable\n"],
      ["the route to the jump host", "delete / network-instance default static-routes route 198.51.100.0/24\n"],
      ["AAA", "set / system aaa authentication authentication-method [ tacacs local ]\n"],
      ["the user itself", "delete / system aaa authentication user netops\n"],
      ["the management port", "set / interface mgmt0 admin-state disable\n"],
      ["the management instance", "set / network-instance mgmt admin-state disable\n"],
      ["the interface of its address", "set / interface ethernet-1/2 admin-state disable\n"],
    ],
    apart: [["the description of another interface", "set / interface ethernet-1/1 description x\n"]],
  },
  {
    platform: "frr_linux",
    before: `frr defaults traditional
hostname r1
ip route 198.51.100.0/24 192.0.2.1
interface eth0
 ip address ${ADDRESS}/24
exit
interface eth1
 ip address 10.0.0.1/24
exit
end
`,
    touches: [
      ["the route to the jump host", "no ip route 198.51.100.0/24 192.0.2.1\n"],
      ["the interface of its address", "interface eth0\n shutdown\n"],
      ["an address beside it on that interface", "interface eth0\n ip address 10.7.7.7/24\n"],
      ["routing itself", "no ip forwarding\n"],
      ["who may enter", "line vty\n access-class X\n"],
    ],
    apart: [["the description of another interface", "interface eth1\n description x\n"]],
  },
  {
    platform: "mikrotik_routeros",
    before: `/interface ethernet
set [ find default-name=ether1 ] comment=management
/ip address
add address=${ADDRESS}/24 interface=ether1
/ip firewall filter
add action=accept chain=input comment=management src-address=198.51.100.0/24
/ip route
add dst-address=198.51.100.0/24 gateway=192.0.2.1
/ip service
set telnet disabled=yes
# end of export
`,
    touches: [
      ["an entry of the input chain", "/ip firewall filter\nadd action=drop chain=input src-address=198.51.100.7\n"],
      ["the SSH service", "/ip service\nset ssh disabled=yes\n"],
      ["the route to the jump host", "/ip route\nadd dst-address=198.51.100.7/32 gateway=192.0.2.2\n"],
      ["an AAA server", "/radius\nadd address=198.51.100.5 service=login\n"],
      ["the port itself", "/interface ethernet\nset [ find default-name=ether1 ] disabled=yes\n"],
    ],
    apart: [["what SNMP says of its place", "/snmp\nset location=cellar\n"]],
  },
];

describe.each(CASES)("$platform", ({ platform, before, touches, apart }) => {
  const predicted = (text: string): boolean => {
    const driver = driverFor(platform as PlatformId);
    if (!driver) throw new Error(`no driver for ${platform}`);
    const { publicText, publicDigest } = driver.publicForm(id, before, tagger);
    const shown = { raw: before, publicText, publicDigest, keyGeneration: tagger.keyGeneration };
    const change = { device: id, mode: "merge", text, before: shown, tagger, managementAddress: ADDRESS } as const;
    const { diff, touchesManagement } = driver.predict(change);
    expect(diff, "the text changes something").not.toBe("[]");
    return touchesManagement;
  };
  test.each(touches)("%s is what management rides on", (_what, text) => expect(predicted(text)).toBe(true));
  test.each(apart)("%s is not", (_what, text) => expect(predicted(text)).toBe(false));
});
