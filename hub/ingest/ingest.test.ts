import { beforeEach, describe, expect, it } from "vitest";
import { sha256, toBase64url } from "../../shared/bytes.ts";
import { ManualClock } from "../../shared/clock.ts";
import type { Receipt } from "../../shared/documents/receipt.ts";
import { signEnvelope } from "../../shared/envelope.ts";
import { errorCode } from "../../shared/errors.ts";
import type { DeviceId, Digest, JobId } from "../../shared/ids.ts";
import { statements, type Store } from "../../shared/store.ts";
import { agentOf, id, makeOrg, NO_DIGEST, type TestOrg } from "../../shared/testing/org.ts";
import { encodeRecords, type WireRecord } from "../../shared/wire/frame.ts";
import type { Lane, UpRecord } from "../../shared/wire/messages.ts";
import { noEffects } from "../effects.ts";
import { addAssignment, loadAssignment } from "../store/assignments.ts";
import { findBlob, PART_BYTES_MAX, readWholeBlob } from "../store/blobs.ts";
import { BlobCipher } from "../store/cipher.ts";
import { addJob, loadJob } from "../store/jobs.ts";
import { openHubStore } from "../store/open.ts";
import { envelopesOfJob, snapshotsOf } from "../store/receipts.ts";
import { watchEventsAfter } from "../store/watch.ts";
import { decideAssignmentIn, decideJobIn } from "./decide.ts";
import { helloLanes, ingestEvents, ingestGap } from "./ingest.ts";
import { Pump } from "./pump.ts";

const EPOCH = "0".repeat(32);
const NOW_MS = 1_800_000_000_000;
const JOB = "job-1" as JobId;
const MANIFEST = sha256("a manifest");
const key = { manifest: MANIFEST, attempt: 1 };
const R1 = "ams-r1" as DeviceId;

const sql = statements("test", {
  records: "SELECT count(*) AS n, count(DISTINCT sequence) AS d, max(sequence) AS last FROM record",
  refused: "SELECT action, code, count, detail FROM audit WHERE decision = 'refused'",
  chained: "SELECT number, chained FROM receipt ORDER BY rowid",
  gaps: "SELECT first, last, reason FROM stream_gap",
  sealed: "SELECT sealed FROM upload_part",
});

let org: TestOrg;
let store: Store;
let pump: Pump;
let alarms: string[];
const cipher = new BlobCipher(BlobCipher.newKey());

beforeEach(async () => {
  org = await makeOrg();
  store = openHubStore(":memory:");
  alarms = [];
  pump = new Pump({
    onRefused: (agent, { code }) => alarms.push(`${agent} ${code}`),
    store,
    cipher,
    clock: new ManualClock(NOW_MS),
    random: () => 0,
    effects: noEffects,
    agent: (agent) => org.agentsDocument.document.agents.find((entry) => entry.id === agent),
    onFault: (where, error) => {
      throw new Error(where, { cause: error });
    },
  });
  const at = { nowMs: NOW_MS, random: () => 0 };
  await store.tx("job", async (tx) => {
    await addJob(
      tx,
      {
        id: JOB,
        number: 1,
        kind: "collect",
        title: "t",
        reason: "",
        author: null,
        risk: "read",
        authority: "grant",
        grantId: null,
        authoritySha256: null,
        signers: [],
        signersNeeded: 0,
        request: "{}",
        devices: 1,
        notBeforeMs: 0,
        expMs: NOW_MS * 2,
        waves: [{ notBeforeMs: 0 }],
      },
      NOW_MS,
    );
    const identity = {
      key,
      job: JOB,
      purpose: "work" as const,
      agent: id.agentAms,
      site: id.ams,
      wave: 0,
      expMs: NOW_MS * 2,
    };
    await addAssignment(tx, identity, 0, [{ device: R1, planned: null }]);
    await decideJobIn(tx, JOB, { type: "submitted", route: "grant" }, at);
  });
  pump.kick();
  await pump.idle();
  await store.tx("serve", (tx) =>
    decideAssignmentIn(tx, key, [{ type: "served", sequence: 1, fence: 1 }, { type: "accepted" }], at),
  );
});

