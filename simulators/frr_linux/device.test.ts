// A router over the real protocol: vtysh on a terminal, programs of a host that really runs what it is told, a timer on it, and every named fault once.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../shared/clock.ts";
import type { SimulatedDevice } from "../device.ts";
import { Fault, type FaultKind } from "../faults.ts";
import { Jail } from "../host/jail.ts";
import { hostVerdict } from "../host/requirements.ts";
import { execOnce, openTerminal, type TestSession } from "../ssh/test-client.ts";
import { startFrrLinux } from "./index.ts";
import { sampleFrrLinux } from "./sample.ts";

const verdict = hostVerdict();
const made = sampleFrrLinux({ seed: 1, interfaces: 2 });
const PROMPT = /s0001-frr1(?:\([\w-]+\))?# $/;
const CHANGE = ["configure terminal", "interface eth1", "description by us", "end"];
const open: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

async function boot(more: Partial<Parameters<typeof startFrrLinux>[0]> = {}) {
  const clock = new ManualClock();
  const device = await startFrrLinux({ name: "dut", config: made.config, serial: made.serial, ...more }, { clock });
  open.push(() => device.stop());
  return { device, clock, before: device.runningConfig() };
}

async function login(device: SimulatedDevice): Promise<TestSession> {
  const session = await openTerminal(device, "sudo -n vtysh");
  open.push(() => session.end());
  await session.waitFor(PROMPT);
  return session;
}

async function type(session: TestSession, ...lines: string[]): Promise<string> {
  let text = "";
  for (const line of lines) text += (await session.type(`${line}\r`, PROMPT)).replaceAll("\r\n", "\n");
  return text;
}

const sh = async (device: SimulatedDevice, command: string): Promise<string> => {
  const { text, status } = await execOnce(device, command);
  return `${text}${status === 0 ? "" : `(${status})`}`;
};

/** What a careful person does by hand: a snapshot, and something on the box that goes back to it. */
const ARM = `sudo -n sh -c "vtysh -c 'show running-config no-header' > /root/snap; setsid -f sh -c 'sleep 60; /usr/lib/frr/frr-reload.py --reload /root/snap' < /dev/null > /dev/null 2>&1"`;

async function arm(device: SimulatedDevice): Promise<void> {
  await sh(device, ARM);
  await expect.poll(() => device.pendingRollback()).toBeDefined();
}

const hasOurs = (device: SimulatedDevice): boolean => device.runningConfig().includes("by us");

