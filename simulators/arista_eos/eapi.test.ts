import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { ManualClock } from "../../shared/clock.ts";
import type { SimulatedDevice } from "../device.ts";
import { startAristaEos, type AristaEosConfigInput } from "./index.ts";
import { sampleAristaEos } from "./sample.ts";

const MINUTE_MS = 60_000;
const NTP = "ntp server 9.9.9.9";
const devices: SimulatedDevice[] = [];
afterEach(async () => {
  await Promise.all(devices.splice(0).map((device) => device.stop()));
});

async function boot(extra: Partial<AristaEosConfigInput> = {}) {
  const clock = new ManualClock();
  const { hostname, serial, config } = sampleAristaEos({ seed: 1, index: 0, interfaces: 4, username: "netops" });
  const device = await startAristaEos({ name: hostname, serial, config, ...extra }, { clock });
  devices.push(device);
  return { device, clock };
}

type Command = string | { cmd: string; input?: string };
interface Answer {
  result?: Record<string, unknown>[];
  error?: { code: number; message: string; data?: { errors?: string[] }[] };
}

function post(device: SimulatedDevice, body: string, password = device.password): Promise<Response> {
  return fetch(`https://127.0.0.1:${device.ports?.https}/command-api`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${device.username}:${password}`)}` },
    body,
    keepalive: false,
    tls: { ca: device.certificate ?? "" },
  });
}

async function run(device: SimulatedDevice, cmds: Command[], params: object = {}): Promise<Answer> {
  const body = { jsonrpc: "2.0", method: "runCmds", params: { version: 1, cmds, ...params }, id: "1" };
  return (await (await post(device, JSON.stringify(body))).json()) as Answer;
}

/** Enabled, in JSON; throws what the box refused. */
async function ok(device: SimulatedDevice, ...cmds: Command[]): Promise<Record<string, unknown>[]> {
  const { result, error } = await run(device, ["enable", ...cmds]);
  if (error) throw new Error(error.message);
  return (result ?? []).slice(1);
}

