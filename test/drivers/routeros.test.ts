// The RouterOS driver against the simulator over real SSH, beyond what the matrix holds for every platform.
import { afterEach, describe, expect, test } from "vitest";
import { examine } from "../../agent/run/check.ts";
import { driverFor } from "../../drivers/registry.ts";
import { runChange } from "../../drivers/transaction/change.ts";
import type { ChangeSpec } from "../../drivers/types.ts";
import { systemClock, type Clock } from "../../shared/clock.ts";
import { errorCode } from "../../shared/errors.ts";
import { PlatformId } from "../../shared/ids.ts";
import { startMikrotikRouteros, type MikrotikRouterosConfigInput } from "../../simulators/mikrotik_routeros/index.ts";
import { sampleMikrotikRouteros } from "../../simulators/mikrotik_routeros/sample.ts";
import { sshTarget } from "./matrix/target.ts";
import { fastClock, recorder, rig, tagger, type Rig } from "./support.ts";

const { config: CONFIG } = sampleMikrotikRouteros({ seed: 2, interfaces: 3 });
const TEXT = "/ip firewall address-list\nadd address=198.51.100.0/24 list=blocked\n/ip dns\nset servers=9.9.9.9\n";
const SECRET = "a long s3cret that no terminal shows, broken in two where the line ends: q8";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function lab(more: Partial<MikrotikRouterosConfigInput> = {}, clock: Clock = fastClock(60)) {
  const sim = await startMikrotikRouteros({ name: "edge-1", config: CONFIG, ...more }, { clock });
  stops.push(() => sim.stop());
  const driver = driverFor(PlatformId.parse("mikrotik_routeros"));
  if (!driver) throw new Error("no driver");
  const box = rig({
    driver,
    ...sshTarget(sim),
    clock,
    connectMs: 300_000,
    commandMs: 120_000,
    secrets: { ppp: SECRET },
  });
  return { sim, box, clock };
}

async function change(box: Rig, text: string, overrides: Partial<ChangeSpec> = {}) {
  const spec = await box.plan(text, overrides);
  const record = recorder();
  return { spec, record, result: await runChange(box.context(), spec, record.hooks) };
}

describe("reading", () => {
  test("facts; two reads hash equal, a minute apart; no secret in any public text or transcript, wherever a line breaks", async () => {
    const { sim, box, clock } = await lab({
      config: `${CONFIG}/ppp secret\nadd comment="some words before it, so that it is broken" name=long password="${SECRET}"\n`,
    });
    const session = await box.open();
    expect(await session.facts()).toMatchObject({
      hostname: "s0001-gw1",
      vendor: "MikroTik",
      model: "RB5009UPr+S+",
      version: "7.18.2",
      serial: sim.serial,
    });
    const first = await session.running();
    await clock.sleep(60_000);
    const second = await session.running();
    expect(second.publicDigest).toBe(first.publicDigest);
    expect(first.raw).toContain(SECRET);
    await session.close();
    const told = first.publicText + box.transcript.join("\n");
    for (const words of [SECRET, "q8", "s3cret", "no terminal shows", sim.password]) expect(told).not.toContain(words);
    const community = /\/snmp community\nadd authentication-password=(\S+) name=(\S+)/.exec(sim.runningConfig());
    for (const value of community?.slice(1) ?? ["?"]) expect(told).not.toContain(value);
    expect(first.publicText).toMatch(/\/ppp secret add comment="[^"]+" name=long password="‹secret:\w{16}›"/);
  });

  test("an export that breaks off is no configuration; a login that may not see secrets is told so", async () => {
    const { sim, box } = await lab();
    sim.setFault({ kind: "drop", afterBytes: 700, how: "close" });
    const cut = await box.open();
    await expect(cut.running()).rejects.toSatisfy((error) =>
      ["INCOMPLETE_OUTPUT", "CONNECTION_LOST"].includes(errorCode(error)),
    );
    sim.clearFault();
    const session = await box.open();
    await expect(session.run("/export file=x", { outputBytesMax: 1000 })).rejects.toSatisfy(
      (error) => errorCode(error) === "READ_NOT_ALLOWED",
    );
    await expect(
      session.run("/ip address print; /ip address remove [find]", { outputBytesMax: 1000 }),
    ).rejects.toSatisfy((error) => errorCode(error) === "READ_NOT_ALLOWED");
    expect(await session.run("/ip address print terse", { outputBytesMax: 10_000 })).toContain("172.16.0.2/30");
    await session.close();
  });
});

describe("a check", () => {
  const found = async ({ box }: Awaited<ReturnType<typeof lab>>): Promise<string[]> => {
    const session = await box.open();
    const { examined } = await examine({ device: box.target, driver: box.driver, clock: systemClock, tagger }, session);
    await session.close();
    return examined.findings.filter(({ severity }) => severity !== "tells").map(({ code }) => code);
  };

  test("finds nothing on a box that is as it should be, and a wrong clock and a full disk on one that is not", async () => {
    const made = await lab({}, systemClock);
    expect(await found(made)).not.toContain("CLOCK_OFF");
    expect(await found(made)).not.toContain("STORAGE_LOW");
    Object.assign(made.sim.conditions ?? {}, { clockSkewMs: -3_600_000, freeBytes: 100_000 });
    expect(await found(made)).toEqual(expect.arrayContaining(["CLOCK_OFF", "STORAGE_LOW"]));
  });
});

