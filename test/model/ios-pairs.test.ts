// remediation(A→B), typed into the configuration editor of the IOS-XE simulator that holds A, leaves B.

import fc from "fast-check";
import { expect, test } from "vitest";
import { loadLanguage } from "../../drivers/model/fixtures/platform.ts";
import { remediation } from "../../drivers/model/remediation.ts";
import { editLine } from "../../simulators/cisco_iosxe/config/edit.ts";
import { printConfig } from "../../simulators/cisco_iosxe/config/print.ts";
import { type ConfigNode, parseConfig } from "../../simulators/cisco_iosxe/config/tree.ts";
import { anyOf, one, pairs, section, someOf } from "./pairs.ts";

const RUNS = 1500;

const BASE = `hostname r1
interface GigabitEthernet1
 no ip address
interface GigabitEthernet2
 no ip address
interface GigabitEthernet3
 no ip address
end
`;

/** Types a line where the ones before it led; throws what the device says against it. */
class Terminal {
  readonly root: ConfigNode[];
  #path: readonly string[] = [];

  constructor(text: string) {
    this.root = parseConfig(text).nodes;
  }

  type(line: string): void {
    if (line === "exit") {
      this.#path = this.#path.slice(0, -1);
      return;
    }
    const result = editLine(this.root, this.#path, line, { confirmed: true });
    if (result.kind !== "ok") throw new Error(`${line}: ${JSON.stringify(result)} in ${this.#path.join(" > ")}`);
    this.#path = result.path;
  }

  /** Leaves out what the device does not take. */
  offer(lines: readonly string[]): void {
    for (const line of lines) {
      try {
        this.type(line);
      } catch {
        refused++;
      }
    }
    this.#path = [];
  }

  show(): string {
    return printConfig(this.root);
  }
}

let refused = 0;

const number = (...of: number[]): fc.Arbitrary<number> => fc.constantFrom(...of);

const interfaceLines = (index: number): fc.Arbitrary<string[]> =>
  anyOf([
    one("description up", "description down link", `description ${index}`),
    one(`ip address 10.${index}.1.1 255.255.255.0`, `ip address 10.${index}.2.1 255.255.255.0`, "no ip address"),
    one(`ip address 10.${index}.9.1 255.255.255.0 secondary`),
    one("mtu 9000", "mtu 1400"),
    one("ip mtu 1400", "ip mtu 1300"),
    one("shutdown"),
    one("no ip redirects"),
    one("no ip proxy-arp"),
    one("ip ospf cost 10", "ip ospf cost 20"),
    one("ip access-group A in", "ip access-group B in"),
    one("load-interval 30"),
  ]);

const RULES = ["permit ip any any", "deny tcp any any eq 23", "permit udp any any", "remark a word", "deny ip any any"];

const accessList = (name: string): fc.Arbitrary<string[]> =>
  section(
    `ip access-list extended ${name}`,
    fc
      .uniqueArray(fc.tuple(number(10, 20, 30, 40, 50), fc.constantFrom(...RULES)), {
        maxLength: 5,
        selector: ([at]) => at,
      })
      .map((rules) => rules.map(([at, rule]) => `${at} ${rule}`)),
  );

const prefixList = (name: string): fc.Arbitrary<string[]> =>
  fc
    .uniqueArray(
      fc.tuple(
        number(5, 10, 15, 20),
        fc.constantFrom("permit 10.0.0.0/8", "deny 0.0.0.0/0", "permit 10.0.0.0/8 le 24"),
      ),
      {
        maxLength: 4,
        selector: ([at]) => at,
      },
    )
    .map((rules) => rules.map(([at, rule]) => `ip prefix-list ${name} seq ${at} ${rule}`));

const routeMap = (name: string, at: number): fc.Arbitrary<string[]> =>
  fc
    .constantFrom("permit", "deny")
    .chain((action) =>
      section(
        `route-map ${name} ${action} ${at}`,
        anyOf([
          one("match ip address prefix-list P", "match ip address prefix-list Q"),
          one("set local-preference 100", "set local-preference 200"),
          one("set metric 5"),
          one("description words"),
        ]),
      ),
    );

const peer = (address: string): fc.Arbitrary<string[]> =>
  fc
    .tuple(
      one(`neighbor ${address} remote-as 65101`, `neighbor ${address} remote-as 65102`),
      anyOf([
        one(`neighbor ${address} description a peer`, `neighbor ${address} description b`),
        one(`neighbor ${address} timers 10 30`, `neighbor ${address} timers 5 15`),
        one(`neighbor ${address} update-source Loopback0`),
        one(`neighbor ${address} route-map R in`),
        one(`neighbor ${address} shutdown`),
      ]),
    )
    .map((parts) => parts.flat());

const PEERS = ["10.8.0.1", "10.8.0.2", "10.8.0.3"];

const bgp: fc.Arbitrary<string[]> = fc
  .constantFrom(65001, 65001, 65001, 65002)
  .chain((as) =>
    section(
      `router bgp ${as}`,
      anyOf([
        one("bgp router-id 10.0.0.1", "bgp router-id 10.0.0.2"),
        one("bgp log-neighbor-changes"),
        ...PEERS.map(peer),
        section(
          "address-family ipv4",
          anyOf([
            ...PEERS.map((address) => one(`neighbor ${address} activate`)),
            ...PEERS.map((address) =>
              one(`neighbor ${address} prefix-list P in`, `neighbor ${address} prefix-list Q in`),
            ),
            one("network 10.1.0.0 mask 255.255.0.0"),
          ]),
        ),
      ]),
    ),
  );

const configuration: fc.Arbitrary<string[]> = anyOf([
  one("hostname r1", "hostname r2"),
  one("ip domain name a.example", "ip domain name b.example"),
  one("logging buffered 9000", "logging buffered 8000"),
  someOf(["ntp server 10.9.9.1", "ntp server 10.9.9.2", "logging host 10.9.9.3", "logging host 10.9.9.4"]),
  someOf(["no ip source-route", "no ip domain lookup", "no logging console", "lldp run", "no cdp run"]),
  one("snmp-server location here", "snmp-server location over there"),
  one("snmp-server community words RO", "snmp-server community words RW"),
  someOf([
    "ip route 172.16.0.0 255.255.0.0 10.1.1.2",
    "ip route 172.16.0.0 255.255.0.0 10.1.1.3",
    "ip route 172.17.0.0 255.255.0.0 10.1.1.2 200",
  ]),
  ...[1, 2, 3].map((index) => section(`interface GigabitEthernet${index}`, interfaceLines(index))),
  ...[0, 1].map((index) => section(`interface Loopback${index}`, interfaceLines(20 + index))),
  section(
    "interface GigabitEthernet1.10",
    fc.constant(["encapsulation dot1Q 10", "ip address 10.31.0.1 255.255.255.0"]),
  ),
  accessList("A"),
  accessList("B"),
  prefixList("P"),
  prefixList("Q"),
  routeMap("R", 10),
  routeMap("R", 20),
  bgp,
  section(
    "router ospf 1",
    anyOf([
      one("router-id 10.0.0.1", "router-id 10.0.0.2"),
      someOf([
        "network 10.0.0.0 0.255.255.255 area 0",
        "network 10.1.0.0 0.0.255.255 area 1",
        "passive-interface Loopback0",
      ]),
    ]),
  ),
  section("vlan 10", one("name ten", "name zehn")),
  section(
    "vrf definition V",
    anyOf([one("rd 1:1", "rd 1:2"), one("description a vrf"), section("address-family ipv4", fc.constant([]))]),
  ),
  section(
    "line vty 0 4",
    anyOf([one("exec-timeout 5 0", "exec-timeout 9 0"), one("transport input ssh", "transport input all")]),
  ),
]);

test("IOS-XE: the remediation of generated pairs, typed into the simulator, leaves the target", () => {
  const ios = loadLanguage("cisco_iosxe");
  const settings = pairs(RUNS);
  let typed = 0;
  let offered = 0;
  fc.assert(
    fc.property(configuration, configuration, fc.boolean(), (a, b, overlaps) => {
      const device = new Terminal(BASE);
      device.offer(a);
      const target = new Terminal(overlaps ? device.show() : BASE);
      target.offer(b);
      offered += a.length + b.length;
      const wanted = target.show();
      const { commands } = remediation(ios, device.show(), wanted);
      for (const { text } of commands) device.type(text);
      expect(device.show()).toBe(wanted);
      typed += commands.length;
    }),
    settings,
  );
  console.log(
    `cisco_iosxe: ${settings.numRuns} pairs, seed ${settings.seed}, ${typed} lines typed; ${offered} offered to make them, ${refused} of those refused`,
  );
  expect(typed).toBeGreaterThan(settings.numRuns);
  expect(refused).toBeLessThan(offered / 4);
});
