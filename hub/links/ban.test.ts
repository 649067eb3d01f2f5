import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { toBase64url } from "../../shared/bytes.ts";
import { ManualClock } from "../../shared/clock.ts";
import type { Agents } from "../../shared/documents/agents.ts";
import { parseEnvelope, peekPayload, readAs, signEnvelope } from "../../shared/envelope.ts";
import { Agents as AgentsSchema } from "../../shared/documents/agents.ts";
import type { AgentId, JobId } from "../../shared/ids.ts";
import type { Signer } from "../../shared/keys.ts";
import type { SqliteStore } from "../../shared/sqlite.ts";
import { statements } from "../../shared/store.ts";
import { agentOf, id, makeManifest, makeOrg, TEST_NOW_SECONDS, type TestOrg } from "../../shared/testing/org.ts";
import { decodeTrustFile } from "../../shared/tuf/file.ts";
import { firstUpdate, nextUpdate } from "../../shared/testing/trust-set.ts";
import { openAgents } from "../../shared/trust.ts";
import { challengeBytes, decodeDown, encodeUp, type DownMessage } from "../../shared/wire/messages.ts";
import { noEffects } from "../effects.ts";
import { decideAssignmentIn } from "../ingest/decide.ts";
import { Pump } from "../ingest/pump.ts";
import { Refusals } from "../audit/refusals.ts";
import { silentLog } from "../log.ts";
import { addEnrolment } from "../store/agents.ts";
import { addAssignment, loadAssignment } from "../store/assignments.ts";
import { BlobCipher } from "../store/cipher.ts";
import { openHubStore } from "../store/open.ts";
import { TrustHolder } from "../trust.ts";
import { CreditBudget } from "./credit.ts";
import type { LinkDeps } from "./deps.ts";
import { Links } from "./registry.ts";
import { AgentSession } from "./session.ts";
import { withdrawFromBanned } from "./withdraw.ts";

const sql = statements("test", { audit: "SELECT actor, action, object, decision, detail FROM audit ORDER BY id" });
const JOB = "job-1" as JobId;

let org: TestOrg;
let store: SqliteStore;
let deps: LinkDeps;
let links: Links;

beforeEach(async () => {
  org = await makeOrg();
  store = openHubStore(":memory:");
  const clock = new ManualClock(TEST_NOW_SECONDS * 1000);
  links = new Links();
  const trust = new TrustHolder(store, clock, { id: "hub-1", signer: org.hub });
  await trust.accept(firstUpdate(org.view.set), "test");
  const cipher = new BlobCipher(BlobCipher.newKey());
  const base = { store, cipher, clock, random: () => 0, effects: noEffects };
  const onFault = (where: string, error: unknown): never => {
    throw new Error(where, { cause: error });
  };
  const pump = new Pump({ ...base, agent: (agent) => trust.agent(agent), onFault });
  const refusals = new Refusals(store, clock, silentLog);
  deps = { ...base, randomBytes, trust, hubId: "hub-1", signer: org.hub, pump, refusals, log: silentLog };
  // As parts.ts does it.
  trust.onChange(() => links.trustChanged());
});
afterEach(async () => {
  await deps.pump.stop();
  await store.close();
});

/** A link without a network: what the hub said, in order. */
class Peer {
  readonly got: DownMessage[] = [];
  readonly session: AgentSession;
  readonly closed = Promise.withResolvers<void>();

  constructor() {
    this.session = new AgentSession(deps, links, new CreditBudget(), {
      send: (frame) => this.got.push(decodeDown(frame)) > 0,
      close: () => this.closed.resolve(),
    });
  }

  async hello(agent: AgentId, signer: Signer, held = org.view.facts.versions): Promise<this> {
    const { header } = this.last("challenge");
    const bytes = challengeBytes("farhand-agent", [header.nonce, header.hub, header.session]);
    const signature = toBase64url(new Uint8Array(await crypto.subtle.sign("Ed25519", signer.key, bytes)));
    const nonce = toBase64url(randomBytes(32));
    this.session.receive(
      encodeUp("hello", {
        agent,
        nonce,
        signature,
        version: 1,
        software: "test",
        epoch: "0".repeat(32),
        sequence: 0,
        lanes: [],
        clock: { wallMs: 0, quality: "synced" },
        trust: held,
        keysVersion: 1,
        platforms: {},
        assignments: [],
      }),
    );
    while (!this.session.isIdle) await new Promise((resolve) => setTimeout(resolve, 1));
    return this;
  }

  last<K extends DownMessage["kind"]>(kind: K): Extract<DownMessage, { kind: K }> {
    const found = this.got.findLast((message) => message.kind === kind);
    if (!found) throw new Error(`no ${kind} among ${this.got.map((message) => message.kind).join(", ")}`);
    return found as Extract<DownMessage, { kind: K }>;
  }

  get kinds(): string[] {
    return this.got.map((message) => message.kind);
  }
}

async function publish(change: (entries: Agents["agents"]) => Agents["agents"]): Promise<void> {
  const held = readAs(AgentsSchema, peekPayload(deps.trust.require().envelopes.agents ?? org.agentsEnvelope));
  const next = { ...held, version: held.version + 1, agents: change(held.agents) };
  const agents = await signEnvelope("farhand-agents+jws", next, [org.people.kim]);
  const { set } = deps.trust.require().view;
  await deps.trust.accept(await nextUpdate(set, [org.people.kim], { agents }, deps.clock.nowMs()), "test");
}
const ban = (agent: AgentId): Promise<void> =>
  publish((entries) =>
    entries.map((entry) => (entry.id === agent ? { ...entry, status: "banned", reason: "stolen" } : entry)),
  );
