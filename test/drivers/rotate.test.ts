// A password changed in two phases on a simulated router over real SSH: whatever breaks, one login works, and it is the one that is told.
import { afterEach, describe, expect, test } from "vitest";
import { driverFor } from "../../drivers/registry.ts";
import {
  recoverRotation,
  runRotation,
  type RotateContext,
  type RotateHooks,
} from "../../drivers/transaction/rotate.ts";
import type { TransactionToken } from "../../drivers/types.ts";
import { Device } from "../../shared/documents/inventory.ts";
import { errorCode } from "../../shared/errors.ts";
import { PlatformId } from "../../shared/ids.ts";
import { Secret } from "../../shared/secret.ts";
import { startCiscoIosxe, type CiscoIosxeConfigInput } from "../../simulators/cisco_iosxe/index.ts";
import { fastClock, rig } from "./support.ts";

const CONFIG = `version 17.9
hostname edge-1
!
username netops privilege 15 secret 9 $9$aaaaaaaaaaaaaa$bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
!
archive
 path bootflash:archive
 maximum 10
!
interface GigabitEthernet1
 ip address 10.0.0.1 255.255.255.0
!
end
`;
const OLD = "0ld-p4ssw0rd-7";
const NEW = "n3w-p4ssw0rd-8";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function lab(config: Partial<CiscoIosxeConfigInput> = {}) {
  const clock = fastClock(60);
  const sim = await startCiscoIosxe({ name: "edge-1", config: CONFIG, password: OLD, ...config }, { clock });
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
  const never = new AbortController().signal;
  const box = (password: string) =>
    rig({
      driver,
      target,
      credential: { username: sim.username, password: new Secret(password) },
      clock,
      connectMs: 60_000,
      commandMs: 60_000,
      secrets: { old: OLD, new: NEW },
    });
  const rigs = { old: box(OLD), new: box(NEW) };
  const context = (signal: AbortSignal = never): RotateContext => ({
    clock,
    signal,
    open: (which, until) => rigs[which].open(until),
  });
  const works = async (which: "old" | "new"): Promise<boolean> => {
    try {
      await (await rigs[which].open()).close();
      return true;
    } catch (error) {
      if (errorCode(error) === "LOGIN_REFUSED") return false;
      throw error;
    }
  };
  return { sim, context, works, transcripts: () => [...rigs.old.transcript, ...rigs.new.transcript].join("\n") };
}

/** A journal and a vault that outlive a crash, and a crash at the one boundary that is asked for. */
function memory(crashAt?: string) {
  const vault = { uses: "old" as "old" | "new", knowsOld: true };
  const boundaries: string[] = [];
  let token: TransactionToken | null = null;
  const dead = new AbortController();
  const at = (boundary: string): void => {
    boundaries.push(boundary);
    if (boundary !== crashAt) return;
    dead.abort(new Error("crash"));
    throw new Error("crash");
  };
  const hooks: RotateHooks = {
    intent: async (step, data) => {
      if (step === "arm") token = data as TransactionToken;
      await Promise.resolve(at(`${step}?`));
    },
    done: async (step) => Promise.resolve(at(step)),
    state: async (state) => Promise.resolve(at(state)),
    stopRequested: () => false,
    keep: async () => {
      vault.uses = "new";
      await Promise.resolve(at("kept"));
    },
    back: async () => {
      vault.uses = "old";
      await Promise.resolve();
    },
    forgetOld: async () => {
      vault.knowsOld = false;
      await Promise.resolve(at("forgotten"));
    },
  };
  return { vault, boundaries, hooks, signal: dead.signal, token: () => token };
}

const spec = (serial: string) => ({ id: "job-1", password: new Secret(NEW), confirmMs: 60_000, serial });

