import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { packFrames, sealEvidence } from "../../shared/bundle/evidence.ts";
import { openInbound } from "../../shared/bundle/index.ts";
import { BundleFile } from "../../shared/bundle/read.ts";
import { bundleChunks } from "../../shared/bundle/write.ts";
import { jcs, sha256, utf8, type Bytes } from "../../shared/bytes.ts";
import { ManualClock } from "../../shared/clock.ts";
import type { InboundIndex, OutboundIndex } from "../../shared/documents/bundle.ts";
import { envelopeBytes, signEnvelope } from "../../shared/envelope.ts";
import { errorCode } from "../../shared/errors.ts";
import type { Grant } from "../../shared/documents/grant.ts";
import type { AgentId, Digest, GrantId, JobId } from "../../shared/ids.ts";
import { generateBoxJwk, type BoxPublicKey } from "../../shared/keys.ts";
import type { SqliteStore } from "../../shared/sqlite.ts";
import { statements } from "../../shared/store.ts";
import {
  agentOf,
  id,
  makeGrant,
  makeOrg,
  NO_DIGEST,
  TEST_NOW_SECONDS,
  type TestOrg,
} from "../../shared/testing/org.ts";
import { firstUpdate, nextUpdate } from "../../shared/testing/trust-set.ts";
import { encodeRecords } from "../../shared/wire/frame.ts";
import { encodeUp, type Lane } from "../../shared/wire/messages.ts";
import { Refusals } from "../audit/refusals.ts";
import { noEffects } from "../effects.ts";
import { decideAssignmentIn } from "../ingest/decide.ts";
import { Pump } from "../ingest/pump.ts";
import { acceptHold } from "../holds.ts";
import type { LinkDeps } from "../links/deps.ts";
import { silentLog } from "../log.ts";
import { addAssignment, loadAssignment } from "../store/assignments.ts";
import { BlobCipher } from "../store/cipher.ts";
import { addGrant } from "../store/documents.ts";
import { openHubStore } from "../store/open.ts";
import { addManifest, addWarrant } from "../store/work.ts";
import { TrustHolder } from "../trust.ts";
import { BundleExporter } from "./export.ts";
import { importBundle, type Imported } from "./import.ts";

const EPOCH = "1".repeat(32);
const sql = statements("test", {
  audited: "SELECT action, decision FROM audit WHERE action LIKE 'bundle.%' ORDER BY id",
  records: "SELECT count(*) AS n FROM record",
});

