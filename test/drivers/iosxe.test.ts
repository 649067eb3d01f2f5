// The IOS-XE driver against the simulator over real SSH: every way a change can go wrong, and what is said of it.
import { afterEach, describe, expect, test } from "vitest";
import { driverFor } from "../../drivers/registry.ts";
import { runChange } from "../../drivers/transaction/change.ts";
import { recoverChange } from "../../drivers/transaction/recover.ts";
import type { ChangeSpec } from "../../drivers/types.ts";
import { Device } from "../../shared/documents/inventory.ts";
import { errorCode } from "../../shared/errors.ts";
import { PlatformId } from "../../shared/ids.ts";
import { Secret } from "../../shared/secret.ts";
import { startCiscoIosxe, type CiscoIosxeConfigInput } from "../../simulators/cisco_iosxe/index.ts";
import type { SimulatedDevice } from "../../simulators/device.ts";
import { fastClock, recorder, rig, tagger, type Rig } from "./support.ts";

const CONFIG = `version 17.9
service timestamps debug datetime msec
hostname edge-1
!
username netops privilege 15 secret 9 $9$aaaaaaaaaaaaaa$bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
!
archive
 path bootflash:archive
 maximum 10
!
interface GigabitEthernet1
 description uplink
 ip address 10.0.0.1 255.255.255.0
!
interface Loopback0
 ip address 10.255.0.1 255.255.255.255
!
ip prefix-list PL seq 5 permit 10.0.0.0/8
!
end
`;
const TEXT = "interface Loopback0\n description probe\nip prefix-list PL seq 10 permit 192.0.2.0/24\n";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function lab(config: Partial<CiscoIosxeConfigInput> = {}): Promise<{ sim: SimulatedDevice; box: Rig }> {
  // Sixty times: the device's one minute is a second here; deadlines are given in its time.
  const clock = fastClock(60);
  const sim = await startCiscoIosxe({ name: "edge-1", config: CONFIG, ...config }, { clock });
  stops.push(() => sim.stop());
  const driver = driverFor(PlatformId.parse("cisco_iosxe"));
  if (!driver) throw new Error("no driver");
  const target = Device.parse({
    id: "edge-1",
    site: "plant",
    platform: "cisco_iosxe",
    address: sim.address,
    port: sim.port,
    hostKeys: [{ algorithm: "ssh-ed25519", publicKey: sim.hostKeyPublic.base64 }],
    algorithms: "modern",
    credential: "netops",
    serial: sim.serial,
    tags: {},
  });
  const enable = sim.enablePassword === undefined ? {} : { enable: new Secret(sim.enablePassword) };
  const credential = { username: sim.username, password: new Secret(sim.password), ...enable };
  return {
    sim,
    box: rig({
      driver,
      target,
      credential,
      clock,
      connectMs: 300_000,
      commandMs: 120_000,
      secrets: { community: "s3cr3t-c0mmunity" },
    }),
  };
}

async function change(box: Rig, text = TEXT, overrides: Partial<ChangeSpec> = {}, act: () => void = () => undefined) {
  const spec = await box.plan(text, overrides);
  act();
  const record = recorder();
  return { spec, record, result: await runChange(box.context(), spec, record.hooks) };
}
const verify = [{ command: "show ip prefix-list PL", contains: ["192.0.2.0/24"], withinMs: 5_000 }];