const NONE = new Uint8Array(0);
const wire = (header: UpRecord, body: Uint8Array = NONE): WireRecord => ({ header, body });
const send = (lane: Lane, first: number, records: readonly WireRecord[], agent = id.agentAms) =>
  ingestEvents(
    { store, cipher },
    agent,
    { epoch: EPOCH, lane, first, last: first + records.length - 1 },
    encodeRecords(records),
    NOW_MS,
  );
const pumped = async (): Promise<void> => {
  pump.kick();
  await pump.idle();
};
const task = (state: Extract<UpRecord, { type: "task" }>["state"], detail: string | null = null): WireRecord =>
  wire({ type: "task", ...key, device: R1, state, step: null, code: null, detail, atMs: NOW_MS });
const says = (state: Extract<UpRecord, { type: "assignment" }>["state"]): WireRecord =>
  wire({ type: "assignment", ...key, state, code: null, reason: null, atMs: NOW_MS });
const metric = (value: number): WireRecord => wire({ type: "metric", name: "m", value, atMs: NOW_MS });
const held = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error("not there");
  return value;
};
const standing = async () => held(await store.read((tx) => loadAssignment(tx, key, [R1])));

async function receipt(over: Partial<Receipt> = {}, signer = agentOf(org).signer): Promise<WireRecord> {
  const snapshot = {
    public: { sha256: NO_DIGEST, bytes: 1 },
    keyGeneration: 1,
    sealed: null,
    notRestorable: "kept nowhere",
  };
  const document: Receipt = {
    type: "receipt",
    v: 1,
    org: id.org,
    site: id.ams,
    agent: id.agentAms,
    prev: null,
    epoch: EPOCH,
    index: 1,
    checkpoint: null,
    job: JOB,
    manifest: MANIFEST,
    attempt: 1,
    fence: 1,
    authority: { kind: "grant", sha256: NO_DIGEST },
    signers: [],
    persons: 0,
    outcome: "SUCCEEDED",
    code: null,
    startedAt: 1_800_000_000,
    endedAt: 1_800_000_001,
    tasks: [R1, "lon-r1" as DeviceId].map((device) => ({
      device,
      state: "DONE" as const,
      code: null,
      detail: null,
      startedAt: 1_800_000_000,
      endedAt: 1_800_000_001,
      before: null,
      after: snapshot,
      diff: null,
      transcript: null,
      output: null,
      level: null,
      evidence: null,
      verified: [],
      applies: 0,
    })),
    ...over,
  };
  return wire({ type: "receipt", envelope: await signEnvelope("farhand-receipt+jws", document, [signer]) });
}

describe("an agent's own no", () => {
  it.each([
    ["LOCAL_WINDOW", ["work.refuse LOCAL_WINDOW"]],
    // The device's no, and not the agent's.
    ["CONNECT_REFUSED", []],
  ] as const)("to work that it had taken stands in the audit log, once: %s", async (code, refused) => {
    await send("receipt", 1, [await receipt({ outcome: "FAILED", code })]);
    await pumped();
    await send("state", 1, [says("FAILED")]);
    await pumped();
    expect((await standing()).standing).toMatchObject({ state: "FAILED", code });
    const rows = await store.read((tx) => tx.all(sql.refused));
    expect(rows.map((row) => `${String(row["action"])} ${String(row["code"])}`)).toEqual(refused);
  });
});

