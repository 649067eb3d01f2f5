// Changes over NETCONF against the simulator over real SSH: every way they can go, on devices of every kind, and what is said of it.
import { afterEach, describe, expect, test } from "vitest";
import { runChange } from "../../drivers/transaction/change.ts";
import { recoverChange } from "../../drivers/transaction/recover.ts";
import type { ChangeSpec } from "../../drivers/types.ts";
import type { SimulatedDevice } from "../../simulators/device.ts";
import { admin, IF, lab as startLab, type NetconfLab } from "./netconf-lab.ts";
import { recorder, type Rig } from "./support.ts";

const TEXT = `<interfaces xmlns="${IF}"><interface><name>eth1</name><description>probe</description></interface></interfaces>`;
const THEIRS = `<interfaces xmlns="${IF}"><interface><name>eth2</name><description>theirs</description></interface></interfaces>`;
const GET = `get-config <interfaces xmlns="${IF}"><interface><name>eth1</name></interface></interfaces>`;
const verify = [{ command: GET, contains: ["<description>probe</description>"], withinMs: 5_000 }];
const never = [{ command: GET, contains: ["no such thing"], withinMs: 2_000 }];

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
const lab = (config: Parameters<typeof startLab>[1] = {}): Promise<NetconfLab> => startLab(stops, config);

async function change(
  box: Rig,
  text = TEXT,
  overrides: Partial<ChangeSpec> = {},
  act: () => unknown = () => undefined,
) {
  const spec = await box.plan(text, overrides);
  await act();
  const record = recorder();
  return { spec, record, result: await runChange(box.context(), spec, record.hooks) };
}

/** As it was: configuration, candidate, no timer, and nobody's lock. */
async function requireUntouched(sim: SimulatedDevice, before: string): Promise<void> {
  expect(sim.runningConfig()).toBe(before);
  expect(sim.pendingRollback()).toBeUndefined();
  const { operations } = await admin(stops, sim);
  await operations.lock("running");
  await operations.lock("candidate");
  const [running, candidate] = [await operations.getConfig("running"), await operations.getConfig("candidate")];
  expect(candidate.data).toBe(running.data);
  await operations.closeSession();
}

/** The ways a device can offer to undo by itself. */
const kinds = [
  ["persist", {}],
  ["1.1, but told not to persist", { platform: { persists: false } }],
  ["1.0", { abilities: { confirmedCommit: "1.0" as const } }],
  ["1.0 on the old framing", { abilities: { confirmedCommit: "1.0" as const, base: "1.0" as const } }],
] as const;

describe.each(kinds)("confirmed commit: %s", (_name, config) => {
  test("kept: proved from a new session, confirmed, saved; nothing of it is left behind", async () => {
    const { sim, box } = await lab(config);
    const { spec, result } = await change(box, TEXT, { verify });
    expect(result).toMatchObject({ state: "DONE", code: null, level: "A", verified: [{ ok: true }] });
    expect(result.diff).toBe(spec.diff);
    expect(sim.startupConfig()).toContain("probe");
    await requireUntouched(sim, sim.runningConfig());
    const second = await change(box, TEXT.replace("probe", "again"));
    expect(second.result.state).toBe("DONE");
  });

  test("undone: what fails its proof is taken back at once", async () => {
    const { sim, box } = await lab(config);
    const before = sim.runningConfig();
    const { spec, result } = await change(box, TEXT, { verify: never });
    expect(result).toMatchObject({ state: "ROLLED_BACK", code: "VERIFICATION_FAILED" });
    expect(result.after?.publicDigest).toBe(spec.preImage);
    await requireUntouched(sim, before);
  });

  test("the timer of the device fires when nobody comes back", async () => {
    const { sim, box, clock } = await lab(config);
    const before = sim.runningConfig();
    const spec = await box.plan(TEXT);
    const session = await box.open();
    const preImage = await session.running();
    const { id, mode, confirmMs } = spec;
    const token = await session.begin({ id, mode, confirmMs, preImage, text: TEXT, comment: "" });
    await session.arm(token);
    const commands = box.driver
      .predict({ device: spec.device, mode, text: TEXT, before: preImage, tagger: box.context().tagger })
      .render(() => "");
    await session.apply(token, commands);
    expect(sim.runningConfig()).toContain("probe");
    expect(sim.pendingRollback()).toBeDefined();
    // The session is not closed: it hangs there, as when the agent's host loses power.
    await expect.poll(() => sim.runningConfig()).toBe(before);
    expect(sim.events().map(({ kind }) => kind)).toContain("rolled-back");
    expect(clock.monotonicMs()).toBeGreaterThan(token.confirmMs);
    expect(token.confirmMs).toBe(60_000);
    await session.close();
  });
});