describe("reading", () => {
  test("facts, and two reads that hash equal; no secret in any public text or transcript", async () => {
    const { sim, box } = await lab({
      config: CONFIG.replace("archive\n", "snmp-server community s3cr3t-c0mmunity RO\n!\narchive\n"),
    });
    const session = await box.open();
    expect(await session.facts()).toEqual({
      hostname: "edge-1",
      vendor: "Cisco",
      model: sim.model,
      version: "17.09.4a",
      serial: sim.serial,
      cluster: null,
      managedBy: null,
    });
    const [a, b] = [await session.running(), await session.running()];
    expect(a.publicDigest).toBe(b.publicDigest);
    expect(a.raw).toContain("s3cr3t-c0mmunity");
    await session.close();
    expect(a.publicText + box.transcript.join("\n")).not.toMatch(/s3cr3t|\$9\$|n3t0ps/);
  });
  test("enable, paging left on and output in single bytes change nothing of what is read", async () => {
    const plain = await lab();
    const reference = await (await plain.box.open()).running();
    const { box } = await lab({
      loginPrivilege: 1,
      enablePassword: "en4ble",
      faults: [
        { kind: "paging-left-on", length: 10 },
        { kind: "tiny-chunks", chunkBytes: 1, delayMs: 0 },
      ],
    });
    const session = await box.open();
    expect((await session.running()).publicDigest).toBe(reference.publicDigest);
    await session.close();
    expect(box.transcript.join("\n")).not.toContain("en4ble");
  });
  test("only reads run; a read that the device does not know is refused; output is capped", async () => {
    const { sim, box } = await lab();
    const session = await box.open();
    const run = (command: string, outputBytesMax = 100_000) => session.run(command, { outputBytesMax });
    for (const command of [
      "reload",
      "show version | redirect flash:x",
      "show running-config | tee flash:x",
      "show run > x",
      "show version\nreload",
      "configure terminal",
    ]) {
      expect(await run(command).then(() => "ran", errorCode)).toBe("READ_NOT_ALLOWED");
    }
    expect(sim.commands().some(({ line }) => line.includes("reload"))).toBe(false);
    expect(await run("show running-config | include hostname")).toBe("hostname edge-1\n");
    expect(await run("show etherchannel summary").then(() => "ran", errorCode)).toBe("COMMAND_REFUSED");
    expect(await run("show tech-support", 10_000).then(() => "ran", errorCode)).toBe("OUTPUT_TOO_LARGE");
    expect(await run("show version").then(() => "ran", errorCode)).toBe("CONNECTION_LOST");
  });
  test("a sink that is slow holds the device back", async () => {
    const { box } = await lab({ bulkBytes: 3_000_000 });
    const session = await box.open();
    let bytes = 0;
    let inside = 0;
    const sink = async (chunk: string): Promise<void> => {
      inside += 1;
      expect(inside).toBe(1);
      await Promise.resolve();
      bytes += chunk.length;
      inside -= 1;
    };
    expect(await session.run("show tech-support", { outputBytesMax: 10_000_000, sink })).toBe("");
    expect(bytes).toBeGreaterThan(2_900_000);
    await session.close();
  });
  test.each([
    ["hang", { kind: "hang", at: "show running-config" }, "COMMAND_TIMEOUT"],
    ["drop", { kind: "drop", at: "show running-config" }, "CONNECTION_LOST"],
    ["a wrong prompt", { kind: "wrong-prompt", prompt: "other-box#", at: "show running-config" }, "COMMAND_TIMEOUT"],
  ] as const)("%s: the read fails, and the session is not used again", async (_name, fault, code) => {
    const { box } = await lab({ faults: [fault] });
    const session = await box.open();
    expect(await session.running().then(() => "read", errorCode)).toBe(code);
    expect(await session.facts().then(() => "read", errorCode)).toBe("CONNECTION_LOST");
    await session.close();
  });
  test("T32: a wrong host key: no password reaches the device", async () => {
    const { sim, box } = await lab();
    const other = await lab();
    const wrong = rig({
      ...box,
      target: { ...box.target, hostKeys: other.box.target.hostKeys },
      credential: { username: "netops", password: new Secret("x") },
      connectMs: 300_000,
      commandMs: 60_000,
    });
    expect(await wrong.open().then(() => "in", errorCode)).toBe("HOST_KEY");
    expect([sim.acceptCount(), sim.passwordAttempts()]).toEqual([1, 0]);
  });
});