let dir: string;
let store: SqliteStore;
let org: TestOrg;
let deps: LinkDeps;
let pump: Pump;
let exporter: BundleExporter;
const clock = new ManualClock(TEST_NOW_SECONDS * 1000);

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "farhand-hub-bundles-"));
  store = openHubStore(":memory:");
  org = await makeOrg();
  const cipher = new BlobCipher(BlobCipher.newKey());
  const trust = new TrustHolder(store, clock, { id: "hub-1", signer: org.hub });
  await trust.accept(firstUpdate(org.view.set), "test");
  const random = (): number => 0;
  const onFault = (_: string, error: unknown): never => {
    throw error;
  };
  pump = new Pump({ store, cipher, clock, random, effects: noEffects, agent: (agent) => trust.agent(agent), onFault });
  deps = {
    store,
    clock,
    random,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    cipher,
    trust,
    hubId: "hub-1",
    signer: org.hub,
    pump,
    effects: noEffects,
    refusals: new Refusals(store, clock, silentLog),
    log: silentLog,
  };
  exporter = new BundleExporter(deps);
});
afterEach(async () => {
  await pump.stop();
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

const audited = async (): Promise<string[]> =>
  (await store.read((tx) => tx.all(sql.audited))).map((row) => `${String(row["action"])} ${String(row["decision"])}`);
const recordCount = async (): Promise<unknown> => (await store.read((tx) => tx.get(sql.records)))?.["n"];

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const metric = (n: number) => ({
  header: { type: "metric", name: `m${n}`, value: n, atMs: n },
  body: new Uint8Array(),
});
const frame = (lane: Lane, first: number, last: number, epoch = EPOCH): Uint8Array =>
  encodeUp(
    "events",
    { epoch, lane, first, last },
    encodeRecords(Array.from({ length: last - first + 1 }, (_, n) => metric(first + n))),
  );

interface OutOptions {
  readonly frames?: readonly Uint8Array[];
  readonly over?: Partial<OutboundIndex>;
  readonly signer?: TestOrg["hub"];
  readonly to?: BoxPublicKey;
  readonly part?: number;
  /** What its parts say that they are. */
  readonly kind?: "records" | "text";
  /** Frames of a second part. */
  readonly second?: readonly Uint8Array[];
}

/** As an agent would export it. */
async function outbound(options: OutOptions = {}): Promise<{ bytes: Bytes; digest: Digest }> {
  const number = options.over?.number ?? 1;
  const place = { org: id.org, site: id.ams, agent: id.agentAms, number, part: options.part ?? 0 };
  const to = options.to ?? (org.evidence.x as BoxPublicKey);
  const bodies = [await sealEvidence(packFrames(options.frames ?? [frame("diff", 1, 3)]), place, to)];
  if (options.second)
    bodies.push(await sealEvidence(packFrames(options.second), { ...place, part: place.part + 1 }, to));
  const index: OutboundIndex = {
    type: "bundle",
    v: 1,
    org: id.org,
    site: id.ams,
    agent: id.agentAms,
    number,
    prev: null,
    seen: null,
    iat: TEST_NOW_SECONDS,
    exp: TEST_NOW_SECONDS + 86_400,
    entries: bodies.map((body) => ({ kind: options.kind ?? "records", sha256: sha256(body), bytes: body.length })),
    direction: "out",
    epoch: EPOCH,
    lanes: [{ lane: "diff", first: 1, last: 3 }],
    ...options.over,
  };
  const envelope = await signEnvelope("farhand-bundle+jws", index, [options.signer ?? agentOf(org).signer]);
  const parts: Uint8Array[] = [];
  for await (const chunk of bundleChunks(envelope, index.entries, (n) => bodies[n] ?? utf8(""))) parts.push(chunk);
  return { bytes: new Uint8Array(Buffer.concat(parts)), digest: sha256(jcs(index)) };
}

const bring = (bytes: Uint8Array, evidence = org.evidence): Promise<Imported> =>
  importBundle(deps, { dir, evidence }, once(bytes), "token:t");
const refused = (bytes: Uint8Array): Promise<string> => bring(bytes).then(() => "taken", errorCode);

async function carried(options = { days: 30, actor: "token:t" }): Promise<InboundIndex> {
  const made = await exporter.export(id.agentAms, options);
  const file = await BundleFile.from(made.chunks, dir);
  try {
    const { index } = await openInbound(file.envelope, org.trust.hubKey);
    await file.checkBodies();
    return index;
  } finally {
    await file.close();
  }
}

describe("evidence that comes as a file", () => {
  it("is stored once, however often and in whatever pieces it is brought", async () => {
    const first = await outbound();
    expect(await bring(first.bytes)).toMatchObject({ number: 1, records: 3, missing: null, unacknowledged: null });
    expect(await recordCount()).toBe(3);
    const lanes: OutboundIndex["lanes"] = [{ lane: "diff", first: 1, last: 5 }];
    const over = { number: 2, prev: first.digest, lanes };
    const second = await outbound({ frames: [frame("diff", 1, 3), frame("diff", 4, 5)], over });
    await bring(second.bytes);
    expect(await recordCount()).toBe(5);
    expect(await audited()).toEqual(["bundle.import allowed", "bundle.import allowed"]);
    expect(readdirSync(dir)).toEqual([]);
  });

  it("T24: a withheld stick and a missing acknowledgement are named and audited", async () => {
    await carried();
    const { bytes } = await outbound({ over: { number: 3, prev: NO_DIGEST } });
    expect(await bring(bytes)).toMatchObject({ missing: { first: 1, last: 2 }, unacknowledged: { first: 1, last: 1 } });
    expect(await audited()).toEqual([
      "bundle.export allowed",
      "bundle.import allowed",
      "bundle.missing allowed",
      "bundle.unacknowledged allowed",
    ]);
  });

  it("T24: replayed, older, forked, of another agent, site or organisation", async () => {
    const first = await outbound();
    await bring(first.bytes);
    expect(await refused(first.bytes)).toBe("BUNDLE_ORDER");
    expect(await refused((await outbound({ over: { number: 2, prev: NO_DIGEST } })).bytes)).toBe("BUNDLE_ORDER");
    const next = { number: 2, prev: first.digest };
    const lon = agentOf(org, id.agentLon).signer;
    expect(await refused((await outbound({ over: next, signer: lon })).bytes)).toBe("SIGNATURE_MISSING");
    expect(await refused((await outbound({ over: next, signer: org.hub })).bytes)).toBe("SIGNATURE_MISSING");
    expect(await refused((await outbound({ over: { ...next, site: id.lon } })).bytes)).toBe("WRONG_SITE");
    expect(await refused((await outbound({ over: { ...next, agent: "nobody" as AgentId } })).bytes)).toBe(
      "AGENT_PENDING",
    );
    expect(await recordCount()).toBe(3);
    // Another journal of the same agent counts from one again.
    const fresh = "2".repeat(32);
    const again = await outbound({ frames: [frame("diff", 1, 3, fresh)], over: { epoch: fresh } });
    expect(await bring(again.bytes)).toMatchObject({ number: 1 });
  });

  it("T24: sealed to another key or moved to another place", async () => {
    const other = await generateBoxJwk();
    expect(await refused((await outbound({ to: other.x as BoxPublicKey })).bytes)).toBe("SEALED");
    expect(await refused((await outbound({ part: 1 })).bytes)).toBe("SEALED");
    expect(await recordCount()).toBe(0);
  });

  it("T24: frames that are no evidence, or that the index does not name", async () => {
    const pull = encodeUp("pull", { nonce: "A".repeat(43) as never, capacity: 1 });
    const frames: [string, Uint8Array][] = [
      ["a pull", pull],
      ["another lane", frame("state", 1, 3)],
      ["more than it says", frame("diff", 1, 4)],
      ["another journal", frame("diff", 1, 3, "3".repeat(32))],
      ["no frame", utf8("abc")],
    ];
    for (const [name, bytes] of frames)
      expect([name, await refused((await outbound({ frames: [bytes] })).bytes)]).toEqual([
        name,
        expect.stringMatching(/^(BUNDLE_SHAPE|PROTOCOL)$/),
      ]);
    const early = { lanes: [{ lane: "diff" as const, first: 2, last: 3 }] };
    expect(await refused((await outbound({ over: early })).bytes)).toBe("BUNDLE_SHAPE");
    await expect(bring((await outbound({ frames: [pull] })).bytes)).rejects.toThrow("pull is no evidence");
    expect(await recordCount()).toBe(0);
  });

  it("T24: one part that was altered spoils those before it", async () => {
    const { bytes } = await outbound({ frames: [frame("diff", 1, 2)], second: [frame("diff", 3, 3)] });
    const flipped = bytes.with(-1, (bytes.at(-1) ?? 0) ^ 1);
    expect(await refused(flipped)).toBe("BUNDLE_ENTRY");
    expect(await recordCount()).toBe(0);
    expect(await bring(bytes)).toMatchObject({ records: 3 });
  });

  it("T24: parts that claim to be something else than records", async () => {
    expect(await refused((await outbound({ kind: "text" })).bytes)).toBe("BUNDLE_SHAPE");
    expect(await recordCount()).toBe(0);
  });

  it("of a banned agent is not taken", async () => {
    const { bytes } = await outbound();
    const { document } = org.agentsDocument;
    const agents = document.agents.map((entry) => ({ ...entry, status: "banned" as const, reason: "lost" }));
    const envelope = await signEnvelope("farhand-agents+jws", { ...document, version: 2, agents }, [org.people.kim]);
    const { set } = deps.trust.require().view;
    const update = await nextUpdate(set, [org.people.kim], { agents: envelope }, deps.clock.nowMs());
    await deps.trust.accept(update, "test");
    expect(await refused(bytes)).toBe("AGENT_BANNED");
  });

  it("is not taken by a hub that has no key to open it", async () => {
    const { bytes } = await outbound();
    const taken = importBundle(deps, { dir, evidence: undefined }, once(bytes), "token:t");
    await expect(taken).rejects.toMatchObject({ code: "CONFLICT" });
  });

  it("an acknowledgement of what was never sent is refused; one from before this hub was restored raises its floor", async () => {
    const sent = await carried();
    const lie = await outbound({ over: { seen: { number: 1, sha256: NO_DIGEST } } });
    expect(await refused(lie.bytes)).toBe("BUNDLE_ORDER");
    const later = await outbound({ over: { seen: { number: 7, sha256: NO_DIGEST } } });
    expect(await bring(later.bytes)).toMatchObject({ unacknowledged: null });
    expect(sent.number).toBe(1);
    expect(await carried()).toMatchObject({ number: 8, prev: NO_DIGEST });
  });
});

describe("a bundle for an agent", () => {
  const key = { manifest: sha256("a manifest"), attempt: 1 };

  async function offer(): Promise<void> {
    const warrant = utf8("a warrant");
    await store.tx("offer", async (tx) => {
      const job = "job-1" as JobId;
      const identity = { key, job, purpose: "work" as const, agent: id.agentAms, site: id.ams, wave: 0 };
      await addAssignment(tx, { ...identity, expMs: (TEST_NOW_SECONDS + 3600) * 1000 }, 0, []);
      const authority = { authorityKind: "warrant" as const, authoritySha256: sha256(warrant) };
      const bytes = utf8("a manifest");
      await addManifest(tx, { sha256: key.manifest, job, purpose: "work", position: 0, ...authority, bytes }, []);
      await addWarrant(tx, job, sha256(warrant), warrant, 0);
      await decideAssignmentIn(tx, key, [{ type: "released" }], { nowMs: clock.nowMs(), random: () => 0 });
    });
  }

  const standing = async () => (await store.read((tx) => loadAssignment(tx, key)))?.standing;

  it("counts as delivered before it leaves, and carries the same numbers until the agent speaks", async () => {
    await offer();
    const first = await carried();
    expect(first).toMatchObject({ number: 1, prev: null, acks: null, work: [{ ...key, sequence: 1, fence: 1 }] });
    expect(await standing()).toMatchObject({ state: "DELIVERED", sequence: 1, fence: 1 });
    const second = await carried();
    expect(second).toMatchObject({ number: 2, prev: sha256(jcs(first)), work: [{ ...key, sequence: 1, fence: 1 }] });
  });

  it("acknowledges what the hub has taken in, by number and by lane", async () => {
    const { bytes, digest } = await outbound();
    await bring(bytes);
    const lanes = [{ lane: "diff", acked: 3, released: 3 }];
    expect(await carried()).toMatchObject({ seen: { number: 1, sha256: digest }, acks: { epoch: EPOCH, lanes } });
  });

  it("is made for agents that keys and countersignature know, and for no others", async () => {
    const code = await exporter.export("nobody" as AgentId, { days: 1, actor: "t" }).then(() => "made", errorCode);
    expect(code).toBe("AGENT_PENDING");
  });

  it("carries the holds of its site, and of no other", async () => {
    const hold = { type: "hold", v: 1, org: id.org, owner: id.ann, reason: "swap", held: true, exp: null };
    const put = async (site: string, device: string) => {
      const document = { ...hold, site, device, generation: TEST_NOW_SECONDS, iat: TEST_NOW_SECONDS };
      const envelope = await signEnvelope("farhand-hold+jws", document, [org.people.ann]);
      await acceptHold(deps, envelope, "token:t");
      return sha256(envelopeBytes(envelope));
    };
    const own = await put(id.ams, "ams-r1");
    await put(id.lon, "lon-r1");
    const held = (await carried()).entries.filter(({ kind }) => kind === "hold");
    expect(held.map(({ sha256: digest }) => digest)).toEqual([own]);
  });

  it("carries the grants that its site's agent carries out by its own clock, and no others", async () => {
    const put = async (over: Partial<Grant>): Promise<Digest> => {
      const grant = makeGrant(org, over);
      const envelope = await signEnvelope("farhand-grant+jws", grant, [org.people.ann]);
      await store.tx("grant", (tx) => addGrant(tx, grant.id, { sha256: sha256(jcs(grant)), envelope, signers: [] }, 0));
      return sha256(envelopeBytes(envelope));
    };
    const schedule = [{ kind: "collect" as const, everySeconds: 3600, offsetSeconds: 0 }];
    const nightly = await put({ id: "nightly" as GrantId, schedule });
    await put({ id: "asked" as GrantId });
    await put({ id: "elsewhere" as GrantId, schedule, sites: [id.lon] });
    await put({ id: "over" as GrantId, schedule, exp: TEST_NOW_SECONDS - 1 });
    const given = (await carried()).entries.filter(({ kind }) => kind === "grant");
    expect(given.map(({ sha256: digest }) => digest)).toEqual([nightly]);
  });

  it("two at once have two numbers, and each names the one before it", async () => {
    const [first, second] = await Promise.all([carried(), carried()]);
    expect([first.number, second.number]).toEqual([1, 2]);
    expect(second.prev).toBe(sha256(jcs(first)));
  });
});