const audited = async (): Promise<string[]> =>
  (await store.read((tx) => tx.all(sql.audit))).map((row) => JSON.stringify(row));

describe("T29 no session, whatever it proves (our identity is the signed challenge, not a client certificate)", () => {
  it("T29: an unknown agent, with a key of the organisation's own", async () => {
    const peer = await new Peer().hello("nobody" as AgentId, org.people.ann);
    await peer.closed.promise;
    expect(peer.last("close").header.code).toBe("CHALLENGE");
    expect(peer.kinds).toEqual(["challenge", "close"]);
    expect(links.agents).toEqual([]);
    expect((await audited()).at(-1)).toContain("link.open");
  });

  it("T29: one that waits for its approval", async () => {
    const signer = org.people.bob;
    const row = { agent: "newcomer" as AgentId, site: id.ams, kid: signer.kid, signKey: signer.publicKey };
    await store.tx("enrol", (tx) => addEnrolment(tx, { ...row, boxKey: "x".repeat(43) as never }, 0));
    const peer = await new Peer().hello(row.agent, signer);
    await peer.closed.promise;
    expect(peer.last("close").header.code).toBe("AGENT_PENDING");
    expect(peer.kinds).toEqual(["challenge", "close"]);
    expect(links.agents).toEqual([]);
  });

  it("T29: a banned one gets the signed ban and no welcome, and the refusal is audited", async () => {
    await ban(id.agentAms);
    const peer = await new Peer().hello(id.agentAms, agentOf(org).signer);
    await peer.closed.promise;
    expect(peer.kinds).toEqual(["challenge", "trust", "close"]);
    expect(peer.last("close").header.code).toBe("AGENT_BANNED");
    const { agents } = decodeTrustFile(peer.last("trust").body).documents ?? {};
    if (!agents) throw new Error("no agents.json");
    const { document } = await openAgents(parseEnvelope(agents), org.trust);
    expect(document.agents.find((entry) => entry.id === id.agentAms)).toMatchObject({ reason: "stolen" });
    expect(links.agents).toEqual([]);
    expect((await audited()).at(-1)).toMatch(/agent:agent-ams.*link\.open.*refused.*AGENT_BANNED/);
  });

  it("T29: who only says that it is the banned one learns nothing", async () => {
    await ban(id.agentAms);
    const peer = await new Peer().hello(id.agentAms, org.people.bob);
    await peer.closed.promise;
    expect(peer.kinds).toEqual(["challenge", "close"]);
    expect(peer.last("close").header.code).toBe("CHALLENGE");
  });
});

describe("a ban", () => {
  it("closes the live session at once, and what still comes on it is not taken", async () => {
    const peer = await new Peer().hello(id.agentAms, agentOf(org).signer);
    const other = await new Peer().hello(id.agentLon, agentOf(org, id.agentLon).signer);
    expect(links.isLive(id.agentAms)).toBe(true);
    await ban(id.agentAms);
    peer.session.receive(encodeUp("pull", { nonce: toBase64url(randomBytes(32)), capacity: 4 }));
    await peer.closed.promise;
    expect(peer.last("close").header.code).toBe("AGENT_BANNED");
    expect(peer.kinds).not.toContain("offer");
    expect(peer.got.at(-2)).toMatchObject({ kind: "trust", header: { offset: 0 } });
    peer.session.gone();
    expect(links.isLive(id.agentAms)).toBe(false);
    expect(links.isLive(id.agentLon)).toBe(true);
    expect(other.kinds).not.toContain("close");
  });

  it("withdraws what was not served, abandons what was, and leaves other agents' work", async () => {
    const at = { nowMs: deps.clock.nowMs(), random: () => 0 };
    const make = async (agent: AgentId, serve: boolean) => {
      const salt = toBase64url(randomBytes(16));
      const { digest } = makeManifest(org, { salt, tasks: [{ kind: "collect", device: "ams-r1" as never }] });
      const key = { manifest: digest, attempt: 1 };
      const expMs = at.nowMs + 1_000_000;
      await store.tx("work", async (tx) => {
        await addAssignment(tx, { key, job: JOB, purpose: "work", agent, site: id.ams, wave: 0, expMs }, 0, []);
        const served = serve ? [{ type: "served", sequence: 1, fence: 1 } as const] : [];
        await decideAssignmentIn(tx, key, [{ type: "released" }, ...served], at);
      });
      return async () => (await store.read((tx) => loadAssignment(tx, key, [])))?.standing.state;
    };
    const [unserved, served, others] = [
      await make(id.agentAms, false),
      await make(id.agentAms, true),
      await make(id.agentLon, true),
    ];
    await ban(id.agentAms);
    await withdrawFromBanned(deps);
    await withdrawFromBanned(deps);
    expect([await unserved(), await served(), await others()]).toEqual(["CANCELED", "ABANDONED", "DELIVERED"]);
    expect((await audited()).filter((row) => row.includes("agent.withdraw"))).toHaveLength(2);
  });
});

it("a kick closes the session with its own code; the agent may come back at once", async () => {
  const peer = await new Peer().hello(id.agentAms, agentOf(org).signer);
  expect(links.kick(id.agentAms)).toBe(true);
  expect(peer.last("close").header.code).toBe("AGENT_KICKED");
  peer.session.gone();
  expect(links.kick(id.agentAms)).toBe(false);
  await new Peer().hello(id.agentAms, agentOf(org).signer);
  expect(links.isLive(id.agentAms)).toBe(true);
});
