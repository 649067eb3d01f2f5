// remediation(A→B) replayed on a real router: generated configurations that it showed itself, from each to another, read back equal.

import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { diffTexts } from "../../drivers/model/diff.ts";
import { loadLanguage } from "../../drivers/model/fixtures/platform.ts";
import { normalise } from "../../drivers/model/normalise.ts";
import { remediation } from "../../drivers/model/remediation.ts";
import { renderDiff } from "../../drivers/model/render-diff.ts";
import { anyOf, one, section } from "../model/pairs.ts";
import { startLab, type Lab } from "./lab.ts";
import { labVerdict } from "./requirements.ts";

const verdict = labVerdict();
const frr = loadLanguage("frr_linux");
const CONFIGURATIONS = 8;
const PAIRS = 24;

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

const configuration = anyOf([
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

describe.skipIf(!verdict.run)(`remediation on a real router${verdict.run ? "" : `: ${verdict.reason}`}`, () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab();
  }, 60_000);
  afterAll(async () => {
    await lab?.stop();
  });

  const read = async (): Promise<string> => normalise(frr, await lab.vtysh("r1", "show running-config no-header"));
  const type = async (lines: readonly string[]): Promise<string> => {
    if (lines.length === 0) return "";
    const typed = ["configure terminal", ...lines].flatMap((line) => ["-c", line]);
    const { stdout, stderr } = await lab.exec("r1", ["vtysh", ...typed]);
    return stdout + stderr;
  };

  test(`${PAIRS} generated pairs`, { timeout: 240_000 }, async () => {
    const seed = Number(process.env["FARHAND_SEED"] ?? Date.now() % 2_147_483_647);
    console.log(`frr_linux: ${PAIRS} pairs on a real router, seed ${seed}`);
    const first = await read();
    const shown = [first];
    for (const lines of fc.sample(configuration, { numRuns: CONFIGURATIONS, seed })) {
      await type(lines);
      const now = await read();
      shown.push(now);
      // Every second one starts from the first again, so that they are more apart than on top of each other.
      if (shown.length % 2 === 0) await type(remediation(frr, now, first).commands.map(({ text }) => text));
    }
    let now = await read();
    let typed = 0;
    for (const at of fc.sample(fc.nat(shown.length - 1), { numRuns: PAIRS, seed })) {
      const target = shown[at] ?? first;
      const commands = remediation(frr, now, target).commands.map(({ text }) => text);
      const said = await type(commands);
      const after = await read();
      const left = renderDiff(diffTexts(frr, target, after));
      expect(left === "" ? "equal" : `left:\n${left}\ntyped:\n${commands.join("\n")}\nsaid: ${said}`).toBe("equal");
      typed += commands.length;
      now = after;
    }
    console.log(`frr_linux: ${typed} lines typed`);
    expect(typed).toBeGreaterThan(PAIRS);
  });
});
