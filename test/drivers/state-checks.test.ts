// State checks where drivers, simulators and changes meet: the packs against the allow-lists, and changes that break something.
import { afterEach, describe, expect, test } from "vitest";
import { blamed } from "../../drivers/model/state/expect.ts";
import { allPacks, tableOf } from "../../drivers/model/state/packs.ts";
import { driverFor } from "../../drivers/registry.ts";
import { runChange } from "../../drivers/transaction/change.ts";
import type { ChangeOutcome } from "../../drivers/types.ts";
import type { Checks } from "../../shared/documents/checks.ts";
import { startAristaEos } from "../../simulators/arista_eos/index.ts";
import { startCiscoIosxe } from "../../simulators/cisco_iosxe/index.ts";
import { startJuniperJunos } from "../../simulators/juniper_junos/index.ts";
import { startNokiaSrlinux } from "../../simulators/nokia_srlinux/index.ts";
import { sampleNokiaSrlinux } from "../../simulators/nokia_srlinux/sample.ts";
import type { SimulatedDevice } from "../../simulators/device.ts";
import type { FaultInput } from "../../simulators/faults.ts";
import type { Clock } from "../../shared/clock.ts";
import { httpsTarget, sshTarget } from "./matrix/target.ts";
import { fastClock, recorder, rig } from "./support.ts";

describe("packs", () => {
  test.each(allPacks().map((pack) => [pack.id, pack] as const))(
    "%s asks only for what may be read, by commands that lead back to their tables",
    (id, pack) => {
      const driver = driverFor(id);
      const commands = Object.values(pack.tables).map(({ command }) => command);
      expect(commands.filter((command) => driver?.isRead(command) !== true)).toEqual([]);
      expect(commands.map((command) => tableOf(pack, command)?.[0])).toEqual(Object.keys(pack.tables));
      console.log(`${id}: ${Object.keys(pack.tables).join(", ")}`);
    },
  );
});

const IOSXE = `hostname edge-1
!
username netops privilege 15 secret 9 $9$aaaaaaaaaaaaaa$bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
!
archive
 path bootflash:archive
 maximum 10
!
interface GigabitEthernet1
 ip address 10.0.1.1 255.255.255.252
!
interface GigabitEthernet2
 ip address 10.0.2.1 255.255.255.252
!
router bgp 65001
 neighbor 10.0.1.2 remote-as 65002
 neighbor 10.0.2.2 remote-as 65003
!
ip route 0.0.0.0 0.0.0.0 10.0.1.2
!
end
`;
const EOS = `! device: edge-1 (DCS-7050SX3-48YC8, EOS-4.30.1F)
!
username netops privilege 15 role network-admin secret sha512 $6$aaaaaaaaaaaaaaaa$bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
!
hostname edge-1
!
management api http-commands
   no shutdown
!
interface Ethernet1
   no switchport
   ip address 10.0.1.1/30
!
interface Ethernet2
   no switchport
   ip address 10.0.2.1/30
!
ip routing
!
router bgp 65001
   neighbor 10.0.1.2 remote-as 65002
   neighbor 10.0.2.2 remote-as 65003
!
end
`;
const JUNOS = `version 21.4R3.15;
system {
    host-name edge-1;
    root-authentication {
        encrypted-password "$6$aaaaaaaa$bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"; ## SECRET-DATA
    }
    login {
        user netops {
            uid 2000;
            class super-user;
            authentication {
                encrypted-password "$6$cccccccc$dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"; ## SECRET-DATA
            }
        }
    }
    services {
        ssh;
    }
}
interfaces {
    ge-0/0/0 {
        unit 0 {
            family inet {
                address 10.0.1.1/30;
            }
        }
    }
    ge-0/0/1 {
        unit 0 {
            family inet {
                address 10.0.2.1/30;
            }
        }
    }
}
protocols {
    bgp {
        group EBGP {
            type external;
            neighbor 10.0.1.2 {
                peer-as 65002;
            }
            neighbor 10.0.2.2 {
                peer-as 65003;
            }
        }
    }
    lldp {
        interface all;
    }
}
`;