describe("records", () => {
  it("T37: are held once each, whatever is repeated, overlaps or comes too early", async () => {
    const all = Array.from({ length: 20 }, (_, index) => metric(index));
    expect((await send("telemetry", 1, all.slice(0, 10))).ack.acked).toBe(10);
    expect((await send("telemetry", 1, all.slice(0, 10))).ack.acked).toBe(10);
    expect((await send("telemetry", 15, all.slice(14, 20))).ack.acked).toBe(10);
    expect((await send("telemetry", 6, all.slice(5, 20))).ack.acked).toBe(20);
    expect(await store.read((tx) => tx.get(sql.records))).toEqual({ n: 20, d: 20, last: 20 });
  });

  it("T37: whose frame does not hold what it says are refused and nothing is stored", async () => {
    const sent = ingestEvents(
      { store, cipher },
      id.agentAms,
      { epoch: EPOCH, lane: "diff", first: 1, last: 3 },
      encodeRecords([metric(1)]),
      NOW_MS,
    );
    expect(errorCode(await sent.catch((error: unknown) => error))).toBe("PROTOCOL");
    expect(await store.read((tx) => tx.get(sql.records))).toMatchObject({ n: 0 });
  });

  it("that nobody can read are kept without meaning, never bounced", async () => {
    const { ack } = await send("state", 1, [{ header: { type: "task", what: "?" }, body: NONE }, says("RUNNING")]);
    await pumped();
    expect(ack.acked).toBe(2);
    expect((await standing()).standing.state).toBe("RUNNING");
  });

  it("of a gap are named; a lossless lane has none", async () => {
    const gap = (lane: Lane) =>
      ingestGap(store, id.agentAms, { epoch: EPOCH, lane, first: 1, last: 5, reason: "quota" }, NOW_MS);
    expect((await gap("telemetry")).acked).toBe(5);
    expect((await send("telemetry", 6, [metric(1)])).ack.acked).toBe(6);
    expect(errorCode(await gap("receipt").catch((error: unknown) => error))).toBe("PROTOCOL");
    expect(await store.read((tx) => tx.all(sql.gaps))).toEqual([{ first: 1, last: 5, reason: "quota" }]);
  });

  it("that only an older hub held become a named gap at the hello", async () => {
    const hello = { lanes: [{ lane: "state", first: 8, next: 9 }], epoch: EPOCH } as Parameters<typeof helloLanes>[2];
    expect(await helloLanes(store, id.agentAms, hello, NOW_MS)).toEqual([
      { epoch: EPOCH, lane: "state", acked: 7, released: 7 },
    ]);
    await send("state", 8, [says("RUNNING")]);
    await pumped();
    expect((await standing()).standing.state).toBe("RUNNING");
  });
});

describe("meaning", () => {
  it("reaches the assignment, its tasks, the job and whoever watches, each once", async () => {
    const records = [says("RUNNING"), task("PRECHECK"), task("DONE"), says("SUCCEEDED")];
    await send("state", 1, records);
    await send("state", 1, records);
    await pumped();
    await send("receipt", 1, [await receipt()]);
    await pumped();
    const now = await standing();
    expect(now.standing).toMatchObject({ state: "SUCCEEDED" });
    expect(now.tasks).toMatchObject([{ state: "DONE" }]);
    expect((await store.read((tx) => loadJob(tx, JOB)))?.record.standing.state).toBe("SUCCEEDED");
    const seen = await watchEventsAfter(store, { after: 0, job: JOB, limit: 100 });
    expect(seen.filter(({ event }) => event.type === "task")).toHaveLength(2);
    expect(seen.map(({ id: offset }) => offset)).toEqual(
      seen.map(({ id: offset }) => offset).toSorted((a, b) => a - b),
    );
  });

  it("is found again by a pump that starts after a crash", async () => {
    await send("state", 1, [says("RUNNING")]);
    const { pump: wanted } = await send("state", 2, [task("PRECHECK")]);
    expect(wanted).toBe(true);
    await pumped();
    expect((await standing()).tasks).toMatchObject([{ state: "PRECHECK" }]);
  });

  it("T37: of another agent's work is refused and written down", async () => {
    await send("state", 1, [says("FAILED")], id.agentLon);
    await pumped();
    expect((await standing()).standing.state).toBe("ACCEPTED");
    expect(await store.read((tx) => tx.all(sql.refused))).toHaveLength(1);
  });

  it("T36: of live output is made harmless before anyone sees it", async () => {
    const body = new TextEncoder().encode("up\u001b]0;owned\u0007\ndone\u202e");
    await send("telemetry", 1, [wire({ type: "output", ...key, device: R1, order: 0, last: true }, body)]);
    const outputs = async () =>
      (await watchEventsAfter(store, { after: 0, job: JOB, limit: 100 })).flatMap(({ event }) =>
        event.type === "output" ? [event] : [],
      );
    const [output] = await outputs();
    expect(output).toMatchObject({ type: "output", text: "up\\x1b]0;owned\\x07\ndone\\x202e" });
    await send("telemetry", 2, [wire({ type: "output", ...key, device: R1, order: 1, last: true }, body)], id.agentLon);
    expect(await outputs()).toHaveLength(1);
  });
});

