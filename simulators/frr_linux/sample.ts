/** A router of somebody's edge, made from a seed: the same seed gives the same bytes, and they are in FRR's own order. */
import { randomFrom, serialFrom } from "../fleet/generate.ts";
import type { Sample, SampleOptions } from "../kit/sample.ts";

export function sampleFrrLinux({ seed, index = 0, interfaces = 4 }: SampleOptions): Sample {
  const random = randomFrom(seed * 7919 + index);
  const hostname = `s${String(Math.floor(index / 2) + 1).padStart(4, "0")}-frr${(index % 2) + 1}`;
  const [high, low] = [Math.floor(index / 250) % 250, index % 250];
  const asn = 64_512 + (index % 1000);
  const token = (): string => Math.floor(random() * 1e9).toString(36);
  const ports = Array.from({ length: interfaces }, (_, at) => at + 1);
  const block = (header: string, lines: readonly string[], end = "exit"): string[] => [header, ...lines, end, "!"];
  const net = `10.${high}.${low}.0/24`;
  const config = [
    "frr version 8.4.4",
    "frr defaults traditional",
    `hostname ${hostname}`,
    "log syslog informational",
    "service integrated-vtysh-config",
    "!",
    `ip route 0.0.0.0/0 172.16.${low}.1`,
    `ip route ${net} blackhole`,
    "!",
    ...block("interface eth0", [` description management`, ` ip address 172.16.${low}.2/30`]),
    ...ports.flatMap((port) =>
      block(`interface eth${port}`, [
        ` description port ${token()}`,
        ` ip address 10.200.${(low * 8 + port) % 256}.1/29`,
      ]),
    ),
    ...block("interface lo", [` ip address 10.255.${high}.${low + 1}/32`]),
    ...block(`router bgp ${asn}`, [
      ` bgp router-id 10.255.${high}.${low + 1}`,
      " bgp log-neighbor-changes",
      " timers bgp 10 30",
      ` neighbor 172.16.${low}.1 remote-as 65000`,
      ` neighbor 172.16.${low}.1 description core`,
      ` neighbor 172.16.${low}.1 password ${token()}${token()}`,
      " !",
      " address-family ipv4 unicast",
      `  network ${net}`,
      `  neighbor 172.16.${low}.1 soft-reconfiguration inbound`,
      `  neighbor 172.16.${low}.1 route-map CORE-IN in`,
      `  neighbor 172.16.${low}.1 route-map CORE-OUT out`,
      " exit-address-family",
    ]),
    `ip prefix-list MINE seq 5 permit ${net}`,
    "ip prefix-list ANY-BUT-DEFAULT seq 5 deny 0.0.0.0/0",
    "ip prefix-list ANY-BUT-DEFAULT seq 10 permit any",
    "!",
    "bgp community-list standard NOISE seq 5 permit 65000:666",
    "!",
    ...block("route-map CORE-IN deny 10", [" match community NOISE"]),
    ...block("route-map CORE-IN permit 20", [
      " match ip address prefix-list ANY-BUT-DEFAULT",
      ` set local-preference ${100 + Math.floor(random() * 9) * 10}`,
    ]),
    ...block("route-map CORE-OUT permit 10", [" match ip address prefix-list MINE"]),
    "end",
    "",
  ].join("\n");
  return { hostname, serial: serialFrom(random), config };
}
