// EOS: what other people began. A session of theirs is told and harms nobody; a timer or a lock of theirs stops a change, with its owner named.
import { afterEach, describe, expect, test } from "vitest";
import { driverFor } from "../../drivers/registry.ts";
import { runChange } from "../../drivers/transaction/change.ts";
import { PlatformId } from "../../shared/ids.ts";
import type { SimulatedDevice } from "../../simulators/device.ts";
import { aristaEosOf } from "./matrix/subjects/arista-eos.ts";
import { fastClock, recorder, rig, type Rig } from "./support.ts";

const TEXT = "interface Loopback0\n   description probe\n";
const THEIRS = ["ip prefix-list THEIRS", "seq 10 permit 10.9.0.0/16"];

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function lab(version: string, transport: "cli" | "https"): Promise<{ sim: SimulatedDevice; box: Rig }> {
  const subject = aristaEosOf(version).find((one) => one.transport === transport);
  const driver = driverFor(PlatformId.parse("arista_eos"), transport);
  if (!driver || !subject) throw new Error("no driver");
  const clock = fastClock(60);
  const { sim, target, credential } = await subject.start(clock);
  stops.push(() => sim.stop());
  return { sim, box: rig({ driver, target, credential, clock, connectMs: 300_000, commandMs: 120_000 }) };
}

/** Somebody else, in a session of their own. */
async function person(sim: SimulatedDevice, ...cmds: string[]): Promise<void> {
  const response = await fetch(`https://127.0.0.1:${sim.ports?.https}/command-api`, {
    method: "POST",
    keepalive: false,
    headers: { authorization: `Basic ${btoa(`${sim.username}:${sim.password}`)}` },
    tls: { ca: sim.certificate ?? "" },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: "1",
      method: "runCmds",
      params: { version: 1, format: "text", cmds: ["enable", ...cmds] },
    }),
  });
  const answer = (await response.json()) as { error?: { message: string } };
  if (answer.error) throw new Error(answer.error.message);
}

describe.each(["4.22.1F", "4.31.2F", "4.32.1F"])("EOS %s", (version) => {
  describe.each(["cli", "https"] as const)("over %s", (transport) => {
    test("a session that somebody left is told, and the change goes past it", async () => {
      const { sim, box } = await lab(version, transport);
      await person(sim, "configure session weekend", ...THEIRS);
      const session = await box.open();
      const { warnings, pendingByOther } = await session.readiness("merge");
      await session.close();
      expect(pendingByOther).toBe(false);
      expect(warnings).toMatchObject([{ code: "UNFINISHED_BY_OTHERS" }]);
      expect(warnings[0]?.detail).toContain("weekend pending");
      expect(await runChange(box.context(), await box.plan(TEXT), recorder().hooks)).toMatchObject({ state: "DONE" });
      expect(sim.runningConfig()).not.toContain("THEIRS");
    });

    test("a timer of somebody's stops it, before anything is opened; it is neither kept nor undone", async () => {
      const { sim, box } = await lab(version, transport);
      const spec = await box.plan(TEXT);
      await person(sim, "configure session theirs", ...THEIRS, "commit timer 00:10:00");
      const result = await runChange(box.context(), spec, recorder().hooks);
      expect(result).toMatchObject({ state: "FAILED", code: "PENDING_CHANGE", notApplied: true });
      expect(result.detail).toMatch(/theirs.*netops/);
      expect(sim.pendingRollback()).toBeDefined();
    });

    test("a lock of somebody's stops it, and its owner is named", async () => {
      const { sim, box } = await lab(version, transport);
      const spec = await box.plan(TEXT);
      sim.setFault({ kind: "stale-candidate", locked: true, by: "alice" });
      const result = await runChange(box.context(), spec, recorder().hooks);
      expect(result).toMatchObject({ state: "FAILED", code: "CANDIDATE_BUSY", notApplied: true });
      expect(result.detail).toContain("alice");
      expect(sim.applyCount()).toBe(0);
    });
  });
});