describe.each([kinds[0], kinds[2]])("a crash: %s", (_name, config) => {
  test.each(
    "PRECHECK precheck? precheck snapshot? snapshot arm? arm stage? stage APPLYING apply? apply CONFIRM_WAIT reconnect? reconnect verify? verify confirm? confirm save? save re-read? re-read".split(
      " ",
    ),
  )("at %s: the device ends truthfully", async (boundary) => {
    class Crash extends Error {}
    const { sim, box } = await lab(config);
    const before = sim.runningConfig();
    const spec = await box.plan(TEXT, { verify });
    const dead = new AbortController();
    const record = recorder({
      at: (at) => {
        if (dead.signal.aborted || at === boundary) {
          dead.abort(new Crash(at));
          throw new Crash(at);
        }
      },
    });
    await expect(runChange(box.context(dead.signal), spec, record.hooks)).rejects.toBeInstanceOf(Crash);
    // The line of a process that is gone is gone.
    const result = await recoverChange(box.context(), spec, record.progress(), recorder().hooks);
    expect(sim.applyCount()).toBeLessThanOrEqual(1);
    if (result.state === "DONE") {
      expect(result.diff).toBe(spec.diff);
      expect(sim.startupConfig()).toContain("probe");
      await requireUntouched(sim, sim.runningConfig());
    } else {
      expect(result.state).toMatch(/^(?:ROLLED_BACK|FAILED)$/v);
      expect(result.notApplied).toBe(result.state === "FAILED");
      await requireUntouched(sim, before);
    }
  });
});

describe("somebody else", () => {
  test("has changes in the candidate: a hard stop, and they are still there", async () => {
    const { sim, box } = await lab();
    const before = sim.runningConfig();
    const other = await admin(stops, sim);
    const edit = (): Promise<unknown> =>
      other.operations.editConfig({ target: "candidate", config: THEIRS, errorOption: "stop-on-error" });
    const { result } = await change(box, TEXT, {}, edit);
    expect(result).toMatchObject({ state: "FAILED", code: "CANDIDATE_BUSY", notApplied: true });
    expect(result.detail).toContain(`session ${other.sessionId} (netops)`);
    expect(sim.runningConfig()).toBe(before);
    expect((await other.operations.getConfig("candidate")).data).toContain("theirs");
  });

  test.each(["running", "candidate"] as const)(
    "holds the lock of %s: named, and waited for by nobody",
    async (target) => {
      const { sim, box } = await lab();
      const before = sim.runningConfig();
      const other = await admin(stops, sim);
      const { result } = await change(box, TEXT, {}, () => other.operations.lock(target));
      expect(result).toMatchObject({ state: "FAILED", code: "CANDIDATE_BUSY", notApplied: true });
      expect(result.detail).toContain(`session ${other.sessionId} (netops)`);
      await other.operations.unlock(target);
      await requireUntouched(sim, before);
    },
  );

  test("has a confirmed commit pending", async () => {
    const { sim, box } = await lab();
    const other = await admin(stops, sim);
    await other.operations.editConfig({ target: "candidate", config: THEIRS, errorOption: "stop-on-error" });
    await other.operations.confirmedCommit({ timeoutS: 600, persist: "theirs" });
    const { result } = await change(box);
    expect(result).toMatchObject({ state: "FAILED", notApplied: true });
    expect(result.code).toMatch(/^(?:PENDING_CHANGE|CANDIDATE_BUSY)$/v);
    expect(sim.pendingRollback()).toBeDefined();
    await other.operations.commit("theirs");
    expect(sim.runningConfig()).toContain("theirs");
  });

  test("edits the candidate while ours waits: it is not confirmed along, and ours goes back", async () => {
    const { sim, box } = await lab();
    const before = sim.runningConfig();
    const other = await admin(stops, sim);
    const spec = await box.plan(TEXT, { verify });
    let outcome = "";
    const record = recorder({
      at: async (boundary) => {
        if (boundary !== "verify") return;
        const edit = { target: "candidate", config: THEIRS, errorOption: "stop-on-error" } as const;
        outcome = await other.operations.editConfig(edit).then(() => "edited", String);
      },
    });
    const result = await runChange(box.context(), spec, record.hooks);
    expect(outcome).toBe("edited");
    expect(result).toMatchObject({ state: "ROLLED_BACK", code: "OTHER_ADMIN" });
    expect(sim.runningConfig()).toBe(before);
    // Theirs may go with the undo, which is the device's to say; we throw nothing away.
    expect(box.transcript.join("\n")).not.toContain("discard-changes");
  });
});

describe("what cannot be undone by the device is refused", () => {
  test.each([
    ["no candidate", { candidate: "none", confirmedCommit: "none" } as const, "NO_CANDIDATE"],
    ["no timer", { confirmedCommit: "none" } as const, "NO_CONFIRMED_COMMIT"],
  ])("%s", async (_name, abilities, blocker) => {
    const { sim, box } = await lab({ abilities });
    const session = await box.open();
    const readiness = await session.readiness("merge");
    expect(readiness).toMatchObject({ level: "E", blockers: [{ code: blocker }] });
    await session.close();
    const { result } = await change(box);
    expect(result).toMatchObject({ state: "FAILED", code: "LEVEL_TOO_LOW", notApplied: true });
    expect(sim.applyCount()).toBe(0);
  });
});