describe("a change", () => {
  test("leaves neither a timer nor a backup behind, and boots as it runs", async () => {
    const { sim, box } = await lab();
    const { spec, result } = await change(box, TEXT);
    expect([result.state, result.code, result.level]).toEqual(["DONE", null, "C"]);
    expect(result.diff).toBe(spec.diff);
    expect(sim.files()).toEqual([]);
    expect(sim.runningConfig()).not.toContain("/system scheduler");
    expect(sim.startupConfig()).toContain("198.51.100.0/24");
    expect(sim.commands().map(({ line }) => line.split(" ").slice(0, 3).join(" "))).toContain("/system backup save");
  });

  test("says what its undo costs", async () => {
    const { box } = await lab();
    const session = await box.open();
    expect(await session.readiness("merge")).toMatchObject({
      level: "C",
      undoCost: { kind: "reboot", minutes: 2 },
      blockers: [],
      unsaved: null,
    });
    await session.close();
  });

  test("a box with a flash folder keeps the backup there, and comes back from a power cut by it", async () => {
    const { sim, box } = await lab({ flash: true });
    sim.setFault({ kind: "reboot-before-confirm", afterMs: 1, bootMs: 150_000 });
    const before = sim.runningConfig();
    const { result } = await change(box, TEXT, { confirmMs: 120_000 });
    expect(result.state).toBe("ROLLED_BACK");
    expect(sim.runningConfig()).toBe(before);
    expect(sim.commands().some(({ line }) => line.includes("name=flash/farhand-"))).toBe(true);
    expect(sim.files()).toEqual(["flash"]);
  });

  test("is refused where the device's mode forbids its scheduler", async () => {
    const { sim, box } = await lab({ scheduler: false });
    const session = await box.open();
    const { level, blockers } = await session.readiness("merge");
    await session.close();
    expect([level, blockers.map(({ code }) => code)]).toEqual(["E", ["DEVICE_MODE"]]);
    const { result } = await change(box, TEXT);
    expect(result).toMatchObject({ state: "FAILED", notApplied: true, code: "LEVEL_TOO_LOW" });
    expect(sim.applyCount()).toBe(0);
  });

  test("somebody's timer of ours on the box is a pending change", async () => {
    const { sim, box } = await lab();
    sim.mutate([
      '/system scheduler add interval=1h name=farhand-00112233445566aa on-event="/system backup load name=x password=\\"\\""',
    ]);
    const { result } = await change(box, TEXT);
    expect(result).toMatchObject({ state: "FAILED", notApplied: true, code: "PENDING_CHANGE" });
  });

  test("a scheduler item that only looks like ours is part of the configuration", async () => {
    const { sim, box } = await lab();
    const spec = await box.plan(TEXT);
    sim.mutate([
      '/system scheduler add comment="x name=farhand-00112233445566aa" interval=1h name=theirs on-event="/system backup load name=x password=\\"\\""',
    ]);
    expect((await runChange(box.context(), spec, recorder().hooks)).state).toBe("DRIFTED");
  });

  test("secrets of the vault and of the device are put in where they are hidden, and nowhere else", async () => {
    const { sim, box } = await lab();
    const { result } = await change(box, '/ppp secret\nset [ find name=branch ] password=‹secret("ppp")›\n');
    expect(result.state).toBe("DONE");
    expect(sim.runningConfig().replaceAll(/\\\n {4}/g, "")).toContain(`password="${SECRET}"`);
    expect(box.transcript.join("\n")).not.toContain("s3cret");
    await expect(
      box.plan('/interface ethernet\nset [ find default-name=ether2 ] comment=‹secret("ppp")›\n'),
    ).rejects.toSatisfy((error) => errorCode(error) === "TEXT_REFUSED");
  });

  test.each([
    ["/system reset-configuration", "no setting that a backup brings back"],
    ["/file remove x", "no setting"],
    [":foreach i in=[find] do={remove $i}", "no menu"],
    ["/ip firewall filter\nset 3 disabled=yes", "a number"],
    ["/ip firewall filter\nremove 0", "number"],
    ['/ip address\nset [ find comment~"x" ] disabled=yes', "more, or less, than equal"],
    ["/ip address\nset [ find address=1.2.3.4/8 ] disabled=yes", "not there"],
    ["/ip firewall filter\nset [ find chain=input ] disabled=yes", "4 items"],
    ["/user set admin password=x", "users are in no export"],
    ["/ip address\nadd address=$x interface=ether1", "variable"],
    ["/ip firewall filter\nmove [ find comment=management ] destination=[ find chain=input ]", "place-before"],
    ["/ip address\nadd address=172.16.0.2/30 interface=ether1 comment=again", "is there"],
  ])("refuses what could not be foretold or undone: %s", async (text, reason) => {
    const { box } = await lab();
    await expect(box.plan(`${text}\n`)).rejects.toThrow(reason);
  });

  test("a snapshot gives a wiped box everything back, its secrets too", async () => {
    const { sim, box } = await lab();
    const reading = await box.open();
    const { raw, publicText } = await reading.running();
    await reading.close();
    expect(box.driver.notRestorable(box.target.id, raw, tagger)).toBeNull();
    const before = sim.runningConfig();
    sim.wipe();
    expect(sim.runningConfig()).not.toBe(before);
    const { result } = await change(box, raw, { mode: "replace", source: "sealed" });
    expect([result.state, result.code, result.detail]).toEqual(["DONE", null, null]);
    expect(box.driver.diff(publicText, result.after?.publicText ?? "")).toBe("[]");
    const lines = (text: string): string[] =>
      text
        .replaceAll(/\\\n {4}/g, "")
        .split("\n")
        .toSorted();
    expect(lines(sim.runningConfig())).toEqual(lines(before));
  });
});
