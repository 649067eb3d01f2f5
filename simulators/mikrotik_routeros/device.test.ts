import { afterEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../shared/clock.ts";
import type { SimulatedDevice } from "../device.ts";
import { connectTestClient, execOnce } from "../ssh/test-client.ts";
import { startMikrotikRouteros, type MikrotikRouterosConfigInput } from "./index.ts";
import { sampleMikrotikRouteros } from "./sample.ts";

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function box(more: Partial<MikrotikRouterosConfigInput> = {}) {
  const clock = new ManualClock(Date.parse("2026-05-30T11:07:28Z"));
  const { config } = sampleMikrotikRouteros({ seed: 3, interfaces: 3 });
  const device = await startMikrotikRouteros({ name: "r1", config, ...more }, { clock });
  open.push(() => device.stop());
  const say = async (command: string): Promise<string> =>
    (await execOnce(device, command)).text.replaceAll("\r", "").trimEnd();
  return { clock, device, say };
}

async function terminal(device: SimulatedDevice, username = device.username) {
  const session = await connectTestClient({ ...device, username });
  open.push(() => session.end());
  return session;
}

const PROMPT = /\[netops@s0001-gw1\] [^\n]*(?:>|<SAFE>) $/;

describe("the console", () => {
  test.each([
    ["/ip addres print", /^bad command name addres \(line 1 column 5\)$/],
    ["/ip address foo", /^bad command name foo \(line 1 column 13\)$/],
    ["/ip address remove nothing", /^no such item$/],
    ["/ip address add address=10.1.1.1/24 interface=ether77", /^input does not match any value of interface$/],
    ["/ip address add address=10.1.1/x interface=ether1", /^invalid value for argument address/],
    ["/ip address add address=10.1.1.1/24 interface=ether1 wrong=1", /^expected end of command \(line 1 column 54\)$/],
    ["/ip address add interface=ether1", /^missing value\(s\) of argument\(s\) address$/],
    ["/ip address add address=172.16.0.2/30 interface=ether1", /^failure: already have such address$/],
    ['/ip firewall filter add chain=input comment="open', /^expected closing '"'/],
    ["/ip dns set allow-remote-requests=perhaps", /^input does not match any value of allow-remote-requests$/],
    ["/system backup load name=none", /^failure: backup file not found$/],
  ])("refuses: %s", async (command, error) => {
    const { device, say } = await box();
    const before = device.runningConfig();
    expect(await say(command)).toMatch(error);
    expect(device.runningConfig()).toBe(before);
    expect(device.applyCount()).toBe(0);
  });

  test("adds, sets, finds, moves, disables and removes; all of it at once in force and kept", async () => {
    const { device, say, clock } = await box();
    expect(await say("/ip address add address=10.9.8.7/22 interface=ether3 comment=probe")).toBe("");
    expect(device.runningConfig()).toContain("add address=10.9.8.7/22 comment=probe interface=ether3 network=10.9.8.0");
    await say("/ip address set [ find comment=probe ] interface=ether2; /ip address disable [find comment=probe]");
    expect(device.runningConfig()).toContain("comment=probe disabled=yes interface=ether2");
    await say(
      '/ip firewall filter add chain=input action=drop src-address=1.2.3.4 place-before=[find comment="management"]',
    );
    const rules = device.runningConfig().split("/ip firewall filter\n")[1] ?? "";
    expect(rules.indexOf("1.2.3.4")).toBeLessThan(rules.indexOf("comment=management"));
    await say('/ip firewall filter move [find src-address=1.2.3.4] destination=[find comment~"established"]');
    expect(device.runningConfig()).toMatch(/\/ip firewall filter\nadd action=drop chain=input src-address=1\.2\.3\.4/);
    await say("/ip address remove [find comment=probe]");
    expect(device.runningConfig()).not.toContain("10.9.8.7");
    device.reboot(1000);
    clock.advance(5_000);
    expect(device.runningConfig()).toContain("src-address=1.2.3.4");
    expect(device.startupConfig()).toBe(device.runningConfig());
  });

  test("hides what is sensitive, unless it is asked to show it", async () => {
    const { say } = await box();
    const [hidden, shown] = [await say("/export"), await say("/export show-sensitive")];
    expect(shown).toMatch(/tcp-md5-key=[^]*password="[^"]+ [^"]+"|password="[^"]+ [^"]+"[^]*tcp-md5-key=/);
    expect(hidden).not.toMatch(/tcp-md5-key=|password=/);
    expect(await say("/ip/address/export terse")).toContain("/ip address add address=");
    expect(shown.split("\n").every((line) => line.length <= 80)).toBe(true);
    expect(shown).toMatch(
      /^# 2026-05-30 11:07:28 by RouterOS 7\.18\.2\n# software id = QMLS-64F2\n#\n# model = RB5009UPr\+S\+\n# serial/,
    );
  });

  test("shows what it is and what it holds", async () => {
    const { say, device } = await box();
    expect(await say("/system identity print")).toBe("  name: s0001-gw1");
    expect(await say("/system routerboard print")).toContain(`serial-number: ${device.serial}`);
    expect(await say("/ip address print")).toMatch(/Columns: ADDRESS, NETWORK, INTERFACE[^]*172\.16\.0\.2\/30/);
    expect(await say("/ip address print count-only where interface=ether1")).toBe("1");
    expect(await say("/interface print")).toMatch(/ether1 +ether/);
    expect(await say("/routing bgp session print")).toContain('name="core-1"');
    expect(await say("/system package print")).toContain("7.18.2");
    expect(await say("/ip neighbor print")).toContain("IDENTITY");
  });
});

describe("the scheduler and backups", () => {
  const arm = async (say: (command: string) => Promise<string>): Promise<void> => {
    expect(await say("/system backup save name=before dont-encrypt=yes")).toContain("Configuration backup saved");
    expect(
      await say(
        '/system scheduler add name=undo interval=3m on-event="/system backup load name=before.backup password=\\"\\""',
      ),
    ).toBe("");
  };

  test("a restore takes everything back at its time, over a reboot, and its own timer with it", async () => {
    const { say, device, clock } = await box();
    const before = device.runningConfig();
    await arm(say);
    expect(await say("/system scheduler print terse where name=undo")).toMatch(
      /name=undo .*run-count=0 next-run=2026-05-30 11:10:28/,
    );
    await say("/ip address add address=10.9.8.7/22 interface=ether3");
    expect(device.pendingRollback()?.deadlineMs).toBe(clock.nowMs() + 180_000);
    clock.advance(179_000);
    expect(device.runningConfig()).toContain("10.9.8.7");
    clock.advance(1_000);
    await expect(say("/export")).rejects.toThrow();
    clock.advance(21_000);
    expect(device.runningConfig()).toBe(before);
    expect(device.pendingRollback()).toBeUndefined();
    expect(device.events().map(({ kind }) => kind)).toEqual(["applied", "rolled-back", "rebooted"]);
  });

  test("an interval outlives a power cut; a removed one never fires", async () => {
    const first = await box();
    await arm(first.say);
    await first.say("/ip address add address=10.9.8.7/22 interface=ether3");
    first.device.reboot(30_000);
    first.clock.advance(120_000);
    expect(first.device.runningConfig()).toContain("10.9.8.7");
    first.clock.advance(90_000);
    expect(first.device.runningConfig()).not.toContain("10.9.8.7");
    const second = await box();
    await arm(second.say);
    await second.say("/ip address add address=10.9.8.7/22 interface=ether3");
    await second.say("/system scheduler remove [find name=undo]");
    second.clock.advance(3_600_000);
    expect(second.device.runningConfig()).toContain("10.9.8.7");
  });

  test("a box with a flash folder forgets a backup that lies beside it", async () => {
    const { say, device, clock } = await box({ flash: true });
    await say("/system backup save name=gone dont-encrypt=yes; /system backup save name=flash/kept dont-encrypt=yes");
    device.reboot(1_000);
    clock.advance(3_000);
    expect(device.files()).toEqual(["flash", "flash/kept.backup"]);
  });

  test("a script is imported; startup scripts run three seconds after boot", async () => {
    const { say, device, clock } = await box();
    await say("/ip dns export file=dns");
    expect(device.files()).toContain("dns.rsc");
    await say("/ip dns set servers=9.9.9.9");
    clock.advance(10_000);
    await say('/system scheduler add name=once start-time=startup on-event="/import dns.rsc"');
    clock.advance(60_000);
    expect(device.runningConfig()).toContain("9.9.9.9");
    device.reboot(1_000);
    clock.advance(10_000);
    expect(device.runningConfig()).toContain("servers=10.255.0.53,10.255.1.53");
  });

  test("load asks on a terminal and does nothing for a no", async () => {
    const { say, device } = await box();
    await say("/system backup save name=before dont-encrypt=yes");
    const session = await terminal(device);
    await session.waitFor(PROMPT);
    await session.type('/system backup load name=before password=""\r', /Restore and reboot\? \[y\/N\]: $/);
    await session.type("n\r", PROMPT);
    expect(device.events()).toEqual([]);
  });
});

describe("a terminal", () => {
  test("takes parameters behind the name, asks about the license, walks the tree", async () => {
    const { device } = await box({ asksLicense: true });
    const session = await terminal(device, `${device.username}+ct511w4098h`);
    await session.waitFor(/software license\? \[Y\/n\]: $/);
    await session.type("y\r", /press "Enter" to continue!$/);
    await session.type("\r", PROMPT);
    expect(await session.type("/ip/address\r", PROMPT)).toContain("[netops@s0001-gw1] /ip/address> ");
    expect(await session.type("print count-only\r", PROMPT)).toContain("2");
    expect(await session.type("..\r", PROMPT)).toContain("] /ip> ");
  });

  test("safe mode: taken, unrolled, released, taken over", async () => {
    const { device, say } = await box();
    const before = device.runningConfig();
    const session = await terminal(device);
    await session.waitFor(PROMPT);
    expect(await session.type("\u0018", PROMPT)).toMatch(/\[Safe Mode taken\]\r?\n\[netops@s0001-gw1\] <SAFE> $/);
    await session.type("/ip address add address=10.9.8.7/22 interface=ether3\r", PROMPT);
    expect(device.runningConfig()).not.toBe(before);
    await session.type("\u0004", /unrolled[^]*> $/);
    expect(device.runningConfig()).toBe(before);
    await session.type("\u0018", /<SAFE> $/);
    await session.type("/ip address add address=10.9.8.7/22 interface=ether3\r", /<SAFE> $/);
    const other = await terminal(device);
    await other.waitFor(PROMPT);
    await other.type("\u0018", /\[u\/r\/d\]:$/);
    await other.type("r\r", /<SAFE> $/);
    expect(device.runningConfig()).toContain("10.9.8.7");
    // Whoever lost it sees so in his prompt, which is why a driver reads it again.
    expect(await session.type("\r", PROMPT)).not.toContain("<SAFE>");
    expect(await say("/system history print")).toContain("address added");
  });

  test("safe mode of a lost session is undone when TCP gives up; one that quits leaves its changes", async () => {
    const { device, clock, say } = await box();
    const before = device.runningConfig();
    const lost = await terminal(device);
    await lost.waitFor(PROMPT);
    await lost.type("\u0018", /<SAFE> $/);
    await lost.type("/ip dns set servers=9.9.9.9\r", /<SAFE> $/);
    lost.end();
    await lost.closed;
    await say("/system identity print");
    clock.advance(300_000);
    expect(device.runningConfig()).toContain("9.9.9.9");
    clock.advance(240_000);
    expect(device.runningConfig()).toBe(before);
    const quits = await terminal(device);
    await quits.waitFor(PROMPT);
    await quits.type("\u0018", /<SAFE> $/);
    await quits.type("/ip dns set servers=9.9.9.9\r", /<SAFE> $/);
    await quits.type("/quit\r", /interrupted/);
    await say("/system identity print");
    clock.advance(3_600_000);
    expect(device.runningConfig()).toContain("9.9.9.9");
  });

  test("more than a hundred actions leave safe mode without a word", async () => {
    const { device } = await box();
    const session = await terminal(device);
    await session.waitFor(PROMPT);
    await session.type("\u0018", /<SAFE> $/);
    const adds = Array.from({ length: 101 }, (_, at) => `/ip firewall address-list add list=many address=10.7.0.${at}`);
    await session.type(`${adds.join("; ")}\r`, PROMPT);
    expect(session.output().endsWith("> ")).toBe(true);
    await session.type("\u0004", /$/);
    expect(device.runningConfig()).toContain("10.7.0.100");
  });
});

describe("faults", () => {
  test.each([
    [{ kind: "refuse-line", match: "9\\.9\\.9\\.9" } as const, "failure: refused"],
    [{ kind: "authorization-denied", match: "dns set" } as const, "not enough permissions (9)"],
    [{ kind: "wrong-privilege" } as const, "not enough permissions (9)"],
  ])("%j", async (fault, answer) => {
    const { device, say } = await box();
    device.setFault(fault);
    expect(await say("/ip dns set servers=9.9.9.9")).toBe(answer);
    expect(device.applyCount()).toBe(0);
  });

  test.each(["before", "after"] as const)("drop %s", async (moment) => {
    const { device, say } = await box();
    device.setFault({ kind: "drop", at: "dns set", moment, once: true });
    await say("/ip dns set servers=9.9.9.9");
    expect(device.runningConfig().includes("9.9.9.9")).toBe(moment === "after");
  });

  test.each([{ kind: "aaa-down" } as const, { kind: "full-session-table" } as const])("%j", async (fault) => {
    const { device, say } = await box();
    device.setFault(fault);
    await expect(say("/export")).rejects.toThrow();
  });

  test("what meets a change that waits: unreachable, power, another's hand, another's change", async () => {
    const armed = async (fault: Parameters<SimulatedDevice["setFault"]>[0]) => {
      const one = await box();
      await one.say("/system backup save name=b dont-encrypt=yes");
      await one.say(
        '/system scheduler add name=undo interval=3m on-event="/system backup load name=b password=\\"\\""',
      );
      one.device.setFault(fault);
      await one.say("/ip dns set servers=9.9.9.9");
      return one;
    };
    const dark = await armed({ kind: "unreachable-after-apply" });
    await expect(dark.say("/export")).rejects.toThrow();
    dark.clock.advance(210_000);
    expect(await dark.say("/ip dns print")).toContain("10.255.0.53");
    const power = await armed({ kind: "reboot-before-confirm", bootMs: 10_000 });
    power.clock.advance(20_000);
    expect(power.device.runningConfig()).toContain("9.9.9.9");
    power.clock.advance(200_000);
    expect(power.device.runningConfig()).not.toContain("9.9.9.9");
    const confirmed = await armed({ kind: "confirmed-by-other" });
    expect(confirmed.device.pendingRollback()).toBeUndefined();
    const other = await armed({
      kind: "other-admin-change",
      lines: ["/ip route add dst-address=10.9.0.0/16 gateway=1.1.1.1"],
    });
    expect(other.device.runningConfig()).toContain("10.9.0.0/16");
    const lost = await armed({ kind: "confirm-lost" });
    await lost.say("/system scheduler remove [find name=undo]");
    expect(lost.device.pendingRollback()).toBeDefined();
  });

  test("hang, noise and paging: only a terminal is paged and hears log lines", async () => {
    const { device, say } = await box();
    device.setFault({ kind: "log-noise", every: 2 });
    device.setFault({ kind: "paging-left-on", length: 5 });
    expect(await say("/export")).not.toMatch(/--More--|UPDOWN/i);
    const session = await terminal(device);
    await session.waitFor(PROMPT);
    await session.type("/export\r", /-- ?\[Q quit|--More--/i);
  });
});

test("a sample is the same for the same seed, and boots", async () => {
  const one = sampleMikrotikRouteros({ seed: 9, index: 4 });
  expect(sampleMikrotikRouteros({ seed: 9, index: 4 })).toEqual(one);
  const { device } = await box({ config: one.config });
  expect(device.runningConfig()).toBe(one.config);
  device.wipe();
  expect(device.runningConfig()).toMatch(/\/ip address\nadd address=172/);
  expect(device.hostname()).toBe("MikroTik");
});
