import { randomBytes } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { sha256, toBase64url } from "../../shared/bytes.ts";
import { ManualClock } from "../../shared/clock.ts";
import type { AgentId, Digest, JobId } from "../../shared/ids.ts";
import type { Signer } from "../../shared/keys.ts";
import type { SqliteStore } from "../../shared/sqlite.ts";
import { statements } from "../../shared/store.ts";
import { agentOf, id, makeManifest, makeOrg, TEST_NOW_SECONDS, type TestOrg } from "../../shared/testing/org.ts";
import { firstUpdate } from "../../shared/testing/trust-set.ts";
import { verifyCancel, verifyOffer } from "../../shared/verify/work.ts";
import { encodeRecords, FRAME_BYTES_MAX } from "../../shared/wire/frame.ts";
import {
  challengeBytes,
  decodeDown,
  encodeUp,
  type DownMessage,
  type UpHeader,
  type UpMessage,
} from "../../shared/wire/messages.ts";
import { decideAssignmentIn } from "../ingest/decide.ts";
import { Pump } from "../ingest/pump.ts";
import { Refusals } from "../audit/refusals.ts";
import { silentLog } from "../log.ts";
import { loadAssignment } from "../store/assignments.ts";
import { addEnrolment, listContacts } from "../store/agents.ts";
import { putBlob } from "../store/blobs.ts";
import { BlobCipher } from "../store/cipher.ts";
import { openHubStore } from "../store/open.ts";
import { TrustHolder } from "../trust.ts";
import { CREDIT_FLOOR_BYTES, CreditBudget } from "./credit.ts";
import type { LinkDeps } from "./deps.ts";
import { Links } from "./registry.ts";
import { AgentSession } from "./session.ts";
import { addGrantedWork } from "./testing/granted-work.ts";

const EPOCH = "0".repeat(32);
const JOB = "job-1" as JobId;
const sql = statements("test", {
  stateOf: "SELECT state FROM assignment WHERE manifest = :manifest",
  refused: "SELECT actor || ' ' || action || ' ' || code AS what FROM audit WHERE decision = 'refused'",
});

let org: TestOrg;
let store: SqliteStore;
let clock: ManualClock;
let deps: LinkDeps;
let links: Links;
let manifest: { bytes: Uint8Array<ArrayBuffer>; digest: Digest };
let text: Digest;
let sessions: AgentSession[];
/** State of the assignment in the store at the moment when each offer left. */
let onDiskAtOffer: unknown[];

beforeEach(async () => {
  org = await makeOrg();
  store = openHubStore(":memory:");
  clock = new ManualClock(TEST_NOW_SECONDS * 1000);
  links = new Links();
  onDiskAtOffer = [];
  sessions = [];
  const cipher = new BlobCipher(BlobCipher.newKey());
  const effects = {
    perform: (all: Parameters<LinkDeps["effects"]["perform"]>[0]) => all.forEach((one) => links.perform(one)),
    moved: () => undefined,
  };
  const trust = new TrustHolder(store, clock, { id: "hub-1", signer: org.hub });
  const fault = (where: string, error: unknown): never => {
    throw new Error(where, { cause: error });
  };
  const pump = new Pump({
    store,
    cipher,
    clock,
    random: () => 0,
    effects,
    agent: (agent) => trust.agent(agent),
    onFault: fault,
  });
  deps = {
    store,
    clock,
    random: () => 0,
    randomBytes,
    cipher,
    trust,
    hubId: "hub-1",
    signer: org.hub,
    pump,
    effects,
    refusals: new Refusals(store, clock, silentLog),
    log: silentLog,
  };
  await trust.accept(firstUpdate(org.view.set), "test");
  text = await putBlob(store, cipher, new TextEncoder().encode("hostname r1\n"), { sender: "test", media: "text" }, 0);
  manifest = makeManifest(org, {
    tasks: [{ kind: "collect", device: org.inventory.inventory.document.devices[0]?.id ?? fail() }],
  });
  await addGrantedWork(store, org, { job: JOB, manifest, texts: [text], nowMs: clock.nowMs() });
  pump.kick();
  await pump.idle();
});

function fail(): never {
  throw new Error("not there");
}

/** An agent without a network: what the hub sends is kept, in order. */
class FakeAgent {
  readonly got: DownMessage[] = [];
  readonly session: AgentSession;
  readonly id: AgentId;
  readonly signer: Signer;
  closed = false;

