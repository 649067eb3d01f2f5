// What a check finds on every platform that has a simulator: nothing where nothing is, and each finding where its cause was put.
import { afterEach, describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { createServer } from "node:net";
import { readFileSync, readdirSync } from "node:fs";
import { examine } from "../../agent/run/check.ts";
import { lintPattern } from "../../drivers/model/pattern-lint.ts";
import { runChange } from "../../drivers/transaction/change.ts";
import { driverFor } from "../../drivers/registry.ts";
import type { Driver } from "../../drivers/types.ts";
import type { CheckFinding } from "../../shared/documents/check.ts";
import { systemClock } from "../../shared/clock.ts";
import type { Device } from "../../shared/documents/inventory.ts";
import { errorCode } from "../../shared/errors.ts";
import type { Credential } from "../../shared/secret.ts";
import type { Conditions } from "../../simulators/conditions.ts";
import type { SimulatedDevice } from "../../simulators/device.ts";
import type { FaultInput } from "../../simulators/faults.ts";
import { recorder, rig, tagger } from "./support.ts";
import { subjects } from "./matrix/subjects/index.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface Lab {
  readonly sim: SimulatedDevice;
  readonly target: Device;
  readonly driver: Driver;
  readonly credential: Credential;
}

const PLATFORMS = ["cisco_iosxe", "arista_eos", "juniper_junos", "nokia_srlinux"] as const;
type Platform = (typeof PLATFORMS)[number];

async function lab(
  platform: Platform,
  conditions: Partial<Conditions> = {},
  transport: "cli" | "https" = "cli",
): Promise<Lab> {
  const subject = subjects.find((one) => one.platform === platform && one.transport === transport);
  if (!subject) throw new Error(`no subject for ${platform}`);
  const { sim, target, credential } = await subject.start(systemClock);
  stops.push(() => sim.stop());
  if (!sim.conditions) throw new Error(`${platform} has no conditions`);
  Object.assign(sim.conditions, conditions);
  const driver = driverFor(target.platform, transport);
  if (!driver) throw new Error(`no driver for ${platform}`);
  return { sim, target, driver, credential };
}

async function findings({ target, driver, credential }: Lab, device = target): Promise<readonly CheckFinding[]> {
  const box = rig({ driver, target: device, credential, clock: systemClock, connectMs: 20_000, commandMs: 20_000 });
  const session = await box.open();
  try {
    const { examined } = await examine({ device, driver, clock: systemClock, tagger }, session);
    return examined.findings;
  } finally {
    await session.close();
  }
}

const codes = (found: readonly CheckFinding[]): string[] => found.map(({ code }) => code);

