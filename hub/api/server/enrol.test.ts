import { createHmac } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { boxProof, openBoxChallenge } from "../../../shared/box-proof.ts";
import { jcs, toBase64url } from "../../../shared/bytes.ts";
import { ManualClock } from "../../../shared/clock.ts";
import { Agents } from "../../../shared/documents/agents.ts";
import { peekPayload, readAs, signEnvelope } from "../../../shared/envelope.ts";
import type { AgentId } from "../../../shared/ids.ts";
import { generateBoxJwk, generateSigningJwk, signerFrom, type PrivateJwk, type Signer } from "../../../shared/keys.ts";
import { statements } from "../../../shared/store.ts";
import type { SqliteStore } from "../../../shared/sqlite.ts";
import { id, makeOrg, TEST_NOW_SECONDS, type TestOrg } from "../../../shared/testing/org.ts";
import { firstUpdate, nextUpdate } from "../../../shared/testing/trust-set.ts";
import { noEffects } from "../../effects.ts";
import { Pump } from "../../ingest/pump.ts";
import { Links } from "../../links/registry.ts";
import { silentLog } from "../../log.ts";
import { BlobCipher } from "../../store/cipher.ts";
import { openHubStore } from "../../store/open.ts";
import { TrustHolder } from "../../trust.ts";
import { makeApi, type HubApi } from "./app.ts";
import { createToken } from "./tokens.ts";

const randomBytes = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const sql = statements("test", { audit: "SELECT action, object, decision, detail FROM audit ORDER BY id" });
const HOUR_MS = 3_600_000;

let dir: string;
let store: SqliteStore;
let clock: ManualClock;
let api: HubApi;
let pump: Pump;
let org: TestOrg;
let trust: TrustHolder;
let admin: string;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "farhand-enrol-"));
  store = openHubStore(join(dir, "hub.db"));
  clock = new ManualClock(TEST_NOW_SECONDS * 1000);
  org = await makeOrg();
  const cipher = new BlobCipher(BlobCipher.newKey());
  const signer = org.hub;
  trust = new TrustHolder(store, clock, { id: "hub-1", signer });
  await trust.accept(firstUpdate(org.view.set), "test");
  const random = () => 0;
  const onFault = (_: string, error: unknown): never => {
    throw error;
  };
  const base = { store, cipher, clock, random, effects: noEffects };
  pump = new Pump({ ...base, agent: (agent) => trust.agent(agent), onFault });
  const rest = { log: silentLog, publicUrl: "https://hub.test", caPem: "ca", version: "0.0.0", startedMs: 1 };
  const composer = { compose: () => Promise.resolve() };
  api = makeApi({ ...base, ...rest, randomBytes, trust, hubId: "hub-1", signer, pump, composer, links: new Links() });
  admin = await createToken(store, clock, { name: "admin", role: "admin" });
});