  constructor(agent: AgentId = id.agentAms, signer: Signer = agentOf(org, agent).signer) {
    this.id = agent;
    this.signer = signer;
    this.session = new AgentSession(deps, links, new CreditBudget(), {
      send: (frame) => {
        const message = decodeDown(frame);
        this.got.push(message);
        if (message.kind === "offer")
          void store
            .read((tx) => tx.get(sql.stateOf, { manifest: manifest.digest }))
            .then((row) => onDiskAtOffer.push(row?.["state"]));
        return true;
      },
      close: () => {
        this.closed = true;
      },
    });
    sessions.push(this.session);
  }

  say<K extends UpMessage["kind"]>(kind: K, header: UpHeader<K>, body?: Uint8Array): void {
    this.session.receive(encodeUp(kind, header, body));
  }

  async hello(over: Partial<UpHeader<"hello">> = {}): Promise<this> {
    const challenge = this.last("challenge").header;
    const bytes = challengeBytes("farhand-agent", [challenge.nonce, challenge.hub, challenge.session]);
    const signature = toBase64url(new Uint8Array(await crypto.subtle.sign("Ed25519", this.signer.key, bytes)));
    this.say("hello", {
      agent: this.id,
      nonce: nonceOf(1),
      signature,
      version: 1,
      software: "test",
      epoch: EPOCH,
      sequence: 0,
      lanes: [],
      clock: { wallMs: clock.nowMs(), quality: "synced" },
      trust: deps.trust.require().view.facts.versions,
      keysVersion: 1,
      platforms: {},
      assignments: [],
      ...over,
    });
    await settled();
    if (!this.closed && over.wayHome === undefined) this.say("credit", { bytes: 4 * 1024 * 1024 });
    await settled();
    return this;
  }

  kinds(): string[] {
    return this.got.map((message) => message.kind);
  }

  last<K extends DownMessage["kind"]>(kind: K): Extract<DownMessage, { kind: K }> {
    const found = this.got.filter((message) => message.kind === kind).at(-1);
    if (!found) throw new Error(`no ${kind} among ${this.kinds().join(", ")}`);
    return found as Extract<DownMessage, { kind: K }>;
  }
}

const nonceOf = (n: number): string => toBase64url(new Uint8Array(32).fill(n));
/** Until no session works on anything, and the pump has nothing left. Cryptography runs on other threads. */
const settled = async (): Promise<void> => {
  for (let calm = 0; calm < 5; calm++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    await deps.pump.idle();
    if (!sessions.every((session) => session.isIdle)) calm = -1;
  }
};
const key = () => ({ manifest: manifest.digest, attempt: 1 });
const stateNow = async () => (await store.read((tx) => loadAssignment(tx, key())))?.standing;

describe("the handshake", () => {
  it("proves the hub to the agent, for this agent and this session", async () => {
    const agent = await new FakeAgent().hello();
    const { signature } = agent.last("welcome").header;
    const { nonce, session } = { nonce: nonceOf(1), session: agent.last("challenge").header.session };
    const bytes = challengeBytes("farhand-hub", [nonce, "hub-1", id.agentAms, session]);
    const key = await crypto.subtle.importKey(
      "jwk",
      { kty: "OKP", crv: "Ed25519", x: org.hub.publicKey },
      "Ed25519",
      false,
      ["verify"],
    );
    expect(await crypto.subtle.verify("Ed25519", key, Buffer.from(signature, "base64url"), bytes)).toBe(true);
    expect(links.isLive(id.agentAms)).toBe(true);
    expect((await listContacts(store)).map((entry) => entry.contact)).toEqual(["LIVE"]);
  });

  it.each([
    ["another agent's key", () => new FakeAgent(id.agentAms, agentOf(org, id.agentLon).signer)],
    ["a name that nobody enrolled", () => new FakeAgent("nobody" as AgentId, agentOf(org).signer)],
  ])("refuses %s, and says no more than that", async (_, make) => {
    const agent = await make().hello();
    expect(agent.last("close").header).toEqual({ code: "CHALLENGE", retryAfterMs: 60_000 });
    expect(agent.closed).toBe(true);
    expect(links.agents).toEqual([]);
  });

  it("tells an agent that waits for its approval to wait, once it has proved its key", async () => {
    const { signer } = agentOf(org, id.agentLon);
    const enrolment = {
      agent: "newcomer" as AgentId,
      site: id.lon,
      kid: signer.kid,
      signKey: signer.publicKey,
      boxKey: "x".repeat(43) as never,
    };
    await store.tx("enrol", (tx) => addEnrolment(tx, enrolment, 0));
    expect((await new FakeAgent(enrolment.agent, signer).hello()).last("close").header.code).toBe("AGENT_PENDING");
    expect((await new FakeAgent(enrolment.agent, org.people.bob).hello()).last("close").header.code).toBe("CHALLENGE");
  });

  it("closes who says nothing, and who speaks before it is greeted", async () => {
    const silent = new FakeAgent();
    clock.advance(15_000);
    expect(silent.last("close").header.code).toBe("CHALLENGE");
    const early = new FakeAgent();
    early.say("pull", { nonce: nonceOf(2), capacity: 1 });
    await settled();
    expect(early.last("close").header.code).toBe("PROTOCOL");
  });

  it("lets the newest hello win", async () => {
    const old = await new FakeAgent().hello();
    const fresh = await new FakeAgent().hello();
    expect(old.last("close").header.code).toBe("CONFLICT");
    expect(fresh.closed).toBe(false);
    old.session.gone();
    expect(links.isLive(id.agentAms)).toBe(true);
    fresh.session.gone();
    await settled();
    expect((await listContacts(store)).map((entry) => entry.contact)).toEqual(["LAPSED"]);
  });

  it("answers a way-home hello without displacing the session", async () => {
    const main = await new FakeAgent().hello();
    const probe = await new FakeAgent().hello({ wayHome: true });
    expect(probe.kinds()).toEqual(["challenge", "welcome"]);
    expect(main.closed).toBe(false);
    probe.say("pull", { nonce: nonceOf(2), capacity: 1 });
    await settled();
    expect(probe.kinds()).not.toContain("offer");
  });
});

