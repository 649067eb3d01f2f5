import { randomBytes } from "node:crypto";
import { Database } from "bun:sqlite";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HubClient } from "../../hub/api/client/index.ts";
import { initHub } from "../../hub/init.ts";
import { startHub, type RunningHub } from "../../hub/serve.ts";
import { continues, openCheckpoint } from "../../shared/audit/proofs.ts";
import { sha256, toBase64url } from "../../shared/bytes.ts";
import { systemClock } from "../../shared/clock.ts";
import { quoteCheckpoint, type Checkpoint } from "../../shared/documents/checkpoint.ts";
import type { Receipt } from "../../shared/documents/receipt.ts";
import { parseEnvelope, signEnvelope } from "../../shared/envelope.ts";
import type { DeviceId, GrantId, JobId, KeyId } from "../../shared/ids.ts";
import { keyIdOf, type Signer, type SigningPublicKey } from "../../shared/keys.ts";
import { agentOf, id, makeGrant, makeOrg, type TestOrg } from "../../shared/testing/org.ts";
import { firstUpdate } from "../../shared/testing/trust-set.ts";
import { encodeTrustFile, fileOfUpdate } from "../../shared/tuf/file.ts";
import { verifyOffer } from "../../shared/verify/work.ts";
import { encodeRecords, NO_BODY } from "../../shared/wire/frame.ts";
import {
  challengeBytes,
  decodeDown,
  encodeUp,
  laneOf,
  type DownMessage,
  type Lane,
  type UpHeader,
  type UpMessage,
  type UpRecord,
} from "../../shared/wire/messages.ts";
import { documentsOf, runCli } from "../support/cli.ts";

const EPOCH = "0".repeat(32);
const R1 = "ams-r1" as DeviceId;
const WAIT_MS = 30_000;

let dir: string;
let org: TestOrg;
let hub: RunningHub;
let client: HubClient;

const start = (port = 0): Promise<RunningHub> =>
  startHub({
    stateDir: dir,
    listen: { host: "127.0.0.1", port },
    clock: systemClock,
    signal: new AbortController().signal,
  });

const clientOf = (running: RunningHub): HubClient =>
  new HubClient({
    url: `https://127.0.0.1:${running.port}`,
    ca: running.ca,
    token: readFileSync(join(dir, "admin.token"), "utf8").trim(),
  });

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "farhand-hub-"));
  await initHub({
    stateDir: dir,
    hubId: "hub-1",
    publicUrl: "https://127.0.0.1:8443",
    clock: systemClock,
    randomBytes,
  });
  const { publicKey } = JSON.parse(readFileSync(join(dir, "hub-key.json"), "utf8")) as { publicKey: SigningPublicKey };
  const kid: KeyId = await keyIdOf(publicKey);
  const nowSeconds = Math.floor(systemClock.nowMs() / 1000);
  org = await makeOrg({
    nowSeconds,
    hubKeys: [publicKey],
    keys: (keys) => ({ ...keys, hub: { id: "hub-1", keys: [{ kid, publicKey }] } }),
  });
  hub = await start();
  client = clientOf(hub);
  await client.call("putTrust", { body: fileOfUpdate(firstUpdate(org.view.set)) });
  await client.call("putGrant", { body: await signEnvelope("farhand-grant+jws", makeGrant(org), [org.people.ann]) });
});

afterAll(async () => {
  await hub.stop();
  rmSync(dir, { recursive: true });
});

/** An agent that speaks the link over real TLS, and works by saying so. */
class FakeAgent {
  readonly got: DownMessage[] = [];
  readonly #socket: WebSocket;
  readonly #signer: Signer;
  #woken: () => void = () => undefined;
  #sent = new Map<Lane, number>();

