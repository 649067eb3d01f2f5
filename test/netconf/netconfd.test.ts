// The NETCONF driver on a real server that is not ours (yuma123's netconfd): the same transactions, with timers that really fire.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NetconfClient } from "../../drivers/engines/netconf/client.ts";
import { Operations } from "../../drivers/engines/netconf/operations.ts";
import { connectSsh } from "../../drivers/engines/ssh/via.ts";
import { makeNetconfDriver } from "../../drivers/netconf-platform.ts";
import { runChange } from "../../drivers/transaction/change.ts";
import { recoverChange } from "../../drivers/transaction/recover.ts";
import type { ChangeSpec } from "../../drivers/types.ts";
import { systemClock } from "../../shared/clock.ts";
import { Device } from "../../shared/documents/inventory.ts";
import { Secret } from "../../shared/secret.ts";
import { IF, platformFile } from "../drivers/netconf-lab.ts";
import { record } from "../drivers/matrix/results.ts";
import { recorder, rig, type Rig } from "../drivers/support.ts";
import { missingForNetconfd, startNetconfd, type Netconfd } from "./netconfd.ts";

const missing = missingForNetconfd();
const IANA = "urn:ietf:params:xml:ns:yang:iana-if-type";

const entry = (name: string, description: string): string =>
  `<interfaces xmlns="${IF}"><interface><name>${name}</name><description>${description}</description><type xmlns:ianaift="${IANA}">ianaift:ethernetCsmacd</type></interface></interfaces>`;
const check = (name: string, text: string) => [
  {
    command: `get-config <interfaces xmlns="${IF}"><interface><name>${name}</name></interface></interfaces>`,
    contains: [text],
    withinMs: 1_000,
  },
];

