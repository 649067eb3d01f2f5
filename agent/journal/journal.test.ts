import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { sha256, utf8 } from "../../shared/bytes.ts";
import { systemClock } from "../../shared/clock.ts";
import type { DeviceId, Digest, JobId, PersonId } from "../../shared/ids.ts";
import { openSqlite } from "../../shared/sqlite.ts";
import type { Store } from "../../shared/store.ts";
import { decide } from "../core/decide.ts";
import type { Event } from "../core/model.ts";
import { checkFence, sequenceHighWater, spendGrant, takeSequence } from "./admission.ts";
import { loadAggregate, loadEvidence, saveRows, unsettled } from "./assignments.ts";
import { chainHead, moveChain } from "./chain.ts";
import { loadText, releaseWork, saveText } from "./holdings.ts";
import { ensureEpoch } from "./meta.ts";
import { journalMigrations, openJournal } from "./open.ts";
import {
  appendBlob,
  appendRecord,
  appendSpooled,
  CHUNK_BYTES,
  gapAt,
  laneMarks,
  neededSpools,
  recordsAfter,
  takeMarks,
} from "./outbox.ts";
import { stepsOf, writeDone, writeIntent } from "./steps.ts";

const memory = (): Store => openSqlite({ path: ":memory:", migrations: journalMigrations });
const key = { manifest: "a".repeat(64) as Digest, attempt: 1 };
const device = "r1" as DeviceId;
const T0 = 1_800_000_000_000;
const folder = mkdtempSync(join(tmpdir(), "farhand-journal-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const offered: Event = {
  type: "offered",
  work: {
    sequence: 1,
    fence: 3,
    authority: { kind: "warrant", sha256: "b".repeat(64) as Digest },
    job: "job" as JobId,
    signers: ["ann" as PersonId],
    notBeforeMs: T0,
    expMs: T0 + 60_000,
    deadlines: { connectMs: 1000, commandMs: 1000, taskMs: 60_000, jobMs: 600_000, confirmMs: 60_000 },
    devices: [device],
  },
};

async function dispatch(store: Store, event: Event): Promise<void> {
  await store.tx("decide", async (tx) => {
    const decision = decide(await loadAggregate(tx, key), event, T0, () => 0);
    await saveRows(tx, decision.rows);
  });
}

describe("an aggregate", () => {
  it("is the same after save and load, and its records stand in the state lane", async () => {
    const store = memory();
    const evidence = { output: null } as never;
    await dispatch(store, offered);
    await dispatch(store, { type: "start" });
    await dispatch(store, { type: "taskMoved", device, state: "PRECHECK", step: "precheck" });
    await dispatch(store, { type: "taskEnded", device, end: { state: "DONE", code: null, detail: null, evidence } });
    await dispatch(store, {
      type: "receiptSigned",
      digest: "c".repeat(64) as Digest,
      envelope: { payload: "eA", signatures: [] },
    });
    const aggregate = await store.read((tx) => loadAggregate(tx, key));
    expect(aggregate.assignment).toMatchObject({
      state: "SUCCEEDED",
      receipt: "c".repeat(64),
      starts: 1,
      signers: ["ann"],
    });
    expect(aggregate.tasks).toMatchObject([{ device, state: "DONE", evidence: null }]);
    expect((await store.read((tx) => loadEvidence(tx, key))).get(device)).toEqual(evidence);
    const states = (await store.read((tx) => recordsAfter(tx, "state", 0, 100))).map((row) => row.seq);
    expect(states).toEqual([1, 2, 3, 4, 5]);
    expect(await store.read((tx) => recordsAfter(tx, "receipt", 0, 10))).toHaveLength(1);
    expect(await store.read((tx) => unsettled(tx, 10))).toMatchObject([{ sequence: 1, state: "SUCCEEDED" }]);
    await store.close();
  });

  it("keeps nothing of a decision whose transaction failed", async () => {
    const store = memory();
    await dispatch(store, offered);
    const failing = store.tx("x", async (tx) => {
      await saveRows(tx, decide(await loadAggregate(tx, key), { type: "start" }, T0, () => 0).rows);
      throw new Error("power cut");
    });
    await expect(failing).rejects.toThrow("power cut");
    expect((await store.read((tx) => loadAggregate(tx, key))).assignment?.state).toBe("ACCEPTED");
    await store.close();
  });
});

describe("admission", () => {
  it("uses a sequence once and moves the mark over what has no gap", async () => {
    const store = memory();
    const admit = (sequence: number) =>
      store.tx("admit", async (tx) => {
        await takeSequence(tx, sequence);
        return sequenceHighWater(tx);
      });
    expect(await admit(1)).toBe(1);
    expect(await admit(3)).toBe(1);
    await expect(admit(3)).rejects.toThrow("SEQUENCE");
    await expect(admit(1)).rejects.toThrow("SEQUENCE");
    expect(await admit(2)).toBe(3);
    await store.close();
  });

  it("refuses a stale fence and a grant beyond its rate", async () => {
    const store = memory();
    await store.tx("f", (tx) => checkFence(tx, 5, [device]));
    await expect(store.tx("f", (tx) => checkFence(tx, 4, [device]))).rejects.toThrow("FENCE");
    const spend = (devices: number, nowMs: number) =>
      store.tx("g", (tx) => spendGrant(tx, key.manifest, { devices, perMinute: 10, nowMs }));
    await spend(10, T0);
    await expect(spend(1, T0)).rejects.toThrow("GRANT_RATE");
    await expect(spend(1, T0 - 1_000_000)).rejects.toThrow("GRANT_RATE");
    await spend(5, T0 + 30_000);
    await store.close();
  });
});

describe("steps", () => {
  it("are written before and after, in order", async () => {
    const store = memory();
    await store.tx("i", (tx) => writeIntent(tx, key, device, "arm", { token: 1 }));
    await store.tx("i", (tx) => writeDone(tx, key, device, "arm", null));
    await store.tx("i", (tx) => writeIntent(tx, key, device, "apply", null));
    expect(await store.read((tx) => stepsOf(tx, key, device))).toEqual([
      { no: 1, step: "arm", intent: { token: 1 }, done: { data: null } },
      { no: 2, step: "apply", intent: null, done: null },
    ]);
    await store.close();
  });
});

describe("the outbox", () => {
  const metric = (n: number) => ({ type: "metric", name: `m${n}`, value: n, atMs: T0 }) as const;

  it("numbers each lane without a gap and deletes only what is released", async () => {
    const store = memory();
    for (let i = 0; i < 5; i++) await store.tx("a", (tx) => appendRecord(tx, metric(i)));
    await store.tx("m", (tx) => takeMarks(tx, "telemetry", { acked: 4, released: 2 }));
    const marks = (await store.read(laneMarks)).find((lane) => lane.lane === "telemetry");
    expect(marks).toEqual({ lane: "telemetry", first: 3, next: 6, acked: 4, released: 2 });
    expect((await store.read((tx) => recordsAfter(tx, "telemetry", 0, 10))).map((row) => row.seq)).toEqual([3, 4, 5]);
    await store.close();
  });

  it("sends again what a hub that went backwards lacks, and names what is gone", async () => {
    const store = memory();
    for (let i = 0; i < 5; i++) await store.tx("a", (tx) => appendRecord(tx, metric(i)));
    await store.tx("m", (tx) => takeMarks(tx, "telemetry", { acked: 4, released: 3 }));
    await store.tx("m", (tx) => takeMarks(tx, "telemetry", { acked: 1, released: 0 }));
    expect((await store.read(laneMarks)).find((lane) => lane.lane === "telemetry")?.acked).toBe(1);
    expect(await store.read((tx) => gapAt(tx, "telemetry", 2))).toMatchObject({ first: 2, last: 3 });
    await store.close();
  });

  it("numbers a gigabyte file as rows without bodies", async () => {
    const store = memory();
    const digest = "d".repeat(64) as Digest;
    await store.tx("s", (tx) => appendSpooled(tx, { digest, media: "output", name: digest, bytes: 1024 ** 3 }));
    const rows = await store.read((tx) => recordsAfter(tx, "diff", 5460, 10));
    expect(rows[0]).toMatchObject({
      seq: 5461,
      bytes: CHUNK_BYTES,
      body: { kind: "spool", offset: 5460 * CHUNK_BYTES },
    });
    expect(rows[0]?.header).toEqual({
      type: "blob",
      sha256: digest,
      media: "output",
      offset: 5460 * CHUNK_BYTES,
      total: 1024 ** 3,
    });
    expect([...(await store.read(neededSpools))]).toEqual([digest]);
    expect(await store.tx("m", (tx) => takeMarks(tx, "diff", { acked: 5462, released: 5461 }))).toEqual([]);
    expect(await store.tx("m", (tx) => takeMarks(tx, "diff", { acked: 5462, released: 5462 }))).toEqual([digest]);
    await store.close();
  });

  it("chunks a receipt that no frame could carry, in the receipt lane", async () => {
    const store = memory();
    const envelope = { payload: "A".repeat(400_000), signatures: [] };
    await store.tx("r", (tx) => appendRecord(tx, { type: "receipt", envelope }));
    const rows = await store.read((tx) => recordsAfter(tx, "receipt", 0, 10));
    expect(rows.map((row) => (row.header as { media: string }).media)).toEqual(["receipt", "receipt", "receipt"]);
    await store.close();
  });

  it("drops the oldest of a lossy lane under quota, by name, and never a receipt", async () => {
    const store = memory();
    const body = new Uint8Array(1024 * 1024);
    const output = { type: "output", ...key, device, order: 0, last: false } as const;
    for (let i = 0; i < 70; i++) await store.tx("o", (tx) => appendRecord(tx, output, body));
    const marks = (await store.read(laneMarks)).find((lane) => lane.lane === "telemetry");
    const gap = await store.read((tx) => gapAt(tx, "telemetry", 1));
    expect(gap?.first).toBe(1);
    expect(marks?.first).toBe((gap?.last ?? 0) + 1);
    await store.tx("b", (tx) => appendBlob(tx, sha256("x"), "diff", utf8("x")));
    expect(await store.read((tx) => gapAt(tx, "diff", 1))).toBeUndefined();
    await store.close();
  });
});

describe("the rest", () => {
  it("moves the chain only from where it was seen", async () => {
    const store = memory();
    const zero = await store.read(chainHead);
    const one = { digest: "1".repeat(64) as Digest, index: 1 };
    expect(await store.tx("c", (tx) => moveChain(tx, zero, one))).toBe(true);
    expect(await store.tx("c", (tx) => moveChain(tx, zero, one))).toBe(false);
    expect(await store.read(chainHead)).toEqual(one);
    await store.close();
  });

  it("gives a text back only with the digest that it has", async () => {
    const store = memory();
    await store.tx("t", (tx) => saveText(tx, utf8("router bgp 1")));
    expect(await store.read((tx) => loadText(tx, sha256("router bgp 1")))).toEqual(utf8("router bgp 1"));
    await store.tx("t", (tx) => releaseWork(tx, key));
    await expect(store.read((tx) => loadText(tx, sha256("router bgp 1")))).rejects.toThrow("BUNDLE_INCOMPLETE");
    await store.close();
  });

  it("keeps its epoch, and starts a new one beside a journal that is damaged", async () => {
    const opened = await openJournal({ stateDir: folder, clock: systemClock });
    expect(await ensureEpoch(opened.store, () => "f".repeat(32))).toBe(opened.epoch);
    await opened.store.close();
    const again = await openJournal({ stateDir: folder, clock: systemClock });
    expect(again.epoch).toBe(opened.epoch);
    await again.store.close();
    for (const file of readdirSync(folder)) rmSync(join(folder, file));
    writeFileSync(
      join(folder, "journal.db"),
      "this is not a database at all, and long enough to be read as one".repeat(100),
    );
    const fresh = await openJournal({ stateDir: folder, clock: systemClock });
    expect(fresh.epoch).not.toBe(opened.epoch);
    expect(readdirSync(folder).some((file) => file.includes("corrupt"))).toBe(true);
    await fresh.store.close();
  });
});