  constructor(running: RunningHub) {
    this.#signer = agentOf(org).signer;
    const Socket = WebSocket as unknown as new (url: string, options: { tls: { ca: string } }) => WebSocket;
    this.#socket = new Socket(`wss://127.0.0.1:${running.port}/link/v1`, { tls: { ca: running.ca } });
    this.#socket.binaryType = "arraybuffer";
    this.#socket.addEventListener("message", (event: MessageEvent<ArrayBuffer>) => {
      this.got.push(decodeDown(new Uint8Array(event.data)));
      this.#woken();
    });
  }

  async next<K extends DownMessage["kind"]>(kind: K): Promise<Extract<DownMessage, { kind: K }>> {
    const deadlineMs = systemClock.monotonicMs() + WAIT_MS;
    for (;;) {
      const at = this.got.findIndex((message) => message.kind === kind);
      const [found] = at === -1 ? [] : this.got.splice(at, 1);
      if (found) return found as Extract<DownMessage, { kind: K }>;
      if (systemClock.monotonicMs() > deadlineMs) throw new Error(`no ${kind}`);
      await Promise.race([new Promise<void>((resolve) => (this.#woken = resolve)), systemClock.sleep(100)]);
    }
  }

  say<K extends UpMessage["kind"]>(kind: K, header: UpHeader<K>, body?: Uint8Array): void {
    this.#socket.send(encodeUp(kind, header, body));
  }

  tell(record: UpRecord): void {
    const lane = laneOf(record);
    const sequence = (this.#sent.get(lane) ?? 0) + 1;
    this.#sent.set(lane, sequence);
    const body = encodeRecords([{ header: record, body: NO_BODY }]);
    this.say("events", { epoch: EPOCH, lane, first: sequence, last: sequence }, body);
  }

  async greet(): Promise<void> {
    const { header: challenge } = await this.next("challenge");
    const proof = challengeBytes("farhand-agent", [challenge.nonce, challenge.hub, challenge.session]);
    this.say("hello", {
      agent: id.agentAms,
      nonce: toBase64url(randomBytes(32)),
      signature: toBase64url(new Uint8Array(await crypto.subtle.sign("Ed25519", this.#signer.key, proof))),
      version: 1,
      software: "fake",
      epoch: EPOCH,
      sequence: 0,
      lanes: [],
      clock: { wallMs: systemClock.nowMs(), quality: "synced" },
      trust: { root: 1, timestamp: 1, snapshot: 1, targets: 1 },
      keysVersion: 1,
      platforms: {},
      assignments: [],
    });
    await this.next("welcome");
    this.say("credit", { bytes: 4 * 1024 * 1024 });
  }

  close(): void {
    this.#socket.close();
  }
}

async function endOf(job: JobId) {
  for (let tries = 0; tries < 600; tries++) {
    const view = await client.call("getJob", { params: { id: job } });
    if (view.endedMs !== null) return view;
    await systemClock.sleep(50);
  }
  throw new Error("it does not end");
}

const collect = (title: string) =>
  client.submit({ kind: "collect", title, reason: "", devices: [R1], grant: makeGrant(org).id });

describe("a hub", () => {
  it("keeps its secrets to itself", () => {
    for (const name of ["hub-key.private.json", "blob.key", "ca.key", "admin.token", "hub.db"]) {
      expect(statSync(join(dir, name)).mode & 0o077, name).toBe(0);
    }
  });

  it("is healthy for whoever has its CA, and unknown to whoever has not", async () => {
    const url = `https://127.0.0.1:${hub.port}/healthz`;
    expect(await (await fetch(url, { tls: { ca: hub.ca } } as RequestInit)).text()).toBe("ok\n");
    await expect(fetch(url)).rejects.toThrow();
  });

  it("refuses who has no token, with an error that a person understands", async () => {
    const answer = await fetch(`https://127.0.0.1:${hub.port}/api/v1/jobs`, { tls: { ca: hub.ca } } as RequestInit);
    expect(answer.status).toBe(401);
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(await answer.json()).toMatchObject({
      code: "UNAUTHORIZED",
      next: expect.stringContaining("token") as string,
    });
  });
});

describe("a job", () => {
  it("goes to the agent, comes back signed, survives a restart, and its events are told again from any offset", async () => {
    const agent = new FakeAgent(hub);
    await agent.greet();
    const submitted = await collect("first");
    await agent.next("wake");
    const nonce = toBase64url(randomBytes(32));
    agent.say("pull", { nonce, capacity: 1 });
    const { header } = await agent.next("offer");
    const offer = await verifyOffer(header.offer, { trust: org.trust, agent: id.agentAms, nonces: new Set([nonce]) });
    const { body } = await agent.next("manifest");
    expect(sha256(body)).toBe(offer.manifest);
    const key = { manifest: offer.manifest, attempt: 1 };
    agent.say("accept", { ...key, sequence: offer.sequence });
    agent.tell({
      type: "task",
      ...key,
      device: R1,
      state: "PRECHECK",
      step: null,
      code: null,
      detail: null,
      atMs: systemClock.nowMs(),
    });
    const seconds = Math.floor(systemClock.nowMs() / 1000);
    const receipt: Receipt = {
      type: "receipt",
      v: 1,
      org: id.org,
      site: id.ams,
      agent: id.agentAms,
      prev: null,
      epoch: EPOCH,
      index: 1,
      checkpoint: null,
      job: submitted.id,
      ...key,
      fence: offer.fence,
      authority: offer.authority,
      signers: [],
      persons: 1,
      outcome: "SUCCEEDED",
      code: null,
      startedAt: seconds,
      endedAt: seconds,
      tasks: [
        {
          device: R1,
          state: "DONE",
          code: null,
          detail: null,
          startedAt: seconds,
          endedAt: seconds,
          before: null,
          after: null,
          diff: null,
          transcript: null,
          output: null,
          level: null,
          evidence: null,
          verified: [],
          applies: 0,
        },
      ],
    };
    agent.tell({
      type: "receipt",
      envelope: await signEnvelope("farhand-receipt+jws", receipt, [agentOf(org).signer]),
    });
    await agent.next("settled");
    const view = await endOf(submitted.id);
    expect(view).toMatchObject({ state: "SUCCEEDED", counts: { DONE: 1 } });

    await hub.stop();
    expect((await agent.next("close")).header.retryAfterMs).toBeGreaterThan(0);
    hub = await start();
    client = clientOf(hub);
    expect(await client.call("getJob", { params: { id: submitted.id } })).toMatchObject({ state: "SUCCEEDED" });
    const { receipts } = await client.call("listReceipts", { params: { id: submitted.id } });
    expect(receipts).toHaveLength(1);
    const states: string[] = [];
    for await (const event of client.events({ job: submitted.id, after: 0 })) {
      if (event.type === "job") states.push(event.state);
      if (event.type === "job" && event.state === "SUCCEEDED") break;
    }
    expect(states).toEqual(["APPROVED", "ROLLING", "SUCCEEDED"]);
  });

  it("that nobody took is canceled at once", async () => {
    const { id: job } = await collect("second");
    await client.call("cancelJob", { params: { id: job }, body: { reason: "not needed" } });
    expect(await endOf(job)).toMatchObject({ state: "CANCELED", assignments: [{ state: "CANCELED" }] });
  });
});

describe("T48: the audit log of a hub that runs", () => {
  const cli = (...args: string[]) =>
    runCli(args, {
      env: {
        FARHAND_HUB: `https://127.0.0.1:${hub.port}`,
        FARHAND_CA: join(dir, "ca.pem"),
        FARHAND_TOKEN_FILE: join(dir, "admin.token"),
        FARHAND_TRUST: join(dir, "anchor.json"),
      },
      home: dir,
      cwd: dir,
    });

  it("T48: is proved to an agent step by step, over a restart, and verifies from its export alone", async () => {
    writeFileSync(join(dir, "anchor.json"), encodeTrustFile(firstUpdate(org.view.set)));
    const agent = new FakeAgent(hub);
    await agent.greet();
    agent.say("witnessed", { checkpoint: null });
    let held = await witnessed(agent, undefined);
    // A person's signature is signed over at once: the agent need not wait for the minute.
    const signed = async (name: string): Promise<void> => {
      const grant = makeGrant(org, { id: name as GrantId });
      await client.call("putGrant", { body: await signEnvelope("farhand-grant+jws", grant, [org.people.ann]) });
    };
    for (const name of ["grant-two", "grant-three"]) {
      await signed(name);
      held = await witnessed(agent, held);
    }
    agent.close();
    await hub.stop();
    hub = await start();
    client = clientOf(hub);
    const again = new FakeAgent(hub);
    await again.greet();
    const { epoch, size, root } = held;
    again.say("witnessed", { checkpoint: { epoch, size, root } });
    await signed("grant-four");
    held = await witnessed(again, held);
    again.close();

    expect(await cli("audit", "export", "audit.ndjson")).toMatchObject({ status: 0 });
    const quote = quoteCheckpoint(held);
    const verified = await cli("audit", "verify", "audit.ndjson", "--witness", quote, "--json");
    expect(verified).toMatchObject({ status: 0 });
    expect(documentsOf(verified)).toMatchObject([{ holds: true, anchored: true, fault: null, others: [] }]);
    const lines = readFileSync(join(dir, "audit.ndjson"), "utf8");
    for (const action of ["token.create", "trust.put", "grant.sign", "job.submit", "job.cancel", "api.read"])
      expect(lines).toContain(`"action":"${action}"`);
  });

  it("T48: a row that somebody changes in the database is named by the next export", async () => {
    await hub.stop();
    const db = new Database(join(dir, "hub.db"));
    db.run("UPDATE audit SET actor = 'token:nobody' WHERE place = 4");
    db.close();
    hub = await start();
    client = clientOf(hub);
    expect(await cli("audit", "export", "bad.ndjson")).toMatchObject({ status: 0 });
    const verified = await cli("audit", "verify", "bad.ndjson");
    expect(verified).toMatchObject({ status: 1 });
    // Where a checkpoint vouches for just these entries already, its root tells that one of them is another.
    expect(verified.stdout).toMatch(
      /MODIFIED at entry 4|REWRITTEN at entry 0 .*: of entries 0 to [4-9] one is not what/v,
    );
  });
});

/** The next checkpoint, as an agent takes it: signed by the hub, and the beginning of it is what the agent held before. */
async function witnessed(agent: FakeAgent, held: Checkpoint | undefined): Promise<Checkpoint> {
  const { header, body } = await agent.next("checkpoint");
  const offered = await openCheckpoint(parseEnvelope(body), org.trust);
  expect(header.from).toBe(held?.size ?? 0);
  expect(continues(held, offered, header.proof)).toBe("newer");
  return offered;
}