describe("a change", () => {
  test("is applied, proved, kept and saved: the diff measured is the diff signed", async () => {
    const { sim, box } = await lab();
    const { spec, record, result } = await change(box, TEXT, { verify });
    expect(result).toMatchObject({ state: "DONE", code: null, verified: [{ ok: true }], notApplied: false });
    expect(result.diff).toBe(spec.diff);
    expect(sim.applyCount()).toBe(1);
    expect(sim.pendingRollback()).toBeUndefined();
    expect(sim.startupConfig()).toContain("192.0.2.0/24");
    expect(record.states).toEqual(["PRECHECK", "APPLYING", "CONFIRM_WAIT"]);
    expect(record.steps).toEqual(
      "precheck? precheck snapshot? snapshot arm? arm apply? apply reconnect? reconnect verify? verify confirm? confirm save? save re-read? re-read".split(
        " ",
      ),
    );
  });
  test("a secret by name is typed and is nowhere else", async () => {
    const { sim, box } = await lab();
    const { spec, result } = await change(box, 'snmp-server community ‹secret("community")› RO\n');
    expect(result.state).toBe("DONE");
    expect(sim.runningConfig()).toContain("snmp-server community s3cr3t-c0mmunity RO");
    expect(
      JSON.stringify([spec, { ...result, after: result.after?.publicText, before: null }]) + box.transcript.join("\n"),
    ).not.toContain("s3cr3t");
  });
  test("replace: the whole text goes to flash and in, with a timer", async () => {
    const { sim, box } = await lab();
    const session = await box.open();
    const before = await session.running();
    await session.close();
    const text = before.publicText.replace("description uplink", "description core");
    const { result } = await change(box, text, { mode: "replace" });
    expect(result).toMatchObject({ state: "DONE", code: null });
    expect(sim.runningConfig()).toContain("description core");
    expect(sim.files().filter((name) => name.startsWith("farhand"))).toEqual([]);
  });
  test("a snapshot restores a wiped device to equality, its hostname and its logins with it", async () => {
    const { sim, box } = await lab({
      config: CONFIG.replace("archive\n", "username backup privilege 1 password 0 b4ckup-l0gin\n!\narchive\n"),
    });
    const session = await box.open();
    const snapshot = await session.running();
    await session.close();
    sim.wipe();
    expect(sim.hostname()).toBe("Router");
    const login = async (password: string): Promise<string> => {
      const other = rig({
        ...box,
        credential: { username: "backup", password: new Secret(password) },
        connectMs: 60_000,
        commandMs: 30_000,
      });
      return other.open().then(
        () => "in",
        (error: unknown) => errorCode(error),
      );
    };
    expect(await login("b4ckup-l0gin")).toBe("LOGIN_REFUSED");
    const { spec, result } = await change(box, snapshot.raw, { mode: "replace", source: "sealed" });
    expect(result).toMatchObject({ state: "DONE", code: null });
    expect(result.after?.publicDigest).toBe(snapshot.publicDigest);
    expect(sim.hostname()).toBe("edge-1");
    expect(spec.commands + spec.diff).not.toContain("b4ckup-l0gin");
    expect(box.transcript.join("\n")).not.toContain("b4ckup-l0gin");
    expect(await login("b4ckup-l0gin")).toBe("in");
    expect(await login("wr0ng-l0gin")).toBe("LOGIN_REFUSED");
  });
  test("a restore whose proof fails leaves the wiped device as it was", async () => {
    const { sim, box } = await lab();
    const session = await box.open();
    const snapshot = await session.running();
    await session.close();
    sim.wipe();
    const wiped = body(sim.runningConfig());
    const { result } = await change(box, snapshot.raw, {
      mode: "replace",
      source: "sealed",
      verify: [{ command: "show version", contains: ["no such thing"], withinMs: 2_000 }],
    });
    expect(result).toMatchObject({ state: "ROLLED_BACK", code: "VERIFICATION_FAILED" });
    expect(body(sim.runningConfig())).toBe(wiped);
  });
  test.each([
    ["a banner", "banner motd ^C\nhello\n^C\n", "a banner, a brace"],
    ["a type 6 secret", "crypto isakmp key 6 AbCdEfGh address 192.0.2.1\n", "master key"],
    ["a mark of a hidden secret", 'username x password 0 ‹secret("db")›\n', "a mark"],
  ])("%s makes a configuration not restorable, and says why", async (_name, lines, reason) => {
    const { box } = await lab();
    const text = CONFIG.replace("archive\n", `${lines}archive\n`);
    expect(box.driver.notRestorable(box.target.id, text, tagger)).toContain(reason);
    expect(box.driver.notRestorable(box.target.id, CONFIG, tagger)).toBeNull();
  });
  test("what fails verification is undone", async () => {
    const { sim, box } = await lab();
    const before = sim.runningConfig();
    const { spec, result } = await change(box, TEXT, {
      verify: [{ command: "show version", contains: ["no such thing"], withinMs: 2_000 }],
    });
    expect(result).toMatchObject({ state: "ROLLED_BACK", code: "VERIFICATION_FAILED" });
    expect(result.after?.publicDigest).toBe(spec.preImage);
    expect(body(sim.runningConfig())).toBe(body(before));
  });
  test("drift is refused untouched", async () => {
    const { sim, box } = await lab();
    const { result } = await change(box, TEXT, {}, () => sim.mutate(["interface Loopback0", "shutdown"]));
    expect(result).toMatchObject({ state: "DRIFTED", notApplied: true });
    expect(sim.applyCount()).toBe(0);
  });
  test("same-diff goes on over an unrelated change, and not over a related one", async () => {
    const { sim, box } = await lab();
    const first = await change(box, TEXT, { drift: "same-diff" }, () =>
      sim.mutate(["interface GigabitEthernet1", "description other"]),
    );
    expect(first.result.state).toBe("DONE");
    const second = await change(box, "interface Loopback0\n description again\n", { drift: "same-diff" }, () =>
      sim.mutate(["interface Loopback0", "description theirs"]),
    );
    expect(second.result).toMatchObject({ state: "DRIFTED", notApplied: true });
  });
  test("without an archive there is no timer, and the lines that would help are named", async () => {
    const { box } = await lab({ config: CONFIG.replace(/archive\n path.*\n maximum 10\n!\n/, "") });
    const session = await box.open();
    const readiness = await session.readiness("merge");
    await session.close();
    expect(readiness).toMatchObject({ level: "E", blockers: [{ code: "ARCHIVE_OFF" }] });
    expect(readiness.blockers[0]?.detail).toContain('"archive", " path flash:farhand-archive"');
    expect((await change(box, TEXT, { level: "B" })).result).toMatchObject({
      state: "FAILED",
      code: "LEVEL_UNDERSTATED",
      notApplied: true,
    });
    expect((await change(box)).result).toMatchObject({ state: "FAILED", code: "LEVEL_TOO_LOW", notApplied: true });
  });
  test("altered commands or diff, a wrong serial, a verification that writes: refused before anything is sent", async () => {
    const { sim, box } = await lab();
    const codeOf = async (overrides: Partial<ChangeSpec>): Promise<unknown> =>
      (await change(box, TEXT, overrides)).result.code;
    expect(await codeOf({ commands: "[]" })).toBe("COMMANDS_MISMATCH");
    expect(await codeOf({ diff: "[]" })).toBe("DIFF_MISMATCH");
    expect(await codeOf({ serial: "OTHER" })).toBe("PLATFORM_MISMATCH");
    expect(await codeOf({ verify: [{ command: "reload", withinMs: 0 }] })).toBe("READ_NOT_ALLOWED");
    expect(sim.applyCount()).toBe(0);
  });
  test("a cancel is heeded before the apply; the timer is taken down", async () => {
    const { sim, box } = await lab();
    const spec = await box.plan(TEXT);
    let armed = false;
    const record = recorder({ stopRequested: () => armed, at: (boundary) => void (armed ||= boundary === "arm") });
    expect(await runChange(box.context(), spec, record.hooks)).toMatchObject({ state: "CANCELED", notApplied: true });
    expect([sim.applyCount(), sim.pendingRollback()]).toEqual([0, undefined]);
  });
});