interface Subject {
  readonly name: string;
  readonly start: (clock: Clock) => Promise<SimulatedDevice>;
  readonly target?: typeof sshTarget;
  /** Shuts the link to a neighbour, as somebody would who has the wrong port. */
  readonly breaking: string;
  readonly broken: readonly string[];
  /** Touches nothing that is checked. */
  readonly harmless: string;
}

const subjects: readonly Subject[] = [
  {
    name: "cisco_iosxe",
    start: (clock) => startCiscoIosxe({ name: "edge-1", config: IOSXE }, { clock }),
    breaking: "interface GigabitEthernet2\n shutdown\n",
    broken: ["interfaces up", "cdp neighbours", "bgp established", "bgp prefixes", "routes"],
    harmless: "interface GigabitEthernet2\n description probe\n",
  },
  {
    name: "juniper_junos",
    start: (clock) => startJuniperJunos({ name: "edge-1", config: JUNOS }, { clock }),
    breaking: "set interfaces ge-0/0/1 disable\n",
    broken: ["interfaces up", "lldp neighbours", "bgp established", "bgp prefixes", "routes"],
    harmless: "set interfaces ge-0/0/1 description probe\n",
  },
  {
    name: "arista_eos",
    start: (clock) => startAristaEos({ name: "edge-1", config: EOS }, { clock }),
    breaking: "interface Ethernet2\n   shutdown\n",
    broken: ["interfaces up", "ip interfaces up", "lldp neighbours", "bgp established", "bgp prefixes", "routes"],
    harmless: "interface Ethernet2\n   description probe\n",
  },
  {
    name: "arista_eos over eAPI",
    start: (clock) => startAristaEos({ name: "edge-1", config: EOS }, { clock }),
    target: httpsTarget,
    breaking: "interface Ethernet2\n   shutdown\n",
    broken: ["interfaces up", "ip interfaces up", "lldp neighbours", "bgp established", "bgp prefixes", "routes"],
    harmless: "interface Ethernet2\n   description probe\n",
  },
  {
    name: "nokia_srlinux",
    start: (clock) =>
      startNokiaSrlinux(
        { name: "edge-1", config: sampleNokiaSrlinux({ seed: 1, index: 0, interfaces: 2, username: "netops" }).config },
        { clock },
      ),
    breaking: "set / interface ethernet-1/1 admin-state disable\n",
    broken: ["interfaces up", "lldp neighbours", "bgp established", "bgp prefixes", "routes"],
    harmless: "set / interface lo0 description probe\n",
  },
  {
    name: "nokia_srlinux over JSON-RPC",
    start: (clock) =>
      startNokiaSrlinux(
        { name: "edge-1", config: sampleNokiaSrlinux({ seed: 1, index: 0, interfaces: 2, username: "netops" }).config },
        { clock },
      ),
    target: httpsTarget,
    breaking: "set / interface ethernet-1/1 admin-state disable\n",
    broken: ["interfaces up", "lldp neighbours", "bgp established", "bgp prefixes", "routes"],
    harmless: "set / interface lo0 description probe\n",
  },
];

const DEFAULTS: Checks = { defaults: true, except: [], expect: [], settleMs: 0, withinMs: 4_000 };

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function changed(
  subject: Subject,
  text: string,
  checks: Checks,
  fault?: FaultInput,
): Promise<{ sim: SimulatedDevice; before: string; result: ChangeOutcome; steps: readonly string[] }> {
  // Slow enough that no timer of the device fires while a loaded machine still reads.
  const clock = fastClock(10);
  const sim = await subject.start(clock);
  stops.push(() => sim.stop());
  const { target, credential } = (subject.target ?? sshTarget)(sim);
  const driver = driverFor(target.platform, target.transport);
  if (!driver) throw new Error("no driver");
  const box = rig({ driver, target, credential, clock, connectMs: 300_000, commandMs: 60_000 });
  const spec = await box.plan(text, { checks, confirmMs: 600_000 });
  const before = sim.runningConfig();
  // Met by the second read alone: the first came before the apply.
  const at = (boundary: string): void => {
    if (fault && boundary === "apply") sim.setFault(fault);
  };
  const record = recorder({ at });
  return { sim, before, result: await runChange(box.context(), spec, record.hooks), steps: record.steps };
}