describe("runCmds", () => {
  test("answers each command by a model, or by its text", async () => {
    const { device } = await boot();
    const [version, hostname] = (await run(device, ["show version", "show hostname"])).result ?? [];
    expect(version).toMatchObject({ modelName: "DCS-7050SX3-48YC8", version: "4.30.1F", serialNumber: device.serial });
    expect(hostname).toEqual({ hostname: "s0001-lf01", fqdn: "s0001-lf01.lab.example.net" });
    const text = await run(device, ["enable", "show running-config"], { format: "text" });
    expect(text.result?.[1]).toEqual({ output: device.runningConfig() });
    const [config] = await ok(device, "show running-config");
    expect(config).toMatchObject({
      cmds: { "hostname s0001-lf01": null, "interface Ethernet1": { cmds: { "mtu 9214": null } } },
    });
  });

  test("stops at the first that fails, with what the ones before it said", async () => {
    const { device } = await boot();
    const answer = await run(device, ["show hostname", "show bogus", "show version"]);
    expect(answer).toEqual({
      jsonrpc: "2.0",
      id: "1",
      error: {
        code: 1002,
        message: "CLI command 2 of 3 'show bogus' failed: invalid command",
        data: [
          expect.objectContaining({ hostname: "s0001-lf01" }),
          { errors: ["Invalid input (at token 1: 'bogus')"] },
        ],
      },
    });
    const half = await run(device, ["enable", "configure", NTP, "bogus line", "ntp server 8.8.8.8"]);
    expect(half.error).toMatchObject({
      code: 1002,
      data: [{}, {}, {}, { errors: ["Invalid input (at token 0: 'bogus')"] }],
    });
    expect(device.runningConfig()).toContain(NTP);
    expect(device.runningConfig()).not.toContain("8.8.8.8");
  });

  test("is not privileged before `enable`, which may want a password", async () => {
    const { device } = await boot({ enablePassword: "opensesame" });
    expect((await run(device, ["show running-config"])).error?.data?.[0]?.errors).toEqual([
      "Invalid input (privileged mode required)",
    ]);
    expect((await run(device, ["enable"])).error?.code).toBe(1000);
    expect((await run(device, [{ cmd: "enable", input: "wrong" }])).error?.data?.[0]?.errors).toEqual(["Bad secret"]);
    const opened = await run(device, [{ cmd: "enable", input: "opensesame" }, "show privilege"]);
    expect(opened.result?.[1]).toEqual({ privilegeLevel: 15 });
    expect((await run(device, ["show privilege"])).result).toEqual([{ privilegeLevel: 1 }]);
  });

  test("takes no abbreviation unless asked to, and no text where a model is asked for", async () => {
    const { device } = await boot();
    expect((await run(device, ["sh ver"])).error?.data?.[0]?.errors).toEqual(["Incomplete token (at token 0: 'sh')"]);
    expect((await run(device, ["sh ver"], { autoComplete: true })).result?.[0]).toMatchObject({ version: "4.30.1F" });
    const short = await run(device, ["enable", "configure", "interface Ethernet1", "desc x"]);
    expect(short.error?.data?.at(-1)?.errors).toEqual(["Incomplete token (at token 0: 'desc')"]);
    const noModel = await run(device, ["enable", "show running-config diffs"]);
    expect(noModel.error).toMatchObject({
      code: 1003,
      message: "CLI command 2 of 2 'show running-config diffs' failed: incompatible command",
    });
  });

  test("takes the lines of a banner as input", async () => {
    const { device } = await boot();
    await ok(device, "configure", { cmd: "banner motd", input: "first\nsecond\nEOF" });
    expect(device.runningConfig()).toContain("banner motd\nfirst\nsecond\nEOF\n");
    const without = await run(device, ["enable", "configure", "banner motd"]);
    expect(without.error?.code).toBe(1000);
  });

  test("speaks JSON-RPC, and HTTP", async () => {
    const { device } = await boot();
    const code = async (body: string): Promise<number | undefined> =>
      ((await (await post(device, body)).json()) as Answer).error?.code;
    expect(await code("{")).toBe(-32_700);
    expect(await code('{"jsonrpc":"2.0","method":"runCmds","params":{"version":1,"cmds":[]},"id":1}')).toBe(-32_602);
    expect(await code('{"jsonrpc":"2.0","method":"x","params":{"version":1,"cmds":["show version"]},"id":1}')).toBe(
      -32_601,
    );
    expect((await post(device, "{}", "wrong")).status).toBe(401);
    expect(device.passwordAttempts()).toBe(4);
    const elsewhere = await fetch(`https://127.0.0.1:${device.ports?.https}/`, {
      tls: { ca: device.certificate ?? "" },
    });
    expect(elsewhere.status).toBe(404);
  });

  test("may have a rate", async () => {
    const { device, clock } = await boot({ eapiRequestsPerMinute: 2 });
    await ok(device);
    await ok(device);
    expect((await post(device, "{}")).status).toBe(503);
    clock.advance(MINUTE_MS);
    await ok(device);
  });
});

