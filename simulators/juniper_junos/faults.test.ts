import { describe, expect, test } from "vitest";
import { Profile } from "../fleet/generate.ts";
import { sampleJuniperJunos } from "./sample.ts";
import { connectTestClient } from "../ssh/test-client.ts";
import {
  boot,
  configured,
  CONFIRMED,
  LINE,
  login,
  MINUTE_MS,
  open,
  PROMPT,
  SET_NAME,
  type,
  VERSION,
} from "./testing.ts";

describe("faults", () => {
  test("hang takes the command and says nothing more", async () => {
    const { device } = await boot();
    device.setFault({ kind: "hang", at: "^show version" });
    const session = await login(device);
    session.send("show version\n");
    await session.waitFor(/show version \r\n/);
    expect(await type(await login(device), "show system alarms")).toContain("No alarms");
    expect(session.output()).not.toContain("Model:");
  });

  test.each([
    ["before", false],
    ["after", true],
  ] as const)("drop %s the commit", async (moment, done) => {
    const { device } = await boot();
    device.setFault({ kind: "drop", at: "^commit", moment });
    const session = await configured(device);
    await type(session, SET_NAME);
    session.send("commit\n");
    await session.closed;
    expect(device.hostname() === "renamed").toBe(done);
  });

  test("drop in the middle of an output", async () => {
    const { device } = await boot();
    const session = await login(device);
    device.setFault({ kind: "tiny-chunks", chunkBytes: 100 });
    device.setFault({ kind: "drop", afterBytes: 600 });
    session.send("show configuration\n");
    await session.closed;
    expect(session.output()).not.toContain("lldp");
  });

  test("wrong-prompt", async () => {
    const { device } = await boot();
    const session = await login(device);
    device.setFault({ kind: "wrong-prompt", prompt: "db>", at: "^show version" });
    await session.type("show version\n", /db>$/);
  });

  test("paging-left-on", async () => {
    const { device } = await boot();
    device.setFault({ kind: "paging-left-on", length: 10 });
    const session = await login(device);
    await session.type("show configuration\n", /---\(more\)---$/);
  });

  test("refuse-line and authorization-denied stop one line, typed or loaded", async () => {
    const { device } = await boot();
    const session = await configured(device);
    device.setFault({ kind: "refuse-line", match: "floor 2" });
    await type(session, "set system location floor 1");
    expect(await type(session, "set system location floor 2")).toContain("syntax error.");
    await session.type("load set terminal\n", /end input\]\r\n$/);
    expect(await session.type("set system location building HQ\nset system location floor 2\n\x04", PROMPT)).toContain(
      "terminal:2:(26) syntax error: 2\r\n",
    );
    device.setFault({ kind: "authorization-denied", match: "building" });
    expect(await type(session, "set system location building X")).toBe("error: permission denied\n");
    expect(await type(session, "show system location")).toBe("building HQ;\nfloor 1;\n");
    device.setFault({ kind: "authorization-denied", match: "^show version" });
    await type(session, "rollback 0", "exit");
    expect(await type(session, "show version")).toContain("unknown command.");
  });

  test("unreachable-after-apply ends with the device's own rollback", async () => {
    const { device, clock } = await boot();
    device.setFault({ kind: "unreachable-after-apply" });
    const session = await configured(device);
    await type(session, CONFIRMED[0] ?? "");
    session.send("commit confirmed 5\n");
    await session.closed;
    await expect(connectTestClient(device)).rejects.toThrow();
    clock.advance(5 * MINUTE_MS);
    expect(await type(await login(device), "show configuration routing-options static")).not.toContain(LINE);
  });

  test("reboot-before-confirm comes back as it was", async () => {
    const { device, clock } = await boot();
    device.setFault({ kind: "reboot-before-confirm", afterMs: 1000, bootMs: 60_000 });
    const session = await configured(device);
    await type(session, ...CONFIRMED);
    clock.advance(1000);
    await session.closed;
    clock.advance(60_000);
    const text = await type(await login(device), "show configuration | match discard");
    expect(text).toBe("");
    expect(device.pendingRollback()).toBeUndefined();
  });

  test("failover-before-confirm shows another serial", async () => {
    const { device, clock } = await boot();
    device.setFault({ kind: "failover-before-confirm", runs: "applied" });
    const session = await configured(device);
    await type(session, CONFIRMED[0] ?? "");
    session.send("commit confirmed 5\n");
    await session.closed;
    clock.advance(10_000);
    expect(await type(await login(device), "show chassis hardware")).toContain("9STANDBY0001");
    expect(device.runningConfig()).toContain(LINE);
  });

  test("confirmed-by-other writes the other's commit into the history", async () => {
    const { device, clock } = await boot();
    device.setFault({ kind: "confirmed-by-other", afterMs: 1000 });
    const session = await configured(device);
    await type(session, ...CONFIRMED);
    clock.advance(1000);
    expect(await type(session, "run show system commit")).toMatch(
      /^0 {3}\S+ \S+ UTC by noc-admin via cli\n1 .*rollback in 5mins\n2/,
    );
    clock.advance(5 * MINUTE_MS);
    expect(device.runningConfig()).toContain(LINE);
  });

  test.each(["commit", "commit check"])("confirm-lost: `%s` is answered well and the timer runs on", async (how) => {
    const { device, clock } = await boot();
    device.setFault({ kind: "confirm-lost" });
    const session = await configured(device);
    await type(session, ...CONFIRMED);
    expect(await type(session, how)).toMatch(/commit complete|check succeeds/);
    expect(await type(session, "run show system commit")).toContain("rollback pending");
    clock.advance(5 * MINUTE_MS);
    expect(device.runningConfig()).not.toContain(LINE);
  });

  test("stale-candidate: another's lines, or another's lock", async () => {
    const { device } = await boot();
    device.setFault({ kind: "stale-candidate", lines: ["set system location floor 9"] });
    const session = await login(device);
    expect(await type(session, "configure")).toMatch(
      / {2}noc-admin terminal pts\/7[\s\S]*changed but not committed\n$/,
    );
    expect(await type(session, "show | compare")).toContain("+       floor 9;");
    const locked = await boot();
    locked.device.setFault({ kind: "stale-candidate", locked: true });
    expect(await type(await login(locked.device), "configure exclusive")).toMatch(
      /^error: configuration database locked by:\n {2}noc-admin terminal pts\/7 .*, idle 00:01:12\n {6}exclusive \[edit\]\n$/,
    );
  });

  test("aaa-down, full-session-table", async () => {
    const { device } = await boot();
    device.setFault({ kind: "aaa-down" });
    await expect(connectTestClient(device)).rejects.toThrow(/authentication/i);
    device.clearFault("aaa-down");
    device.setFault({ kind: "full-session-table" });
    await expect(connectTestClient(device)).rejects.toThrow();
    device.clearFault();
    await login(device);
  });

  test("wrong-privilege: no configuration mode, and nothing to read", async () => {
    const { device } = await boot();
    device.setFault({ kind: "wrong-privilege" });
    const session = await login(device);
    expect(await type(session, "configure")).toContain("unknown command.");
    expect(await type(session, "show configuration")).toContain("system { /* ACCESS-DENIED */ };");
    expect(await type(session, "show version")).toContain("Junos:");
  });

  test("log-noise in the middle of an output", async () => {
    const { device } = await boot();
    device.setFault({ kind: "log-noise", every: 10, text: "SNMP_TRAP_LINK_DOWN: ifName ge-0/0/9" });
    const session = await login(device);
    expect((await type(session, "show configuration")).split("SNMP_TRAP").length).toBeGreaterThan(5);
  });

  test("other-admin-change is a commit of its own, and so confirms", async () => {
    const { device, clock } = await boot();
    device.setFault({ kind: "other-admin-change", lines: ["set system location floor 4"], afterMs: 1000 });
    const session = await configured(device);
    await type(session, ...CONFIRMED);
    clock.advance(1000);
    expect(device.events().map(({ kind }) => kind)).toEqual(["applied", "armed", "out-of-band", "confirmed"]);
    expect(await type(session, "run show system commit")).toMatch(
      /^0 .* by noc-admin via cli\n1 .* by netops via cli commit confirmed/,
    );
    clock.advance(5 * MINUTE_MS);
    expect(device.runningConfig()).toContain(LINE);
    expect(await type(session, "show | compare")).toBe("");
  });

  test("slow-output and tiny-chunks change the pace, not the text", async () => {
    const { device, clock } = await boot();
    const session = await login(device);
    const whole = await type(session, "show configuration");
    device.setFault({ kind: "tiny-chunks", chunkBytes: 7 });
    expect(await type(session, "show configuration")).toBe(whole);
    device.setFault({ kind: "slow-output", chunkBytes: 512, delayMs: 10 });
    const slow = type(session, "show configuration");
    const done = slow.then(() => true);
    const ticking = async (): Promise<void> => {
      for (let over = false; !over;) {
        clock.advance(10);
        over = await Promise.race([done, new Promise<false>((resolve) => setImmediate(() => resolve(false)))]);
      }
    };
    await ticking();
    expect(await slow).toBe(whole);
  });
});

describe("from outside", () => {
  test("mutate refuses what the device would, wipe leaves the way in", async () => {
    const { device } = await boot();
    expect(() => device.mutate(["set system nonsense 1"])).toThrow(/syntax error/);
    device.mutate(["set system location floor 7"], "console");
    expect(device.runningConfig()).toContain("floor 7;");
    expect(device.applyCount()).toBe(0);
    device.wipe();
    expect(device.runningConfig()).not.toContain("bgp");
    await login(device);
  });

  test("a sample boots, prints back as it came, and fails no check", async () => {
    for (const index of [0, 7, 4000]) {
      const profile = Profile.parse({ interfaces: 60, bgpNeighbors: 8 });
      const sample = sampleJuniperJunos({
        index,
        seed: 3,
        profile,
        version: VERSION,
        model: "vsrx",
        username: "netops",
      });
      const { device } = await boot({ config: sample.config });
      expect(device.runningConfig()).toBe(sample.config);
      const session = await connectTestClient(device);
      open.push(() => session.end());
      await session.waitFor(PROMPT);
      await type(session, "configure");
      expect(await type(session, "commit check")).toBe("configuration check succeeds\n");
    }
  });
});