describe("a receipt", () => {
  it("of a change within one second keeps before and after in their order", async () => {
    const at = (digit: string) => ({
      public: { sha256: digit.repeat(64) as Digest, bytes: 1 },
      keyGeneration: 1,
      sealed: null,
      notRestorable: null,
    });
    const second = { startedAt: 1_800_000_000, endedAt: 1_800_000_000 };
    const task = {
      device: R1,
      state: "DONE" as const,
      code: null,
      detail: null,
      ...second,
      // The greater digest first, so that no order by digest passes for the right one.
      before: at("f"),
      after: at("0"),
      diff: null,
      transcript: null,
      output: null,
      level: null,
      evidence: null,
      verified: [],
      applies: 1,
    };
    await send("receipt", 1, [await receipt({ ...second, tasks: [task] })]);
    await pumped();
    const kept = await snapshotsOf(store, R1, NOW_MS * 2, 10);
    expect(kept.map((snapshot) => snapshot.public.sha256[0])).toEqual(["0", "f"]);
  });

  it("of this agent's key ends the assignment and keeps its configurations, of its own devices only", async () => {
    await send("receipt", 1, [await receipt()]);
    await pumped();
    expect((await standing()).standing).toMatchObject({ state: "SUCCEEDED", settled: true });
    expect(await envelopesOfJob(store, JOB, "receipt")).toHaveLength(1);
    expect(await snapshotsOf(store, R1, NOW_MS * 2, 10)).toHaveLength(1);
    expect(await snapshotsOf(store, "lon-r1" as DeviceId, NOW_MS * 2, 10)).toHaveLength(0);
  });

  it.each([
    ["signed by another agent", async () => receipt({}, agentOf(org, id.agentLon).signer)],
    ["that speaks for another agent", async () => receipt({ agent: id.agentLon })],
    ["that names another job", async () => receipt({ job: "job-2" as JobId })],
  ])("T37: %s means nothing, is written down and alarms", async (_, make) => {
    await send("receipt", 1, [await make()]);
    await pumped();
    expect((await standing()).standing).toMatchObject({ state: "ACCEPTED", receipt: null });
    expect(await store.read((tx) => tx.all(sql.refused))).toHaveLength(1);
  });

  it("T37: for a job that nobody knows means nothing, is written down and alarms", async () => {
    await send("receipt", 1, [await receipt({ manifest: sha256("another manifest"), job: "job-9" as JobId })]);
    await pumped();
    expect((await standing()).standing).toMatchObject({ state: "ACCEPTED", receipt: null });
    expect(await store.read((tx) => tx.all(sql.refused))).toMatchObject([
      { action: "record.apply", code: "WRONG_AGENT" },
    ]);
    expect(alarms).toEqual([`${id.agentAms} WRONG_AGENT`]);
  });

  it("T37: that was replayed changes nothing and alarms nobody: the same word is the same word", async () => {
    const word = await receipt();
    await send("receipt", 1, [word]);
    await pumped();
    await send("receipt", 2, [word]);
    await pumped();
    expect(await store.read((tx) => tx.all(sql.chained))).toEqual([{ number: 1, chained: 1 }]);
    expect(alarms).toEqual([]);
    // By another agent it is a forgery: it speaks for somebody else.
    await send("receipt", 1, [word], id.agentLon);
    await pumped();
    expect(alarms).toEqual([`${id.agentLon} SIGNATURE_MISSING`]);
  });

  it.each([
    ["after a hole in the chain", { index: 3, prev: sha256("number 2") }],
    ["that follows from another one", { index: 2, prev: sha256("another number 1") }],
    ["with a number that is taken", { index: 1, prev: null, fence: 2 }],
  ])("T37: %s is kept as evidence, marked, written down and alarms", async (_, over) => {
    await send("receipt", 1, [await receipt()]);
    await send("receipt", 2, [await receipt(over)]);
    await pumped();
    const [first, second] = await store.read((tx) => tx.all(sql.chained));
    expect(first).toEqual({ number: 1, chained: 1 });
    expect(second).toEqual({ number: over.index, chained: 0 });
    expect(await store.read((tx) => tx.all(sql.refused))).toMatchObject([{ code: "RECEIPT_CHAIN" }]);
    expect(alarms).toEqual([`${id.agentAms} RECEIPT_CHAIN`]);
  });

  it("T37: a thousand forged ones are counted, not written a thousand times", async () => {
    const forged = await receipt({}, agentOf(org, id.agentLon).signer);
    for (let batch = 0; batch < 10; batch++)
      await send(
        "receipt",
        1 + batch * 100,
        Array.from({ length: 100 }, () => forged),
      );
    await pumped();
    const rows = await store.read((tx) => tx.all(sql.refused));
    expect(rows).toMatchObject([{ code: "SIGNATURE_MISSING", count: 1000 }]);
  });

  it("T37: of a gigabyte is not taken: no part of it is stored, and it is written down", async () => {
    const record = { type: "blob", sha256: sha256("x"), media: "receipt", offset: 0, total: 1_000_000_000 } as const;
    await send("receipt", 1, [wire(record, new Uint8Array(1000))]);
    await pumped();
    expect(await store.read((tx) => tx.all(sql.sealed))).toEqual([]);
    expect(await store.read((tx) => tx.all(sql.refused))).toMatchObject([{ action: "record.read", code: "PROTOCOL" }]);
  });

  it("too large for a frame comes as a text, and means the same", async () => {
    const small = await receipt();
    if (typeof small.header !== "object" || small.header === null || !("envelope" in small.header))
      throw new Error("no envelope");
    const text = new TextEncoder().encode(JSON.stringify(small.header.envelope));
    const half = Math.floor(text.length / 2);
    const part = (from: number, to: number): WireRecord =>
      wire(
        { type: "blob", sha256: sha256(text), media: "receipt", offset: from, total: text.length },
        text.slice(from, to),
      );
    await send("receipt", 1, [part(0, half)]);
    await pumped();
    expect((await standing()).standing.state).toBe("ACCEPTED");
    await send("receipt", 2, [part(half, text.length)]);
    await pumped();
    expect((await standing()).standing.state).toBe("SUCCEEDED");
  });
});

