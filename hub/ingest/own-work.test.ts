import { beforeEach, describe, expect, it } from "vitest";
import { jcs, sha256 } from "../../shared/bytes.ts";
import { ManualClock } from "../../shared/clock.ts";
import type { Grant } from "../../shared/documents/grant.ts";
import type { Manifest } from "../../shared/documents/manifest.ts";
import { signEnvelope } from "../../shared/envelope.ts";
import type { AgentId, DeviceId, Digest, JobId } from "../../shared/ids.ts";
import { statements, type Store } from "../../shared/store.ts";
import { id, makeGrant, makeManifest, makeOrg, type TestOrg } from "../../shared/testing/org.ts";
import { encodeRecords } from "../../shared/wire/frame.ts";
import type { Lane, UpRecord } from "../../shared/wire/messages.ts";
import { noEffects } from "../effects.ts";
import { loadAssignment } from "../store/assignments.ts";
import { addGrant } from "../store/documents.ts";
import { BlobCipher } from "../store/cipher.ts";
import { loadJob } from "../store/jobs.ts";
import { openHubStore } from "../store/open.ts";
import { ingestEvents } from "./ingest.ts";
import { Pump } from "./pump.ts";

const NOW_MS = 1_800_000_000_000;
const EPOCH = "1".repeat(32);
const R1 = "ams-r1" as DeviceId;
const JOB = "own-1" as JobId;

const sql = statements("test", {
  refused: "SELECT code, detail FROM audit WHERE decision = 'refused'",
  jobs: "SELECT id FROM job",
});

let org: TestOrg;
let store: Store;
let pump: Pump;
let grant: Digest;
const cipher = new BlobCipher(BlobCipher.newKey());

async function keep(over: Partial<Grant> = {}): Promise<Digest> {
  const document = makeGrant(org, { schedule: [{ kind: "collect", everySeconds: 3600, offsetSeconds: 0 }], ...over });
  const envelope = await signEnvelope("farhand-grant+jws", document, [org.people.ann]);
  const digest = sha256(jcs(document));
  await store.tx("grant", (tx) => addGrant(tx, document.id, { sha256: digest, envelope, signers: [id.ann] }, NOW_MS));
  return digest;
}

beforeEach(async () => {
  org = await makeOrg();
  store = openHubStore(":memory:");
  pump = new Pump({
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
  grant = await keep();
});

const marks = new Map<Lane, number>();
beforeEach(() => marks.clear());

async function send(lane: Lane, records: readonly UpRecord[], agent: AgentId = id.agentAms): Promise<void> {
  const first = (marks.get(lane) ?? 0) + 1;
  const last = first + records.length - 1;
  marks.set(lane, last);
  const body = encodeRecords(records.map((header) => ({ header, body: new Uint8Array(0) })));
  await ingestEvents({ store, cipher }, agent, { epoch: EPOCH, lane, first, last }, body, NOW_MS);
}
async function pumped(): Promise<void> {
  pump.kick();
  await pump.idle();
}

function made(over: Partial<Manifest> = {}): { record: UpRecord; key: { manifest: Digest; attempt: number } } {
  const { bytes, digest } = makeManifest(org, {
    job: JOB,
    platforms: {},
    tasks: [{ kind: "collect", device: R1 }],
    ...over,
  });
  const record: UpRecord = {
    type: "own",
    authority: { kind: "grant", sha256: grant },
    manifest: new TextDecoder().decode(bytes),
  };
  return { record, key: { manifest: digest, attempt: 1 } };
}
const refusals = async () => (await store.read((tx) => tx.all(sql.refused))).map((row) => row["code"]);
const jobs = async () => (await store.read((tx) => tx.all(sql.jobs))).map((row) => row["id"]);

describe("work that an agent began by its own clock", () => {
  it("is a job like any other, also where words about it came first", async () => {
    const { record, key } = made();
    await send("state", [
      { type: "assignment", ...key, state: "ACCEPTED", code: null, reason: null, atMs: NOW_MS },
      { type: "assignment", ...key, state: "RUNNING", code: null, reason: null, atMs: NOW_MS },
      { type: "task", ...key, device: R1, state: "PRECHECK", step: null, code: null, detail: null, atMs: NOW_MS },
    ]);
    await send("receipt", [record]);
    await pumped();
    const assignment = await store.read((tx) => loadAssignment(tx, key, [R1]));
    expect(assignment).toMatchObject({
      standing: { state: "RUNNING", sequence: 0, fence: 0 },
      tasks: [{ state: "PRECHECK" }],
    });
    const job = await store.read((tx) => loadJob(tx, JOB));
    expect(job?.record).toMatchObject({
      kind: "collect",
      title: "collect by schedule of reads",
      author: "ann",
      signers: ["ann"],
      grantId: "reads",
      standing: { state: "ROLLING", wave: 0 },
    });
    expect(await refusals()).toEqual([]);
  });

  it("is made once, however often it is told", async () => {
    const { record } = made();
    await send("receipt", [record, record]);
    await pumped();
    await send("receipt", [record]);
    await pumped();
    expect(await jobs()).toEqual([JOB]);
    expect(await refusals()).toEqual([]);
  });

  it("takes evidence after the grant's end: the work was begun before it", async () => {
    grant = await keep({ id: makeGrant(org).id, nbf: 1, iat: 1, exp: 1000 });
    const { record } = made();
    await send("receipt", [record]);
    await pumped();
    expect((await store.read((tx) => loadJob(tx, JOB)))?.record.standing.state).toBe("ROLLING");
  });

  it.each<[string, () => UpRecord | Promise<UpRecord>, string]>([
    [
      "a grant that the hub never had",
      () => ({ ...made().record, authority: { kind: "grant", sha256: sha256("x") } }) as UpRecord,
      "GRANT_SCOPE",
    ],
    [
      "a warrant",
      () => ({ ...made().record, authority: { kind: "warrant", sha256: grant } }) as UpRecord,
      "GRANT_SCOPE",
    ],
    ["another site", () => made({ site: id.lon }).record, "WRONG_SITE"],
    ["another agent's name", () => made({ agents: [id.agentLon] }).record, "WRONG_AGENT"],
    [
      "a kind that the grant does not schedule",
      () => made({ tasks: [{ kind: "check", device: R1 }] }).record,
      "GRANT_SCOPE",
    ],
    [
      "a command",
      () => made({ tasks: [{ kind: "run", device: R1, commands: ["show version"] }] }).record,
      "GRANT_SCOPE",
    ],
    ["no manifest", () => ({ ...made().record, manifest: "{}" }) as UpRecord, "SCHEMA"],
  ])("is nobody's work, and is told in the audit log: %s", async (_, forged, code) => {
    await send("receipt", [await forged()]);
    await pumped();
    expect(await jobs()).toEqual([]);
    expect(await refusals()).toContain(code);
  });

  it("cannot take over a job that is there", async () => {
    await send("receipt", [made().record]);
    await send("receipt", [made({ salt: "A".repeat(21) + "Q" }).record]);
    await pumped();
    expect(await jobs()).toEqual([JOB]);
    expect(await refusals()).toContain("CONFLICT");
  });
});