const body = (config: string): string => config.slice(config.indexOf("version 17.9"));

describe("faults during a change end in the configuration before it", () => {
  test.each<[string, Parameters<SimulatedDevice["setFault"]>[0], string]>([
    ["a refused line half-way", { kind: "refuse-line", match: "ip prefix-list PL seq 10" }, "COMMAND_REFUSED"],
    ["authorization denied on line 2", { kind: "authorization-denied", line: 2 }, "AUTHORIZATION_DENIED"],
    ["a session that hangs", { kind: "hang", at: "description probe" }, "COMMAND_TIMEOUT"],
    ["a session that drops", { kind: "drop", at: "description probe" }, "CONNECTION_LOST"],
    ["a wrong prompt", { kind: "wrong-prompt", prompt: "other#", at: "description probe" }, "COMMAND_TIMEOUT"],
    [
      "another admin's change during the timer",
      { kind: "other-admin-change", lines: ["ip prefix-list THEIRS seq 5 permit 10.9.0.0/16"], afterMs: 0 },
      "OTHER_ADMIN",
    ],
    ["no way to the device after the apply", { kind: "unreachable-after-apply", how: "refuse" }, "CONNECTION_LOST"],
    ["a reboot before the confirmation", { kind: "reboot-before-confirm", bootMs: 20_000 }, ""],
  ])("%s", async (_name, fault, code) => {
    const { sim, box } = await lab();
    const before = sim.runningConfig();
    const { spec, record, result } = await change(box, TEXT, { verify }, () => sim.setFault(fault));
    if (fault.kind === "hang" || fault.kind === "drop" || fault.kind === "wrong-prompt") sim.clearFault();
    expect(result).toMatchObject({ state: "ROLLED_BACK", notApplied: false, ...(code === "" ? {} : { code }) });
    expect(result.after?.publicDigest).toBe(spec.preImage);
    expect(body(sim.runningConfig())).toBe(body(before));
    expect(sim.applyCount()).toBeLessThanOrEqual(1);
    expect(record.states.at(-1)).not.toBe("DONE");
  });
  test("a way home that is lost undoes the change", async () => {
    const { sim, box } = await lab();
    const spec = await box.plan(TEXT, { onWayHome: true });
    const record = recorder({ wayHome: () => Promise.reject(new Error("no hub")) });
    expect(await runChange(box.context(), spec, record.hooks)).toMatchObject({
      state: "ROLLED_BACK",
      code: "WAY_HOME_LOST",
    });
    expect(sim.runningConfig()).not.toContain("192.0.2.0/24");
  });
});

