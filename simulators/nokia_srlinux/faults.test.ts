/** Every named fault, once, where it bites on this platform's command line. */
import { afterEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../shared/clock.ts";
import type { SimulatedDevice } from "../device.ts";
import { Fault, type FaultKind } from "../faults.ts";
import { connectTestClient, type TestSession } from "../ssh/test-client.ts";
import { startNokiaSrlinux } from "./index.ts";
import { sampleNokiaSrlinux } from "./sample.ts";

const PROMPT = /--\{ [^\n]* \}--\[ [^\n]* \]--\r\nA:s0001-leaf1# $/;
const CHANGE = 'set / interface ethernet-1/1 description "by us"';
const open: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function boot() {
  const clock = new ManualClock();
  const made = sampleNokiaSrlinux({ seed: 1, interfaces: 3 });
  const device = await startNokiaSrlinux(
    { name: "dut", config: made.config, serial: made.serial, cliEngine: "basic" },
    { clock },
  );
  open.push(() => device.stop());
  return { device, clock, before: device.runningConfig() };
}

async function login(device: SimulatedDevice): Promise<TestSession> {
  const session = await connectTestClient(device);
  open.push(() => session.end());
  await session.waitFor(PROMPT);
  return session;
}

async function type(session: TestSession, ...lines: string[]): Promise<string> {
  let text = "";
  for (const line of lines) text = (await session.type(`${line}\n`, PROMPT)).replaceAll("\r\n", "\n");
  return text;
}

const arm = (session: TestSession) => type(session, "enter candidate private", CHANGE, "commit confirmed timeout 60");
const hasOurs = (device: SimulatedDevice): boolean => device.runningConfig().includes("by us");

/** Of protocols that this platform's simulator does not speak. */
const ELSEWHERE: readonly FaultKind[] = ["rpc-warning"];

const CASES: Partial<Record<FaultKind, () => Promise<void>>> = {
  hang: async () => {
    const { device, clock } = await boot();
    const session = await login(device);
    await type(session, "enter candidate", CHANGE);
    device.setFault({ kind: "hang", at: "^commit" });
    session.send("commit now\n");
    await session.waitFor(/commit now\r\n$/);
    clock.advance(3_600_000);
    await type(await login(device), "show version");
    expect(session.output()).toMatch(/commit now\r\n$/);
    expect(device.applyCount()).toBe(0);
  },
  drop: async () => {
    const { device } = await boot();
    for (const [moment, applies] of [
      ["before", 0],
      ["after", 1],
    ] as const) {
      const session = await login(device);
      await type(session, "enter candidate private", CHANGE);
      device.setFault({ kind: "drop", at: "^commit", moment });
      session.send("commit now\n");
      await session.closed;
      expect(device.applyCount()).toBe(applies);
    }
    device.clearFault();
    const session = await login(device);
    device.setFault({ kind: "drop", afterBytes: 2000 });
    session.send("info\n");
    await session.closed;
    expect(session.output().length).toBeLessThan(device.runningConfig().length);
  },
  "wrong-prompt": async () => {
    const { device } = await boot();
    const session = await login(device);
    device.setFault({ kind: "wrong-prompt", prompt: "root@{host}:~# ", at: "^pwc" });
    await session.type("pwc\n", /root@s0001-leaf1:~# $/);
  },
  "paging-left-on": async () => {
    const { device } = await boot();
    const session = await login(device);
    device.setFault({ kind: "paging-left-on", length: 10 });
    await session.type("info\n", /--More-- $/);
    await session.type("q", PROMPT);
  },
  "refuse-line": async () => {
    const { device, before } = await boot();
    const session = await login(device);
    device.setFault({ kind: "refuse-line", line: 2 });
    await type(session, "enter candidate private", CHANGE);
    expect(await type(session, "set / interface ethernet-1/2 mtu 9000")).toContain(
      "Parsing error: Unknown token '9000'.\nOptions are [",
    );
    device.setFault({ kind: "refuse-line", match: "mtu", message: "Error: not today" });
    expect(await type(session, "set / interface ethernet-1/2 mtu 9000")).toContain("\nError: not today\n");
    await type(session, "discard now");
    expect(device.runningConfig()).toBe(before);
  },
  "authorization-denied": async () => {
    const { device } = await boot();
    const session = await login(device);
    device.setFault({ kind: "authorization-denied", match: "^commit|mtu" });
    await type(session, "enter candidate private");
    expect(await type(session, "set / interface ethernet-1/2 mtu 9000")).toContain(
      "Error: Command authorization failed",
    );
    await type(session, CHANGE);
    expect(await type(session, "commit now")).toContain("Error: Command authorization failed: 'commit now'");
    expect(device.applyCount()).toBe(0);
  },
  "unreachable-after-apply": async () => {
    const { device, clock, before } = await boot();
    for (const how of ["refuse", "blackhole"] as const) {
      const session = await login(device);
      device.setFault({ kind: "unreachable-after-apply", match: "by us", how });
      await type(session, "enter candidate private", CHANGE);
      session.send("commit confirmed timeout 60\n");
      if (how === "refuse") await session.closed;
      await expect(connectTestClient(device, { extra: { readyTimeout: 50 } })).rejects.toThrow();
      expect(hasOurs(device)).toBe(true);
      clock.advance(60_000);
      expect(device.runningConfig()).toBe(before);
      await login(device);
    }
  },
  "reboot-before-confirm": async () => {
    const { device, clock, before } = await boot();
    device.setFault({ kind: "reboot-before-confirm", afterMs: 1000, bootMs: 5000 });
    const session = await login(device);
    await arm(session);
    clock.advance(1000);
    await session.closed;
    await expect(connectTestClient(device)).rejects.toThrow();
    clock.advance(5000);
    expect(device.runningConfig()).toBe(before);
    expect(await type(await login(device), "tools system configuration confirmed-accept")).toContain(
      "No confirmed commit is in progress",
    );
  },
  "failover-before-confirm": async () => {
    const { device, clock, before } = await boot();
    for (const runs of ["applied", "previous"] as const) {
      device.setFault({ kind: "failover-before-confirm", afterMs: 1000, bootMs: 1000, serial: `OTHER-${runs}`, runs });
      await arm(await login(device));
      clock.advance(2000);
      expect(await type(await login(device), "show version")).toContain(`OTHER-${runs}`);
      expect(hasOurs(device)).toBe(runs === "applied");
      expect(device.pendingRollback()).toBeUndefined();
      device.mutate(before.split("\n").filter((line) => line.includes("ethernet-1/1 description")));
    }
  },
  "confirmed-by-other": async () => {
    const { device, clock } = await boot();
    device.setFault({ kind: "confirmed-by-other", by: "noc-admin", afterMs: 5000 });
    const session = await login(device);
    await arm(session);
    clock.advance(60_000);
    expect(hasOurs(device)).toBe(true);
    expect(device.events().at(-1)).toMatchObject({ kind: "confirmed", by: "noc-admin" });
    expect(await type(session, "tools system configuration confirmed-accept")).toContain(
      "No confirmed commit is in progress",
    );
  },
  "confirm-lost": async () => {
    const { device, clock, before } = await boot();
    device.setFault({ kind: "confirm-lost" });
    const session = await login(device);
    await arm(session);
    expect(await type(session, "tools system configuration confirmed-accept")).toContain("accepted");
    expect(await type(session, "info from state / system configuration commit 2")).toContain("status unconfirmed");
    clock.advance(60_000);
    expect(device.runningConfig()).toBe(before);
  },
  "stale-candidate": async () => {
    const { device } = await boot();
    device.setFault({
      kind: "stale-candidate",
      lines: ["set / interface ethernet-1/3 description theirs"],
      by: "noc-admin",
    });
    const session = await login(device);
    expect(await type(session, "enter candidate exclusive")).toContain("was modified by user 'noc-admin'");
    expect(await type(session, "enter candidate")).toContain("Candidate 'default' is not empty\n");
    expect(await type(session, "diff")).toContain("+         description theirs");
    expect(await type(session, "info from state / system configuration candidate default")).toMatch(
      /type shared\n *username noc-admin\n/,
    );
    await type(session, "discard now");
    device.setFault({ kind: "stale-candidate", locked: true, by: "noc-admin" });
    expect(await type(session, "enter candidate")).toContain("in exclusive use by user 'noc-admin'");
    // A private one is nobody else's.
    await type(session, "enter candidate private", CHANGE, "commit now");
    expect(hasOurs(device)).toBe(true);
    device.clearFault("stale-candidate");
    await type(session, "enter candidate exclusive");
  },
  "aaa-down": async () => {
    const { device } = await boot();
    device.setFault({ kind: "aaa-down", how: "refuse" });
    await expect(connectTestClient(device)).rejects.toThrow(/authentication/);
    device.setFault({ kind: "aaa-down", how: "hang" });
    await expect(connectTestClient(device, { extra: { readyTimeout: 100 } })).rejects.toThrow();
    expect(device.counters().sessions).toBe(0);
  },
  "full-session-table": async () => {
    const { device } = await boot();
    device.setFault({ kind: "full-session-table" });
    await expect(connectTestClient(device)).rejects.toThrow();
    expect(device.counters()).toMatchObject({ refusedNoLine: 1, handshakes: 0 });
  },
  "wrong-privilege": async () => {
    const { device } = await boot();
    device.setFault({ kind: "wrong-privilege" });
    const session = await login(device);
    expect(await type(session, "enter candidate")).toContain("Error: Permission denied");
    expect(await type(session, "tools system configuration generate-checkpoint name x")).toContain(
      "Error: Permission denied",
    );
    expect(await type(session, "info system name")).toContain("host-name s0001-leaf1");
  },
  "log-noise": async () => {
    const { device } = await boot();
    const session = await login(device);
    device.setFault({ kind: "log-noise", every: 5 });
    expect((await type(session, "info")).match(/LINEPROTO/g)?.length).toBeGreaterThan(5);
  },
  "other-admin-change": async () => {
    const { device, clock, before } = await boot();
    const line = "set / interface ethernet-1/2 description theirs";
    device.setFault({ kind: "other-admin-change", lines: [line], afterMs: 1000 });
    const session = await login(device);
    await arm(session);
    clock.advance(1000);
    expect(device.events().at(-1)).toMatchObject({ kind: "out-of-band", by: "noc-admin", lines: [line] });
    expect(device.runningConfig()).toContain("ethernet-1/2 description theirs\n");
    clock.advance(59_000);
    // The revert brings back what ran before the commit, whoever changed what since.
    expect(device.runningConfig()).toBe(before);
  },
  "command-authorization": async () => {
    const { device, clock } = await boot();
    const session = await login(device);
    device.setFault({ kind: "command-authorization", delayMs: 60_000 });
    session.send("pwc\n");
    await session.waitFor(/pwc\r\n$/);
    await expect.poll(() => (clock.advance(60_000), session.output())).toMatch(/pwc\r\n\/\r\n/);
  },
  "slow-output": async () => {
    const { device, clock } = await boot();
    const session = await login(device);
    device.setFault({ kind: "slow-output", chunkBytes: 100, delayMs: 1000 });
    session.send("info flat\n");
    const last = device.runningConfig().trim().split("\n").at(-1) ?? "";
    const until = async (pattern: RegExp): Promise<void> => {
      let arrived = false;
      const done = session.waitFor(pattern).then(() => (arrived = true));
      while (!arrived) {
        clock.advance(1000);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await done;
    };
    await until(/set \/ acl/);
    expect(session.output()).not.toContain(last);
    await until(PROMPT);
    expect(session.output()).toContain(last);
    expect(clock.monotonicMs()).toBeGreaterThan((device.runningConfig().length / 100) * 1000 * 0.9);
  },
  "tiny-chunks": async () => {
    const { device } = await boot();
    const session = await login(device);
    device.setFault({ kind: "tiny-chunks", chunkBytes: 1 });
    expect(await type(session, "info flat system name")).toContain("set / system name host-name s0001-leaf1\n");
  },
};

describe("faults", () => {
  test.each(Object.entries(CASES))("%s", async (_, run) => run());

  test("that is all of them, but for those of other protocols", () => {
    const all = Fault.options.map((option) => option.shape.kind.value);
    expect(all.filter((kind) => CASES[kind] === undefined && !ELSEWHERE.includes(kind))).toEqual([]);
  });
});