describe.skipIf(!verdict.run)(`a FRR router on a host${verdict.run ? "" : `: ${verdict.reason}`}`, () => {
  test("a link in the place of its file leads nowhere outside the host, to be read or to be written", async () => {
    const mine = mkdtempSync(join(tmpdir(), "farhand-victim-"));
    writeFileSync(join(mine, "file"), "hostname ours\n");
    const { device } = await boot();
    const swap = `rm /etc/frr/frr.conf; ln -s ${mine}/file /etc/frr/frr.conf`;
    await sh(device, `sudo -n sh -c '${swap}; vtysh -c write; vtysh -f ${mine}/file; vtysh -f /etc/frr/frr.conf'`);
    expect(readFileSync(join(mine, "file"), "utf8")).toBe("hostname ours\n");
    expect([device.hostname(), device.startupConfig()]).toEqual(["s0001-frr1", "end\n"]);
    rmSync(mine, { recursive: true });
  });

  test("vtysh on a terminal: greeting, prompts of each mode, silence for what is taken, words for what is not", async () => {
    const { device } = await boot();
    const session = await login(device);
    expect(session.output()).toContain(
      "\r\nHello, this is FRRouting (version 8.4.4).\r\nCopyright 1996-2005 Kunihiro Ishiguro, et al.\r\n\r\n",
    );
    expect(await type(session, "terminal length 0", ...CHANGE.slice(0, 3), "foo")).toBe(
      "terminal length 0\ns0001-frr1# configure terminal\ns0001-frr1(config)# interface eth1\ns0001-frr1(config-if)# description by us\ns0001-frr1(config-if)# foo\n% Unknown command: foo\ns0001-frr1(config-if)# ",
    );
    expect(await type(session, "do show running-config no-header")).toContain(`\n${device.runningConfig()}`);
    expect(device.applies()).toMatchObject([{ via: "terminal", by: "netops", lines: ["description by us"] }]);
    session.send("end\rexit\r");
    await session.closed;
  });

  test("the same mind behind the host's programs, for whom sudo lets", async () => {
    const { device } = await boot();
    expect(await sh(device, "sudo -n vtysh -c 'show running-config no-header'")).toBe(device.runningConfig());
    expect(
      await sh(device, "sudo -n vtysh -c 'configure terminal' -c 'ip route 198.51.100.0/24 blackhole' -c 'foo'"),
    ).toBe("% Unknown command: foo\n(1)");
    expect(
      await sh(device, "sudo -n vtysh -c 'write memory' | tail -1; sudo -n grep -c 198.51.100 /etc/frr/frr.conf"),
    ).toBe("[OK]\n1\n");
    expect(await sh(device, "printf 'ip prefix-lisd X\\n' | sudo -n vtysh -C -f /dev/stdin 2>&1")).toBe(
      "line 1: % Unknown command[4]: ip prefix-lisd X\n(2)",
    );
    expect(await sh(device, "echo 'vtysh -c \"show daemons\" < /dev/null; echo $1' | sudo -n sh -s -- word")).toBe(
      " zebra bgpd watchfrr staticd\nword\n",
    );
    const { text } = await execOnce(device, "vtysh -c 'show running-config no-header'");
    expect(text.includes("service integrated-vtysh-config")).toBe(!Jail.hasAccounts);
    expect(await sh(device, "date -u +%F; df -P -k /etc/frr | tail -1 | wc -w")).toBe("2026-01-01\n6\n");
    const { device: other } = await boot({ sudo: "ALL=(ALL) NOPASSWD: /usr/bin/vtysh" });
    expect(await sh(other, "sudo -n vtysh -c 'show daemons' && sudo -n true")).toMatch(
      /^ zebra bgpd watchfrr staticd\n\(1\)$/,
    );
  });

  test("something on the box takes a change back by itself, and says that its time was over", async () => {
    const { device, clock, before } = await boot();
    await arm(device);
    await type(await login(device), ...CHANGE);
    expect(device.pendingRollback()).toMatchObject({ deadlineMs: clock.nowMs() + 60_000 });
    clock.advance(59_000);
    expect(hasOurs(device)).toBe(true);
    clock.advance(1_000);
    await expect.poll(() => device.runningConfig()).toBe(before);
    expect(device.events().filter(({ kind }) => kind === "rolled-back")).toMatchObject([{ why: "timer" }]);
    expect(device.pendingRollback()).toBeUndefined();
  });

  test("a reboot loads what was saved, and nothing that waited is left", async () => {
    const { device, clock, before } = await boot();
    await arm(device);
    await type(await login(device), ...CHANGE);
    device.reboot(30_000);
    await expect(execOnce(device, "true")).rejects.toThrow();
    clock.advance(30_000);
    expect(await sh(device, "ls /run; sudo -n vtysh -c 'show daemons'")).toContain("zebra");
    expect([device.runningConfig(), device.pendingRollback()]).toEqual([before, undefined]);
    await type(await login(device), ...CHANGE, "write memory");
    device.reboot(0);
    expect(hasOurs(device)).toBe(true);
    expect(device.startupConfig()).toBe(device.runningConfig());
    device.wipe();
    expect(device.runningConfig()).toContain("172.16.0.2/30");
    expect(device.runningConfig()).not.toContain("router bgp");
  });

  const CASES: Partial<Record<FaultKind, () => Promise<void>>> = {
    hang: async () => {
      const { device, clock } = await boot();
      device.setFault({ kind: "hang", at: "^description", once: true });
      const session = await login(device);
      await type(session, ...CHANGE.slice(0, 2));
      session.send("description by us\r");
      await session.waitFor(/by us\r\n$/);
      clock.advance(3_600_000);
      expect([hasOurs(device), await sh(device, "echo there")]).toEqual([false, "there\n"]);
    },
    drop: async () => {
      const { device } = await boot();
      for (const [moment, ours] of [
        ["before", false],
        ["after", true],
      ] as const) {
        device.setFault({ kind: "drop", at: "^description", moment, once: true });
        const session = await login(device);
        await type(session, ...CHANGE.slice(0, 2));
        session.send("description by us\r");
        await session.closed;
        expect(hasOurs(device)).toBe(ours);
      }
      device.setFault({ kind: "drop", at: "touch", once: true });
      expect((await execOnce(device, "touch here")).status).toBeUndefined();
      expect(await sh(device, "ls")).toBe("");
    },
    "wrong-prompt": async () => {
      const { device } = await boot();
      device.setFault({ kind: "wrong-prompt", prompt: "{host}>" });
      const session = await openTerminal(device, "sudo -n vtysh");
      open.push(() => session.end());
      await session.waitFor(/s0001-frr1>$/);
    },
    "refuse-line": async () => {
      const { device } = await boot();
      device.setFault({ kind: "refuse-line", match: "^description", message: "% not today" });
      expect(await type(await login(device), ...CHANGE)).toContain("description by us\n% not today\n");
      expect(hasOurs(device)).toBe(false);
      expect(await sh(device, "sudo -n vtysh -c 'conf t' -c 'interface eth1' -c 'description x'")).toBe(
        "% not today\n(1)",
      );
    },
    "authorization-denied": async () => {
      const { device } = await boot();
      device.setFault({ kind: "authorization-denied", match: "frr-reload" });
      expect((await execOnce(device, "sudo -n /usr/lib/frr/frr-reload.py --test /etc/frr/frr.conf")).status).toBe(1);
    },
    "unreachable-after-apply": async () => {
      const { device, clock, before } = await boot();
      await arm(device);
      device.setFault({ kind: "unreachable-after-apply", match: "by us" });
      const session = await login(device);
      session.send(CHANGE.join("\r"));
      await session.closed;
      await expect(execOnce(device, "true")).rejects.toThrow();
      clock.advance(60_000);
      await expect.poll(() => device.runningConfig()).toBe(before);
      expect(await sh(device, "echo back")).toBe("back\n");
    },
    "reboot-before-confirm": async () => {
      const { device, clock, before } = await boot();
      await arm(device);
      device.setFault({ kind: "reboot-before-confirm", bootMs: 10_000 });
      const session = await login(device);
      session.send(`${CHANGE.join("\r")}\r`);
      await session.closed;
      clock.advance(10_000);
      expect([device.runningConfig(), device.pendingRollback()]).toEqual([before, undefined]);
    },
    "confirmed-by-other": async () => {
      const { device, clock } = await boot();
      await arm(device);
      device.setFault({ kind: "confirmed-by-other" });
      await type(await login(device), ...CHANGE);
      await expect.poll(() => device.pendingRollback()).toBeUndefined();
      clock.advance(3_600_000);
      expect(hasOurs(device)).toBe(true);
      expect(device.events()).toContainEqual(expect.objectContaining({ kind: "confirmed", by: "noc-admin" }));
    },
    "other-admin-change": async () => {
      const { device } = await boot();
      await arm(device);
      device.setFault({ kind: "other-admin-change", lines: ["ip route 10.9.0.0/16 blackhole"] });
      await type(await login(device), ...CHANGE);
      expect(device.runningConfig()).toContain("10.9.0.0/16");
      expect(device.applyCount()).toBe(1);
    },
    "aaa-down": async () => {
      const { device } = await boot();
      device.setFault({ kind: "aaa-down" });
      await expect(execOnce(device, "true")).rejects.toThrow();
    },
    "full-session-table": async () => {
      const { device } = await boot();
      device.setFault({ kind: "full-session-table" });
      await expect(execOnce(device, "true")).rejects.toThrow();
    },
    "wrong-privilege": async () => {
      const { device } = await boot();
      device.setFault({ kind: "wrong-privilege" });
      expect(await sh(device, "sudo -n true")).toBe("(1)");
      const session = await openTerminal(device, "sudo -n vtysh");
      await session.waitFor(/sudo: a password is required\r\n$/);
    },
    "command-authorization": async () => {
      const { device, clock } = await boot();
      device.setFault({ kind: "command-authorization", delayMs: 500 });
      const asked = sh(device, "echo asked");
      await expect.poll(() => device.commands().length).toBe(1);
      clock.advance(500);
      expect(await asked).toBe("asked\n");
    },
    "log-noise": async () => {
      const { device } = await boot();
      device.setFault({ kind: "log-noise", text: "welcome" });
      expect(await sh(device, "echo said")).toBe("welcome\nsaid\n");
      expect((await login(device)).output()).toMatch(/^welcome\r\n\r\nHello/);
    },
    "tiny-chunks": async () => {
      const { device } = await boot();
      device.setFault({ kind: "tiny-chunks", chunkBytes: 1, delayMs: 0 });
      expect(await sh(device, "echo whole")).toBe("whole\n");
    },
    "slow-output": async () => {
      const { device, clock } = await boot();
      device.setFault({ kind: "slow-output", chunkBytes: 2, delayMs: 1_000 });
      let over = false;
      const slow = sh(device, "echo slowly").finally(() => (over = true));
      for (let seconds = 0; !over; seconds += 1) {
        clock.advance(1_000);
        await Bun.sleep(1);
        if (seconds > 10_000) throw new Error("never over");
      }
      expect(await slow).toBe("slowly\n");
    },
  };
  /** With the reason why they mean nothing here. */
  const NOWHERE: Partial<Record<FaultKind, string>> = {
    "rpc-warning": "of NETCONF",
    "paging-left-on": "vtysh pages nothing unless somebody asks for it",
    "failover-before-confirm": "no second half",
    "confirm-lost": "what keeps a change is a file on the box, not a word to the router",
    "stale-candidate": "no candidate and no lock",
  };
  const kinds = Fault.options.map(({ shape }) => shape.kind.value);
  test.each(kinds.filter((kind) => NOWHERE[kind] === undefined))("%s bites", async (kind) => {
    const run = CASES[kind];
    if (!run) throw new Error(`${kind} has no case`);
    await run();
  });
  test("what means nothing here is named", () => {
    expect(kinds.filter((kind) => CASES[kind] === undefined).toSorted()).toEqual(Object.keys(NOWHERE).toSorted());
  });
});
