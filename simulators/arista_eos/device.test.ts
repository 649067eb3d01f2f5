import { afterEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../shared/clock.ts";
import type { SimulatedDevice } from "../device.ts";
import { connectTestClient, type TestSession } from "../ssh/test-client.ts";
import { startAristaEos, type AristaEosConfigInput } from "./index.ts";
import { sampleAristaEos } from "./sample.ts";

const MINUTE_MS = 60_000;
const devices: SimulatedDevice[] = [];
const sessions: TestSession[] = [];
afterEach(async () => {
  for (const session of sessions.splice(0)) session.end();
  await Promise.all(devices.splice(0).map((device) => device.stop()));
});

async function boot(extra: Partial<AristaEosConfigInput> = {}) {
  const clock = new ManualClock();
  const { hostname, serial, config } = sampleAristaEos({ seed: 1, index: 0, interfaces: 4, username: "netops" });
  const device = await startAristaEos(
    { name: hostname, serial, config, loginPrivileged: true, eapi: false, ...extra },
    { clock },
  );
  devices.push(device);
  return { device, clock };
}

const PROMPT = /\r\ns0001-lf01(?:\([^)]*\))?[#>]$/;

async function login(device: SimulatedDevice): Promise<TestSession> {
  const session = await connectTestClient(device, { rows: 0 });
  sessions.push(session);
  await session.waitFor(/s0001-lf01[#>]$/);
  return session;
}

/** What the last line answered, prompt included. */
async function type(session: TestSession, ...lines: string[]): Promise<string> {
  let last = "";
  for (const line of lines) last = await session.type(`${line}\n`, PROMPT);
  return last.replaceAll("\r", "");
}

const NTP = "ntp server 9.9.9.9";

describe("the command line", () => {
  test("knows who is privileged and asks for the password of enable", async () => {
    const { device } = await boot({ loginPrivileged: false, enablePassword: "opensesame" });
    const session = await login(device);
    expect(await type(session, "show running-config")).toContain("% Invalid input (privileged mode required)");
    expect(await type(session, "show version")).toContain("Software image version: 4.30.1F");
    await session.type("enable\n", /Password: $/);
    await session.type("wrong\n", /Password: $/);
    await session.type("opensesame\n", /#$/);
    expect(await type(session, "show privilege")).toContain("15");
    expect(await type(session, "disable")).toMatch(/lf01>$/);
  });

  test("says what is wrong with a line, and where", async () => {
    const { device } = await boot();
    const session = await login(device);
    expect(await type(session, "show bogus")).toContain("% Invalid input (at token 1: 'bogus')");
    expect(await type(session, "show")).toContain("% Incomplete command (at token 0: 'show')");
    expect(await type(session, "show i")).toContain("% Ambiguous command (at token 1: 'i')");
    await type(session, "configure", "interface et1");
    expect(await type(session, "descriptin x")).toContain("% Invalid input (at token 0: 'descriptin')");
    expect(await type(session, "mtu 99999")).toContain("% Invalid input (at token 1: '99999')");
    expect(await type(session, "interface Ethernet99")).toContain("% Invalid input (at token 1: 'Ethernet99')");
    expect(await type(session, "platform sand lag hardware-only")).toContain(
      "% Unavailable command (not supported on this hardware platform)",
    );
    await type(session, "ip access-list standard SNMP-RO");
    expect(await type(session, "10 permit 10.0.0.0/8")).toContain("% Duplicate sequence number");
    expect(device.applyCount()).toBe(0);
  });

  test("configures at once outside of sessions, and once for each sitting", async () => {
    const { device } = await boot();
    const session = await login(device);
    expect(await type(session, "configure")).toMatch(/lf01\(config\)#$/);
    expect(await type(session, "int eth 1")).toMatch(/lf01\(config-if-Et1\)#$/);
    await type(session, "ip address 10.9.9.1 255.255.255.252", "no switchport", "router bgp 65100");
    expect(await type(session, "vrf BLUE")).toMatch(/lf01\(config-router-bgp-vrf-BLUE\)#$/);
    expect(device.runningConfig()).toContain("   ip address 10.9.9.1/30\n");
    expect(device.applyCount()).toBe(0);
    await type(session, "end");
    expect(device.applies()).toMatchObject([{ via: "terminal", by: "netops" }]);
    expect(device.startupConfig()).not.toContain("10.9.9.1/30");
    expect(await type(session, "show running-config diffs")).toContain("+   ip address 10.9.9.1/30");
    expect(await type(session, "write memory")).toContain("Copy completed successfully.");
    expect(device.startupConfig()).toContain("10.9.9.1/30");
    expect(await type(session, "show running-config diffs")).not.toContain("@@");
  });

  test("takes what `no` takes away, and resets what `default` names", async () => {
    const { device } = await boot();
    const session = await login(device);
    await type(session, "configure", "interface Ethernet1", "no description", "no ip address", "switchport");
    expect(device.runningConfig()).toContain("interface Ethernet1\n   mtu 9214\n!");
    await type(session, "default interface Ethernet1");
    expect(device.runningConfig()).toContain("interface Ethernet1\n!");
    expect(await type(session, "no interface Ethernet1")).toContain("% Invalid input");
    await type(session, "no ip routing", "no vlan 30", "router bgp 65100", "no neighbor 172.16.0.0");
    expect(device.runningConfig()).not.toMatch(/^vlan 30|neighbor 172\.16\.0\.0 /m);
    expect(device.runningConfig()).toContain("\nno ip routing\n");
  });

  test("pages, unless told not to; filters; and shows JSON", async () => {
    const { device } = await boot();
    const session = await connectTestClient(device, { rows: 24 });
    sessions.push(session);
    await session.waitFor(/#$/);
    await session.type("show running-config\n", /--More-- $/);
    await session.type("q", /#$/);
    expect(await type(session, "terminal length 0")).toContain("Pagination disabled.");
    expect(await type(session, "show running-config")).toMatch(/\nend\ns0001-lf01#$/);
    expect(await type(session, "show running-config | include ntp")).toMatch(
      /ntp server 10.255.0.20\nntp server 10.255.0.21\ns0/,
    );
    expect(await type(session, "show version | json")).toContain('"modelName": "DCS-7050SX3-48YC8"');
    expect(await type(session, "show running-config | section router bgp")).toContain("   router-id 192.0.0.1");
  });

  test("a banner has many lines, and shows before the login", async () => {
    const { device } = await boot();
    const session = await login(device);
    await type(session, "configure");
    await session.type("banner login\n", /Type 'EOF' on its own line to end\.\r\n$/);
    session.send("first\nsecond #\n");
    await session.type("EOF\n", PROMPT);
    expect(device.runningConfig()).toContain("banner login\nfirst\nsecond #\nEOF\n!");
    expect((await login(device)).banner()).toMatch(/^first\nsecond #\n/);
  });

  test("a shell is there, and has its own prompt", async () => {
    const { device } = await boot();
    const session = await login(device);
    await session.type("bash\n", /\[netops@s0001-lf01 ~\]\$ $/);
    await session.type("uname\n", /command not found\r\n\[netops@s0001-lf01 ~\]\$ $/);
    await type(session, "exit");
  });
});

describe("configuration sessions", () => {
  const enter = (name: string) => `configure session ${name}`;

  test("keep to themselves until they are committed, and show what they would change", async () => {
    const { device } = await boot();
    const session = await login(device);
    expect(await type(session, enter("farhand-1"))).toMatch(/lf01\(config-s-farhan\)#$/);
    await type(session, NTP);
    expect(device.runningConfig()).not.toContain(NTP);
    expect(await type(session, "show session-config diffs")).toContain(
      "--- system:/running-config\n+++ session:/farhand-1-session-config\n",
    );
    await type(session, "end");
    expect(await type(session, "show session-config named farhand-1 diffs")).toContain(`+${NTP}`);
    expect(await type(session, "show configuration sessions")).toMatch(/farhand-1 +pending/);
    await type(session, enter("farhand-1"), "commit");
    expect(device.runningConfig()).toContain(NTP);
    expect(device.startupConfig()).not.toContain(NTP);
    expect(device.applies()).toMatchObject([{ via: "session", by: "netops", lines: [NTP] }]);
    expect(await type(session, "show configuration sessions detail")).toMatch(/farhand-1 +completed .*netops/);
  });

  test("abort leaves nothing", async () => {
    const { device } = await boot();
    const before = device.runningConfig();
    const session = await login(device);
    expect(await type(session, enter("a"), NTP, "abort")).toMatch(/lf01#$/);
    await type(session, enter("b"), NTP, "exit", "configure session b abort");
    expect(await type(session, "show configuration sessions")).not.toMatch(/pending\s*$/m);
    expect(device.runningConfig()).toBe(before);
  });

  test("the last commit wins: what another did since the session began is gone", async () => {
    const { device } = await boot();
    const session = await login(device);
    await type(session, enter("mine"), NTP);
    device.mutate(["snmp-server contact noc@example.net"]);
    expect(await type(session, "show session-config diffs")).toContain("-snmp-server contact noc@example.net");
    await type(session, "commit");
    expect(device.runningConfig()).not.toContain("noc@example.net");
  });

  test("a replace begins with a clean configuration", async () => {
    const { device } = await boot();
    const before = device.runningConfig();
    const session = await login(device);
    await type(session, enter("replace"), "rollback clean-config");
    expect(await type(session, "show session-config")).not.toContain("router bgp");
    for (const line of before.split("\n").filter((one) => !one.startsWith("!") && one !== "end" && one !== "")) {
      if (line === "banner login") await session.type("banner login\n", /to end\.\r\n$/);
      else if (/^(?:\*\*\*|Problems)/.test(line)) session.send(`${line}\n`);
      else await type(session, line);
    }
    expect(await type(session, "show session-config diffs")).not.toContain("@@");
    await type(session, "commit");
    expect(device.runningConfig()).toBe(before);
    expect(device.applyCount()).toBe(0);
  });

  test("there are five of them at most", async () => {
    const { device } = await boot();
    const session = await login(device);
    for (const name of ["a", "b", "c", "d", "e"]) await type(session, enter(name), "exit");
    expect(await type(session, enter("f"))).toContain("% Maximum number of pending sessions has been reached");
    expect(await type(session, enter("e"))).toMatch(/\(config-s-e\)#$/);
  });

  test("an idle one is forgotten after a day, and all by a reboot", async () => {
    const { device, clock } = await boot();
    const first = await login(device);
    await type(first, enter("idle"), NTP, "exit");
    clock.advance(24 * 60 * MINUTE_MS);
    expect(await type(first, "show configuration sessions")).not.toContain("idle");
    await type(first, enter("other"), NTP, "exit");
    device.reboot(1000);
    clock.advance(1000);
    expect(await type(await login(device), "show configuration sessions")).not.toContain("other");
  });
});

describe("the commit timer", () => {
  const arm = ["configure session t1", NTP, "commit timer 00:02:00"] as const;

  test("takes back what was not confirmed, byte by byte", async () => {
    const { device, clock } = await boot();
    const before = device.runningConfig();
    await type(await login(device), ...arm);
    expect(device.pendingRollback()).toMatchObject({ user: "netops", deadlineMs: clock.nowMs() + 2 * MINUTE_MS });
    clock.advance(2 * MINUTE_MS - 1);
    expect(device.runningConfig()).toContain(NTP);
    clock.advance(1);
    expect(device.runningConfig()).toBe(before);
    expect(device.events().at(-1)).toMatchObject({ kind: "rolled-back", why: "timer" });
    expect(await type(await login(device), "show configuration sessions")).not.toContain("t1");
  });

  test("keeps what another connection confirms", async () => {
    const { device, clock } = await boot();
    const first = await login(device);
    await type(first, ...arm);
    first.end();
    const second = await login(device);
    expect(await type(second, "show configuration sessions detail")).toMatch(/t1 +pendingCommitTimer .*0:02:00/);
    await type(second, "configure session t1 commit");
    clock.advance(10 * MINUTE_MS);
    expect(device.runningConfig()).toContain(NTP);
    expect(await type(second, "show configuration sessions detail")).toMatch(/t1 +completed/);
  });

  test("goes back at once by abort, together with what others did meanwhile", async () => {
    const { device } = await boot();
    const before = device.runningConfig();
    const session = await login(device);
    await type(session, ...arm);
    device.mutate(["snmp-server contact noc@example.net"]);
    await type(session, "configure session t1 abort");
    expect(device.runningConfig()).toBe(before);
    expect(device.events().at(-1)).toMatchObject({ kind: "rolled-back", why: "asked" });
  });

  test("is one for the whole box, and no other session commits beside it", async () => {
    const { device } = await boot();
    const session = await login(device);
    await type(session, ...arm, "configure session t2", "ntp server 8.8.8.8");
    expect(await type(session, "commit")).toContain("% Cannot commit");
    expect(await type(session, "commit timer 1:0")).toContain("% Invalid input (at token 2: '1:0')");
    expect(device.applyCount()).toBe(1);
  });

  test("from 4.32 on it stands beside the sessions", async () => {
    const { device } = await boot({ version: "4.32.1F" });
    const session = await login(device);
    await type(session, ...arm);
    const shown = await type(session, "show configuration sessions detail");
    expect(shown).toContain("Session with pending commit timer: t1");
    expect(shown).toContain("Time left until commit timer expiry: in 0:02:00");
    expect(shown).toMatch(/t1 +completed/);
  });
});

describe("faults", () => {
  test("hang, drop before and after, drop in the middle", async () => {
    const { device } = await boot();
    const hanging = await login(device);
    device.setFault({ kind: "hang", at: "^show running" });
    await hanging.type("show running-config\n", /config\r\n$/);
    device.clearFault();
    for (const moment of ["before", "after"] as const) {
      const session = await login(device);
      await type(session, `configure session drop-${moment}`, `ntp server 1.1.1.${moment === "before" ? 1 : 2}`);
      device.setFault({ kind: "drop", at: "^commit", moment });
      session.send("commit\n");
      await session.closed;
      device.clearFault();
    }
    expect(device.runningConfig()).not.toContain("1.1.1.1");
    expect(device.runningConfig()).toContain("1.1.1.2");
    const cut = await login(device);
    device.setFault({ kind: "drop", afterBytes: 300 });
    device.setFault({ kind: "tiny-chunks", chunkBytes: 50 });
    cut.send("show running-config\n");
    await cut.closed;
  });

  test("wrong-prompt, paging-left-on, log-noise, slow-output", async () => {
    const { device, clock } = await boot();
    const session = await login(device);
    device.setFault({ kind: "wrong-prompt", prompt: "{host}:~$ ", at: "show clock" });
    await session.type("show clock\n", /s0001-lf01:~\$ $/);
    device.clearFault();
    device.setFault({ kind: "log-noise", every: 3 });
    expect(await type(session, "show version")).toContain("%LINEPROTO-5-UPDOWN");
    device.clearFault();
    device.setFault({ kind: "paging-left-on" });
    await type(session, "terminal length 0");
    await session.type("show running-config\n", /--More-- $/);
    device.clearFault();
    await session.type("q", /#$/);
    device.setFault({ kind: "slow-output", chunkBytes: 10, delayMs: 1000 });
    session.send("show hostname\n");
    await expect
      .poll(() => (clock.advance(1000), session.output()))
      .toMatch(/FQDN: +s0001-lf01\.lab\.example\.net\r\n.*#$/);
  });

  test("refuse-line and authorization-denied, by number and by pattern", async () => {
    const { device } = await boot();
    const session = await login(device);
    device.setFault({ kind: "refuse-line", line: 2 });
    await type(session, "configure session f", "ntp server 1.0.0.1");
    expect(await type(session, "ntp server 1.0.0.2")).toContain("% Invalid input\n");
    device.clearFault();
    device.setFault({ kind: "authorization-denied", line: 3 });
    expect(await type(session, "ntp server 1.0.0.3")).toContain(
      "% Authorization denied for command 'ntp server 1.0.0.3'",
    );
    device.setFault({ kind: "authorization-denied", match: "^(commit|show running)" });
    expect(await type(session, "commit")).toContain("% Authorization denied for command 'commit'");
    expect(await type(session, "show running-config")).toContain("% Authorization denied");
    device.clearFault();
    await type(session, "commit");
    expect(device.runningConfig().match(/ntp server 1\.\S+/g)).toEqual(["ntp server 1.0.0.1"]);
  });

  test("unreachable-after-apply: dark until the timer takes it back", async () => {
    const { device, clock } = await boot({ eapi: true });
    const before = device.runningConfig();
    device.setFault({ kind: "unreachable-after-apply", match: "9.9.9.9" });
    const session = await login(device);
    await type(session, "configure session cut", NTP);
    session.send("commit timer 00:02:00\n");
    await session.closed;
    await expect(connectTestClient(device)).rejects.toThrow();
    await expect(
      fetch(`https://127.0.0.1:${device.ports?.https}/`, { tls: { ca: device.certificate ?? "" } }),
    ).rejects.toThrow();
    clock.advance(2 * MINUTE_MS);
    expect(device.runningConfig()).toBe(before);
    await login(device);
  });

  test("confirm-lost: the answer is good and the timer runs on", async () => {
    const { device, clock } = await boot();
    const before = device.runningConfig();
    const session = await login(device);
    await type(session, "configure session lost", NTP, "commit timer 00:02:00");
    device.setFault({ kind: "confirm-lost" });
    expect(await type(session, "configure session lost commit")).not.toContain("%");
    clock.advance(2 * MINUTE_MS);
    expect(device.runningConfig()).toBe(before);
  });

  test("confirmed-by-other, other-admin-change", async () => {
    const { device, clock } = await boot();
    device.setFault({ kind: "confirmed-by-other", afterMs: 1000 });
    device.setFault({ kind: "other-admin-change", lines: ["snmp-server contact me"], afterMs: 500 });
    const session = await login(device);
    await type(session, "configure session c", NTP, "commit timer 00:02:00");
    clock.advance(1000);
    expect(device.events().slice(-2)).toMatchObject([{ kind: "out-of-band" }, { kind: "confirmed", by: "noc-admin" }]);
    clock.advance(5 * MINUTE_MS);
    expect(device.runningConfig()).toContain(NTP);
    expect(device.runningConfig()).toContain("snmp-server contact me");
  });

  test("reboot-before-confirm and failover-before-confirm: the timer is forgotten", async () => {
    const { device, clock } = await boot();
    const saved = device.startupConfig();
    device.setFault({ kind: "reboot-before-confirm", bootMs: 1000 });
    const session = await login(device);
    await type(session, "configure session r", NTP);
    session.send("commit timer 00:02:00\n");
    await session.closed;
    await expect(connectTestClient(device)).rejects.toThrow();
    clock.advance(1000);
    expect(device.runningConfig()).toBe(saved.replace("startup", "running").replace(/^! Startup.*\n/m, ""));
    device.setFault({ kind: "failover-before-confirm", bootMs: 1000, runs: "applied" });
    const other = await login(device);
    await type(other, "configure session r2", NTP);
    other.send("commit timer 00:02:00\n");
    await other.closed;
    clock.advance(10 * MINUTE_MS);
    expect(device.runningConfig()).toContain(NTP);
    expect(device.serial).toBe("9STANDBY0001");
    expect(device.events().filter(({ kind }) => kind === "rolled-back")).toEqual([]);
  });

  test("stale-candidate: a session of somebody else, or his lock", async () => {
    const { device } = await boot();
    device.setFault({ kind: "stale-candidate", lines: [NTP] });
    const session = await login(device);
    expect(await type(session, "show configuration sessions")).toMatch(/noc-change +pending +noc-admin/);
    expect(await type(session, "show session-config named noc-change diffs")).toContain(`+${NTP}`);
    device.setFault({ kind: "stale-candidate", locked: true });
    expect(await type(session, "configure session x")).toContain("configuration is locked by user noc-admin");
    expect(await type(session, "configure")).toContain("configuration is locked by user noc-admin");
  });

  test("aaa-down, full-session-table, wrong-privilege", async () => {
    const { device } = await boot();
    const before = await login(device);
    device.setFault({ kind: "full-session-table" });
    await expect(connectTestClient(device)).rejects.toThrow();
    expect(await type(before, "configure session x")).toContain("% Maximum number of pending sessions");
    device.clearFault();
    device.setFault({ kind: "aaa-down" });
    await expect(connectTestClient(device)).rejects.toThrow(/authentication/i);
    device.clearFault();
    device.setFault({ kind: "wrong-privilege" });
    const low = await login(device);
    expect(await type(low, "enable")).toContain("% Authorization denied for command 'enable'");
    expect(await type(low, "configure session x")).toContain("% Invalid input (privileged mode required)");
  });
});
