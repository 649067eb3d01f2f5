// What the FRR driver meets on a simulated router and no fault of the matrix is: daemons that die, and what others left behind.
import { afterEach, describe, expect, test } from "vitest";
import { examine } from "../../agent/run/check.ts";
import { driverFor } from "../../drivers/registry.ts";
import { runChange } from "../../drivers/transaction/change.ts";
import { PlatformId } from "../../shared/ids.ts";
import { startFrrLinux, type FrrLinux } from "../../simulators/frr_linux/index.ts";
import { sampleFrrLinux } from "../../simulators/frr_linux/sample.ts";
import { hostVerdict } from "../../simulators/host/requirements.ts";
import { execOnce } from "../../simulators/ssh/test-client.ts";
import { sshTarget } from "./matrix/target.ts";
import { fastClock, recorder, rig, tagger, type Rig } from "./support.ts";

const verdict = hostVerdict();
const { config } = sampleFrrLinux({ seed: 1, interfaces: 2 });
const open: FrrLinux[] = [];

afterEach(async () => {
  for (const sim of open.splice(0)) await sim.stop();
});

async function lab(): Promise<{ sim: FrrLinux; box: Rig }> {
  const clock = fastClock(30);
  const sim = await startFrrLinux({ name: "edge-1", config }, { clock });
  open.push(sim);
  clock.holdWhile(() => sim.busy());
  const driver = driverFor(PlatformId.parse("frr_linux"));
  if (!driver) throw new Error("no driver");
  const { target, credential } = sshTarget(sim);
  const box = rig({
    driver,
    target: { ...target, serial: null },
    credential,
    clock,
    connectMs: 120_000,
    commandMs: 60_000,
  });
  return { sim, box };
}

async function readiness(box: Rig) {
  const session = await box.open();
  try {
    return await session.readiness("merge");
  } finally {
    await session.close();
  }
}

const CHANGE = "ip prefix-list PROBE seq 5 permit 198.51.100.0/24\n";

describe.skipIf(!verdict.run)(`FRR, simulated${verdict.run ? "" : `: ${verdict.reason}`}`, () => {
  test("a daemon that stays dead blocks a change, as its configuration cannot be read", async () => {
    const { sim, box } = await lab();
    const spec = await box.plan(CHANGE);
    sim.kill("bgpd");
    const ready = await readiness(box);
    expect(ready).toMatchObject({ level: "E", blockers: [{ code: "FRR_DAEMON_DOWN" }] });
    const result = await runChange(box.context(), spec, recorder().hooks);
    expect(result, `${result.code} ${result.detail}`).toMatchObject({ notApplied: true });
    expect(sim.applyCount()).toBe(0);
  });

  test("one that watchfrr is starting again is waited for", async () => {
    const { sim, box } = await lab();
    const before = sim.runningConfig();
    sim.kill("bgpd", 5_000);
    expect(await readiness(box)).toMatchObject({ level: "C", blockers: [], unsaved: false });
    expect(sim.runningConfig()).toBe(before);
  });

  test("a check tells a clock that is off and a disk that is full, and neither where nothing is", async () => {
    const { sim, box } = await lab();
    const found = async (): Promise<string[]> => {
      const session = await box.open();
      const { examined } = await examine({ device: box.target, driver: box.driver, clock: box.clock, tagger }, session);
      await session.close();
      return examined.findings.map(({ code, severity }) => `${code} ${severity}`);
    };
    expect((await found()).filter((one) => /CLOCK|STORAGE|blocks/.test(one))).toEqual([]);
    Object.assign(sim.conditions ?? {}, { clockSkewMs: -3_600_000, freeBytes: 100_000 });
    expect(await found()).toEqual(expect.arrayContaining(["CLOCK_OFF warns", "STORAGE_LOW blocks"]));
  });

  test("what is not saved is told, an order of lists alone is not; another's undo stops a change by name", async () => {
    const { sim, box } = await lab();
    const type = (...lines: string[]) =>
      execOnce(sim, `sudo -n vtysh -c 'configure terminal' ${lines.map((line) => `-c '${line}'`).join(" ")}`);
    await type("no ip prefix-list MINE", "ip prefix-list MINE seq 5 permit 10.0.0.0/24");
    expect(sim.runningConfig()).not.toBe(sim.startupConfig());
    expect(await readiness(box)).toMatchObject({ unsaved: false });
    await type("ip prefix-list OTHER seq 5 permit any");
    expect(await readiness(box)).toMatchObject({ unsaved: true });
    await execOnce(sim, "sudo -n sh -c 'mkdir -p /run/farhand/undo-00; touch /run/farhand/undo-00/armed'");
    expect(await readiness(box)).toMatchObject({ pendingByOther: true, pendingBy: "another change's undo timer runs" });
    const result = await runChange(box.context(), await box.plan(CHANGE), recorder().hooks);
    expect(result).toMatchObject({ state: "FAILED", code: "PENDING_CHANGE", notApplied: true });
  });

  test("an undo that meets a dead daemon tries again until watchfrr has started it", async () => {
    const { sim, box } = await lab();
    const before = sim.runningConfig();
    const spec = await box.plan(`${CHANGE}router bgp 64512\n neighbor 172.16.0.1 timers connect 7\n`, {
      verify: [{ command: "show version", contains: ["no such"], withinMs: 0 }],
    });
    const journal = recorder({ at: (step) => void (step === "verify?" && sim.kill("bgpd", 20_000)) });
    const result = await runChange(box.context(), spec, journal.hooks);
    expect(result, `${result.code} ${result.detail}`).toMatchObject({
      state: "ROLLED_BACK",
      code: "VERIFICATION_FAILED",
    });
    expect(sim.runningConfig()).toBe(before);
    expect(`${sim.runningConfig()}`).toBe(sim.startupConfig());
    expect(sim.applies().filter(({ via }) => via === "frr-reload").length).toBeGreaterThan(0);
  });

  test("a list that a change removed and the undo brought back is where nothing was changed", async () => {
    const { sim, box } = await lab();
    const before = sim.runningConfig();
    const spec = await box.plan("no ip prefix-list MINE\n", {
      verify: [{ command: "show version", contains: ["no such"], withinMs: 0 }],
    });
    const result = await runChange(box.context(), spec, recorder().hooks);
    expect(result, `${result.code} ${result.detail}`).toMatchObject({
      state: "ROLLED_BACK",
      code: "VERIFICATION_FAILED",
    });
    expect(sim.runningConfig()).not.toBe(before);
    expect(sim.runningConfig().split("\n").toSorted()).toEqual(before.split("\n").toSorted());
  });
});
