// SR Linux over its CLI and over JSON-RPC: what other people have open, what waits, and what was left behind, on both the same.
import { afterEach, describe, expect, test } from "vitest";
import { driverFor } from "../../drivers/registry.ts";
import { runChange } from "../../drivers/transaction/change.ts";
import { deviceName } from "../../drivers/transaction/recipes.ts";
import type { ChangeSpec } from "../../drivers/types.ts";
import { PlatformId } from "../../shared/ids.ts";
import type { SimulatedDevice } from "../../simulators/device.ts";
import { startNokiaSrlinux } from "../../simulators/nokia_srlinux/index.ts";
import { sampleNokiaSrlinux } from "../../simulators/nokia_srlinux/sample.ts";
import { httpsTarget, sshTarget } from "./matrix/target.ts";
import { fastClock, recorder, rig, type Rig } from "./support.ts";

const TEXT = 'set / interface lo0 description probe\nset / system information contact "noc probe"\n';
const THEIRS = "set / routing-policy prefix-set theirs prefix 10.9.0.0/16 mask-length-range exact";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function lab(transport: "cli" | "https"): Promise<{ sim: SimulatedDevice; box: Rig }> {
  const { config } = sampleNokiaSrlinux({ seed: 1, index: 0, interfaces: 2, username: "netops" });
  const clock = fastClock(60);
  const sim = await startNokiaSrlinux({ name: "edge-1", config }, { clock });
  stops.push(() => sim.stop());
  const driver = driverFor(PlatformId.parse("nokia_srlinux"), transport);
  if (!driver) throw new Error("no driver");
  const target = transport === "cli" ? sshTarget(sim) : httpsTarget(sim);
  return { sim, box: rig({ driver, ...target, clock, connectMs: 300_000, commandMs: 120_000 }) };
}

/** Somebody else, with the same login, in a session of their own; what was said last. */
async function person(sim: SimulatedDevice, ...commands: string[]): Promise<string> {
  const response = await fetch(`https://127.0.0.1:${sim.ports?.https}/jsonrpc`, {
    method: "POST",
    keepalive: false,
    headers: { authorization: `Basic ${btoa(`${sim.username}:${sim.password}`)}` },
    tls: { ca: sim.certificate ?? "" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "cli", params: { commands, "output-format": "text" } }),
  });
  const answer = (await response.json()) as { result?: string[]; error?: { message: string } };
  if (answer.error) throw new Error(answer.error.message);
  return answer.result?.join("") ?? "";
}

const candidates = (sim: SimulatedDevice): Promise<string> =>
  person(sim, "info from state /system configuration candidate *");

async function change(box: Rig, overrides: Partial<ChangeSpec> = {}) {
  return await runChange(box.context(), await box.plan(TEXT, overrides), recorder().hooks);
}