describe("a change over eAPI", () => {
  const arm = ["configure session api", NTP, "commit timer 00:02:00"];

  test("a session outlives its request", async () => {
    const { device } = await boot();
    await ok(device, "configure session api", NTP, "end");
    const diff = await run(device, ["enable", "show session-config named api diffs"], { format: "text" });
    expect(diff.result?.[1]?.["output"]).toContain(`+${NTP}`);
    await ok(device, "configure session api commit", "write memory");
    expect(device.startupConfig()).toContain(NTP);
    expect(device.applies()).toMatchObject([{ via: "session", by: "netops" }]);
  });

  test("the timer is told in seconds of uptime, by the session until 4.31 and beside it from 4.32 on", async () => {
    for (const version of ["4.30.1F", "4.32.0F"]) {
      const { device, clock } = await boot({ version });
      clock.advance(1000_000);
      await ok(device, ...arm);
      const [sessions, shown] = await ok(device, "show configuration sessions detail", "show version");
      expect(shown?.["uptime"]).toBe(1000);
      expect(sessions).toMatchObject(
        version === "4.30.1F"
          ? {
              maxOpenSessions: 5,
              maxSavedSessions: 1,
              sessions: { api: { state: "pendingCommitTimer", commitBy: 1120 } },
            }
          : { commitTimerSessionName: "api", commitTimerExpireTime: 1120, sessions: { api: { state: "completed" } } },
      );
    }
  });

  test("fires, is confirmed, is aborted", async () => {
    const { device, clock } = await boot();
    const before = device.runningConfig();
    await ok(device, ...arm);
    clock.advance(2 * MINUTE_MS);
    expect(device.runningConfig()).toBe(before);
    await ok(device, ...arm);
    await ok(device, "configure session api abort");
    expect(device.runningConfig()).toBe(before);
    await ok(device, ...arm, "configure session api commit");
    clock.advance(10 * MINUTE_MS);
    expect(device.runningConfig()).toContain(NTP);
  });
});

describe("what follows from the configuration", () => {
  const tables = [
    "show interfaces status",
    "show ip interface brief",
    "show ip route",
    "show ip bgp summary",
    "show lldp neighbors",
    "show mac address-table",
    "show ip arp",
  ];

  test("an interface that goes down takes its address, routes and neighbours along", async () => {
    const { device } = await boot();
    const before = await ok(device, ...tables);
    device.mutate(["interface Ethernet1", "shutdown", "interface Ethernet3", "shutdown"]);
    const after = await ok(device, ...tables);
    expect(before[0]).toMatchObject({ interfaceStatuses: { Ethernet1: { linkStatus: "connected" } } });
    expect(after[0]).toMatchObject({ interfaceStatuses: { Ethernet1: { linkStatus: "disabled" } } });
    expect(after[1]).toMatchObject({ interfaces: { Ethernet1: { lineProtocolStatus: "down" } } });
    const routes = (answer: unknown): string[] => Object.keys((answer as RoutesAnswer).vrfs.default.routes);
    expect(routes(before[2])).toContain("172.16.0.0/31");
    expect(routes(after[2])).not.toContain("172.16.0.0/31");
    const peer = (answer: unknown): string | undefined =>
      (answer as BgpAnswer).vrfs.default.peers["172.16.0.0"]?.peerState;
    expect([peer(before[3]), peer(after[3])]).toEqual(["Established", "Active"]);
    expect([count(before[4], "lldpNeighbors"), count(after[4], "lldpNeighbors")]).toEqual([2, 1]);
    expect([count(before[6], "ipV4Neighbors"), count(after[6], "ipV4Neighbors")]).toEqual([2, 1]);
    const macs = (answer: unknown): number => (answer as MacAnswer).unicastTable.tableEntries.length;
    expect(macs(after[5])).toBe(macs(before[5]) - 1);
  });

  test("every table has a text too", async () => {
    const { device } = await boot();
    const texts = (
      await run(device, ["enable", ...tables, "show vlan", "show users", "show clock", "show inventory"], {
        format: "text",
      })
    ).result;
    const shown = texts?.slice(1).map(({ output }) => String(output)) ?? [];
    expect(shown[0]).toMatch(/^Et1 +spine1 +connected +routed +full +10G/m);
    expect(shown[1]).toMatch(/^Ethernet1 +172\.16\.0\.1\/31 +up +up +9214/m);
    expect(shown[2]).toContain(" C        172.16.0.0/31 is directly connected, Ethernet1");
    expect(shown[3]).toMatch(/^ {2}spine1 +172\.16\.0\.0 +4 65000 .* Estab +2 +2/m);
    expect(shown[4]).toMatch(/^Et1 +spine1 +Ethernet1 +120/m);
    expect(shown[5]).toMatch(/Total Mac Addresses for this criterion: 2/);
    expect(shown[6]).toMatch(/^172\.16\.0\.0 +0:01:00 +001c\.7300\.0500 +Ethernet1/m);
    expect(shown[7]).toMatch(/^10 +SEG-10 +active/m);
    expect(shown[10]).toContain(device.serial);
  });
});

