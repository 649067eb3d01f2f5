// Junos over NETCONF: the old framing, replies without a namespace, a confirmed commit of version 1.0 that outlives its session.
import { afterEach, expect, test } from "vitest";
import { readFileSync } from "node:fs";
import { makeDrivers } from "../../drivers/driver.ts";
import { readPlatform } from "../../drivers/model/platform-files.ts";
import { runChange } from "../../drivers/transaction/change.ts";
import { recoverChange } from "../../drivers/transaction/recover.ts";
import { admin, lab as startLab, type NetconfLab } from "./netconf-lab.ts";
import type { Session } from "../../drivers/types.ts";
import { recorder } from "./support.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
const lab = (): Promise<NetconfLab> => startLab(stops, { personality: "junos" });

const TEXT = `<configuration><interfaces><interface><name>ge-0/0/1</name><description>probe</description></interface></interfaces></configuration>`;
const GET = `get-config <configuration><interfaces/></configuration>`;

test("facts", async () => {
  const { sim, box } = await lab();
  const session = await box.open();
  expect(await session.facts()).toEqual({
    hostname: sim.hostname(),
    vendor: "Juniper",
    model: sim.model,
    version: sim.version,
    serial: sim.serial,
  });
  await session.close();
});

test("a change is proved from a new session, and confirmed from the one that made it", async () => {
  const { sim, box } = await lab();
  const spec = await box.plan(TEXT, { verify: [{ command: GET, contains: ["probe"], withinMs: 2_000 }] });
  const result = await runChange(box.context(), spec, recorder().hooks);
  expect(result).toMatchObject({ state: "DONE", code: null, level: "A", verified: [{ ok: true }] });
  expect(sim.pendingRollback()).toBeUndefined();
  expect(sim.runningConfig()).toContain("probe");
});

test("what fails its proof is undone by the timer: the end of the session does not do it here", async () => {
  const { sim, box } = await lab();
  const before = sim.runningConfig();
  const spec = await box.plan(TEXT, { verify: [{ command: GET, contains: ["never"], withinMs: 2_000 }] });
  const result = await runChange(box.context(), spec, recorder().hooks);
  expect(result).toMatchObject({ state: "ROLLED_BACK", code: "VERIFICATION_FAILED" });
  expect(sim.runningConfig()).toBe(before);
  expect(sim.pendingRollback()).toBeUndefined();
});

// The process that remembered the session is gone, and with it what it remembered: a driver of its own is what comes back.
test.each(["apply", "reconnect", "verify", "confirm?"])(
  "a crash at %s: nothing is called kept while the timer runs",
  async (boundary) => {
    const { sim, box } = await lab();
    const before = sim.runningConfig();
    const spec = await box.plan(TEXT);
    const dead = new AbortController();
    const first = recorder({
      at: (step) => {
        if (step !== boundary && !dead.signal.aborted) return;
        dead.abort(new Error("crash"));
        throw new Error("crash");
      },
    });
    await expect(runChange(box.context(dead.signal), spec, first.hooks)).rejects.toThrow("crash");
    const text = readFileSync(new URL("../../drivers/platforms/juniper_junos.yaml", import.meta.url), "utf8");
    const driver = makeDrivers(readPlatform(text)).find(({ transport }) => transport === "netconf");
    if (!driver) throw new Error("no driver");
    const again = box.restarted(driver);
    const result = await recoverChange(again.context(), spec, first.progress(), recorder().hooks);
    expect(sim.pendingRollback()).toBeUndefined();
    expect(sim.runningConfig()).toBe(before);
    expect(result.state).toBe("ROLLED_BACK");
  },
);

test("a server that grants the lock while a commit waits: after a crash the time of its timer tells, and not its word", async () => {
  const { sim, box } = await lab();
  const before = sim.runningConfig();
  const spec = await box.plan(TEXT);
  const dead = new AbortController();
  const first = recorder({
    at: (step) => {
      if (step !== "verify" && !dead.signal.aborted) return;
      dead.abort(new Error("crash"));
      throw new Error("crash");
    },
  });
  await expect(runChange(box.context(dead.signal), spec, first.hooks)).rejects.toThrow("crash");
  const context = box.context();
  const open = async (signal: AbortSignal): Promise<Session> => {
    const session = await context.open(signal);
    session.pending = () => Promise.resolve("none");
    return session;
  };
  const result = await recoverChange({ ...context, open }, spec, first.progress(), recorder().hooks);
  expect(sim.runningConfig()).toBe(before);
  expect(result.state).toBe("ROLLED_BACK");
});

test("somebody's commit that waits for its confirmation is not confirmed along: the newest commit tells, as running has no lock here", async () => {
  const { sim, box } = await lab();
  const spec = await box.plan(TEXT);
  const { operations, leave } = await admin(stops, sim);
  await expect(operations.lock("running")).rejects.toThrow("syntax error");
  const config = `<configuration><interfaces><interface><name>ge-0/0/2</name><description>THEIRS</description></interface></interfaces></configuration>`;
  await operations.editConfig({ target: "candidate", config, errorOption: "stop-on-error" });
  await operations.confirmedCommit({ timeoutS: 600 });
  const theirs = sim.runningConfig();
  expect(theirs).toContain("THEIRS");
  const result = await runChange(
    box.context(),
    { ...spec, preImage: (await box.plan(TEXT)).preImage },
    recorder().hooks,
  );
  expect(result).toMatchObject({
    state: "FAILED",
    code: "PENDING_CHANGE",
    detail: "a commit waits for its confirmation (netops)",
    notApplied: true,
  });
  expect(sim.pendingRollback()).toBeDefined();
  expect(sim.runningConfig()).toBe(theirs);
  leave();
});