describe.each(["cli", "https"] as const)("SR Linux over %s", (transport) => {
  test("what is in the shared candidate stops it, with its owner named; a private one is told, and harms nobody", async () => {
    const { sim, box } = await lab(transport);
    await person(sim, "enter candidate", THEIRS);
    const result = await change(box);
    expect(result).toMatchObject({ state: "FAILED", code: "CANDIDATE_BUSY", notApplied: true });
    expect(result.detail).toContain("netops");
    expect(await person(sim, "enter candidate", "diff")).toContain("theirs");
    await person(sim, "enter candidate", "discard now");
    await person(sim, "enter candidate private name weekend", THEIRS);
    const session = await box.open();
    const { warnings, unsaved } = await session.readiness("merge");
    await session.close();
    expect(unsaved).toBe(false);
    expect(warnings).toMatchObject([{ code: "UNFINISHED_BY_OTHERS" }]);
    expect(warnings[0]?.detail).toMatch(/weekend.*netops/);
    expect(await change(box)).toMatchObject({ state: "DONE", code: null });
    expect(await person(sim, "enter candidate private name weekend", "diff")).toContain("theirs");
  });

  test("a commit of the same login that is not this job's is somebody else's: it is named, and neither kept nor undone", async () => {
    const { sim, box } = await lab(transport);
    const spec = await box.plan(TEXT);
    await person(sim, "enter candidate private name theirs", THEIRS, "commit confirmed timeout 600");
    const result = await runChange(box.context(), spec, recorder().hooks);
    expect(result).toMatchObject({ state: "FAILED", code: "PENDING_CHANGE", notApplied: true });
    expect(result.detail).toMatch(/theirs.*unconfirmed.*netops|netops.*theirs/);
    expect(sim.pendingRollback()).toBeDefined();
    const session = await box.open();
    const token = await session.begin({ ...spec, preImage: await session.running() });
    expect(await session.pending(token)).toBe("other");
    await session.revert(token);
    expect(sim.pendingRollback()).toBeDefined();
    await session.close();
  });

  test("one that comes between the check and the commit is refused by the device, and is named too", async () => {
    const { sim, box } = await lab(transport);
    const spec = await box.plan(TEXT);
    const at = async (step: string): Promise<void> => {
      if (step === "stage")
        await person(sim, "enter candidate private name theirs", THEIRS, "commit confirmed timeout 600");
    };
    const result = await runChange(box.context(), spec, recorder({ at }).hooks);
    // It is seen as a difference before it is met as a timer.
    expect(result).toMatchObject({ state: "DRIFTED", notApplied: true });
    expect(sim.pendingRollback()).toBeDefined();
    expect(await candidates(sim)).not.toContain("farhand");
  });

  test("nothing that a lost session left is taken along: neither this login's own candidate nor this job's", async () => {
    const { sim, box } = await lab(transport);
    await person(sim, "enter candidate private", THEIRS);
    await person(sim, `enter candidate private name farhand-${deviceName("job-x/r1/1")}`, THEIRS);
    const spec = await box.plan(TEXT, { id: "job-x/r1/1" });
    const result = await runChange(box.context(), spec, recorder().hooks);
    expect(result).toMatchObject({ state: "DONE", code: null });
    expect(result.diff).toBe(spec.diff);
    expect(sim.runningConfig()).not.toContain("theirs");
    expect(await candidates(sim)).not.toContain("farhand");
  });

  test("running that was not saved before is reported, and not saved along", async () => {
    const { sim, box } = await lab(transport);
    sim.mutate([THEIRS]);
    const session = await box.open();
    expect(await session.readiness("merge")).toMatchObject({ unsaved: true, warnings: [{ code: "UNSAVED_RUNNING" }] });
    await session.close();
    expect(await change(box)).toMatchObject({ state: "DONE", code: "UNSAVED_RUNNING" });
    expect(sim.startupConfig()).not.toContain("theirs");
    expect(sim.startupConfig()).not.toContain("probe");
  });

  test("a line on which the connection breaks: the candidate is cleared over a new one", async () => {
    const { sim, box } = await lab(transport);
    sim.setFault({ kind: "drop", once: true, at: "lo0 description probe", moment: "after" });
    expect(await change(box)).toMatchObject({ state: "FAILED", code: "CONNECTION_LOST", notApplied: true });
    expect(await candidates(sim)).not.toContain("farhand");
    expect(await change(box)).toMatchObject({ state: "DONE", code: null });
  });

  test("a line that the device does not take is named, and its candidate is gone", async () => {
    const { sim, box } = await lab(transport);
    sim.setFault({ kind: "refuse-line", match: "lo0 description probe" });
    const result = await change(box);
    expect(result).toMatchObject({ state: "FAILED", code: "COMMAND_REFUSED", notApplied: true });
    expect(result.detail).toContain("Unknown token");
    expect(await candidates(sim)).not.toContain("farhand");
  });
});

test("both transports read the same: facts, configuration and its digest", async () => {
  const { sim, box } = await lab("cli");
  const driver = driverFor(PlatformId.parse("nokia_srlinux"), "https");
  if (!driver) throw new Error("no driver");
  const api = rig({ driver, ...httpsTarget(sim), clock: box.clock, connectMs: 300_000, commandMs: 120_000 });
  const [first, second] = [await box.open(), await api.open()];
  expect(await second.facts()).toEqual(await first.facts());
  expect(await second.running()).toEqual(await first.running());
  await first.close();
  await second.close();
});
