import { afterEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../shared/clock.ts";
import { generateDevice, Profile } from "../fleet/generate.ts";
import { connectTestClient, execOnce, type TestClientOptions, type TestSession } from "../ssh/test-client.ts";
import type { SimulatedDevice } from "../device.ts";
import { startCiscoIosxe, type CiscoIosxeConfigInput } from "./index.ts";

const MINUTE_MS = 60_000;
const PROMPT = /s0001-rtr01(?:\([\w-]+\))?[#>]$/;
const open: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function boot(options: Partial<CiscoIosxeConfigInput> = {}, profile: Partial<Profile> = {}) {
  const clock = new ManualClock();
  const made = generateDevice({
    index: 0,
    seed: 1,
    profile: Profile.parse(profile),
    version: "17.9.4a",
    model: "C8000V",
    username: "netops",
  });
  const device = await startCiscoIosxe(
    { name: "dut", config: made.config, serial: made.serial, hostKeySeed: "dut", ...options },
    { clock },
  );
  open.push(() => device.stop());
  return { device, clock };
}

async function login(device: SimulatedDevice, options: TestClientOptions = {}): Promise<TestSession> {
  const session = await connectTestClient(device, options);
  open.push(() => session.end());
  await session.waitFor(PROMPT);
  await session.type("terminal length 0\n", PROMPT);
  return session;
}

async function type(session: TestSession, ...lines: string[]): Promise<string> {
  let text = "";
  for (const line of lines) text = await session.type(`${line}\n`, PROMPT);
  return text;
}

describe("the command line", () => {
  test("echoes, ends lines with CRLF and leaves the prompt without one", async () => {
    const { device } = await boot();
    const text = await type(await login(device), "show privilege");
    expect(text).toBe("show privilege\r\nCurrent privilege level is 15\r\ns0001-rtr01#");
  });

  test("shows its banner, prompt-like signs included, before the first prompt", async () => {
    const { device } = await boot();
    const session = await login(device);
    expect(session.output()).toMatch(/users only\. ###\r\nProblems\? noc> call \+1 555 0100 #\r\n/);
  });

  test("shows a whole running configuration with its volatile header", async () => {
    const { device } = await boot();
    const text = (await type(await login(device), "show running-config")).replaceAll("\r\n", "\n");
    expect(text).toMatch(
      /Building configuration\.\.\.\n\nCurrent configuration : \d+ bytes\n!\n! No configuration change since last restart\n!\nversion 17\.9\n/,
    );
    expect(text).toContain(device.runningConfig());
    expect(text).toMatch(/\nend\n\ns0001-rtr01#$/);
  });

  test("pages until it is told not to", async () => {
    const { device } = await boot();
    const session = await connectTestClient(device, { rows: 10 });
    open.push(() => session.end());
    await session.waitFor(PROMPT);
    expect(await session.type("show running-config\n", / --More-- $/)).not.toMatch(PROMPT);
    await session.type("q", PROMPT);
  });

  test("puts the caret under the word that it does not know", async () => {
    const { device } = await boot();
    const text = await type(await login(device), "show vtp status");
    expect(text).toContain(
      `\r\n${" ".repeat("s0001-rtr01#show ".length)}^\r\n% Invalid input detected at '^' marker.\r\n\r\n`,
    );
  });

  test("asks for the enable password and refuses a wrong one", async () => {
    const { device } = await boot({ loginPrivilege: 1, enablePassword: "s3cret" });
    const session = await connectTestClient(device);
    open.push(() => session.end());
    await session.waitFor(/rtr01>$/);
    expect(await type(session, "show running-config")).toContain("% Invalid input");
    await session.type("enable\n", /Password: $/);
    await session.type("wrong\n", /Password: $/);
    await session.type("s3cret\n", /rtr01#$/);
    expect(session.output()).not.toContain("s3cret");
  });

  test("answers one exec request and its facts", async () => {
    const { device } = await boot();
    const { text } = await execOnce(device, "show version | include board ID");
    expect(text.trim()).toBe(`Processor board ID ${device.serial}`);
  });

  test("refuses more sessions than it has lines", async () => {
    const { device } = await boot({ vtyLines: 1 });
    await login(device);
    await expect(connectTestClient(device)).rejects.toThrow();
    expect(device.acceptCount()).toBe(2);
  });
});

describe("configuration mode", () => {
  test("follows submodes and a new hostname in its prompt", async () => {
    const { device } = await boot();
    const session = await login(device);
    expect(await type(session, "configure terminal")).toContain(
      "Enter configuration commands, one per line.  End with CNTL/Z.",
    );
    expect(await type(session, "interface Loopback5")).toContain("(config-if)#");
    expect(await type(session, "router bgp 64512")).toContain("(config-router)#");
    expect(await type(session, "address-family ipv4")).toContain("(config-router-af)#");
    await session.type("hostname other\n", /other\(config\)#$/);
    await session.type("\x1a", /other#$/);
    expect(device.hostname()).toBe("other");
    expect(device.applyCount()).toBe(1);
  });

  test("asks before it removes a user", async () => {
    const { device } = await boot();
    const session = await login(device);
    await type(session, "configure terminal");
    await session.type("no username netops\n", /\[confirm\]$/);
    await session.type("\n", PROMPT);
    expect(device.runningConfig()).not.toContain("username netops");
  });

  test("a refused line is no apply", async () => {
    const { device } = await boot();
    await type(await login(device), "configure terminal", "bogus line", "end");
    expect(device.applyCount()).toBe(0);
  });
});

describe("the timer", () => {
  const arm = (minutes: number) => `configure terminal revert timer ${minutes}`;

  test("takes back what was not confirmed, byte by byte, when its minutes are over", async () => {
    const { device, clock } = await boot();
    const before = device.runningConfig();
    await type(await login(device), arm(2), "ntp server 9.9.9.9", "no banner motd", "end");
    clock.advance(2 * MINUTE_MS - 1);
    expect(device.runningConfig()).not.toBe(before);
    clock.advance(1);
    expect(device.runningConfig()).toBe(before);
    expect(device.events().at(-1)).toMatchObject({ kind: "rolled-back", why: "timer" });
  });

  test("keeps what was confirmed on another connection", async () => {
    const { device, clock } = await boot();
    const first = await login(device);
    await type(first, arm(2), "ntp server 9.9.9.9", "end");
    first.end();
    const second = await login(device);
    expect(await type(second, "show archive config rollback timer")).toMatch(
      /Timer type: absolute timer\r\nTimer value: 2 min\r\nUser: netops/,
    );
    await type(second, "configure confirm");
    expect(await type(second, "show archive config rollback timer")).toContain("%No Rollback Confirmed Change pending");
    clock.advance(10 * MINUTE_MS);
    expect(device.runningConfig()).toContain("ntp server 9.9.9.9");
    expect(await type(second, "configure confirm")).toContain("%No Rollback Confirmed Change pending");
  });

  test("goes back at once when asked", async () => {
    const { device } = await boot();
    const before = device.runningConfig();
    expect(await type(await login(device), arm(5), "ntp server 9.9.9.9", "end", "configure revert now")).toContain(
      "Rollback Done",
    );
    expect(device.runningConfig()).toBe(before);
  });

  test("also takes back what somebody else did meanwhile", async () => {
    const { device, clock } = await boot();
    const before = device.runningConfig();
    device.setFault({ kind: "other-admin-change", lines: ["ntp server 8.8.8.8"] });
    await type(await login(device), arm(1).replace("1", "3"), "ntp server 9.9.9.9", "end");
    expect(device.runningConfig()).toContain("ntp server 8.8.8.8");
    clock.advance(3 * MINUTE_MS);
    expect(device.runningConfig()).toBe(before);
  });

  test("is refused without an archive", async () => {
    const { device } = await boot({}, { archive: false });
    const session = await login(device);
    expect(await type(session, arm(5))).toMatch(
      /%Turn config archive on before using Rollback Confirmed Change\r\ns0001-rtr01#$/,
    );
    expect(await type(session, "show archive")).toContain(" Archive feature not enabled");
    expect(await type(session, "configure replace nvram:startup-config force time 5")).toContain(
      "%Turn config archive on",
    );
  });

  test("takes 1 to 120 minutes", async () => {
    const { device } = await boot();
    expect(await type(await login(device), arm(121))).toContain("% Invalid input detected");
  });
});

describe("configure replace", () => {
  async function saved() {
    const { device, clock } = await boot();
    const session = await login(device);
    await session.type("copy running-config flash:good\n", /\[good\]\? $/);
    await session.type("\n", PROMPT);
    return { device, clock, session };
  }

  test("makes the running configuration the file's, banner included", async () => {
    const { device, session } = await saved();
    const before = device.runningConfig();
    device.mutate([
      "no banner motd",
      "no router bgp 64512",
      "interface Loopback9",
      " ip address 9.9.9.9 255.255.255.255",
      "hostname s0001-rtr01",
    ]);
    expect(await type(session, "configure replace flash:good force")).toContain(
      "Total number of passes: 1\r\nRollback Done",
    );
    expect(device.runningConfig()).toBe(before);
    expect(device.applies()).toMatchObject([{ via: "replace" }]);
  });

  test("under `time` it waits for a confirmation", async () => {
    const { device, clock, session } = await saved();
    device.mutate(["ntp server 9.9.9.9"]);
    const before = device.runningConfig();
    expect(await type(session, "configure replace flash:good force time 3")).toContain(
      "Backing up current running config to bootflash:archive-",
    );
    expect(device.pendingRollback()).toMatchObject({ minutes: 3 });
    clock.advance(3 * MINUTE_MS);
    expect(device.runningConfig()).toBe(before);
  });

  test("`revert trigger error` restores the original when a command fails", async () => {
    const { device, session } = await saved();
    device.mutate(["ntp server 9.9.9.9", "snmp-server location Elsewhere"]);
    const before = device.runningConfig();
    device.setFault({ kind: "refuse-line", match: "snmp-server location" });
    expect(await type(session, "configure replace flash:good force revert trigger error timer 5")).toContain(
      "original configuration has been successfully restored",
    );
    expect(device.runningConfig()).toBe(before);
    expect(device.pendingRollback()).toBeUndefined();
  });

  test("without it the box stays half changed and says what failed", async () => {
    const { device, session } = await saved();
    device.mutate(["ntp server 9.9.9.9", "snmp-server location Elsewhere"]);
    device.setFault({ kind: "refuse-line", match: "snmp-server location" });
    expect(await type(session, "configure replace flash:good force")).toContain("Rollback aborted after 5 passes");
    expect(device.runningConfig()).not.toContain("9.9.9.9");
    expect(device.runningConfig()).toContain("Elsewhere");
  });

  test("`timer` without `revert trigger` is a syntax error", async () => {
    const { session } = await saved();
    expect(await type(session, "configure replace flash:good force timer 5")).toContain("% Invalid input detected");
  });

  test("takes a file that was written through tclsh, and shows what it would change", async () => {
    const { device, session } = await saved();
    await session.type("tclsh\n", /\(tcl\)#$/);
    await session.type(`puts [open "flash:new" w+] {\r`, /\+>$/);
    for (const line of ["ntp server 7.7.7.7", "end"]) await session.type(`${line}\r`, /\+>$/);
    await session.type("}\r", /\(tcl\)#$/);
    await session.type("tclquit\r", PROMPT);
    expect(await type(session, "show archive config incremental-diffs flash:new ignorecase")).toContain(
      "!List of Commands:\r\nntp server 7.7.7.7\r\nend\r\n",
    );
    await session.type("copy flash:new running-config\n", /\? $/);
    expect(await session.type("\n", PROMPT)).toContain("bytes copied in");
    expect(device.runningConfig()).toContain("ntp server 7.7.7.7");
  });

  test("refuses a file without an end", async () => {
    const { session } = await saved();
    await session.type("tclsh\n", /\(tcl\)#$/);
    await session.type(`puts [open "flash:cut" w+] {hostname x}\r`, /\(tcl\)#$/);
    await session.type("tclquit\r", PROMPT);
    expect(await type(session, "configure replace flash:cut force")).toContain(
      "%The input file is not a valid config file.",
    );
  });
});

describe("faults", () => {
  test("hang: the command is echoed and never answered", async () => {
    const { device } = await boot();
    const session = await login(device);
    device.setFault({ kind: "hang", at: "^show running" });
    await session.type("show running-config\n", /config\r\n$/);
    expect(device.commands().at(-1)?.line).toBe("show running-config");
    const other = await login(device);
    expect(await type(other, "show privilege")).toContain("15");
  });

  test("drop: the connection ends at a command, or in the middle of an output", async () => {
    const { device } = await boot();
    const session = await login(device);
    device.setFault({ kind: "drop", at: "^show version" });
    session.send("show version\n");
    await session.closed;
    device.clearFault();
    const other = await login(device);
    device.setFault({ kind: "drop", afterBytes: 1500 });
    device.setFault({ kind: "tiny-chunks", chunkBytes: 100 });
    other.send("show running-config\n");
    await other.closed;
    expect(other.output()).not.toMatch(/\nend\r\n/);
  });

  test("wrong-prompt: shows another one until it is cleared", async () => {
    const { device } = await boot();
    const session = await login(device);
    device.setFault({ kind: "wrong-prompt", prompt: "{host}-standby$", at: "show clock" });
    await session.type("show clock\n", /s0001-rtr01-standby\$$/);
    device.clearFault("wrong-prompt");
    await type(session, "show clock");
  });

  test("paging-left-on: terminal length 0 is accepted and ignored", async () => {
    const { device } = await boot();
    const session = await login(device);
    device.setFault({ kind: "paging-left-on" });
    await type(session, "terminal length 0");
    await session.type("show running-config\n", /--More-- $/);
  });

  test("refuse-line and authorization-denied: line N of a session, the others go in", async () => {
    const { device } = await boot();
    const session = await login(device);
    device.setFault({ kind: "refuse-line", line: 2 });
    await type(session, "configure terminal", "ntp server 1.0.0.1");
    expect(await type(session, "ntp server 1.0.0.2")).toContain("% Invalid input detected at '^' marker.");
    device.clearFault();
    device.setFault({ kind: "authorization-denied", line: 3 });
    expect(await type(session, "ntp server 1.0.0.3")).toContain("Command authorization failed.");
    await type(session, "ntp server 1.0.0.4", "end");
    expect(device.runningConfig().match(/ntp server 1\.\S+/g)).toEqual(["ntp server 1.0.0.1", "ntp server 1.0.0.4"]);
  });

  test("unreachable-after-apply: dark for old and new connections until the device takes the change back", async () => {
    const { device, clock } = await boot();
    const before = device.runningConfig();
    device.setFault({ kind: "unreachable-after-apply", match: "^ip access-list standard LOCKOUT" });
    const session = await login(device);
    await type(session, "configure terminal revert timer 2", "ntp server 9.9.9.9");
    session.send("ip access-list standard LOCKOUT\n");
    await session.closed;
    await expect(connectTestClient(device)).rejects.toThrow();
    clock.advance(2 * MINUTE_MS);
    expect(device.runningConfig()).toBe(before);
    expect(await type(await login(device), "show privilege")).toContain("15");
  });

  test("unreachable-after-apply as a black hole: nothing closes, nothing answers", async () => {
    const { device } = await boot();
    device.setFault({ kind: "unreachable-after-apply", how: "blackhole" });
    const session = await login(device);
    await type(session, "configure terminal");
    await session.type("ntp server 9.9.9.9\n", /9\.9\r\n$/);
    session.send("end\n");
    await expect(connectTestClient(device, { extra: { readyTimeout: 200 } })).rejects.toThrow(/handshake/);
    expect(session.output()).toMatch(/9\.9\r\n$/);
    device.clearFault();
    await session.closed;
    expect(await type(await login(device), "show privilege")).toContain("15");
  });

  test("reboot-before-confirm: comes back with the startup configuration and no timer", async () => {
    const { device, clock } = await boot();
    const before = device.startupConfig();
    device.setFault({ kind: "reboot-before-confirm", afterMs: 1000, bootMs: 90_000 });
    const session = await login(device);
    await type(session, "configure terminal revert timer 5", "ntp server 9.9.9.9", "end");
    clock.advance(1000);
    await session.closed;
    await expect(connectTestClient(device)).rejects.toThrow();
    clock.advance(90_000);
    expect(await type(await login(device), "show archive config rollback timer")).toContain(
      "%No Rollback Confirmed Change pending",
    );
    expect(device.runningConfig()).toBe(before);
    clock.advance(10 * MINUTE_MS);
    expect(device.events().filter((event) => event.kind === "rolled-back")).toEqual([]);
  });
});

test("a large output comes with back-pressure and whole", async () => {
  const { device } = await boot({ bulkBytes: 8_000_000 });
  const { text } = await execOnce(device, "show tech-support");
  expect(text.length).toBe(8_000_000 + 2);
});

test("stop ends open sessions and timers", async () => {
  const { device, clock } = await boot();
  const session = await login(device);
  await type(session, "configure terminal revert timer 1".replace("1", "2"), "ntp server 9.9.9.9", "end");
  await device.stop();
  await session.closed;
  clock.advance(5 * MINUTE_MS);
  expect(device.runningConfig()).toContain("9.9.9.9");
});
