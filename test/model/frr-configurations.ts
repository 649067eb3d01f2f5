// Generated FRR configurations, as they are typed: what a router makes of them is another text.
import fc from "fast-check";
import { anyOf, one, section } from "./pairs.ts";

const PEERS = ["10.0.100.2", "10.0.100.3"];
const RULES = ["permit 10.0.0.0/8 le 24", "deny any", "permit 10.9.0.0/16"];

const prefixList = (name: string): fc.Arbitrary<string[]> =>
  fc
    .uniqueArray(fc.tuple(fc.constantFrom(5, 10, 15, 20), fc.constantFrom(...RULES)), {
      minLength: 1,
      maxLength: 4,
      selector: ([at]) => at,
    })
    .map((rules) => rules.map(([at, rule]) => `ip prefix-list ${name} seq ${at} ${rule}`));

const routeMap = (at: number): fc.Arbitrary<string[]> =>
  fc
    .constantFrom("permit", "deny")
    .chain((action) =>
      section(
        `route-map R ${action} ${at}`,
        anyOf([
          one("match ip address prefix-list P", "match ip address prefix-list Q"),
          one("set local-preference 100", "set local-preference 200"),
          one("set metric 5"),
          one("description some words"),
        ]),
      ),
    );

export const frrConfiguration = anyOf([
  prefixList("P"),
  prefixList("Q"),
  routeMap(10),
  routeMap(20),
  one("access-list L seq 5 permit 10.0.0.0/8", "access-list L seq 5 deny 10.0.0.0/8"),
  one("bgp as-path access-list S seq 5 permit ^1", "bgp as-path access-list S seq 5 deny ^2"),
  one("bgp community-list standard C seq 5 permit 65000:1"),
  one("ip route 10.66.0.0/16 blackhole"),
  one("ip route 10.67.0.0/16 10.0.12.2 50", "ip route 10.67.0.0/16 10.0.12.2 60"),
  section("interface eth1", anyOf([one("description changed", "description again"), one("ip address 10.55.0.1/24")])),
  section(
    "router bgp 65001",
    anyOf([
      one("timers bgp 10 30", "timers bgp 20 60"),
      ...PEERS.map((peer) =>
        fc
          .tuple(
            one(`neighbor ${peer} remote-as 65002`, `neighbor ${peer} remote-as 65003`),
            anyOf([
              one(`neighbor ${peer} description ix`, `neighbor ${peer} description other words`),
              one(`neighbor ${peer} timers 10 30`),
              one(`neighbor ${peer} timers connect 5`),
              one(`neighbor ${peer} shutdown`),
            ]),
            section(
              "address-family ipv4 unicast",
              anyOf([
                one(`neighbor ${peer} prefix-list P in`, `neighbor ${peer} prefix-list Q in`),
                one(`neighbor ${peer} route-map R out`),
                one(`neighbor ${peer} soft-reconfiguration inbound`),
                one(`no neighbor ${peer} activate`),
              ]),
              "exit-address-family",
            ),
          )
          .map((parts) => parts.flat()),
      ),
      section(
        "address-family ipv4 unicast",
        anyOf([one("network 10.77.0.0/16"), one("redistribute static"), one("maximum-paths 4")]),
        "exit-address-family",
      ),
    ]),
  ),
]);