describe.each(PLATFORMS)("%s", (platform) => {
  test("a device that is as it should be has no finding that blocks", async () => {
    const found = await findings(await lab(platform));
    expect(found.filter(({ severity }) => severity === "blocks")).toEqual([]);
    expect(
      codes(found).filter((code) => /CLOCK_OFF|UNKNOWN|DENIED|SESSIONS|STORAGE|STANDBY|MANAGED/.test(code)),
    ).toEqual([]);
  });

  const CAUSES: [string, Partial<Conditions>, string, CheckFinding["severity"], RegExp][] = [
    ["a clock two minutes ahead", { clockSkewMs: 120_000 }, "CLOCK_OFF", "warns", /^1(?:19|20|21) seconds ahead of/],
    ["a clock an hour behind", { clockSkewMs: -3_600_000 }, "CLOCK_OFF", "warns", /seconds behind/],
    ["a full flash", { freeBytes: 100_000 }, "STORAGE_LOW", "blocks", /./],
    ["sessions of other people", { otherSessions: 14 }, "SESSIONS_FEW", "blocks", /in use|free/],
  ];
  test.each(CAUSES)("%s is told", async (_what, conditions, code, severity, detail) => {
    const made = await lab(platform, conditions);
    // Where the platform's own number is larger than the simulator's, so many more people are there.
    const { limits } = made.driver;
    if (conditions.otherSessions !== undefined && limits && platform !== "cisco_iosxe" && made.sim.conditions)
      made.sim.conditions.otherSessions = limits.sessions - 2;
    if (conditions.otherSessions !== undefined && platform === "cisco_iosxe" && made.sim.conditions)
      made.sim.conditions.otherSessions = 3;
    const found = (await findings(made)).filter((one) => one.code === code);
    expect(found).toEqual([expect.objectContaining({ code, severity, hint: expect.any(String) as unknown })]);
    expect(found[0]?.detail).toMatch(detail);
  });

  test("another serial than the inventory's is told", async () => {
    const made = await lab(platform);
    const found = await findings(made, { ...made.target, serial: "NOT-THIS-ONE" });
    expect(found).toContainEqual(expect.objectContaining({ code: "PLATFORM_MISMATCH", severity: "blocks" }));
  });

  test("somebody else's pending change is told", async () => {
    const made = await lab(platform);
    const { sim, target, driver, credential } = made;
    const box = rig({ driver, target, credential, clock: systemClock, connectMs: 20_000, commandMs: 20_000 });
    const subject = subjects.find((one) => one.platform === platform && one.transport === "cli");
    const spec = await box.plan(subject?.merge.text ?? "");
    const session = await box.open();
    const before = await session.running();
    const token = await session.begin({
      id: "x/1",
      mode: "merge",
      confirmMs: 120_000,
      preImage: before,
      text: spec.text,
      comment: "x",
    });
    await session.arm(token);
    await session.apply(token, JSON.parse(spec.commands) as string[]);
    expect(sim.pendingRollback()).toBeDefined();
    expect(codes(await findings(made))).toContain("PENDING_CHANGE");
    await session.revert(token);
    await session.close();
  });

  test("large packets that are lost on the way are suspected, and a device that never greets is not", async () => {
    const made = await lab(platform, { largePacketsLost: true });
    const { target, driver, credential } = made;
    const box = rig({ driver, target, credential, clock: systemClock, connectMs: 700, commandMs: 5_000 });
    expect(await box.open().then(() => "open", errorCode)).toBe("SUSPECT_MTU");
    const dumb = createServer((socket) => socket.on("error", () => undefined).resume()).listen(0, "127.0.0.1");
    stops.push(() => new Promise((resolve) => dumb.close(() => resolve())));
    await new Promise((resolve) => dumb.once("listening", resolve));
    const at = dumb.address();
    const port = typeof at === "object" && at ? at.port : 0;
    const silent = rig({
      driver,
      target: { ...target, port },
      credential,
      clock: systemClock,
      connectMs: 300,
      commandMs: 1_000,
    });
    expect(await silent.open().then(() => "open", errorCode)).toBe("CONNECT_TIMEOUT");
  });
});

test.each(["arista_eos", "nokia_srlinux"] as const)("%s: over its HTTPS API the same is told", async (platform) => {
  const fine = await findings(await lab(platform, {}, "https"));
  expect(fine.filter(({ severity }) => severity === "blocks")).toEqual([]);
  expect(codes(fine)).not.toContain("CLOCK_OFF");
  const found = await findings(await lab(platform, { freeBytes: 100_000, clockSkewMs: 120_000 }, "https"));
  expect(codes(found)).toEqual(expect.arrayContaining(["CLOCK_OFF", "STORAGE_LOW"]));
});

