// remediation(A→B), typed into the configuration editor of the EOS simulator that holds A, leaves B.

import fc from "fast-check";
import { expect, test } from "vitest";
import { loadLanguage } from "../../drivers/model/fixtures/platform.ts";
import { remediation } from "../../drivers/model/remediation.ts";
import { editLine, type Place } from "../../simulators/arista_eos/config/edit.ts";
import { TopOrder } from "../../simulators/arista_eos/config/order.ts";
import { bodyLines } from "../../simulators/arista_eos/config/print.ts";
import { type ConfigNode, parseConfig } from "../../simulators/arista_eos/config/tree.ts";
import { anyOf, one, pairs, section, someOf } from "./pairs.ts";

const RUNS = 2000;
const BASE =
  "hostname s1\nspanning-tree mode mstp\ninterface Ethernet1\ninterface Ethernet2\ninterface Ethernet3\ninterface Management1\nno ip routing\n";
const PORTS = new Set(["Ethernet1", "Ethernet2", "Ethernet3", "Management1"]);
const ORDER = new TopOrder("4.29.2F");

let refused = 0;

class Terminal {
  readonly root: ConfigNode[];
  #place: Place = [];

  constructor(text: string) {
    this.root = parseConfig(text);
  }

  type(line: string): void {
    if (line === "exit") {
      this.#place = this.#place.slice(0, -1);
      return;
    }
    const result = editLine(this.root, this.#place, line, { ports: PORTS, modern: true, abbreviations: false });
    if (result.kind !== "ok") throw new Error(`${line}: ${JSON.stringify(result)} in ${JSON.stringify(this.#place)}`);
    this.#place = result.place;
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
    this.#place = [];
  }

  show(): string {
    return `${bodyLines(this.root, ORDER).join("\n")}\n`;
  }
}

const ethernet = (index: number): fc.Arbitrary<string[]> =>
  anyOf([
    one("description up", "description down link"),
    one("mtu 9214", "mtu 1500"),
    one("no switchport"),
    one(`ip address 10.${index}.1.1/24`, `ip address 10.${index}.2.1/24`),
    one("switchport mode trunk", "switchport mode access"),
    one("switchport access vlan 10", "switchport access vlan 20"),
    one("switchport trunk allowed vlan 10,20", "switchport trunk allowed vlan 10,20,30"),
    one("shutdown"),
    one("ip access-group A in"),
  ]);

const RULES = [
  "permit ip any any",
  "deny tcp any any eq telnet",
  "permit udp any any",
  "remark a word",
  "deny ip any any",
];

const accessList = (name: string): fc.Arbitrary<string[]> =>
  section(
    `ip access-list ${name}`,
    fc
      .uniqueArray(fc.tuple(fc.constantFrom(10, 20, 30, 40), fc.constantFrom(...RULES)), {
        minLength: 1,
        maxLength: 4,
        selector: ([at]) => at,
      })
      .map((rules) => rules.map(([at, rule]) => `${at} ${rule}`)),
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
      ]),
    )
    .map((parts) => parts.flat());

const PEERS = ["10.8.0.1", "10.8.0.2", "10.8.0.3"];

const configuration = anyOf([
  one("hostname s1", "hostname s2"),
  one("spanning-tree mode mstp", "spanning-tree mode rapid-pvst"),
  someOf(["ntp server 10.9.9.1", "ntp server 10.9.9.2", "logging host 10.9.9.3", "logging host 10.9.9.4"]),
  one("snmp-server location here", "snmp-server location over there"),
  one("snmp-server community words ro", "snmp-server community words rw"),
  someOf(["ip route 172.16.0.0/16 10.1.1.2", "ip route 172.16.0.0/16 10.1.1.3", "ip route 172.17.0.0/16 10.1.1.2 200"]),
  one("ip routing"),
  ...[1, 2, 3].map((index) => section(`interface Ethernet${index}`, ethernet(index))),
  section(
    "interface Loopback0",
    anyOf([one("description lo"), one("ip address 10.255.0.1/32", "ip address 10.255.0.2/32")]),
  ),
  section("interface Vlan10", anyOf([one("description ten"), one("ip address 10.40.0.1/24")])),
  section("vlan 10", one("name ten", "name zehn")),
  section("vlan 20", anyOf([one("name twenty")])),
  accessList("A"),
  accessList("B"),
  section(
    "route-map R permit 10",
    anyOf([
      one("match ip address prefix-list P", "match ip address prefix-list Q"),
      one("set local-preference 100", "set local-preference 200"),
      one("set metric 5"),
    ]),
  ),
  section(
    "router bgp 65001",
    anyOf([
      one("router-id 10.0.0.1", "router-id 10.0.0.2"),
      one("maximum-paths 4 ecmp 4", "maximum-paths 2 ecmp 2"),
      ...PEERS.map(peer),
      section("address-family ipv4", anyOf(PEERS.map((address) => one(`neighbor ${address} activate`)))),
    ]),
  ),
  section("management api http-commands", one("no shutdown")),
]);

test("EOS: the remediation of generated pairs, typed into the simulator, leaves the target", () => {
  const eos = loadLanguage("arista_eos");
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
      const { commands } = remediation(eos, device.show(), wanted);
      for (const { text } of commands) device.type(text);
      expect(device.show()).toBe(wanted);
      typed += commands.length;
    }),
    settings,
  );
  console.log(
    `arista_eos: ${settings.numRuns} pairs, seed ${settings.seed}, ${typed} lines typed; ${offered} offered to make them, ${refused} of those refused`,
  );
  expect(typed).toBeGreaterThan(settings.numRuns);
  expect(refused).toBeLessThan(offered / 4);
});