describe("rotate", () => {
  test("the new login is proved before the old one is let go, confirmed and saved", async () => {
    const { sim, context, works, transcripts } = await lab();
    const { hooks, vault, boundaries } = memory();
    const outcome = await runRotation(context(), spec(sim.serial), hooks);
    expect(outcome, `${outcome.code} ${outcome.detail}`).toMatchObject({ state: "DONE", code: null, level: "B" });
    expect([await works("new"), await works("old")]).toEqual([true, false]);
    expect(vault).toEqual({ uses: "new", knowsOld: false });
    expect(sim.pendingRollback()).toBeUndefined();
    expect(sim.startupConfig()).toContain("username netops privilege 15 secret 9");
    expect(sim.startupConfig()).not.toContain("$9$aaaa");
    expect(boundaries.indexOf("verify")).toBeLessThan(boundaries.indexOf("kept"));
    expect(boundaries.indexOf("kept")).toBeLessThan(boundaries.indexOf("confirm?"));
    expect(transcripts()).not.toMatch(/p4ssw0rd/);
  });

  test("a write that the device refuses leaves the old login, and nothing armed", async () => {
    const { sim, context, works } = await lab({ faults: [{ kind: "refuse-line", match: "^username" }] });
    const { hooks, vault } = memory();
    const outcome = await runRotation(context(), spec(sim.serial), hooks);
    expect(outcome).toMatchObject({ state: "ROLLED_BACK", code: "COMMAND_REFUSED" });
    expect([await works("old"), await works("new"), vault.uses]).toEqual([true, false, "old"]);
    expect(sim.pendingRollback()).toBeUndefined();
  });

  test("a new login that does not work is put back by the session that stayed open", async () => {
    const { sim, context, works } = await lab();
    const { hooks, vault } = memory();
    const wrong = { ...spec(sim.serial), password: new Secret("s0mething-else-9") };
    const outcome = await runRotation(context(), wrong, hooks);
    expect(outcome).toMatchObject({ state: "ROLLED_BACK", code: "LOGIN_REFUSED" });
    expect([await works("old"), vault.uses]).toEqual([true, "old"]);
    expect(sim.events().some((event) => event.kind === "rolled-back" && event.why === "asked")).toBe(true);
  });

  test("a device that the write cuts off puts the old login back by its own timer", async () => {
    const { sim, context, works } = await lab({
      faults: [{ kind: "unreachable-after-apply", match: "^username netops .*\\$9\\$(?!aaaa)" }],
    });
    const { hooks, vault } = memory();
    const outcome = await runRotation(context(), spec(sim.serial), hooks);
    expect(outcome.state).toBe("ROLLED_BACK");
    expect([await works("old"), vault.uses]).toEqual([true, "old"]);
    expect(sim.events().some((event) => event.kind === "rolled-back" && event.why === "timer")).toBe(true);
  }, 60_000);

  test("without a timer on the device nothing is written", async () => {
    const { sim, context, works } = await lab({ config: CONFIG.replace(/archive\n path.*\n maximum 10\n!\n/, "") });
    const { hooks } = memory();
    expect(await runRotation(context(), spec(sim.serial), hooks)).toMatchObject({
      state: "FAILED",
      code: "LEVEL_TOO_LOW",
    });
    expect(await works("old")).toBe(true);
    expect(sim.applyCount()).toBe(0);
  });

  test("a crash at every boundary ends with one login that works, and says which", async () => {
    const { boundaries } = await (async () => {
      const { sim, context } = await lab();
      const whole = memory();
      await runRotation(context(), spec(sim.serial), whole.hooks);
      return whole;
    })();
    expect(boundaries.length).toBeGreaterThan(12);
    const ends: Record<string, string> = {};
    for (const boundary of boundaries) {
      const { sim, context, works } = await lab();
      const first = memory(boundary);
      await expect(runRotation(context(first.signal), spec(sim.serial), first.hooks)).rejects.toThrow("crash");
      const second = memory();
      Object.assign(second.vault, first.vault);
      const outcome = await recoverRotation(context(), spec(sim.serial), first.token(), second.hooks);
      const [fresh, old] = [await works("new"), await works("old")];
      expect([boundary, fresh !== old]).toEqual([boundary, true]);
      expect([boundary, second.vault.uses]).toEqual([boundary, fresh ? "new" : "old"]);
      expect([boundary, outcome.state]).toEqual([boundary, fresh ? "DONE" : first.token() ? "ROLLED_BACK" : "FAILED"]);
      expect([boundary, sim.pendingRollback()]).toEqual([boundary, undefined]);
      ends[boundary] = outcome.state;
    }
    expect(ends).toMatchObject({ "apply?": "ROLLED_BACK", apply: "DONE", kept: "DONE", "save?": "DONE" });
  }, 120_000);

  test("a device that cannot be asked is UNKNOWN, and known once it can", async () => {
    const { sim, context, works } = await lab();
    const first = memory("verify?");
    await expect(runRotation(context(first.signal), spec(sim.serial), first.hooks)).rejects.toThrow("crash");
    sim.setFault({ kind: "drop", at: "terminal length", how: "reset" });
    const second = memory();
    expect(await recoverRotation(context(), spec(sim.serial), first.token(), second.hooks)).toMatchObject({
      state: "UNKNOWN",
      code: "UNKNOWN_OUTCOME",
    });
    sim.clearFault();
    expect((await recoverRotation(context(), spec(sim.serial), first.token(), second.hooks)).state).toBe("DONE");
    expect([await works("new"), second.vault.uses]).toEqual([true, "new"]);
  });
});
