// State checks where drivers, simulators and changes meet: the packs against the allow-lists, and changes that break something.
import { afterEach, describe, expect, test } from "vitest";
import { blamed } from "../../drivers/model/state/expect.ts";
import { allPacks, tableOf } from "../../drivers/model/state/packs.ts";
import { driverFor } from "../../drivers/registry.ts";
import { runChange } from "../../drivers/transaction/change.ts";
import type { ChangeOutcome } from "../../drivers/types.ts";
import type { Checks } from "../../shared/documents/checks.ts";
import type { SimulatedDevice } from "../../simulators/device.ts";
import type { FaultInput } from "../../simulators/faults.ts";
import { sshTarget } from "./matrix/target.ts";
import { subjects, type Subject } from "./state-subjects.ts";
import { fastClock, recorder, rig } from "./support.ts";

describe("packs", () => {
  test.each(allPacks().map((pack) => [`${pack.id} ${pack.transport ?? ""}`.trim(), pack] as const))(
    "%s asks only for what may be read, by commands that lead back to their tables",
    (id, pack) => {
      const driver = driverFor(pack.id, pack.transport);
      const commands = Object.values(pack.tables).map(({ command }) => command);
      expect(commands.filter((command) => driver?.isRead(command) !== true)).toEqual([]);
      expect(commands.map((command) => tableOf(pack, command)?.[0])).toEqual(Object.keys(pack.tables));
      console.log(`${id}: ${Object.keys(pack.tables).join(", ")}`);
    },
  );
});

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
  const spec = await box.plan(text, { checks, confirmMs: subject.confirmMs ?? 600_000 });
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