describe("texts", () => {
  const text = Uint8Array.from({ length: PART_BYTES_MAX * 2 + 77 }, (_, index) => (index * 7) % 251);
  const parts = (of: Uint8Array, claimed: Digest = sha256(of)): WireRecord[] => {
    const records: WireRecord[] = [];
    for (let offset = 0; offset < of.length; offset += PART_BYTES_MAX) {
      const header: UpRecord = { type: "blob", sha256: claimed, media: "diff", offset, total: of.length };
      records.push(wire(header, of.slice(offset, offset + PART_BYTES_MAX)));
    }
    return records;
  };

  it("are whole when their digest is right, compressed and encrypted at rest", async () => {
    const words = new TextEncoder().encode("interface Ethernet0\n".repeat(1000));
    await send("diff", 1, parts(words));
    const blob = await findBlob(store, sha256(words));
    expect(blob?.total).toBe(words.length);
    expect(Buffer.from(await readWholeBlob(store, cipher, held(blob))).equals(Buffer.from(words))).toBe(true);
    const [row] = await store.read((tx) => tx.all(sql.sealed));
    const sealed = Buffer.from(row?.["sealed"] as Uint8Array);
    expect(sealed.length).toBeLessThan(words.length / 10);
    expect(sealed.includes("Ethernet")).toBe(false);
  });

  it("in several parts, in any lane order, are checked before they count", async () => {
    for (const [index, part] of parts(text).entries()) await send("diff", index + 1, [part]);
    expect(await findBlob(store, sha256(text))).toBeUndefined();
    await pumped();
    const blob = await findBlob(store, sha256(text));
    expect(toBase64url(await readWholeBlob(store, cipher, held(blob)))).toBe(toBase64url(text));
  });

  it("of a liar do not spoil the same text from an honest agent", async () => {
    const wrong = text.slice().fill(1);
    for (const [index, part] of parts(wrong, sha256(text)).entries())
      await send("diff", index + 1, [part], id.agentLon);
    await pumped();
    expect(await findBlob(store, sha256(text))).toBeUndefined();
    for (const [index, part] of parts(text).entries()) await send("diff", index + 1, [part]);
    await pumped();
    expect(await findBlob(store, sha256(text))).toBeDefined();
  });

  it("T37: larger than the cap, or beyond their own end, are records without meaning", async () => {
    const header = { type: "blob", sha256: sha256("x"), media: "diff", offset: 0 } as const;
    await send("diff", 1, [
      wire({ ...header, total: 17 * 1024 * 1024 }, new Uint8Array(1)),
      wire({ ...header, total: 1 }, new Uint8Array(2)),
    ]);
    expect(await store.read((tx) => tx.all(sql.sealed))).toEqual([]);
  });
});
