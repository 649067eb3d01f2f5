/** A router of somebody's branch, made from a seed: the same seed gives the same bytes. */
import { randomFrom, serialFrom } from "../fleet/generate.ts";
import type { Sample, SampleOptions } from "../kit/sample.ts";
import { cloneConfig, emptyConfig, exportText } from "./config.ts";
import { loadExport } from "./load.ts";

export function sampleMikrotikRouteros({ seed, index = 0, interfaces = 4 }: SampleOptions): Sample {
  const random = randomFrom(seed * 7919 + index);
  const hostname = `s${String(Math.floor(index / 2) + 1).padStart(4, "0")}-gw${(index % 2) + 1}`;
  const [high, low] = [Math.floor(index / 250) % 250, index % 250];
  const token = (): string => Math.floor(random() * 1e9).toString(36);
  const ports = Array.from({ length: interfaces }, (_, at) => at + 2);
  const text = [
    "/interface bridge",
    "add comment=defconf name=bridge",
    "/interface ethernet",
    'set [ find default-name=ether1 ] comment="uplink and management"',
    ...ports.map(
      (port) => `set [ find default-name=ether${port} ] ${port % 2 === 0 ? `comment="port ${token()}"` : "mtu=1514"}`,
    ),
    "/interface list",
    "add comment=defconf name=WAN",
    "add comment=defconf name=LAN",
    "/ip pool",
    `add name=default-dhcp ranges=10.${high}.${low}.100-10.${high}.${low}.200`,
    "/snmp community",
    `add authentication-password=${token()}${token()} name=noc${token()}`,
    "/interface bridge port",
    ...ports.map((port) => `add bridge=bridge comment=defconf interface=ether${port}`),
    "/ip neighbor discovery-settings",
    "set discover-interface-list=LAN",
    "/interface list member",
    "add comment=defconf interface=bridge list=LAN",
    "add comment=defconf interface=ether1 list=WAN",
    "/ip address",
    `add address=10.${high}.${low}.1/24 comment=defconf interface=bridge network=10.${high}.${low}.0`,
    `add address=172.16.${low}.2/30 interface=ether1 network=172.16.${low}.0`,
    "/ip dns",
    "set allow-remote-requests=yes servers=10.255.0.53,10.255.1.53",
    "/ip firewall address-list",
    'add address=10.255.0.0/16 comment="jump hosts" list=noc',
    `add address=192.0.2.${Math.floor(random() * 250)} list=blocked`,
    "/ip firewall filter",
    'add action=accept chain=input comment="defconf: accept established,related,untracked" connection-state=established,related,untracked',
    'add action=drop chain=input comment="defconf: drop invalid" connection-state=invalid',
    "add action=accept chain=input comment=management dst-port=22 protocol=tcp src-address-list=noc",
    'add action=drop chain=input comment="defconf: drop all not coming from LAN" in-interface-list=!LAN',
    "/ip firewall nat",
    'add action=masquerade chain=srcnat comment="defconf: masquerade" ipsec-policy=out,none out-interface-list=WAN',
    "/ip route",
    `add dst-address=0.0.0.0/0 gateway=172.16.${low}.1`,
    "/ip service",
    "set telnet disabled=yes",
    "set ftp disabled=yes",
    "/ppp secret",
    `add name=branch password="${token()} ${token()}" service=l2tp`,
    "/routing bgp connection",
    `add as=${64_512 + (index % 1000)} local.role=ebgp name=core remote.address=172.16.${low}.1 remote.as=65000 tcp-md5-key=${token()}`,
    "/system clock",
    "set time-zone-name=Europe/Vienna",
    "/system identity",
    `set name=${hostname}`,
    "/system logging",
    "add action=remote topics=info",
    "/system note",
    "set show-at-login=no",
    "/system ntp client",
    "set enabled=yes",
    "/system ntp client servers",
    "add address=10.255.0.20",
  ].join("\n");
  const config = emptyConfig();
  loadExport(config, text);
  return { hostname, serial: serialFrom(random), config: exportText(cloneConfig(config)) };
}
