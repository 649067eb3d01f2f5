// What a device does not answer proves nothing: a refusal where its timer is asked for, and a confirmation that comes after the timer.
import { afterEach, describe, expect, test } from "vitest";
import { driverFor } from "../../drivers/registry.ts";
import { runChange } from "../../drivers/transaction/change.ts";
import { PlatformId } from "../../shared/ids.ts";
import type { SimulatedDevice } from "../../simulators/device.ts";
import { aristaEosOf } from "./matrix/subjects/arista-eos.ts";
import { juniperJunosOf } from "./matrix/subjects/juniper-junos.ts";
import { fastClock, recorder, rig, type Rig } from "./support.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function lab(
  platform: "arista_eos" | "juniper_junos",
  transport: "cli" | "https" = "cli",
): Promise<{ sim: SimulatedDevice; box: Rig }> {
  const clock = fastClock(60);
  const driver = driverFor(PlatformId.parse(platform), transport);
  const subject =
    platform === "juniper_junos"
      ? juniperJunosOf({})
      : aristaEosOf("4.32.1F").find((one) => one.transport === transport);
  if (!driver || !subject) throw new Error("no driver");
  const { sim, target, credential } = await subject.start(clock);
  stops.push(() => sim.stop());
  return { sim, box: rig({ driver, target, credential, clock, connectMs: 300_000, commandMs: 120_000 }) };
}

const TEXT = "interface Loopback0\n   description probe\n";

describe.each(["cli", "https"] as const)("EOS over %s, to a login that may not see the timers", (transport) => {
  const denied = { kind: "authorization-denied", match: "^show configuration sessions" } as const;

  test("nothing is changed: whether somebody's timer runs is not known", async () => {
    const { sim, box } = await lab("arista_eos", transport);
    const spec = await box.plan(TEXT);
    sim.setFault(denied);
    const result = await runChange(box.context(), spec, recorder().hooks);
    expect(result).toMatchObject({ state: "FAILED", code: "AUTHORIZATION_DENIED", notApplied: true });
    expect(sim.applyCount()).toBe(0);
  });

  test("from the commit on: it is not called over while the timer of the device runs", async () => {
    const { sim, box } = await lab("arista_eos", transport);
    const before = sim.runningConfig();
    const spec = await box.plan(TEXT);
    const at = (step: string): void => void (step === "apply?" && sim.setFault(denied));
    const result = await runChange(box.context(), spec, recorder({ at }).hooks);
    expect(sim.pendingRollback()).toBeUndefined();
    expect(sim.runningConfig()).toBe(before);
    expect(result.state).toBe("ROLLED_BACK");
  });

  test("a confirmation that is denied as well is none, though the change is still in force", async () => {
    const { sim, box } = await lab("arista_eos", transport);
    const before = sim.runningConfig();
    const spec = await box.plan(TEXT);
    const match = "^(?:show configuration sessions|configure session)";
    const at = (step: string): void => void (step === "confirm?" && sim.setFault({ ...denied, match }));
    const result = await runChange(box.context(), spec, recorder({ at }).hooks);
    expect(result.state).toBe("ROLLED_BACK");
    expect(sim.runningConfig()).toBe(before);
  });
});

test("Junos takes a commit after its timer, and confirms nothing by it: the change is not called kept", async () => {
  const { sim, box } = await lab("juniper_junos");
  const before = sim.runningConfig();
  const spec = await box.plan("set interfaces ge-0/0/0 description probe\n");
  // The agent's host was suspended right before it confirmed.
  const at = async (step: string): Promise<void> => {
    if (step === "confirm?") await expect.poll(() => sim.runningConfig(), { timeout: 10_000 }).toBe(before);
  };
  const result = await runChange(box.context(), spec, recorder({ at }).hooks);
  expect(sim.runningConfig()).toBe(before);
  expect(result.state).toBe("ROLLED_BACK");
});
