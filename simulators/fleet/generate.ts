/** Configurations that look like somebody's network, made from a seed: the same seed gives the same bytes. */
import { z } from "zod";

export const Profile = z.strictObject({
  /** Routed interfaces besides the management one. 400 gives the large configuration of the benches. */
  interfaces: z.number().int().min(1).max(4000).default(4),
  prefixListEntries: z.number().int().min(0).max(5000).default(8),
  bgpNeighbors: z.number().int().min(0).max(200).default(2),
  /** Without `archive` the device has no timed rollback. */
  archive: z.boolean().default(true),
  banner: z.boolean().default(true),
});
export type Profile = z.output<typeof Profile>;

/** mulberry32: small, seeded, good enough to vary descriptions. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function serialFrom(random: () => number): string {
  const letters = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789";
  return `9${Array.from({ length: 10 }, () => letters[Math.floor(random() * letters.length)]).join("")}`;
}

const CARRIERS = ["Lumen", "Colt", "Telia", "NTT", "Zayo", "BT"];
const ROLES = ["uplink", "branch LAN", "to core", "backup path", "voice", "cameras", "PLC segment", "guest"];

export interface GeneratedDevice {
  hostname: string;
  serial: string;
  config: string;
}

export interface GenerateOptions {
  index: number;
  seed: number;
  profile: Profile;
  version: string;
  model: string;
  username: string;
}

export function generateDevice(options: GenerateOptions): GeneratedDevice {
  const { index, profile } = options;
  const random = randomFrom(options.seed * 7919 + index);
  const pick = (list: readonly string[]) => list[Math.floor(random() * list.length)] ?? "";
  const site = String(Math.floor(index / 4) + 1).padStart(4, "0");
  const hostname = `s${site}-rtr${String((index % 4) + 1).padStart(2, "0")}`;
  const serial = serialFrom(random);
  const asn = 64_512 + (index % 1000);
  const octets = [10 + Math.floor(index / 60_000), Math.floor(index / 250) % 250, index % 250];
  const salt = () =>
    Array.from({ length: 14 }, () => "abcdefghijklmnopqrstuvwxyzABCDEFGH0123456789."[Math.floor(random() * 45)]).join(
      "",
    );
  const lines: string[] = [
    `version ${options.version.split(".").slice(0, 2).join(".")}`,
    "service timestamps debug datetime msec",
    "service timestamps log datetime msec",
    "service password-encryption",
    "platform qfp utilization monitor load 80",
    "platform punt-keepalive disable-kernel-core",
    `hostname ${hostname}`,
    "boot-start-marker",
    "boot-end-marker",
    "vrf definition Mgmt-intf",
    " address-family ipv4",
    " exit-address-family",
    "logging buffered 200000",
    `enable secret 9 $9$${salt()}$${salt()}${salt()}${salt()}x`,
    "aaa new-model",
    "aaa authentication login default local",
    "aaa authorization exec default local",
    "no ip domain lookup",
    "ip domain name lab.example.net",
    "login on-success log",
    `license udi pid ${options.model} sn ${serial}`,
    "memory free low-watermark processor 72329",
    ...(profile.archive
      ? ["archive", " log config", "  logging enable", " path bootflash:archive", " maximum 10"]
      : []),
    `username ${options.username} privilege 15 secret 9 $9$${salt()}$${salt()}${salt()}${salt()}y`,
    "interface Loopback0",
    ` ip address 192.0.${Math.floor(index / 250) % 250}.${(index % 250) + 1} 255.255.255.255`,
  ];
  for (let number = 0; number < profile.interfaces; number += 1) {
    // /30 links, counted on; every device has its own 172.16/12-like block and never meets another in one process.
    const at = number * 4;
    lines.push(
      `interface GigabitEthernet${Math.floor(number / 48)}/0/${number % 48}`,
      ` description ${pick(ROLES)} ${pick(CARRIERS)} circuit ${String(Math.floor(random() * 1e6)).padStart(6, "0")}`,
    );
    const used = number === 0 || random() < 0.8;
    lines.push(
      used
        ? ` ip address 172.${16 + Math.floor(at / 65_536)}.${Math.floor(at / 256) % 256}.${(at % 256) + 1} 255.255.255.252`
        : " no ip address",
    );
    if (used && random() < 0.3) lines.push(" ip ospf cost 100");
    if (!used) lines.push(" shutdown");
    lines.push(" negotiation auto", " no mop enabled", " no mop sysid");
  }
  lines.push(
    "interface GigabitEthernet0",
    " vrf forwarding Mgmt-intf",
    ` ip address ${octets[0]}.${octets[1]}.${octets[2]}.10 255.255.255.0`,
    " negotiation auto",
  );
  if (profile.bgpNeighbors > 0) {
    lines.push(`router bgp ${asn}`, " bgp log-neighbor-changes");
    for (let number = 0; number < profile.bgpNeighbors; number += 1) {
      const peer = `172.16.${Math.floor((number * 4) / 256)}.${((number * 4) % 256) + 2}`;
      lines.push(
        ` neighbor ${peer} remote-as ${65_000 + number}`,
        ` neighbor ${peer} description ${pick(CARRIERS)}`,
        ` neighbor ${peer} password 7 ${salt().replaceAll(/\D/g, "1")}AA`,
      );
    }
    lines.push(
      " address-family ipv4",
      `  network 192.0.${Math.floor(index / 250) % 250}.${(index % 250) + 1} mask 255.255.255.255`,
    );
    for (let number = 0; number < profile.bgpNeighbors; number += 1) {
      const peer = `172.16.${Math.floor((number * 4) / 256)}.${((number * 4) % 256) + 2}`;
      lines.push(`  neighbor ${peer} activate`, `  neighbor ${peer} prefix-list PL-IN in`);
    }
    lines.push(" exit-address-family");
  }
  lines.push(
    "ip forward-protocol nd",
    "no ip http server",
    "no ip http secure-server",
    "ip ssh version 2",
    "ip scp server enable",
    "ip access-list standard SNMP-RO",
    ` 10 permit ${octets[0]}.${octets[1]}.0.0 0.0.255.255`,
    " 20 deny   any",
  );
  for (let number = 0; number < profile.prefixListEntries; number += 1) {
    lines.push(
      `ip prefix-list PL-IN seq ${(number + 1) * 5} permit 10.${Math.floor(number / 256) % 256}.${number % 256}.0/24`,
    );
  }
  lines.push(
    "logging host 10.255.0.10",
    `snmp-server community ${salt().replaceAll(".", "x")} RO SNMP-RO`,
    `snmp-server location Site ${site}`,
    "snmp-server contact noc@lab.example.net",
    "control-plane",
    ...(profile.banner
      ? ["banner motd ^C", "*** Authorised users only. ###", "Problems? noc> call +1 555 0100 #", "^C"]
      : []),
    "line con 0",
    " stopbits 1",
    "line vty 0 15",
    " exec-timeout 30 0",
    " transport input ssh",
    "ntp server 10.255.0.20",
    "ntp server 10.255.0.21",
    "end",
  );
  return { hostname, serial, config: `${lines.join("\n")}\n` };
}