describe("what only some platforms know", () => {
  const FAULTS: [Platform, FaultInput, string][] = [
    ["cisco_iosxe", { kind: "authorization-denied", match: "^show users" }, "COMMAND_DENIED"],
    ["arista_eos", { kind: "authorization-denied", match: "^show users" }, "COMMAND_DENIED"],
    ["juniper_junos", { kind: "wrong-privilege" }, "PRIVILEGE_LOW"],
  ];
  test.each(FAULTS)("%s with %j has %s", async (platform, fault, code) => {
    const made = await lab(platform);
    made.sim.setFault(fault);
    const found = await findings(made);
    expect(found).toContainEqual(expect.objectContaining({ code, severity: "blocks" }));
  });

  test.each(["cisco_iosxe", "arista_eos"] as const)(
    "%s: a login that lands too low does not get in at all",
    async (platform) => {
      const made = await lab(platform);
      made.sim.setFault({ kind: "wrong-privilege" });
      expect(await findings(made).then(() => "none", errorCode)).toBe("PRIVILEGE");
    },
  );

  test.each(subjects.map(({ platform, transport }) => [platform, transport] as const))(
    "%s over %s: too few rights are told, or that nobody can tell",
    async (platform, transport) => {
      const subject = subjects.find((one) => one.platform === platform && one.transport === transport);
      const driver = driverFor(platform as Device["platform"], transport);
      if (!subject || !driver) throw new Error(`no ${platform} over ${transport}`);
      const { sim, target, credential } = await subject.start(systemClock);
      stops.push(() => sim.stop());
      sim.setFault({ kind: "wrong-privilege" });
      const found = await findings({ sim, target, driver, credential }).then(codes, (error: unknown) => [
        errorCode(error),
      ]);
      expect(found).toEqual(
        expect.arrayContaining([expect.stringMatching(/^(?:PRIVILEGE|PRIVILEGE_LOW|RIGHTS_UNTOLD)$/)]),
      );
    },
  );

  test("a login class that is denied commands", async () => {
    const found = await findings(await lab("juniper_junos", { deniedCommands: '"set system .*"' }));
    expect(found).toContainEqual(expect.objectContaining({ code: "COMMANDS_DENIED", severity: "warns" }));
  });

  test.each(["cisco_iosxe", "arista_eos", "juniper_junos"] as const)(
    "%s: a clock that nobody set",
    async (platform) => {
      expect(codes(await findings(await lab(platform, { clockSynced: false })))).toContain("CLOCK_UNSYNCED");
    },
  );
});

test("mikrotik_routeros: a full flash is told, and one with room is not", async () => {
  const subject = subjects.find((one) => one.platform === "mikrotik_routeros" && one.transport === "cli");
  const driver = driverFor("mikrotik_routeros" as Device["platform"], "cli");
  if (!subject || !driver) throw new Error("no RouterOS");
  const { sim, target, credential } = await subject.start(systemClock);
  stops.push(() => sim.stop());
  expect(codes(await findings({ sim, target, driver, credential }))).not.toContain("STORAGE_LOW");
  Object.assign(sim.conditions ?? {}, { freeBytes: 100_000 });
  expect(codes(await findings({ sim, target, driver, credential }))).toContain("STORAGE_LOW");
});

test.skipIf(!subjects.some(({ platform }) => platform === "linux"))(
  "linux: a clock that is off is told (where this machine can have a host of its own)",
  async () => {
    const subject = subjects.find(({ platform }) => platform === "linux");
    const driver = driverFor("linux" as Device["platform"], "cli");
    if (!subject || !driver) throw new Error("no linux");
    const { sim, target, credential } = await subject.start(systemClock);
    stops.push(() => sim.stop());
    expect(codes(await findings({ sim, target, driver, credential }))).not.toContain("CLOCK_OFF");
    Object.assign(sim.conditions ?? {}, { clockSkewMs: -600_000 });
    expect(codes(await findings({ sim, target, driver, credential }))).toContain("CLOCK_OFF");
  },
);