describe("an agent in quarantine", () => {
  it("keeps its session, and stands in the audit log", async () => {
    const agent = await new FakeAgent().hello({ quarantine: { sinceMs: 1, detail: "the journal stands at 3" } });
    expect(agent.closed).toBe(false);
    expect(await store.read((tx) => tx.all(sql.refused))).toEqual([
      { what: "agent:agent-ams agent.quarantine STATE_ROLLBACK" },
    ]);
  });
});

describe("a pull", () => {
  it("is answered by an offer for its nonce, DELIVERED on disk before it left", async () => {
    const agent = await new FakeAgent().hello();
    agent.say("pull", { nonce: nonceOf(2), capacity: 4 });
    await settled();
    const { offer } = agent.last("offer").header;
    const opened = await verifyOffer(offer, { trust: org.trust, agent: id.agentAms, nonces: new Set([nonceOf(2)]) });
    expect(opened).toMatchObject({ manifest: manifest.digest, sequence: 1, fence: 1 });
    expect(sha256(agent.last("manifest").body)).toBe(manifest.digest);
    expect(onDiskAtOffer).toEqual(["DELIVERED"]);
  });

  it("gets it once in a session, and again in the next with its numbers kept", async () => {
    const agent = await new FakeAgent().hello();
    agent.say("pull", { nonce: nonceOf(2), capacity: 4 });
    agent.say("pull", { nonce: nonceOf(3), capacity: 4 });
    await settled();
    expect(agent.kinds().filter((kind) => kind === "offer")).toHaveLength(1);
    const next = await new FakeAgent().hello({ sequence: 0 });
    next.say("pull", { nonce: nonceOf(4), capacity: 4 });
    await settled();
    const again = await verifyOffer(next.last("offer").header.offer, {
      trust: org.trust,
      agent: id.agentAms,
      nonces: new Set([nonceOf(4)]),
    });
    expect(again).toMatchObject({ sequence: 1, fence: 1 });
  });

  it("without capacity gets nothing, and another agent's work goes to nobody else", async () => {
    const agent = await new FakeAgent().hello();
    agent.say("pull", { nonce: nonceOf(2), capacity: 0 });
    const other = await new FakeAgent(id.agentLon).hello();
    other.say("pull", { nonce: nonceOf(2), capacity: 9 });
    await settled();
    expect([...agent.kinds(), ...other.kinds()]).not.toContain("offer");
  });
});