afterEach(async () => {
  await pump.stop();
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function call(method: string, path: string, body?: unknown, peer = "192.0.2.1"): Promise<Answer> {
  const headers = { authorization: `Bearer ${admin}`, "content-type": "application/json" };
  const init: RequestInit = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
  const response = await api.fetch(new Request(`https://hub.test${path}`, init), peer);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

interface Invited {
  readonly id: string;
  readonly secret: string;
}
const invite = async (agent = "agent-new"): Promise<Invited> =>
  (await call("POST", "/api/v1/invites", { agent, site: id.ams })).body as unknown as Invited;

interface Keys {
  readonly signer: Signer;
  readonly box: PrivateJwk;
}
const newKeys = async (): Promise<Keys> => ({
  signer: await signerFrom(await generateSigningJwk()),
  box: await generateBoxJwk(),
});

/** A whole enrolment as the agent makes it; `over` is what an attacker makes otherwise. */
async function request(
  invited: Invited,
  over: { agent?: string; site?: string; secret?: string; keys?: Keys; signKey?: string; openWith?: PrivateJwk } = {},
) {
  const { signer, box } = over.keys ?? (await newKeys());
  const { body: challenge } = await call("POST", "/api/v1/enrol/challenge", { boxKey: box.x });
  const claim = {
    token: invited.id,
    nonce: String(challenge["nonce"]),
    agent: over.agent ?? "agent-new",
    site: over.site ?? id.ams,
    signKey: over.signKey ?? signer.publicKey,
    boxKey: box.x,
  };
  const bytes = jcs(claim);
  const opened = await openBoxChallenge(String(challenge["sealed"]), over.openWith ?? box).catch(() => randomBytes(32));
  return {
    ...claim,
    signature: toBase64url(new Uint8Array(await crypto.subtle.sign("Ed25519", signer.key, bytes))),
    mac: createHmac("sha256", over.secret ?? invited.secret)
      .update(bytes)
      .digest("base64url"),
    boxMac: boxProof(opened, bytes),
  };
}
const enrol = (body: unknown, peer?: string): Promise<Answer> => call("POST", "/api/v1/enrol", body, peer);
const agents = async () => (await call("GET", "/api/v1/agents")).body["agents"] as { id: string; status: string }[];
const audited = async () =>
  (await store.read((tx) => tx.all(sql.audit))).map(
    (row) => `${String(row["action"])} ${String(row["object"])} ${String(row["decision"])} ${String(row["detail"])}`,
  );
async function refused(body: unknown, code: string): Promise<void> {
  const before = await agents();
  expect((await enrol(body)).body).toMatchObject({ code });
  expect((await audited()).at(-1)).toContain(`agent.enrol`);
  expect((await audited()).at(-1)).toContain(`refused ${code}`);
  expect(await agents()).toEqual(before);
}

describe("T27 the join token", () => {
  it("T27: is good once, and the agent is pending then", async () => {
    const invited = await invite();
    expect((await enrol(await request(invited))).status).toBe(200);
    expect(await agents()).toContainEqual(expect.objectContaining({ id: "agent-new", status: "pending" }));
    await refused(await request(invited), "JOIN_TOKEN");
  });

  it("T27: of two uses at the same moment exactly one enrols", async () => {
    const invited = await invite();
    const both = await Promise.all([request(invited), request(invited)]);
    const answers = await Promise.all(both.map((body) => enrol(body)));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 403]);
    const kids = (await agents()).filter((agent) => agent.id === "agent-new");
    expect(kids).toHaveLength(1);
  });

  it("T27: is refused when it has expired, and for another agent or site", async () => {
    const invited = await invite();
    await refused(await request(invited, { site: id.lon }), "JOIN_TOKEN");
    await refused(await request(invited, { agent: "agent-other" }), "JOIN_TOKEN");
    clock.advance(HOUR_MS - 60_000);
    const late = await request(invited);
    clock.advance(60_000);
    await refused(late, "JOIN_TOKEN");
  });

  it("T27: a nonce is good once", async () => {
    const body = await request(await invite());
    expect((await enrol(body)).status).toBe(200);
    await refused(body, "CHALLENGE");
  });

  it("T27: guesses at one token are counted whoever makes them; then the right secret is refused too", async () => {
    const invited = await invite();
    for (let guess = 0; guess < 5; guess++) {
      const answer = await enrol(await request(invited, { secret: `guess ${guess}` }), `198.51.100.${guess}`);
      expect(answer.body).toMatchObject({ code: "CHALLENGE" });
    }
    const right = await request(invited);
    expect(await enrol(right, "198.51.100.99")).toMatchObject({ status: 429, body: { code: "RATE_LIMITED" } });
    expect((await audited()).filter((entry) => entry.includes("further guesses are refused"))).toHaveLength(1);
    // Another token is another count.
    expect((await enrol(await request(await invite("agent-two"), { agent: "agent-two" }))).status).toBe(200);
  });

  it("T27: guesses of one peer are counted whichever tokens it tries; others go on", async () => {
    const invited = await invite();
    for (let guess = 0; guess < 20; guess++) {
      await enrol(await request({ id: `none-${guess}`, secret: "x" }), "203.0.113.7");
    }
    expect((await enrol(await request(invited), "203.0.113.7")).status).toBe(429);
    expect((await enrol(await request(invited), "203.0.113.8")).status).toBe(200);
  });

  it("T27: neither its secret nor what was pasted in place of its id stands in the database", async () => {
    const invited = await invite();
    await enrol(await request({ id: "pasted-secret-of-somebody", secret: invited.secret }));
    await enrol(await request(invited));
    const files = readdirSync(dir).map((name) => readFileSync(join(dir, name)).toString("latin1"));
    expect(files.join("")).toContain(invited.id);
    expect(files.join("")).not.toContain(invited.secret);
    expect(files.join("")).not.toContain("pasted-secret-of-somebody");
  });
});

describe("T28 keys", () => {
  it("T28: somebody else's signing key is refused without its signature", async () => {
    const victim = await newKeys();
    await refused(await request(await invite(), { signKey: victim.signer.publicKey }), "CHALLENGE");
  });

  it("T28: somebody else's box key is refused from whoever cannot open what is sealed to it", async () => {
    const victim = await newKeys();
    const attacker = await newKeys();
    const keys = { signer: attacker.signer, box: victim.box };
    await refused(await request(await invite(), { keys, openWith: attacker.box }), "CHALLENGE");
  });

  it("T28: a challenge that was sealed to one box key proves no other", async () => {
    const own = await request(await invite());
    await refused({ ...own, boxKey: (await newKeys()).box.x }, "CHALLENGE");
  });

  it.each([
    ["zero", new Uint8Array(32)],
    ["one", new Uint8Array(32).fill(1, 0, 1)],
    ["order 8", new Uint8Array(Buffer.from("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800", "hex"))],
    ["p", new Uint8Array(Buffer.from(`ed${"ff".repeat(30)}7f`, "hex"))],
    ["p with the masked bit", new Uint8Array(Buffer.from(`ed${"ff".repeat(31)}`, "hex"))],
  ])("T28: a box key of small order gets no challenge: %s", async (_name, raw) => {
    const answer = await call("POST", "/api/v1/enrol/challenge", { boxKey: toBase64url(raw) });
    expect(answer).toMatchObject({ status: 400, body: { code: "SIGNATURE_BAD" } });
  });

  it("T28: a signing key of small order is refused", async () => {
    const signKey = toBase64url(new Uint8Array(32).fill(1, 0, 1));
    await refused(await request(await invite(), { signKey }), "SIGNATURE_BAD");
  });

  it("T28: a key that another agent enrolled, an agent in agents.json, a person or the hub has is refused", async () => {
    const first = await newKeys();
    expect((await enrol(await request(await invite(), { keys: first }))).status).toBe(200);
    const held = org.agents[id.agentAms];
    if (!held) throw new Error("no agent");
    const fresh = await newKeys();
    for (const keys of [
      first,
      { signer: fresh.signer, box: first.box },
      { signer: first.signer, box: fresh.box },
      { signer: held.signer, box: fresh.box },
      { signer: fresh.signer, box: held.boxJwk },
      { signer: org.people.ann, box: fresh.box },
      { signer: org.hub, box: fresh.box },
    ])
      await refused(await request(await invite("agent-two"), { agent: "agent-two", keys }), "KEY_REUSED");
  });
});

describe("T18 ids", () => {
  const publish = async (change: (entries: Agents["agents"]) => Agents["agents"]) => {
    const document = readAs(Agents, peekPayload(trust.require().envelopes.agents ?? org.agentsEnvelope));
    const next = { ...document, version: document.version + 1, agents: change(document.agents) };
    const agents = await signEnvelope("farhand-agents+jws", next, [org.people.kim]);
    const { set } = trust.require().view;
    return trust.accept(await nextUpdate(set, [org.people.kim], { agents }, clock.nowMs()), "test");
  };
  const ban = (agent: AgentId) =>
    publish((entries) => entries.map((entry) => (entry.id === agent ? { ...entry, status: "banned" } : entry)));
  const inviteRefused = async (agent: string): Promise<void> =>
    expect(await call("POST", "/api/v1/invites", { agent, site: id.ams })).toMatchObject({
      status: 409,
      body: { code: "ID_SPENT" },
    });

  it("T18: the id of a banned agent is never given again", async () => {
    await ban(id.agentAms);
    await inviteRefused(id.agentAms);
  });

  it("T18: nor that of a removed one; an invite made before does not help", async () => {
    const invited = await invite(id.agentLon);
    await publish((entries) => entries.filter((entry) => entry.id !== id.agentLon));
    await inviteRefused(id.agentLon);
    await refused(await request(invited, { agent: id.agentLon }), "ID_SPENT");
  });

  it("T18: an agents.json that gives a banned or removed id life again is not taken", async () => {
    const before = readAs(Agents, peekPayload(org.agentsEnvelope)).agents;
    await ban(id.agentAms);
    await publish((entries) => entries.filter((entry) => entry.id !== id.agentLon));
    await expect(publish(() => before)).rejects.toThrow("ID_SPENT");
    expect(trust.agent(id.agentAms)?.status).toBe("banned");
  });
});
