// Junos: any commit confirms what waits, and a commit takes along what is in the candidate, whoever typed it. What others do during the timer.
import { afterEach, describe, expect, test } from "vitest";
import { driverFor } from "../../drivers/registry.ts";
import { runChange } from "../../drivers/transaction/change.ts";
import { recoverChange } from "../../drivers/transaction/recover.ts";
import { PlatformId } from "../../shared/ids.ts";
import type { SimulatedDevice } from "../../simulators/device.ts";
import { connectTestClient, type TestSession } from "../../simulators/ssh/test-client.ts";
import { runCase } from "./matrix/run.ts";
import { juniperJunosOf } from "./matrix/subjects/juniper-junos.ts";
import { fastClock, recorder, rig, type Rig } from "./support.ts";

const TEXT = "set interfaces ge-0/0/0 description probe\n";
const THEIRS = "set policy-options prefix-list THEIRS 10.9.0.0/16";
const NEW = { version: "25.4R1.12" };
const OLD = { version: "17.3R2.10", tellsPending: false };

const stops: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

type Release = Parameters<typeof juniperJunosOf>[0];

async function lab(release: Release, factor = 60): Promise<{ sim: SimulatedDevice; box: Rig }> {
  const clock = fastClock(factor);
  const driver = driverFor(PlatformId.parse("juniper_junos"), "cli");
  if (!driver) throw new Error("no driver");
  const { sim, target, credential } = await juniperJunosOf(release).start(clock);
  stops.push(() => sim.stop());
  return { sim, box: rig({ driver, target, credential, clock, connectMs: 300_000, commandMs: 120_000 }) };
}

const PROMPT = /netops@[\w.-]+[#>] $/;

/** Somebody else, with the same login, at a terminal of their own; stays logged in. */
async function person(sim: SimulatedDevice, ...lines: string[]): Promise<TestSession> {
  const session = await connectTestClient(sim);
  stops.push(() => session.end());
  await session.waitFor(PROMPT);
  for (const line of ["set cli screen-length 0", ...lines]) await session.type(`${line}\n`, PROMPT);
  return session;
}

describe.each([
  ["25.4, which says what waits", NEW],
  ["17.3, which does not", OLD],
  ["21.4, of which it is not known", {}],
] as const)("Junos %s", (_name, release) => {
  test("a change is armed, read back and kept; and taken back where the answer was lost", async () => {
    const subject = juniperJunosOf(release);
    expect(await runCase({ subject, fault: "confirm-dropped", mode: "merge", line: "whole" })).toMatchObject({
      state: "DONE",
    });
    expect(await runCase({ subject, fault: "drop-after-apply", mode: "merge", line: "whole" })).toMatchObject({
      state: "ROLLED_BACK",
    });
  });

  test("a confirmed commit of somebody's stops it, with its owner named, and is neither kept nor undone", async () => {
    const { sim, box } = await lab(release);
    const spec = await box.plan(TEXT);
    await person(sim, "configure", THEIRS, 'commit confirmed 30 comment "weekend"');
    const result = await runChange(box.context(), spec, recorder().hooks);
    expect(result).toMatchObject({ state: "FAILED", code: "PENDING_CHANGE", notApplied: true });
    expect(result.detail).toMatch(/netops.*weekend/);
    expect(sim.pendingRollback()).toBeDefined();
  });

  test("a stranger's `commit check` confirms: the change is proved all the same, and nothing waits", async () => {
    const { sim, box } = await lab(release);
    const spec = await box.plan(TEXT);
    const at = async (step: string): Promise<void> => {
      if (step === "reconnect") await person(sim, "configure", "commit check", "exit");
    };
    const result = await runChange(box.context(), spec, recorder({ at }).hooks);
    expect(result).toMatchObject({ state: "DONE", code: null });
    expect(result.diff).toBe(spec.diff);
    expect(sim.pendingRollback()).toBeUndefined();
  });

  test("a stranger's `commit check` on what proves bad: it is undone by hand, since no timer will", async () => {
    const { sim, box } = await lab(release);
    const spec = await box.plan(TEXT, {
      verify: [{ command: "show configuration interfaces", contains: ["never"], withinMs: 1_000 }],
    });
    const at = async (step: string): Promise<void> => {
      if (step === "reconnect") await person(sim, "configure", "commit check", "exit");
    };
    const result = await runChange(box.context(), spec, recorder({ at }).hooks);
    expect(sim.pendingRollback()).toBeUndefined();
    expect(result).toMatchObject({ state: "ROLLED_BACK", code: "VERIFICATION_FAILED" });
    expect(sim.runningConfig()).not.toContain("probe");
  });

  test("lines that somebody typed during the timer are not put in force by the confirmation: the timer takes the change back", async () => {
    // Slower than the others: what is left for the undo after the timer must be time enough on a busy machine.
    const { sim, box } = await lab(release, 20);
    const spec = await box.plan(TEXT, { confirmMs: 60_000 });
    let stranger: TestSession | undefined;
    const at = async (step: string): Promise<void> => {
      if (step === "verify") stranger = await person(sim, "configure", THEIRS);
    };
    const result = await runChange(box.context(), spec, recorder({ at }).hooks);
    expect(stranger).toBeDefined();
    expect(result).toMatchObject({ state: "ROLLED_BACK", code: "CANDIDATE_BUSY" });
    expect(result.detail).toContain("netops");
    expect(sim.runningConfig()).not.toMatch(/probe|THEIRS/);
    expect(sim.events().filter((event) => event.kind === "rolled-back")).toMatchObject([{ why: "timer" }]);
  });

  test("after a crash the words of a commit that somebody confirmed are not taken for a timer that runs, and the end is the device's", async () => {
    const { sim, box } = await lab(release);
    const spec = await box.plan(TEXT);
    const dead = new AbortController();
    const first = recorder({
      at: (step) => {
        if (step !== "apply" && !dead.signal.aborted) return;
        dead.abort(new Error("crash"));
        throw new Error("crash");
      },
    });
    await runChange(box.context(dead.signal), spec, first.hooks).catch(() => undefined);
    await person(sim, "configure", "commit check", "exit");
    const result = await recoverChange(box.context(), spec, first.progress(), recorder().hooks);
    const inForce = sim.runningConfig().includes("probe");
    expect(result.state).toBe(inForce ? "DONE" : "ROLLED_BACK");
    expect(sim.pendingRollback()).toBeUndefined();
  });
});

describe("the words of a commit that was confirmed stay in the history", () => {
  const confirmed = async (sim: SimulatedDevice): Promise<void> => {
    await person(sim, "configure", THEIRS, "commit confirmed 2", "commit check", "exit");
    expect(sim.pendingRollback()).toBeUndefined();
  };
  const pends = async (box: Rig): Promise<boolean> => {
    const session = await box.open();
    const { pendingByOther } = await session.readiness("merge");
    await session.close();
    return pendingByOther;
  };

  test("where a release says what waits, they stop nothing", async () => {
    const { sim, box } = await lab(NEW);
    await confirmed(sim);
    expect(await pends(box)).toBe(false);
  });

  test("where it does not, they stop a change for as long as that timer could run, and not for good", async () => {
    const { sim, box } = await lab(OLD);
    await confirmed(sim);
    expect(await pends(box)).toBe(true);
    await box.clock.sleep(5 * 60_000);
    expect(await pends(box)).toBe(false);
    expect(await runChange(box.context(), await box.plan(TEXT), recorder().hooks)).toMatchObject({ state: "DONE" });
  });
});