describe("words", () => {
  const taken = async (): Promise<FakeAgent> => {
    const agent = await new FakeAgent().hello();
    agent.say("pull", { nonce: nonceOf(2), capacity: 1 });
    await settled();
    return agent;
  };

  it("of the agent move its own work only", async () => {
    const agent = await taken();
    const other = await new FakeAgent(id.agentLon).hello();
    other.say("reject", { ...key(), sequence: 1, code: "REPLAY", detail: "" });
    await settled();
    expect(await stateNow()).toMatchObject({ state: "DELIVERED" });
    agent.say("accept", { ...key(), sequence: 1 });
    await settled();
    expect(await stateNow()).toMatchObject({ state: "ACCEPTED" });
  });

  it("of refusal are settled", async () => {
    const agent = await taken();
    agent.say("reject", { ...key(), sequence: 1, code: "HOST_KEY", detail: "why" });
    await settled();
    expect(await stateNow()).toMatchObject({ state: "REJECTED", code: "HOST_KEY" });
    expect(await store.read((tx) => tx.all(sql.refused))).toEqual([{ what: "agent:agent-ams work.refuse HOST_KEY" }]);
    expect(agent.last("settled").header).toEqual(key());
  });

  it("of a person's cancel travel signed, and again after the next hello", async () => {
    const agent = await taken();
    const at = { nowMs: clock.nowMs(), random: () => 0 };
    const decided = await store.tx("cancel", (tx) =>
      decideAssignmentIn(tx, key(), [{ type: "cancelRequested", reason: "stop" }], at),
    );
    deps.effects.perform(decided?.effects ?? []);
    await settled();
    const cancel = await verifyCancel(agent.last("cancel").header.cancel, { trust: org.trust, agent: id.agentAms });
    expect(cancel).toMatchObject({ manifest: manifest.digest, generation: 1, reason: "stop" });
    const entry = { ...key(), sequence: 1, state: "RUNNING" as const };
    const next = await new FakeAgent().hello({ sequence: 1, assignments: [entry] });
    expect(next.kinds()).toContain("cancel");
  });
});

describe("texts", () => {
  it("are given part by part to the agent whose manifest names them, once it was served", async () => {
    const agent = await new FakeAgent().hello();
    const other = await new FakeAgent(id.agentLon).hello();
    const ask = async (from: FakeAgent) => {
      from.say("fetch", { sha256: text, offset: 0 });
      await settled();
      return from.last("blob");
    };
    expect((await ask(agent)).header.total).toBe(0);
    agent.say("pull", { nonce: nonceOf(2), capacity: 1 });
    await settled();
    const given = await ask(agent);
    expect(given.header.total).toBe(12);
    expect(sha256(given.body)).toBe(text);
    expect((await ask(other)).header.total).toBe(0);
    const refused = (await store.read((tx) => tx.all(sql.refused))).map(({ what }) => what);
    expect(refused).toEqual([id.agentAms, id.agentLon].map((one) => `agent:${one} text.read FORBIDDEN`));
  });
});

describe("events", () => {
  const metric = { header: { type: "metric", name: "m", value: 1, atMs: 0 }, body: new Uint8Array(0) };

  it("are acknowledged after their commit, together", async () => {
    const agent = await new FakeAgent().hello();
    for (let n = 1; n <= 20; n++) {
      agent.say("events", { epoch: EPOCH, lane: "telemetry", first: n, last: n }, encodeRecords([metric]));
    }
    await settled();
    expect(agent.last("ack").header).toEqual({ epoch: EPOCH, lane: "telemetry", acked: 20, released: 20 });
    expect(agent.kinds().filter((kind) => kind === "ack").length).toBeLessThan(20);
  });

  it("go on from where the hub stands", async () => {
    const agent = await new FakeAgent().hello();
    agent.say("events", { epoch: EPOCH, lane: "telemetry", first: 1, last: 1 }, encodeRecords([metric]));
    await settled();
    const next = await new FakeAgent().hello({ lanes: [{ lane: "telemetry", first: 1, next: 5 }] });
    expect(next.last("welcome").header.lanes).toEqual([{ lane: "telemetry", acked: 1, released: 1 }]);
  });

  it("get more credit as they are committed, and beyond it end the session", async () => {
    const agent = await new FakeAgent().hello();
    const body = new Uint8Array(FRAME_BYTES_MAX - 400);
    const blob = { header: { type: "blob", sha256: sha256("x"), media: "diff", offset: 0, total: body.length }, body };
    const first = agent.last("welcome").header.creditBytes;
    expect(first).toBe(CREDIT_FLOOR_BYTES);
    agent.say(
      "events",
      { epoch: EPOCH, lane: "diff", first: 1, last: 1 },
      encodeRecords([{ ...blob, body: body.slice(0, 200_000) }]),
    );
    await settled();
    expect(agent.last("credit").header.bytes).toBeGreaterThan(first);
    for (let n = 0; n < 100; n++) {
      agent.say(
        "events",
        { epoch: EPOCH, lane: "diff", first: 2, last: 2 },
        encodeRecords([{ ...blob, body: body.slice(0, 200_000) }]),
      );
    }
    await settled();
    expect(agent.last("close").header.code).toBe("CREDIT");
  });

  it("that break the protocol end the session", async () => {
    const agent = await new FakeAgent().hello();
    agent.say("events", { epoch: EPOCH, lane: "diff", first: 1, last: 9 }, encodeRecords([metric]));
    await settled();
    expect(agent.last("close").header.code).toBe("PROTOCOL");
    expect(agent.closed).toBe(true);
  });
});