interface RoutesAnswer {
  vrfs: { default: { routes: Record<string, unknown> } };
}
interface BgpAnswer {
  vrfs: { default: { peers: Record<string, { peerState: string }> } };
}
interface MacAnswer {
  unicastTable: { tableEntries: unknown[] };
}
const count = (answer: Record<string, unknown> | undefined, key: string): number =>
  z.array(z.unknown()).parse(answer?.[key]).length;

describe("faults over eAPI", () => {
  test("drop before and after a command, and in the middle of the answer", async () => {
    const { device } = await boot();
    device.setFault({ kind: "drop", at: "^commit" });
    await expect(ok(device, "configure session x", NTP, "commit")).rejects.toThrow();
    expect(device.runningConfig()).not.toContain(NTP);
    device.setFault({ kind: "drop", at: "^commit", moment: "after" });
    await expect(ok(device, "configure session x", "commit")).rejects.toThrow();
    expect(device.runningConfig()).toContain(NTP);
    device.setFault({ kind: "drop", afterBytes: 200 });
    await expect(ok(device, "show running-config")).rejects.toThrow();
  });

  test("hang: the request is never answered", async () => {
    const { device } = await boot();
    device.setFault({ kind: "hang", at: "^commit" });
    const asked = ok(device, "configure session x", NTP, "commit");
    const failed = expect(asked).rejects.toThrow();
    while (device.commands().at(-1)?.line !== "commit") await new Promise((resolve) => setImmediate(resolve));
    device.reboot(0);
    await failed;
    expect(device.runningConfig()).not.toContain(NTP);
  });

  test("refused lines, denied commands, a login that is too low, AAA that is gone", async () => {
    const { device } = await boot();
    device.setFault({ kind: "refuse-line", line: 2 });
    const refused = await run(device, ["enable", "configure session x", NTP, "ntp server 8.8.8.8"]);
    expect(refused.error).toMatchObject({
      code: 1002,
      message: "CLI command 4 of 4 'ntp server 8.8.8.8' failed: invalid command",
    });
    device.clearFault();
    device.setFault({ kind: "authorization-denied", match: "8.8.8.8" });
    const denied = await run(device, ["enable", "configure session x", "ntp server 8.8.8.8"]);
    expect(denied.error).toMatchObject({
      code: 1005,
      data: [{}, {}, { errors: ["Authorization denied for command 'ntp server 8.8.8.8'"] }],
    });
    device.clearFault();
    device.setFault({ kind: "wrong-privilege" });
    expect((await run(device, ["enable"])).error?.code).toBe(1005);
    device.clearFault();
    device.setFault({ kind: "aaa-down" });
    expect((await post(device, "{}")).status).toBe(401);
  });

  test("unreachable-after-apply, as a refusal and as a black hole", async () => {
    for (const how of ["refuse", "blackhole"] as const) {
      const { device, clock } = await boot();
      const before = device.runningConfig();
      device.setFault({ kind: "unreachable-after-apply", match: "9.9.9.9", how });
      const armed = ok(device, "configure session cut", NTP, "commit timer 00:02:00");
      const failed = expect(armed).rejects.toThrow();
      await expect.poll(() => device.pendingRollback()).toBeDefined();
      clock.advance(2 * MINUTE_MS);
      await failed;
      expect(device.runningConfig()).toBe(before);
      await ok(device, "show version");
    }
  });

  test("stale-candidate and full-session-table", async () => {
    const { device } = await boot();
    device.setFault({ kind: "stale-candidate", lines: [NTP], by: "alice" });
    const [sessions] = await ok(device, "show configuration sessions");
    expect(sessions).toMatchObject({
      sessions: { "noc-change": { state: "pending", instances: { "1000": { user: "alice", terminal: "vty9" } } } },
    });
    device.setFault({ kind: "full-session-table" });
    await expect(ok(device, "show version")).rejects.toThrow();
  });
});