const verdicts = ({ checks }: ChangeOutcome) =>
  (checks?.results ?? [])
    .filter(blamed)
    .map(({ name, verdict }) => (verdict === "broken" ? name : `${name} ${verdict}`));

describe.each(subjects)("$name", (subject) => {
  test("a change that takes a neighbour away is undone because of it, with the rows that show it", async () => {
    const { sim, result, before, steps } = await changed(subject, subject.breaking, DEFAULTS);
    expect({ state: result.state, code: result.code }).toEqual({ state: "ROLLED_BACK", code: "VERIFICATION_FAILED" });
    expect(result.detail).toMatch(/^interfaces up broken: \d row/);
    expect(verdicts(result)).toEqual(subject.broken);
    const bgp = result.checks?.results.find(({ name }) => name === "bgp established");
    expect(bgp).toMatchObject({ count: 1, rows: [{ before: { state: "established" } }] });
    expect(sim.runningConfig()).toBe(before);
    expect(steps.filter((step) => step === "apply?")).toEqual(["apply?"]);
    expect(steps).not.toContain("confirm?");
    console.log(`${subject.name}: undone for ${verdicts(result).join(", ")}`);
  });

  test("one that breaks nothing is kept; nothing is unknown that was known", async () => {
    const { result } = await changed(subject, subject.harmless, DEFAULTS);
    expect({ state: result.state, code: result.code, verdicts: verdicts(result) }).toEqual({
      state: "DONE",
      code: null,
      verdicts: [],
    });
    expect(result.checks?.results.filter(({ verdict }) => verdict === "ok").length).toBeGreaterThanOrEqual(5);
  });

  test("what the change is meant to break is excepted, and the rest still counts", async () => {
    const excepted = { ...DEFAULTS, except: subject.broken.map((name) => ({ name })) };
    const { result } = await changed(subject, subject.breaking, excepted);
    expect({ state: result.state, code: result.code }).toEqual({ state: "DONE", code: null });
    const own: Checks = {
      ...excepted,
      expect: [
        {
          expect: "rows",
          name: "one peer",
          table: "bgp",
          min: 1,
          where: [{ column: "state", op: "eq", value: "nonsense" }],
        },
      ],
    };
    const before = await changed(subject, subject.breaking, own);
    // No peer was ever like that: told, and not blamed.
    expect(before.result.state).toBe("DONE");
    expect(before.result.checks?.results.at(-1)).toMatchObject({ name: "one peer", verdict: "broken", already: true });
  });
});

test.each([
  ["hangs", { kind: "hang", at: "^show ip route" }, "COMMAND_TIMEOUT"],
  ["drops the line", { kind: "drop", at: "^show ip route" }, "CONNECTION_LOST"],
] as const)(
  "a device that %s while its state is read afterwards is undone: nothing was proved",
  async (_what, fault, code) => {
    const [subject] = subjects;
    if (!subject) throw new Error("no subject");
    const { sim, result, before } = await changed(subject, subject.harmless, DEFAULTS, fault);
    expect({ state: result.state, code: result.code }).toEqual({ state: "ROLLED_BACK", code });
    expect(sim.runningConfig()).toBe(before);
  },
);

test("settling that eats the device's timer is refused before anything is sent", async () => {
  const [subject] = subjects;
  if (!subject) throw new Error("no subject");
  const { sim, result } = await changed(subject, subject.harmless, { ...DEFAULTS, settleMs: 400_000 });
  expect({ code: result.code, notApplied: result.notApplied }).toEqual({
    code: "CHECKS_UNSUPPORTED",
    notApplied: true,
  });
  expect(sim.applyCount()).toBe(0);
});

test("a table that the platform does not have is refused before anything is sent", async () => {
  const [subject] = subjects;
  if (!subject) throw new Error("no subject");
  const expectation = { expect: "kept", name: "tunnels", table: "tunnels" } as const;
  const { sim, result } = await changed(subject, subject.harmless, { ...DEFAULTS, expect: [expectation] });
  expect({ state: result.state, code: result.code, notApplied: result.notApplied }).toEqual({
    state: "FAILED",
    code: "CHECKS_UNSUPPORTED",
    notApplied: true,
  });
  expect(sim.applyCount()).toBe(0);
});