describe("on the way", () => {
  test("the device refuses the text: nothing was applied, nothing is left", async () => {
    const { sim, box } = await lab();
    const before = sim.runningConfig();
    const { result } = await change(box, TEXT.replace("<description>probe</description>", "<mtu>never</mtu>"));
    expect(result).toMatchObject({ state: "FAILED", code: "COMMAND_REFUSED", notApplied: true });
    await requireUntouched(sim, before);
  });

  test("a text that replaces takes away what it does not hold", async () => {
    const { sim, box } = await lab();
    const keep = `<interface><name>eth0</name><description>only</description><type xmlns:i="urn:ietf:params:xml:ns:yang:iana-if-type">i:ethernetCsmacd</type></interface>`;
    const { result } = await change(box, `<interfaces xmlns="${IF}">${keep}</interfaces>`, { mode: "replace" });
    expect(result).toMatchObject({ state: "DONE", code: null });
    expect(sim.runningConfig()).toContain("only");
    expect(sim.runningConfig()).not.toContain("eth1");
    expect(sim.runningConfig()).toContain("nc0001-rtr");
  });

  test("a secret by name is sent and is nowhere else", async () => {
    const { sim, box } = await lab();
    const user = `<user><name>ops</name><password>‹secret("ops")›</password></user>`;
    const text = `<system xmlns="urn:ietf:params:xml:ns:yang:ietf-system"><authentication>${user}</authentication></system>`;
    const { spec, result } = await change(box, text);
    expect(result).toMatchObject({ state: "DONE", code: null });
    expect(sim.runningConfig()).toContain("$6$s3cr3t$of-the-vault");
    const told = JSON.stringify([spec, { ...result, before: null, after: result.after?.publicText }]);
    expect(told + box.transcript.join("\n")).not.toContain("s3cr3t");
    expect(box.transcript.join("\n")).toContain("<edit-config>");
  });

  test("a way home that is lost undoes the change", async () => {
    const { sim, box } = await lab();
    const before = sim.runningConfig();
    const spec = await box.plan(TEXT, { onWayHome: true });
    const record = recorder({ wayHome: () => Promise.reject(new Error("no hub")) });
    expect(await runChange(box.context(), spec, record.hooks)).toMatchObject({
      state: "ROLLED_BACK",
      code: "WAY_HOME_LOST",
    });
    await requireUntouched(sim, before);
  });

  test("a cancel before the apply gives the candidate up", async () => {
    const { sim, box } = await lab();
    const before = sim.runningConfig();
    const spec = await box.plan(TEXT);
    let staged = false;
    const record = recorder({ stopRequested: () => staged, at: (boundary) => void (staged ||= boundary === "stage") });
    expect(await runChange(box.context(), spec, record.hooks)).toMatchObject({ state: "CANCELED", notApplied: true });
    await requireUntouched(sim, before);
  });

  test("unsaved lines of others are told of, and not saved along", async () => {
    const { sim, box } = await lab();
    const other = await admin(stops, sim);
    await other.operations.editConfig({ target: "running", config: THEIRS, errorOption: "stop-on-error" });
    const { result } = await change(box);
    expect(result).toMatchObject({ state: "DONE", code: "UNSAVED_RUNNING" });
    expect(sim.startupConfig()).not.toContain("theirs");
  });

  test.each<[string, Parameters<SimulatedDevice["setFault"]>[0]]>([
    ["no answer to the edit", { kind: "hang", at: "edit-config" }],
    ["no answer to the commit", { kind: "hang", at: "^commit" }],
    ["the line drops before the commit", { kind: "drop", at: "^commit", moment: "before" }],
    ["the line drops after the commit", { kind: "drop", at: "^commit", moment: "after" }],
    ["a commit that is refused by AAA", { kind: "authorization-denied", match: "^commit" }],
    ["no way to the device after the apply", { kind: "unreachable-after-apply", how: "refuse" }],
    ["a reboot before the confirmation", { kind: "reboot-before-confirm", bootMs: 20_000 }],
  ])("%s: it ends as it was", async (_name, fault) => {
    const { sim, box } = await lab();
    const before = sim.runningConfig();
    const { result } = await change(box, TEXT, { verify }, () => sim.setFault(fault));
    sim.clearFault();
    expect(result.state).toMatch(/^(?:ROLLED_BACK|FAILED)$/v);
    if (result.state === "FAILED") expect(result.notApplied).toBe(true);
    expect(sim.runningConfig()).toBe(before);
    expect(sim.pendingRollback()).toBeUndefined();
  });

  test.each<[string, Parameters<SimulatedDevice["setFault"]>[0]]>([
    ["the confirmation is taken for nothing", { kind: "confirm-lost" }],
    ["somebody else confirms it", { kind: "confirmed-by-other", afterMs: 0 }],
  ])("%s: what is said is what is", async (_name, fault) => {
    const { sim, box } = await lab();
    const { result } = await change(box, TEXT, { verify }, () => sim.setFault(fault));
    expect(result).toMatchObject({ state: "DONE", code: null });
    expect(sim.startupConfig()).toContain("probe");
    expect(sim.pendingRollback()).toBeUndefined();
  });
});