describe("a crash at every boundary", () => {
  const boundaries =
    "PRECHECK precheck? precheck snapshot? snapshot arm? arm APPLYING apply? apply CONFIRM_WAIT reconnect? reconnect verify? verify confirm? confirm save? save re-read? re-read".split(
      " ",
    );
  class Crash extends Error {}
  test.each(boundaries)("at %s the device ends truthfully, with one apply at most", async (boundary) => {
    const { sim, box } = await lab();
    const before = body(sim.runningConfig());
    const spec = await box.plan(TEXT, { verify });
    const dead = new AbortController();
    let crashed = false;
    const record = recorder({
      at: (at) => {
        if (crashed || at === boundary) {
          crashed = true;
          dead.abort(new Crash(at));
          throw new Crash(at);
        }
      },
    });
    await expect(runChange(box.context(dead.signal), spec, record.hooks)).rejects.toBeInstanceOf(Crash);
    const after = recorder();
    const result = await recoverChange(box.context(), spec, record.progress(), after.hooks);
    const applied = sim.runningConfig().includes("192.0.2.0/24");
    expect(sim.applyCount()).toBeLessThanOrEqual(1);
    expect(sim.pendingRollback()).toBeUndefined();
    if (applied) expect(result).toMatchObject({ state: "DONE", diff: spec.diff });
    else {
      expect(result.state).toMatch(/^(?:ROLLED_BACK|FAILED)$/);
      expect(result.notApplied).toBe(result.state === "FAILED");
      expect(body(sim.runningConfig())).toBe(before);
    }
    if (boundaries.indexOf(boundary) >= boundaries.indexOf("confirm?")) expect(result.state).toBe("DONE");
  });
  test("a device that cannot be asked is UNKNOWN, and is told apart later", async () => {
    const { sim, box } = await lab();
    const spec = await box.plan(TEXT);
    const dead = new AbortController();
    const record = recorder({
      at: (at) => {
        if (at === "apply") dead.abort(new Crash(at));
        if (dead.signal.aborted) throw new Crash(at);
      },
    });
    await expect(runChange(box.context(dead.signal), spec, record.hooks)).rejects.toBeInstanceOf(Crash);
    sim.reboot(60_000);
    const progress = record.progress();
    expect(await recoverChange(box.context(), spec, progress, recorder().hooks)).toMatchObject({
      state: "UNKNOWN",
      code: "UNKNOWN_OUTCOME",
    });
    await box.clock.sleep(70_000);
    expect(await recoverChange(box.context(), spec, progress, recorder().hooks)).toMatchObject({
      state: "ROLLED_BACK",
    });
  });
  test("a configuration that is neither the old nor the signed one is left to a person", async () => {
    const { sim, box } = await lab();
    const spec = await box.plan(TEXT);
    const dead = new AbortController();
    const record = recorder({
      at: (at) => {
        if (at === "apply") dead.abort(new Crash(at));
        if (dead.signal.aborted) throw new Crash(at);
      },
    });
    await expect(runChange(box.context(dead.signal), spec, record.hooks)).rejects.toBeInstanceOf(Crash);
    const progress = record.progress();
    const somebody = await box.open();
    if (progress.token) await somebody.confirm(progress.token);
    await somebody.close();
    sim.mutate(["interface GigabitEthernet1", "description theirs"]);
    const result = await recoverChange(box.context(), spec, progress, recorder().hooks);
    expect(result).toMatchObject({ state: "FAILED", code: "REVERT_FAILED", notApplied: false });
    expect(result.diff).toContain("description theirs");
  });
});

