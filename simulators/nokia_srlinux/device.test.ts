import { afterEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../shared/clock.ts";
import type { SimulatedDevice } from "../device.ts";
import { connectTestClient, execOnce, type TestSession } from "../ssh/test-client.ts";
import { startNokiaSrlinux, type NokiaSrlinuxConfigInput } from "./index.ts";
import { sampleNokiaSrlinux } from "./sample.ts";

/** Two lines, as the vendor documents it. */
const PROMPT = /--\{ [^\n]* \}--\[ [^\n]* \]--\r\nA:s0001-leaf1# $/;
const open: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function boot(options: Partial<NokiaSrlinuxConfigInput> = {}) {
  const clock = new ManualClock();
  const made = sampleNokiaSrlinux({ seed: 1, interfaces: 3 });
  const device = await startNokiaSrlinux(
    { name: "dut", config: made.config, serial: made.serial, hostKeySeed: "dut", cliEngine: "basic", ...options },
    { clock },
  );
  open.push(() => device.stop());
  return { device, clock };
}

async function login(device: SimulatedDevice): Promise<TestSession> {
  const session = await connectTestClient(device);
  open.push(() => session.end());
  await session.waitFor(PROMPT);
  return session;
}

/** What each line said, without its echo and the prompt after it. */
async function type(session: TestSession, ...lines: string[]): Promise<string> {
  let text = "";
  for (const line of lines) {
    const all = await session.type(`${line}\n`, PROMPT);
    text = all
      .replaceAll("\r\n", "\n")
      .slice(line.length + 1)
      .replace(/\n?--\{[^\n]*\n[^\n]*$/, "");
  }
  return text;
}

const status = (session: TestSession): string =>
  /--\{ ([^}]*) \}--\[ [^\n]*\r\n[^\n]*$/.exec(session.output())?.[1] ?? "";
const context = (session: TestSession): string => /\}--\[ ([^\n]*) \]--\r\n[^\n]*$/.exec(session.output())?.[1] ?? "";
const CHANGE = 'set / interface ethernet-1/1 description "by us"';
const description = (device: SimulatedDevice): string =>
  /interface ethernet-1\/1 description (.*)\n/.exec(device.runningConfig())?.[1] ?? "";

describe("the command line", () => {
  test("greets, prompts in two lines with a blank one before, and echoes", async () => {
    const { device } = await boot();
    const session = await login(device);
    expect(session.output()).toMatch(/^Using configuration file\(s\): \[\]\r\nWelcome to the srlinux CLI\.\r\n/);
    expect(session.banner()).toContain("noc> call +1 555 0100 #");
    expect(await session.type("pwc\n", PROMPT)).toBe("pwc\r\n/\r\n\r\n--{ running }--[  ]--\r\nA:s0001-leaf1# ");
  });

  test("draws a toolbar behind the prompt until it is told to be basic", async () => {
    const { device } = await boot({ cliEngine: "advanced" });
    const session = await connectTestClient(device);
    open.push(() => session.end());
    const first = await session.waitFor(/\?25h$/);
    expect(first).toContain("Current mode: running     netops (1)");
    expect(first).not.toMatch(PROMPT);
    await session.type("environment cli-engine type basic\n", PROMPT);
    expect(await type(session, "environment complete-on-space false")).toBe("");
  });

  test("names the user in the prompt from release 25 on", async () => {
    const { device } = await boot({ version: "v25.3.1" });
    const session = await connectTestClient(device);
    open.push(() => session.end());
    await session.waitFor(/\r\nA:netops@s0001-leaf1# $/);
  });

  test("walks through contexts, absolute and relative, up and back", async () => {
    const session = await login((await boot()).device);
    await type(session, "interface ethernet-1/1 subinterface 0");
    expect(context(session)).toBe("interface ethernet-1/1 subinterface 0");
    await type(session, "exit");
    expect(context(session)).toBe("interface ethernet-1/1");
    await type(session, "/system information");
    expect(context(session)).toBe("system information");
    await type(session, "back");
    expect(context(session)).toBe("interface ethernet-1/1");
    expect(await type(session, "info")).toContain("    admin-state enable\n    subinterface 0 {\n        ipv4 {\n");
    await type(session, "exit all");
    expect(context(session)).toBe("");
  });

  test("shows a part of a datastore in braces, flat, and as JSON", async () => {
    const session = await login((await boot()).device);
    const part = "interface ethernet-1/2 subinterface 0 ipv4";
    expect(await type(session, `info ${part}`)).toBe(
      "    interface ethernet-1/2 {\n        subinterface 0 {\n            ipv4 {\n                admin-state enable\n" +
        "                address 172.16.0.2/31 {\n                }\n            }\n        }\n    }\n",
    );
    expect(await type(session, `info flat from running ${part}`)).toBe(
      "set / interface ethernet-1/2 subinterface 0 ipv4 admin-state enable\n" +
        "set / interface ethernet-1/2 subinterface 0 ipv4 address 172.16.0.2/31\n",
    );
    const json: unknown = JSON.parse(await type(session, `info ${part} | as json`));
    expect(json).toEqual({
      interface: [
        {
          name: "ethernet-1/2",
          subinterface: [{ index: 0, ipv4: { "admin-state": "enable", address: [{ "ip-prefix": "172.16.0.2/31" }] } }],
        },
      ],
    });
  });

  test("a whole configuration, flat and in braces, goes back in and makes the same device", async () => {
    const { device } = await boot();
    const session = await login(device);
    const flat = await type(session, "info flat from running");
    expect(flat).toBe(device.runningConfig());
    const braces = await type(session, "info from running");
    for (const config of [flat, braces])
      expect((await boot({ config })).device.runningConfig()).toBe(device.runningConfig());
  });

  test("refuses what its model lacks, what a type forbids, and what ends too soon, and changes nothing", async () => {
    const session = await login((await boot()).device);
    await type(session, "enter candidate");
    expect(await type(session, "set / interface ethernet-1/1 colour red")).toMatch(
      /^Parsing error: Unknown token 'colour'\.\nOptions are \['#', .*'admin-state', /,
    );
    expect(await type(session, "set / interface GigabitEthernet1/0 description x")).toMatch(
      /^Error: Failed to parse value 'GigabitEthernet1\/0' for key 'name' \(node 'interface'\) - Invalid value "GigabitEthernet1\/0": Must match/,
    );
    expect(await type(session, "set / interface ethernet-1/1 mtu 64")).toContain("Must be in the range 1450..9500");
    expect(await type(session, "set / acl acl-filter edge entry 5")).toContain(
      "Missing value for key 'type' of 'acl-filter'",
    );
    expect(await type(session, "set / interface ethernet-1/1 description")).toBe(
      "Parsing error: Missing value for 'description'\n",
    );
    expect(await type(session, "commit now now")).toContain("Unknown token 'now'");
    expect(status(session)).toBe("candidate shared default");
  });

  test("takes several leaves on a line, braces over lines, and a text that goes on with three dots", async () => {
    const { device } = await boot();
    const session = await login(device);
    await type(session, "enter candidate", "interface ethernet-1/7 admin-state enable description seventh mtu 9000");
    expect(context(session)).toBe("");
    await type(
      session,
      "interface ethernet-1/8 {",
      "description eighth",
      "subinterface 0 {",
      "ipv4 {",
      "admin-state enable",
      "address 10.8.0.1/24 {",
      "}",
      "}",
      "}",
      "}",
    );
    expect(context(session)).toBe("");
    await session.type('system banner motd-banner "first\n', /\.\.\.$/);
    await type(session, 'second"');
    await session.type("system dns server-list [ 192.0.2.1\n", /\.\.\.$/);
    await type(session, "192.0.2.2 ]", "commit now");
    expect(device.runningConfig()).toContain("set / interface ethernet-1/7 mtu 9000\n");
    expect(device.runningConfig()).toContain("set / interface ethernet-1/8 subinterface 0 ipv4 address 10.8.0.1/24\n");
    expect(device.runningConfig()).toContain('set / system banner motd-banner "first\nsecond"\n');
    expect(device.runningConfig()).toContain("server-list [ 10.255.0.53 10.255.1.53 192.0.2.1 192.0.2.2 ]\n");
  });

  test("entries stand in the order of their numbers, and an emptied container is gone", async () => {
    const { device } = await boot();
    const session = await login(device);
    await type(
      session,
      "enter candidate",
      "set / acl acl-filter edge type ipv4 entry 15 action drop",
      "delete / system information",
      "delete / interface ethernet-1/1 description",
    );
    const entries = (await type(session, "info flat / acl acl-filter edge type ipv4")).match(/entry \d+ action/g);
    expect(entries).toEqual(["entry 10 action", "entry 15 action", "entry 20 action", "entry 100 action"]);
    expect(await type(session, "info system information")).toBe(
      "    system {\n        information {\n        }\n    }\n",
    );
    expect(await type(session, "info flat system")).not.toContain("information");
    await type(session, "delete / interface *", "discard stay");
    expect(status(session)).toBe("candidate shared default");
  });

  test("pipes: grep, head, more", async () => {
    const session = await login((await boot()).device);
    expect(await type(session, "info flat | grep host-name")).toBe("set / system name host-name s0001-leaf1\n");
    expect((await type(session, "info flat | head 2")).split("\n")).toHaveLength(3);
    await session.type("info | more\n", /--More-- $/);
    await session.type("q", PROMPT);
  });

  test("keeps a secret as a hash, and takes that hash back as it is", async () => {
    const { device } = await boot();
    const session = await login(device);
    await type(
      session,
      "enter candidate",
      "set / system aaa authentication user anna password Sommer-2026",
      "commit now",
    );
    const shown = /user anna password (\S+)/.exec(device.runningConfig())?.[1] ?? "";
    expect(shown).toMatch(/^\$y\$/);
    await type(session, "enter candidate", `set / system aaa authentication user anna password ${shown}`);
    expect(await type(session, "diff")).toBe("");
  });

  test("answers one exec request", async () => {
    const { device } = await boot();
    const { text } = await execOnce(device, "show version | grep Serial");
    expect(text.trim()).toBe(`Serial Number        : ${device.serial}`);
  });
});

describe("what it reports", () => {
  test("who it is, in `show version` and in the state datastore", async () => {
    const { device } = await boot();
    const session = await login(device);
    expect(await type(session, "show version")).toMatch(/Hostname {13}: s0001-leaf1\nChassis Type {9}: 7220 IXR-D2L\n/);
    expect(await type(session, "info from state /platform/chassis")).toContain(`serial-number ${device.serial}`);
    expect(await type(session, "info from state /system/information")).toContain("version v24.10.1-492-gf8858c5836");
    expect(await type(session, "info from state / interface ethernet-1/1 mtu")).toContain("mtu 9232");
    expect(await type(session, "info from running / interface ethernet-1/1 mtu")).not.toContain("mtu");
    expect(await type(session, "info from running /platform")).toBe("    platform {\n    }\n");
  });

  test("links, sessions, routes, neighbours and addresses follow from what runs", async () => {
    const { device } = await boot({ uncabled: ["ethernet-1/3"] });
    const session = await login(device);
    const brief = await type(session, "show interface brief");
    expect(brief).toMatch(/\| ethernet-1\/1 +\| enable +\| up +\|/);
    expect(brief).toMatch(/\| ethernet-1\/3 +\| enable +\| down +\|/);
    const before = await type(session, "show network-instance default route-table");
    expect(before).toMatch(/\| 172\.16\.0\.0\/31 +\| 0 +\| local +\| net_inst_mgr/);
    expect(await type(session, "show network-instance default protocols bgp neighbor")).toMatch(
      /172\.16\.0\.1 .*established/,
    );
    expect(await type(session, "show system lldp neighbor")).toMatch(/\| ethernet-1\/1 +\| 1A:/);
    device.mutate(["set / interface ethernet-1/1 admin-state disable"]);
    expect(await type(session, "show network-instance default protocols bgp neighbor")).toMatch(
      /172\.16\.0\.1 .*active/,
    );
    expect(await type(session, "show network-instance default route-table")).not.toMatch(/bgp_mgr|172\.16\.0\.0/);
    expect(await type(session, "show system lldp neighbor")).not.toContain("ethernet-1/1 ");
  });

  test("learnt addresses of a mac-vrf", async () => {
    const { device } = await boot();
    device.mutate([
      "set / interface ethernet-1/9 admin-state enable subinterface 0 type bridged",
      "set / network-instance lan type mac-vrf interface ethernet-1/9.0",
    ]);
    const session = await login(device);
    expect(
      (await type(session, "show network-instance lan bridge-table mac-table all")).match(/ethernet-1\/9\.0/g),
    ).toHaveLength(2);
  });
});

describe("candidates", () => {
  test("a commit is one apply; what is committed is unsaved until it is saved", async () => {
    const { device } = await boot();
    const session = await login(device);
    await type(session, "enter candidate", CHANGE);
    expect(status(session)).toBe("* candidate shared default");
    expect(await type(session, "diff")).toMatch(
      /^ {6}interface ethernet-1\/1 \{\n- {9}description ".*"\n\+ {9}description "by us"\n {6}\}\n$/,
    );
    expect(await type(session, "commit now")).toBe("All changes have been committed. Leaving candidate mode.\n");
    expect(status(session)).toBe("+ running");
    expect(device.applies()).toMatchObject([{ by: "netops", via: "terminal", lines: [CHANGE] }]);
    expect(device.startupConfig()).not.toContain("by us");
    expect(await type(session, "save startup")).toContain(
      "Saved current running configuration as initial (startup) configuration",
    );
    expect(status(session)).toBe("running");
    await type(session, "enter candidate", "set / interface ethernet-1/1 mtu 9000");
    expect(await type(session, "commit stay")).toBe("All changes have been committed. Starting new transaction.\n");
    expect(status(session)).toBe("+ candidate shared default");
    await type(session, "set / interface ethernet-1/1 mtu 9100", "commit save");
    expect(device.startupConfig()).toBe(device.runningConfig());
  });

  test("`commit validate` and a commit refuse what refers to nothing, and leave everything as it was", async () => {
    const { device } = await boot();
    const before = device.runningConfig();
    const session = await login(device);
    await type(session, "enter candidate private", "set / network-instance default interface ethernet-1/44.0");
    const why = 'Error: Error in path: .network-instance{.name=="default"}.interface{.name=="ethernet-1/44.0"}\n';
    expect(await type(session, "commit validate")).toContain(why);
    expect(await type(session, "commit now")).toContain(why);
    expect(device.runningConfig()).toBe(before);
    expect(device.applyCount()).toBe(0);
    expect(status(session)).toBe("* candidate private private-netops");
    await type(session, "set / interface ethernet-1/44 subinterface 0");
    expect(await type(session, "commit validate")).toBe("");
  });

  test("the shared candidate is everybody's, and says so", async () => {
    const { device } = await boot();
    const [first, second] = [await login(device), await login(device)];
    await type(first, "enter candidate", CHANGE);
    expect(await type(second, "enter candidate")).toBe("Candidate 'default' is not empty\n");
    expect(status(second)).toBe("* candidate shared default");
    await type(second, "set / interface ethernet-1/2 description theirs", "commit now");
    expect(device.runningConfig()).toContain("by us");
  });

  test("an exclusive one is refused where others are in it, and named to whom comes after", async () => {
    const { device } = await boot();
    const [first, second] = [await login(device), await login(device)];
    await type(first, "enter candidate exclusive");
    expect(status(first)).toBe("candidate exclusive default");
    expect(await type(second, "enter candidate")).toBe(
      "Error: Candidate 'default' is in exclusive use by user 'netops' (session 1)\n",
    );
    expect(status(second)).toBe("running");
    await type(first, CHANGE, "enter running");
    expect(await type(second, "enter candidate exclusive")).toContain("was modified by user 'netops'");
    await type(second, "enter candidate", "discard stay");
    expect(await type(first, "enter candidate exclusive")).toContain("is in use by user 'netops' (session 2)");
  });

  test("a candidate outlives the session that made it, and its baseline is an old one then", async () => {
    const { device } = await boot();
    const first = await login(device);
    await type(first, "enter candidate private name job", CHANGE);
    first.end();
    await first.closed;
    device.mutate(["set / interface ethernet-1/2 description theirs"]);
    const second = await login(device);
    expect(await type(second, "enter candidate private name job")).toBe("Candidate 'job' is not empty\n");
    expect(status(second)).toBe("+!* candidate private job");
    expect(await type(second, "info flat from candidate interface ethernet-1/2 description")).not.toContain("theirs");
    await type(second, "commit now");
    expect(device.runningConfig()).toContain("interface ethernet-1/2 description theirs\n");
    expect(description(device)).toBe('"by us"');
  });

  test("the same leaf changed on both sides is a conflict, until the baseline is brought up to date", async () => {
    const { device } = await boot();
    const session = await login(device);
    await type(session, "enter candidate private", CHANGE);
    device.mutate(["set / interface ethernet-1/1 description theirs"]);
    expect(await type(session, "commit now")).toContain("conflicting change at '/ interface ethernet-1/1 description'");
    expect(description(device)).toBe("theirs");
    expect(await type(session, "baseline diff")).toContain("+         description theirs\n");
    expect(await type(session, "baseline check")).toContain("conflicting change");
    await type(session, "discard stay", CHANGE, "commit now");
    expect(description(device)).toBe('"by us"');
  });

  test("there are ten candidates and no more; `clear` makes room", async () => {
    const session = await login((await boot()).device);
    for (let number = 1; number <= 10; number += 1)
      await type(session, `enter candidate private name c${number}`, CHANGE);
    expect(await type(session, "enter candidate private name c11")).toContain(
      "Maximum number of candidates (10) reached",
    );
    await type(session, "enter running", "tools system configuration candidate c3 clear");
    expect(await type(session, "enter candidate private name c11")).toBe("");
  });

  test("checkpoints: made, listed, loaded into a candidate, committed", async () => {
    const { device } = await boot();
    const before = device.runningConfig();
    const session = await login(device);
    expect(await type(session, "/tools system configuration generate-checkpoint name before comment 'a job'")).toBe(
      "/system:\n    Generated checkpoint '/etc/opt/srlinux/checkpoint/checkpoint-0.json' with name 'before' and comment 'a job'\n\n",
    );
    await type(
      session,
      "enter candidate private",
      CHANGE,
      "delete / routing-policy policy all",
      "delete / network-instance default protocols bgp group spines import-policy",
      "commit now",
    );
    expect(device.runningConfig()).not.toBe(before);
    expect(await type(session, "info from state system configuration checkpoint 0")).toContain("name before");
    await type(session, "enter candidate private", "load checkpoint name before", "commit now");
    expect(device.runningConfig()).toBe(before);
    await type(session, "enter candidate private");
    expect(await type(session, "load checkpoint name nowhere")).toBe("Error: Checkpoint 'nowhere' does not exist\n");
  });
});

describe("a confirmed commit", () => {
  async function arm(session: TestSession, seconds = 90): Promise<string> {
    return type(session, "enter candidate private", CHANGE, `commit confirmed timeout ${seconds}`);
  }

  test("is in force at once, counts seconds, and takes itself back", async () => {
    const { device, clock } = await boot();
    const before = device.runningConfig();
    const session = await login(device);
    expect(await arm(session)).toBe(
      "Commit confirmed (automatic rollback in 1 minute 30 seconds)\nAll changes have been committed. Leaving candidate mode.\n",
    );
    expect(description(device)).toBe('"by us"');
    expect(device.pendingRollback()).toMatchObject({ user: "netops", deadlineMs: clock.nowMs() + 90_000 });
    expect(await type(session, "info from state /system configuration commit 2")).toContain("status unconfirmed");
    clock.advance(89_999);
    expect(description(device)).toBe('"by us"');
    clock.advance(1);
    expect(device.runningConfig()).toBe(before);
    expect(device.events().at(-1)).toMatchObject({ kind: "rolled-back", why: "timer" });
    expect(await type(session, "info from state /system configuration commit 2")).toContain("status failed");
  });

  test("waits ten minutes where it is not told, and not more than a day", async () => {
    const { device, clock } = await boot();
    const session = await login(device);
    await type(session, "enter candidate private", CHANGE);
    expect(await type(session, "commit confirmed timeout 0")).toContain("Must be in the range 1..86400");
    expect(await type(session, "commit confirmed 5")).toContain("Unknown token '5'");
    expect(await type(session, "commit confirmed")).toContain("automatic rollback in 10 minutes");
    expect(device.pendingRollback()?.deadlineMs).toBe(clock.nowMs() + 600_000);
  });

  test("is accepted by another session, after the one that made it is gone, and is not saved by that", async () => {
    const { device, clock } = await boot();
    const first = await login(device);
    await arm(first);
    first.end();
    await first.closed;
    const second = await login(device);
    expect(await type(second, "tools system configuration confirmed-accept")).toMatch(/accepted/);
    clock.advance(600_000);
    expect(description(device)).toBe('"by us"');
    expect(device.startupConfig()).not.toContain("by us");
    expect(await type(second, "tools system configuration confirmed-accept")).toBe(
      "Error: No confirmed commit is in progress\n",
    );
    expect(await type(second, "info from state /system configuration commit 2")).toContain("status complete");
  });

  test("is rejected at once by `confirmed-reject`", async () => {
    const { device } = await boot();
    const before = device.runningConfig();
    const session = await login(device);
    await arm(session);
    expect(await type(session, "tools system configuration confirmed-reject")).toMatch(/rejected/);
    expect(device.runningConfig()).toBe(before);
    expect(device.events().at(-1)).toMatchObject({ kind: "rolled-back", why: "asked" });
  });

  test("refuses every other commit while it waits, and names its user", async () => {
    const { device } = await boot();
    const session = await login(device);
    await arm(session);
    await type(session, "enter candidate private name second", "set / interface ethernet-1/2 description other");
    expect(await type(session, "commit now")).toBe("Error: Commit confirmed by user 'netops' is in progress\n");
    expect(device.applyCount()).toBe(1);
  });

  test("whoever shuts the management port is outside until it takes itself back", async () => {
    const { device, clock } = await boot();
    const session = await login(device);
    await type(session, "enter candidate private", "set / interface mgmt0 admin-state disable");
    session.send("commit confirmed timeout 60\n");
    await expect(connectTestClient(device, { extra: { readyTimeout: 50 } })).rejects.toThrow();
    expect(device.runningConfig()).toContain("set / interface mgmt0 admin-state disable\n");
    clock.advance(60_000);
    await login(device);
    expect(device.runningConfig()).not.toContain("mgmt0 admin-state disable");
  });

  test("a reboot loses it with everything that was not saved", async () => {
    const { device, clock } = await boot();
    const before = device.runningConfig();
    const session = await login(device);
    await arm(session);
    await type(session, "enter candidate private name left", CHANGE, "enter running");
    device.reboot(60_000);
    await session.closed;
    clock.advance(60_000);
    expect(device.runningConfig()).toBe(before);
    expect(device.pendingRollback()).toBeUndefined();
    expect(await type(await login(device), "info from state /system configuration")).not.toContain("candidate left");
  });
});
