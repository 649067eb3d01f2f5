// remediation(A→B) between what the Junos simulator shows, in set lines and in braces, typed into that simulator, leaves B.

import fc from "fast-check";
import { expect, test } from "vitest";
import { loadLanguage } from "../../drivers/model/fixtures/platform.ts";
import { remediation } from "../../drivers/model/remediation.ts";
import { printBraces, printSet } from "../../simulators/juniper_junos/config/print.ts";
import { applyLines, loadSet } from "../../simulators/juniper_junos/config/set_lines.ts";
import { type Config, emptyConfig } from "../../simulators/juniper_junos/config/tree.ts";
import { pairs } from "./pairs.ts";

const RUNS = 500;

const unit = (index: number): string[] => [
  `set interfaces ge-0/0/${index} description "port ${index}"`,
  `set interfaces ge-0/0/${index} description other`,
  `set interfaces ge-0/0/${index} mtu 9000`,
  `set interfaces ge-0/0/${index} unit 0`,
  `set interfaces ge-0/0/${index} unit 0 family inet address 10.${index}.0.1/24`,
  `set interfaces ge-0/0/${index} unit 0 family inet filter input F`,
  `set interfaces ge-0/0/${index} disable`,
];
const term = (name: string): string[] => [
  `set policy-options policy-statement P term ${name} from protocol static`,
  `set policy-options policy-statement P term ${name} then accept`,
  `set policy-options policy-statement P term ${name} then reject`,
  `set firewall family inet filter F term ${name} from source-address 10.0.0.0/8`,
  `set firewall family inet filter F term ${name} then discard`,
];
const LINES = [
  "set system host-name r1",
  "set system host-name r2",
  "set system name-server 10.9.9.1",
  "set system name-server 10.9.9.2",
  "set system services ssh",
  "set system services ssh root-login deny",
  "set system services netconf ssh",
  "set system login user ops class super-user",
  ...[1, 2].flatMap(unit),
  ...["A", "B", "C", "D"].flatMap(term),
  "set policy-options prefix-list L 10.0.0.0/8",
  "set policy-options prefix-list L 10.1.0.0/16",
  "set protocols bgp group G type external",
  "set protocols bgp group G import P",
  "set protocols bgp group G neighbor 10.8.0.1 peer-as 65001",
  "set protocols bgp group G neighbor 10.8.0.1 peer-as 65002",
  'set protocols bgp group G neighbor 10.8.0.1 description "a peer"',
  "set protocols bgp group G neighbor 10.8.0.2 peer-as 65002",
  "set protocols ospf area 0.0.0.0 interface ge-0/0/1.0 metric 10",
  "set protocols ospf area 0.0.0.0 interface ge-0/0/2.0 passive",
  "set protocols lldp interface all",
  "set routing-options autonomous-system 65000",
  "set routing-options static route 0.0.0.0/0 next-hop 10.1.0.254",
  "set routing-options static route 10.7.0.0/16 discard",
  "deactivate protocols bgp group G",
  "deactivate interfaces ge-0/0/1",
  "activate interfaces ge-0/0/1",
];

function built(lines: readonly string[]): Config {
  const config = emptyConfig();
  loadSet(config, [], lines.join("\n"), { source: "terminal" });
  return config;
}

/** All lines without their order, and apart from them the order of the lists that have one. */
function compared(config: Config): object {
  const lines = printSet(config);
  const elements = lines.flatMap((line) => /^.* (?:term|name-server|import) \S+/v.exec(line)?.[0] ?? []);
  return { lines: lines.toSorted(), order: [...new Set(elements)] };
}

const shown = (config: Config): string => `${printSet(config).join("\n")}\n`;

test("Junos: the remediation of generated pairs, from set lines and from braces, leaves the target", () => {
  const junos = loadLanguage("juniper_junos");
  const settings = pairs(RUNS);
  const lines = fc.shuffledSubarray(LINES, { minLength: 8 });
  let [typed, moved] = [0, 0];
  fc.assert(
    fc.property(lines, lines, fc.boolean(), (a, b, braces) => {
      const [device, target] = [built(a), built(b)];
      const show = braces ? printBraces : shown;
      const { commands } = remediation(junos, show(device), show(target));
      applyLines(
        device,
        commands.map(({ text }) => text),
      );
      expect(compared(device)).toEqual(compared(target));
      typed += commands.length;
      moved += commands.filter(({ text }) => text.startsWith("insert ")).length;
    }),
    settings,
  );
  console.log(
    `juniper_junos simulator: ${settings.numRuns} pairs, seed ${settings.seed}, ${typed} lines typed, ${moved} moves`,
  );
  expect(moved).toBeGreaterThan(0);
});