describe("what stands in the way", () => {
  test("somebody else's pending change", async () => {
    const { sim, box } = await lab();
    const spec = await box.plan(TEXT);
    const theirs = await box.open();
    const preImage = await theirs.running();
    await theirs.arm(
      await theirs.begin({ id: "theirs", mode: "merge", confirmMs: 600_000, preImage, text: "", comment: "" }),
    );
    const result = await runChange(box.context(), spec, recorder().hooks);
    expect(result).toMatchObject({ state: "FAILED", code: "PENDING_CHANGE", notApplied: true });
    expect(sim.pendingRollback()).toMatchObject({ minutes: 10 });
    await theirs.close();
  });
  test("no free session", async () => {
    const { box } = await lab({ vtyLines: 1 });
    const first = await box.open();
    expect(await box.open().then(() => "in", errorCode)).toBe("SESSIONS_FULL");
    await first.close();
  });
  test("a wrong password counts once", async () => {
    const { sim, box } = await lab();
    const wrong = rig({
      ...box,
      credential: { username: sim.username, password: new Secret("wrong-password") },
      connectMs: 300_000,
      commandMs: 60_000,
    });
    expect(await wrong.open().then(() => "in", errorCode)).toBe("LOGIN_REFUSED");
    expect(sim.passwordAttempts()).toBe(1);
  });
  test("a device that never comes back is UNKNOWN, not failed", async () => {
    const { sim, box } = await lab();
    const spec = await box.plan(TEXT);
    const record = recorder({ at: (at) => (at === "apply" ? sim.reboot(3_600_000) : undefined) });
    const result = await runChange(box.context(), spec, record.hooks);
    expect(result).toMatchObject({ state: "UNKNOWN", code: "UNKNOWN_OUTCOME", notApplied: false });
  });
});