describe.skipIf(missing.length > 0)(`netconfd${missing.length > 0 ? `: skipped, ${missing.join(", ")}` : ""}`, () => {
  let peer: Netconfd;
  beforeAll(async () => {
    peer = await startNetconfd();
    // What it adds by itself at its start is in no startup yet.
    const { operations } = await admin();
    await operations.copyConfig("running", "startup");
    await operations.closeSession();
  });
  afterAll(async () => {
    await peer.stop();
  });

  const connection = () => {
    const hostKeys = [{ algorithm: "ssh-ed25519", publicKey: peer.hostKey } as const];
    const credential = { username: peer.username, privateKey: new Secret(peer.privateKey) };
    return { address: "127.0.0.1", port: peer.port, hostKeys, algorithms: "modern", credential } as const;
  };

  function box(validates = false): Rig {
    const file = platformFile();
    const { credential, ...way } = connection();
    // After `validate` this server commits nothing and says ok: the platform file has a word for that.
    const netconf = { ...file.netconf, validates, confirmSecondsMin: 1 };
    const target = {
      id: "peer",
      site: "plant",
      platform: "netconf",
      credential: "root",
      serial: null,
      tags: {},
      ...way,
    };
    return rig({
      driver: makeNetconfDriver({ ...file, netconf }),
      target: Device.parse(target),
      credential,
      clock: systemClock,
      connectMs: 20_000,
      commandMs: 20_000,
    });
  }

  async function admin(): Promise<{ operations: Operations; sessionId: number }> {
    const { credential, ...target } = connection();
    const { signal } = new AbortController();
    const clock = systemClock;
    const ssh = await connectSsh({ target, credential, clock, signal, connectMs: 20_000 });
    const stream = await ssh.subsystem("netconf");
    const client = await NetconfClient.open({ stream, clock, signal, helloMs: 20_000, redact: (text) => text });
    return { operations: new Operations(client, { deadlineMs: 20_000 }), sessionId: client.hello.sessionId };
  }

  const running = async (): Promise<string> => {
    const { operations } = await admin();
    const { data } = await operations.getConfig("running");
    await operations.closeSession();
    return data ?? "";
  };

  async function change(on: Rig, text: string, overrides: Partial<ChangeSpec> = {}) {
    const spec = await on.plan(text, { confirmMs: 20_000, ...overrides });
    const record = recorder();
    return { spec, result: await runChange(on.context(), spec, record.hooks) };
  }

  test("it is read, twice the same, and gives what its hello promises", async () => {
    const session = await box().open();
    const [a, b] = [await session.running(), await session.running()];
    expect(a.publicDigest).toBe(b.publicDigest);
    expect(await session.readiness("merge")).toMatchObject({ level: "A", blockers: [], pendingByOther: false });
    await session.close();
  });

  test("a change is committed with a timer, confirmed from a new session, saved", async () => {
    const { spec, result } = await change(box(), entry("kept", "one"), { verify: check("kept", "one") });
    expect(result).toMatchObject({ state: "DONE", code: null, level: "A", verified: [{ ok: true }] });
    expect(result.diff).toBe(spec.diff);
    record({ platform: "netconf", transport: "netconf" }, { realPeer: "yuma123 netconfd" });
    const { operations } = await admin();
    expect((await operations.getConfig("startup")).data).toContain("kept");
    await operations.lock("running");
    await operations.lock("candidate");
    await operations.closeSession();
  });

  test("what fails its proof is taken back", async () => {
    const before = await running();
    const { result } = await change(box(), entry("undone", "one"), { verify: check("undone", "never") });
    expect(result).toMatchObject({ state: "ROLLED_BACK", code: "VERIFICATION_FAILED" });
    expect(await running()).toBe(before);
  });

  test("a crash after the commit: the journal alone takes it back", async () => {
    const before = await running();
    const on = box();
    const spec = await on.plan(entry("crashed", "one"), { confirmMs: 60_000 });
    const dead = new AbortController();
    const record = recorder({
      at: (at) => {
        if (at === "apply") dead.abort(new Error("crash"));
        if (dead.signal.aborted) throw new Error("crash");
      },
    });
    await expect(runChange(on.context(dead.signal), spec, record.hooks)).rejects.toThrow("crash");
    // Seen once in some fifty runs: right after a session that broke off, this server answered nobody for 20 seconds, and then as ever.
    await expect.poll(() => running().catch(() => "not answered"), { timeout: 50_000 }).toContain("crashed");
    const result = await recoverChange(on.context(), spec, record.progress(), recorder().hooks);
    expect(result).toMatchObject({ state: "ROLLED_BACK" });
    expect(await running()).toBe(before);
  });

  test("its timer fires when nobody comes back", async () => {
    const before = await running();
    const on = box();
    const spec = await on.plan(entry("timer", "one"), { confirmMs: 2_000 });
    const session = await on.open();
    const preImage = await session.running();
    const { id, mode, device } = spec;
    const { tagger } = on.context();
    const token = await session.begin({ id, mode, confirmMs: 2_000, preImage, text: spec.text, comment: "" });
    await session.arm(token);
    const prediction = on.driver.predict({ device, mode, text: spec.text, before: preImage, tagger });
    await session.apply(
      token,
      prediction.render(() => ""),
    );
    expect(await session.pending(token)).toBe("armed");
    // Rarely: it looks at its timers when it has nothing else to do.
    await expect.poll(running, { interval: 2_000 }).toBe(before);
    expect(await session.pending(token)).toBe("none");
    await session.close();
  });

  test("others: their lock is named, their candidate is a hard stop and stays", async () => {
    const other = await admin();
    const on = box();
    const spec = await on.plan(entry("ours", "one"));
    await other.operations.lock("candidate");
    const locked = await runChange(on.context(), spec, recorder().hooks);
    expect(locked).toMatchObject({ state: "FAILED", code: "CANDIDATE_BUSY", notApplied: true });
    expect(locked.detail).toContain(`session ${other.sessionId}`);
    await other.operations.unlock("candidate");
    await other.operations.editConfig({
      target: "candidate",
      config: entry("theirs", "x"),
      errorOption: "rollback-on-error",
    });
    const stale = await runChange(on.context(), spec, recorder().hooks);
    expect(stale).toMatchObject({ state: "FAILED", code: "CANDIDATE_BUSY", notApplied: true });
    expect((await other.operations.getConfig("candidate")).data).toContain("theirs");
    await other.operations.discardChanges();
    await other.operations.closeSession();
  });

  test("a server that says ok and does nothing is not believed", async () => {
    const before = await running();
    const { result } = await change(box(true), entry("swallowed", "one"));
    expect(result.state).not.toBe("DONE");
    expect(await running()).toBe(before);
  });
});