test.each([["cisco_iosxe", ["no archive"], "ARCHIVE_OFF", /configure: "archive"/]] as const)(
  "%s: what keeps it from a better level is told, with what to configure",
  async (platform, lines, code, hint) => {
    const made = await lab(platform);
    expect(codes(await findings(made))).not.toContain(code);
    made.sim.mutate(lines);
    const found = (await findings(made)).filter((one) => one.code === code);
    // Without it there is no timer at all, and so no change.
    expect(found).toEqual([
      expect.objectContaining({ severity: "blocks", hint: expect.stringMatching(hint) as string }),
    ]);
  },
);

describe("clusters", () => {
  test.each(["cisco_iosxe", "arista_eos", "juniper_junos"] as const)("%s: a standby blocks", async (platform) => {
    const found = await findings(await lab(platform, { cluster: { answers: "standby", synced: true } }));
    expect(found).toContainEqual(expect.objectContaining({ code: "STANDBY", severity: "blocks" }));
  });

  test.each(PLATFORMS)("%s: members that are not in step are told, members in step are not", async (platform) => {
    const made = await lab(platform, { cluster: { answers: "active", synced: true } });
    const { target, driver, credential } = made;
    const box = rig({ driver, target, credential, clock: systemClock, connectMs: 20_000, commandMs: 20_000 });
    const session = await box.open();
    const { cluster } = await session.facts();
    await session.close();
    expect(cluster).toMatchObject({ isStandby: false, isSynced: true });
    expect(cluster?.members.length).toBeGreaterThan(0);
    if (made.sim.conditions) made.sim.conditions.cluster = { answers: "active", synced: false };
    expect(codes(await findings(made))).toContain("CLUSTER_UNSYNCED");
  });

  test.each(["cisco_iosxe"] as const)("%s: a central manager is named", async (platform) => {
    const found = await findings(await lab(platform, { managed: true }));
    expect(found).toContainEqual(
      expect.objectContaining({ code: "MANAGED", severity: "blocks", detail: "Cisco Catalyst SD-WAN Manager" }),
    );
  });
});

