// The FRR driver on real routers: vtysh over OpenSSH, undone by frr-reload in a timer on the router itself.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { driverFor } from "../../drivers/registry.ts";
import { runChange } from "../../drivers/transaction/change.ts";
import { recoverChange } from "../../drivers/transaction/recover.ts";
import { recoverRotation, runRotation, type RotateHooks } from "../../drivers/transaction/rotate.ts";
import type { TransactionToken } from "../../drivers/types.ts";
import { type Clock, systemClock } from "../../shared/clock.ts";
import { Device } from "../../shared/documents/inventory.ts";
import { errorCode } from "../../shared/errors.ts";
import { PlatformId } from "../../shared/ids.ts";
import { Secret } from "../../shared/secret.ts";
import { startLab, type Lab, type RouterName } from "../lab/lab.ts";
import { poll } from "../lab/poll.ts";
import { labVerdict } from "../lab/requirements.ts";
import { changes } from "../lab/topology.ts";
import { forwarded, type Forward } from "./forward.ts";
import { record as note } from "./matrix/results.ts";
import { recorder, rig, tagger, type Rig } from "./support.ts";

const verdict = labVerdict();

const FRR = { platform: "frr_linux", transport: "cli" } as const;

describe.skipIf(!verdict.run)(`FRR${verdict.run ? "" : `: ${verdict.reason}`}`, () => {
  let lab: Lab;
  const forwards: Forward[] = [];
  beforeAll(async () => {
    lab = await startLab();
  }, 60_000);
  afterAll(async () => {
    for (const forward of forwards) forward.close();
    await lab?.stop();
  });

  async function box(name: RouterName, password = lab.router(name).password): Promise<Rig> {
    const router = lab.router(name);
    const forward = await forwarded(lab, router.address, router.sshPort);
    forwards.push(forward);
    const driver = driverFor(PlatformId.parse("frr_linux"));
    if (!driver) throw new Error("no driver");
    const target = Device.parse({
      id: name,
      site: "lab",
      platform: "frr_linux",
      address: "127.0.0.1",
      port: forward.port,
      hostKeys: [{ algorithm: "ssh-ed25519", publicKey: router.hostKeyPublic }],
      algorithms: "modern",
      credential: "farhand",
      serial: null,
      tags: {},
    });
    const credential = { username: router.user, password: new Secret(password) };
    return rig({
      driver,
      target,
      credential,
      clock: systemClock,
      connectMs: 20_000,
      commandMs: 20_000,
      managementAddress: router.address,
    });
  }
  const kernel = async (name: RouterName): Promise<string> =>
    (
      await lab.exec(name, ["sh", "-c", "ls /run/farhand 2>/dev/null; pgrep -f 'farhand/undo-[0-9a-f]+/undo' || true"])
    ).stdout.trim();
  const running = (name: RouterName): Promise<string> => lab.vtysh(name, "show running-config no-header");

  test("reads what vtysh shows; two reads hash equal; nothing stands in the way of level C", async () => {
    const r1 = await box("r1");
    const session = await r1.open();
    const [a, b] = [await session.running(), await session.running()];
    expect(a.publicDigest).toBe(b.publicDigest);
    const theirs = r1.driver.publicForm(r1.target.id, await running("r1"), tagger);
    expect(a.publicDigest).toBe(theirs.publicDigest);
    expect(await session.readiness("merge")).toMatchObject({
      level: "C",
      blockers: [],
      pendingByOther: false,
      unsaved: false,
    });
    expect(await session.facts()).toMatchObject({ hostname: "r1" });
    // Its clock is the machine's: it is the agent's that is wrong.
    const late: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() - 120_000 };
    expect(await session.preflight?.(systemClock)).toEqual([]);
    expect((await session.preflight?.(late))?.map(({ code, severity }) => `${code} ${severity}`)).toEqual([
      "CLOCK_OFF warns",
    ]);
    expect(await session.run("show bgp summary", { outputBytesMax: 100_000 })).toContain("10.0.12.2");
    expect(await session.run("show bgp nonsense here", { outputBytesMax: 1000 }).then(() => "ran", errorCode)).toBe(
      "READ_NOT_ALLOWED",
    );
    await session.close();
    note(FRR, { facts: 1, collect: 1, realPeer: "FRRouting on Linux" });
  });

  test("a change is applied, proved on a new connection, kept and saved", async () => {
    const r1 = await box("r1");
    const text = `${changes.peerAtExchange("r1").join("\n")}\n`;
    const spec = await r1.plan(text, {
      confirmMs: 30_000,
      verify: [{ command: "show ip prefix-list IX-OUT", contains: ["10.101.0.0/24"], withinMs: 5_000 }],
    });
    const result = await runChange(r1.context(), spec, recorder().hooks);
    expect({ code: result.code, detail: result.detail, state: result.state }).toEqual({
      code: null,
      detail: null,
      state: "DONE",
    });
    expect(await running("r1")).toContain("neighbor 10.0.100.2 remote-as 65002");
    expect(await kernel("r1")).toBe("");
    expect((await lab.exec("r1", ["cat", "/etc/frr/frr.conf"])).stdout).toContain("IX-OUT");
    note(FRR, { merge: 1 });
  });

  test("a snapshot restores an emptied router to equality, by lines; its peer's password works", async () => {
    const configure = (name: RouterName, lines: readonly string[]) =>
      lab.exec(name, ["vtysh", "-c", "configure terminal", ...lines.flatMap((line) => ["-c", line])]);
    const established = async (): Promise<boolean> => (await lab.bgp("r1"))["10.0.12.2"] === "Established";
    await configure("r1", ["router bgp 65001", "neighbor 10.0.12.2 password s3cr3t-p33r"]);
    await configure("r2", ["router bgp 65002", "neighbor 10.0.12.1 password s3cr3t-p33r"]);
    await configure("r1", [
      "ip prefix-list OLD seq 5 permit 10.0.0.0/8",
      "route-map RM permit 10",
      "match ip address prefix-list OLD",
    ]);
    await poll("the session with its password", async () => ((await established()) ? true : undefined), {
      within: 40_000,
    });
    const r1 = await box("r1");
    const session = await r1.open();
    const snapshot = await session.running();
    await session.close();
    const before = await running("r1");
    expect(r1.driver.notRestorable(r1.target.id, snapshot.raw, tagger)).toBeNull();
    await configure("r1", ["no router bgp 65001", "no route-map RM permit 10", "no ip prefix-list OLD"]);
    await configure("r1", ["interface eth1", "no ip address 10.0.12.1/29", "no description"]);
    await configure("r1", ["interface eth0", "description emptied", "ip prefix-list STRAY seq 5 deny any"]);
    expect(await running("r1")).not.toContain("router bgp");
    const spec = await r1.plan(snapshot.raw, { mode: "replace", source: "sealed", confirmMs: 30_000 });
    expect(spec.commands).toContain("no ip prefix-list STRAY");
    expect(spec.commands + spec.diff).not.toContain("s3cr3t-p33r");
    const result = await runChange(r1.context(), spec, recorder().hooks);
    expect(result, `${result.code} ${result.detail}`).toMatchObject({ state: "DONE", code: null });
    expect(result.after?.publicDigest).toBe(snapshot.publicDigest);
    expect(await running("r1")).toBe(before);
    expect(r1.transcript.join("\n")).not.toContain("s3cr3t-p33r");
    await poll("the session again", async () => ((await established()) ? true : undefined), { within: 40_000 });
    await configure("r1", [
      "router bgp 65001",
      "no neighbor 10.0.12.2 password",
      "exit",
      "no route-map RM permit 10",
      "no ip prefix-list OLD",
    ]);
    await configure("r2", ["router bgp 65002", "no neighbor 10.0.12.1 password"]);
    expect(await kernel("r1")).toBe("");
    note(FRR, { replace: 1 });
  }, 180_000);

  test("what bgpd refuses half-way is undone, in running, file and timer", async () => {
    const r2 = await box("r2");
    const before = await running("r2");
    const spec = await r2.plan(`${changes.refusedHalfWay("r2").join("\n")}\n`, { confirmMs: 30_000 });
    const result = await runChange(r2.context(), spec, recorder().hooks);
    expect(result).toMatchObject({ state: "ROLLED_BACK", code: "COMMAND_REFUSED" });
    expect(result.detail).toContain("peer-group");
    expect(await running("r2")).toBe(before);
    expect(await kernel("r2")).toBe("");
    note(FRR, { faults: 1 });
  });

  test("failed verification is undone", async () => {
    const r3 = await box("r3");
    const before = await running("r3");
    const spec = await r3.plan("ip prefix-list X seq 5 permit 10.0.0.0/8\n", {
      confirmMs: 30_000,
      verify: [{ command: "show version", contains: ["no such"], withinMs: 0 }],
    });
    expect(await runChange(r3.context(), spec, recorder().hooks)).toMatchObject({
      state: "ROLLED_BACK",
      code: "VERIFICATION_FAILED",
    });
    expect(await running("r3")).toBe(before);
    note(FRR, { faults: 1 });
  });

  test("what was removed and undone stands behind the others of its kind, and is the same configuration", async () => {
    const r3 = await box("r3");
    const lines = ["ip prefix-list FIRST seq 5 permit any", "ip prefix-list SECOND seq 5 permit any"];
    const maps = ["route-map ONE permit 10", "exit", "route-map TWO permit 10", "exit"];
    const configure = (typed: readonly string[]) =>
      lab.exec("r3", ["vtysh", "-c", "configure terminal", ...typed.flatMap((line) => ["-c", line])]);
    await configure([...lines, ...maps]);
    await lab.vtysh("r3", "write memory");
    const session = await r3.open();
    const before = await session.running();
    await session.close();
    const shown = await running("r3");
    const spec = await r3.plan("no ip prefix-list FIRST\nno route-map ONE\n", {
      confirmMs: 30_000,
      verify: [{ command: "show version", contains: ["no such"], withinMs: 0 }],
    });
    const result = await runChange(r3.context(), spec, recorder().hooks);
    expect(result, `${result.code} ${result.detail}`).toMatchObject({
      state: "ROLLED_BACK",
      code: "VERIFICATION_FAILED",
    });
    expect(result.after?.publicDigest).toBe(before.publicDigest);
    expect(await running("r3")).not.toBe(shown);
    const again = await r3.open();
    expect(await again.readiness("merge")).toMatchObject({ level: "C", blockers: [], unsaved: false });
    await again.close();
    await configure(["no ip prefix-list FIRST", "no ip prefix-list SECOND", "no route-map ONE", "no route-map TWO"]);
    await lab.vtysh("r3", "write memory");
    expect(await kernel("r3")).toBe("");
    note(FRR, { faults: 1 });
  }, 60_000);

  test("a neighbour may name a route-map that comes after it", async () => {
    const r3 = await box("r3");
    const before = await running("r3");
    const spec = await r3.plan(
      "router bgp 65003\n address-family ipv4 unicast\n  neighbor 10.0.23.2 route-map LATER in\n exit-address-family\nexit\nroute-map LATER permit 10\n",
      { confirmMs: 30_000 },
    );
    const result = await runChange(r3.context(), spec, recorder().hooks);
    expect(result, `${result.code} ${result.detail}`).toMatchObject({ state: "DONE", code: null });
    const back = ["router bgp 65003", "no neighbor 10.0.23.2 route-map LATER in", "exit", "no route-map LATER"];
    await lab.exec("r3", ["vtysh", "-c", "configure terminal", ...back.flatMap((line) => ["-c", line])]);
    await lab.vtysh("r3", "write memory");
    expect(await running("r3")).toBe(before);
    note(FRR, { merge: 1 });
  }, 60_000);

  test("the syntax check and a kernel address that FRR does not know refuse the text untouched", async () => {
    const r3 = await box("r3");
    const code = async (text: string): Promise<unknown> => {
      const result = await runChange(r3.context(), await r3.plan(text, { confirmMs: 30_000 }), recorder().hooks);
      expect(result.notApplied).toBe(true);
      return result.code;
    };
    expect(await code("ip prefix-lisd X seq 5 permit 10.0.0.0/8\n")).toBe("TEXT_REFUSED");
    await lab.exec("r3", ["ip", "addr", "add", "192.0.2.7/32", "dev", "lo"]);
    expect(await code("interface lo\n ip address 192.0.2.7/32\n")).toBe("TEXT_REFUSED");
    await lab.exec("r3", ["ip", "addr", "del", "192.0.2.7/32", "dev", "lo"]);
    expect(await kernel("r3")).toBe("");
  });

  test("a change that cuts the path is undone by the router itself, and the outcome is told truthfully", async () => {
    const r1 = await box("r1");
    const before = await running("r1");
    const spec = await r1.plan(`${changes.cutPathToR1.join("\n")}\n`, { confirmMs: 10_000 });
    expect(spec.touchesManagement).toBe(true);
    const result = await runChange(r1.context(), spec, recorder().hooks);
    expect(result, `${result.code} ${result.detail}`).toMatchObject({ state: "ROLLED_BACK" });
    expect(await running("r1")).toBe(before);
    note(FRR, { timerFired: "timer", faults: 1 });
  }, 60_000);

  test("a confirmation and the timer race: one wins, and the loser says so", async () => {
    const r2 = await box("r2");
    const before = await running("r2");
    const spec = await r2.plan("ip prefix-list RACE seq 5 permit 10.0.0.0/8\n", { confirmMs: 60_000 });
    const session = await r2.open();
    const preImage = await session.running();
    const token = await session.begin({
      id: "race",
      mode: "merge",
      confirmMs: 60_000,
      preImage,
      text: spec.text,
      comment: "",
    });
    await session.arm(token);
    expect(await session.pending(token)).toBe("armed");
    await session.apply(token, ["ip prefix-list RACE seq 5 permit 10.0.0.0/8"]);
    const other = await r2.open();
    const outcomes = await Promise.allSettled([session.confirm(token), other.revert(token)]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    const kept = outcomes[0].status === "fulfilled";
    expect((await running("r2")).includes("RACE")).toBe(kept);
    if (kept)
      await lab.exec("r2", [
        "vtysh",
        "-c",
        "configure terminal",
        "-c",
        "no ip prefix-list RACE seq 5 permit 10.0.0.0/8",
      ]);
    expect(await running("r2")).toBe(before);
    await session.cleanup(token);
    expect(await kernel("r2")).toBe("");
    await Promise.all([session.close(), other.close()]);
  }, 60_000);

  test("a crash after the apply: recovery undoes it, and applies nothing", async () => {
    const r3 = await box("r3");
    const before = await running("r3");
    const spec = await r3.plan("ip prefix-list CRASH seq 5 permit 10.0.0.0/8\n", { confirmMs: 30_000 });
    const dead = new AbortController();
    const record = recorder({
      at: (at) => {
        if (at === "apply") dead.abort(new Error("crash"));
        if (dead.signal.aborted) throw new Error("crash");
      },
    });
    await expect(runChange(r3.context(dead.signal), spec, record.hooks)).rejects.toThrow("crash");
    expect(await running("r3")).toContain("CRASH");
    expect(await recoverChange(r3.context(), spec, record.progress(), recorder().hooks)).toMatchObject({
      state: "ROLLED_BACK",
    });
    expect(await running("r3")).toBe(before);
    expect(await kernel("r3")).toBe("");
    note(FRR, { crashes: 1 });
  }, 60_000);

  test("the account's password is rotated by two sessions; a crash, and a new one that does not work, end with one login", async () => {
    const fresh = "n3w-Linux-p4ssw0rd";
    const rigs = { old: await box("r2"), new: await box("r2", fresh), wrong: await box("r2", "n0t-Th1s-One") };
    const opens = (which: "old" | "new" | "wrong") =>
      rigs[which].open().then(
        async (session) => (await session.close(), "in"),
        (error: unknown) => errorCode(error),
      );
    const context = (proof: "new" | "wrong", back: "old" | "new" = "old") => ({
      clock: systemClock,
      signal: new AbortController().signal,
      open: (which: "old" | "new", signal: AbortSignal) => rigs[which === "new" ? proof : back].open(signal),
    });
    const events: string[] = [];
    let token: TransactionToken | null = null;
    const hooks = (crashAt?: string): RotateHooks => ({
      intent: (step, data) => {
        if (step === "arm") token = data as TransactionToken;
        if (step === crashAt) throw new Error("crash");
        return Promise.resolve();
      },
      done: () => Promise.resolve(),
      state: () => Promise.resolve(),
      stopRequested: () => false,
      keep: () => Promise.resolve(void events.push("keep")),
      back: () => Promise.resolve(void events.push("back")),
      forgetOld: () => Promise.resolve(void events.push("forget")),
    });
    const spec = { id: "rotate-1", password: new Secret(fresh), confirmMs: 30_000, serial: null };
    const failed = await runRotation(context("wrong"), spec, hooks());
    expect(failed, `${failed.code} ${failed.detail}`).toMatchObject({ state: "ROLLED_BACK", code: "LOGIN_REFUSED" });
    expect([await opens("old"), await opens("new"), events]).toEqual(["in", "LOGIN_REFUSED", ["back"]]);
    expect(await kernel("r2")).toBe("");

    const done = await runRotation(context("new"), { ...spec, id: "rotate-2" }, hooks());
    expect(done, `${done.code} ${done.detail}`).toMatchObject({ state: "DONE", code: null, level: "C" });
    expect([await opens("new"), await opens("old"), events]).toEqual([
      "in",
      "LOGIN_REFUSED",
      ["back", "keep", "forget"],
    ]);
    expect(await kernel("r2")).toBe("");
    expect(rigs.old.transcript.join("\n") + rigs.new.transcript.join("\n")).not.toContain(fresh);

    // Back to the lab's own password, with a crash right after it was written: what works is kept.
    const swapped = {
      ...context("new"),
      open: (which: "old" | "new", signal: AbortSignal) => rigs[which === "new" ? "old" : "new"].open(signal),
    };
    const own = { ...spec, id: "rotate-3", password: new Secret(lab.router("r2").password) };
    await runRotation(swapped, own, hooks("verify"));
    expect(await recoverRotation(swapped, own, token, hooks())).toMatchObject({
      state: expect.stringMatching(/DONE|ROLLED_BACK/) as string,
    });
    expect([await opens("old"), await opens("new")].filter((one) => one === "in")).toHaveLength(1);
    expect(await kernel("r2")).toBe("");
    if ((await opens("new")) === "in") await runRotation(swapped, { ...own, id: "rotate-4" }, hooks());
    expect(await opens("old")).toBe("in");
  }, 180_000);
});