describe("a change", () => {
  async function changed(made: Lab, accepts: readonly string[] = [], after: () => void = () => undefined) {
    const { target, driver, credential } = made;
    const box = rig({ driver, target, credential, clock: systemClock, connectMs: 20_000, commandMs: 20_000 });
    const subject = subjects.find((one) => one.platform === target.platform && one.transport === "cli");
    const spec = await box.plan(subject?.merge.text ?? "", { accepts });
    after();
    const { state, code, detail } = await runChange(box.context(), spec, recorder().hooks);
    return { state, code, detail };
  }

  test.each(PLATFORMS)(
    "%s: what blocks refuses it before anything is sent, unless it is accepted by its code",
    async (platform) => {
      const made = await lab(platform, { freeBytes: 100_000 });
      expect(await changed(made)).toMatchObject({
        state: "FAILED",
        code: "PREFLIGHT",
        detail: expect.stringContaining("STORAGE_LOW") as string,
      });
      expect(made.sim.applyCount()).toBe(0);
      expect(await changed(made, ["SESSIONS_FEW"])).toMatchObject({ code: "PREFLIGHT" });
      expect(await changed(made, ["STORAGE_LOW"])).toMatchObject({ state: "DONE", code: null });
    },
  );

  test("what has come since it was planned refuses it too", async () => {
    const made = await lab("cisco_iosxe");
    const crowd = (): void => void Object.assign(made.sim.conditions ?? {}, { otherSessions: 3 });
    expect(await changed(made, [], crowd)).toMatchObject({ state: "FAILED", code: "PREFLIGHT" });
    expect(made.sim.applyCount()).toBe(0);
  });

  test.each(["cisco_iosxe", "arista_eos", "juniper_junos"] as const)(
    "%s: a standby takes none, whatever is accepted",
    async (platform) => {
      const made = await lab(platform, { cluster: { answers: "standby", synced: true } });
      expect(await changed(made, ["STANDBY"])).toMatchObject({ state: "FAILED", code: "STANDBY" });
      expect(made.sim.applyCount()).toBe(0);
    },
  );

  test("a device that a central manager holds takes none, unless that is accepted", async () => {
    const made = await lab("cisco_iosxe", { managed: true });
    expect(await changed(made)).toMatchObject({
      state: "FAILED",
      code: "MANAGED",
      detail: "Cisco Catalyst SD-WAN Manager",
    });
    expect(made.sim.applyCount()).toBe(0);
    expect(await changed(made, ["MANAGED"])).toMatchObject({ state: "DONE" });
  });

  test("a box of another vendor than the inventory's takes none, unless that is accepted", async () => {
    const made = await lab("cisco_iosxe");
    const spec = await (async () => {
      const { target, driver, credential } = made;
      const box = rig({ driver, target, credential, clock: systemClock, connectMs: 20_000, commandMs: 20_000 });
      return await box.plan("ntp server 192.0.2.9\n");
    })();
    const other = await lab("arista_eos");
    const { target, credential } = other;
    const box = rig({
      driver: made.driver,
      target,
      credential,
      clock: systemClock,
      connectMs: 20_000,
      commandMs: 20_000,
    });
    const asSigned = { ...spec, device: target.id, serial: null, level: "E" as const };
    const { state, code, detail } = await runChange(box.context(), asSigned, recorder().hooks);
    expect({ state, code, detail }).toEqual({
      state: "FAILED",
      code: "PREFLIGHT",
      detail: "PLATFORM_DOUBTFUL: its version is not shown as cisco_iosxe shows it",
    });
    expect(other.sim.applyCount()).toBe(0);
    const accepted = await runChange(box.context(), { ...asSigned, accepts: ["PLATFORM_DOUBTFUL"] }, recorder().hooks);
    expect(accepted.code).not.toBe("PREFLIGHT");
  });

  const MARKS: [Platform, readonly string[], string][] = [
    ["cisco_iosxe", ["crypto pki trustpoint DNAC-CA", " enrollment mode ra"], "Cisco Catalyst Center"],
    [
      "arista_eos",
      ["daemon TerminAttr", "   exec /usr/bin/TerminAttr -cvaddr=apiserver.cv.example:443 -taillogs", "   no shutdown"],
      "Arista CloudVision",
    ],
  ];
  test.each(MARKS)("%s: the mark in its configuration names the manager", async (platform, lines, manager) => {
    const made = await lab(platform);
    made.sim.mutate(lines);
    expect(await changed(made)).toMatchObject({ state: "FAILED", code: "MANAGED", detail: manager });
  });
});

interface Files {
  readonly facts?: { readonly standing?: unknown };
  readonly preflight?: readonly { readonly send: string; readonly host?: boolean }[];
}

test("every read of a preflight is on the platform's own list of reads, and every pattern is linear", () => {
  const folder = new URL("../../drivers/platforms/", import.meta.url);
  const asked: string[] = [];
  for (const name of readdirSync(folder)) {
    const file = parseYaml(readFileSync(new URL(name, folder), "utf8")) as Files;
    const driver = driverFor(name.replace(".yaml", "") as Device["platform"], "cli");
    const walk = (value: unknown, key: string, host = false): void => {
      if (typeof value === "string") {
        if (key === "send" && !host) {
          expect([name, value, driver?.isRead(value)]).toEqual([name, value, true]);
          asked.push(value);
        }
        if (!/^(?:send|code|severity|hint|kind|manager)$/.test(key))
          expect([name, value, lintPattern(value)]).toEqual([name, value, undefined]);
        return;
      }
      if (Array.isArray(value)) for (const one of value as unknown[]) walk(one, key, host);
      else if (value !== null && typeof value === "object")
        for (const [inner, one] of Object.entries(value)) walk(one, inner, "host" in value);
    };
    walk(file.preflight, "preflight");
    walk(file.facts?.standing, "standing");
  }
  expect(asked.length).toBeGreaterThan(15);
});
