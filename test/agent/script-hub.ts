import { randomBytes } from "node:crypto";
import type { Server, ServerWebSocket } from "bun";
import { fromBase64url, sha256, toBase64url, type Bytes } from "../../shared/bytes.ts";
import type { Offer } from "../../shared/documents/offer.ts";
import { signEnvelope, type Envelope } from "../../shared/envelope.ts";

import { sealBoxChallenge } from "../../shared/box-proof.ts";
import { importSigningKey, type BoxPublicKey, type Signer, type SigningPublicKey } from "../../shared/keys.ts";
import { makeOffer, type TestOrg } from "../../shared/testing/org.ts";
import { trustFrames } from "../../shared/testing/trust-set.ts";
import { makeTimestamp, signMetadata } from "../../shared/tuf/make.ts";
import type { TrustUpdate } from "../../shared/tuf/set.ts";
import { BODY_BYTES_MAX, decodeRecords } from "../../shared/wire/frame.ts";
import {
  challengeBytes,
  decodeUp,
  encodeDown,
  LANES,
  UpRecord,
  type Lane,
  type UpMessage,
} from "../../shared/wire/messages.ts";
import type { Certificates } from "./certificates.ts";

interface Connection {
  readonly session: string;
  readonly nonce: string;
  proved: boolean;
  wayHome: boolean;
}

/** What the script offers at the next pull. */
export interface Work {
  readonly kind: "warrant" | "grant";
  readonly authority: Envelope;
  readonly authorityDigest: ReturnType<typeof sha256>;
  readonly manifest: Bytes;
  readonly breakglass?: Envelope;
  readonly over?: Partial<Offer>;
  /** Who signs the offer; the hub when nobody is named. */
  readonly vouches?: Signer;
}

export interface Received {
  readonly record: UpRecord;
  readonly body: Uint8Array;
}

/**
 * The other end of the link, as little as an agent can be tested against: proves itself, offers what the test says, stores
 * every record once and acknowledges it. Deliberately not the hub.
 */
export class ScriptHub {
  readonly org: TestOrg;
  readonly server: Server<Connection>;
  readonly lanes = new Map<Lane, Received[]>(LANES.map((lane) => [lane, []]));
  readonly texts = new Map<string, Bytes>();
  readonly said: UpMessage[] = [];
  readonly faults: string[] = [];
  work: Work[] = [];
  agentKey: SigningPublicKey | undefined;
  creditBytes = 1024 * 1024;
  /** Received without an ack from now on. */
  mute = false;
  /** What an agent that enrols must open with its box key. */
  readonly boxSecret = randomBytes(32);
  connections = 0;
  /** The nonce of the last pull. */
  nonce = "";
  wayHomes = 0;
  wayHomeOpen = true;
  #sequence = 0;
  #timestamp = 1;
  #fence = 100;
  #epoch = "";
  /** What the number of the last record in this epoch is beyond the count of all that were received. */
  readonly #offsets = new Map<Lane, number>();
  readonly #live = new Set<ServerWebSocket<Connection>>();
  #credited = 0;

  constructor(org: TestOrg, certificates: Certificates, enrol: (body: unknown) => unknown = () => ({})) {
    this.org = org;
    this.server = Bun.serve<Connection>({
      hostname: "127.0.0.1",
      port: 0,
      tls: { cert: certificates.cert, key: certificates.key },
      fetch: async (request, server) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/api/v1/enrol/challenge") {
          const { boxKey } = (await request.json()) as { boxKey: BoxPublicKey };
          return Response.json({ nonce: "n".repeat(43), sealed: await sealBoxChallenge(this.boxSecret, boxKey) });
        }
        if (pathname === "/api/v1/enrol") return Response.json(await enrol(await request.json()));
        const data = {
          session: toBase64url(randomBytes(32)),
          nonce: toBase64url(randomBytes(32)),
          proved: false,
          wayHome: false,
        };
        if (pathname === "/link/v1" && server.upgrade(request, { data })) return undefined;
        return new Response(null, { status: 404 });
      },
      websocket: {
        open: (ws) => {
          this.connections++;
          this.#live.add(ws);
          const { session, nonce } = ws.data;
          ws.send(encodeDown("challenge", { hub: org.trust.hubId, nonce, session, versions: [1] }));
        },
        close: (ws) => void this.#live.delete(ws),
        message: async (ws, message) => {
          try {
            await this.#take(ws, decodeUp(new Uint8Array(message as Buffer)));
          } catch (error) {
            this.faults.push(String(error));
            ws.terminate();
          }
        },
      },
    });
  }

  get url(): string {
    return `https://127.0.0.1:${this.server.port}`;
  }

  records<T extends UpRecord["type"]>(type: T): Extract<UpRecord, { type: T }>[] {
    return [...this.lanes.values()]
      .flat()
      .flatMap(({ record }) => (record.type === type ? [record as Extract<UpRecord, { type: T }>] : []));
  }

  /** A text that came in parts; undefined while a part is missing. */
  blob(digest: string): Uint8Array | undefined {
    const parts = [...this.lanes.values()]
      .flat()
      .filter(({ record }) => record.type === "blob" && record.sha256 === digest);
    const total = parts[0]?.record.type === "blob" ? parts[0].record.total : undefined;
    if (total === undefined) return undefined;
    const bytes = new Uint8Array(total);
    const seen = new Set<number>();
    let count = 0;
    for (const { record, body } of parts) {
      if (record.type !== "blob" || seen.has(record.offset)) continue;
      seen.add(record.offset);
      bytes.set(body, record.offset);
      count += body.length;
    }
    return count === total && sha256(bytes) === digest ? bytes : undefined;
  }

  offer(work: Work): void {
    this.work.push(work);
    for (const ws of this.#live) if (ws.data.proved) ws.send(encodeDown("wake", {}));
  }

  send(...message: Parameters<typeof encodeDown>): void {
    for (const ws of this.#live) if (ws.data.proved && !ws.data.wayHome) ws.send(encodeDown(...message));
  }

  /** The news of the trust repository, stamped by this hub. */
  async publish(
    update: TrustUpdate,
    over: { readonly version?: number; readonly expiresMs?: number } = {},
  ): Promise<void> {
    const snapshot = update.snapshot ?? this.org.view.set.snapshot;
    const { version = ++this.#timestamp, expiresMs = Date.now() + 7 * 86_400_000 } = over;
    const timestamp = await signMetadata("timestamp", makeTimestamp({ version, expiresMs, snapshot }), [this.org.hub]);
    for (const frame of trustFrames({ ...update, timestamp })) this.sendRaw(frame);
  }

  /** Bytes as they are, frames or not. */
  sendRaw(bytes: Bytes): void {
    for (const ws of this.#live) if (ws.data.proved && !ws.data.wayHome) ws.send(bytes);
  }

  /** Cuts every connection without a word. */
  cut(): void {
    for (const ws of this.#live) ws.terminate();
  }

  async stop(): Promise<void> {
    await this.server.stop(true);
  }

  async #take(ws: ServerWebSocket<Connection>, message: UpMessage): Promise<void> {
    if (!ws.data.proved && message.kind !== "hello") throw new Error(`${message.kind} before hello`);
    switch (message.kind) {
      case "hello":
        await this.#hello(ws, message.header);
        break;
      case "pull":
        this.nonce = message.header.nonce;
        for (const work of this.work.splice(0, message.header.capacity))
          await this.#serve(ws, work, message.header.nonce);
        break;
      case "fetch": {
        const text = this.texts.get(message.header.sha256);
        if (!text) return;
        const { sha256: digest, offset } = message.header;
        ws.send(
          encodeDown(
            "blob",
            { sha256: digest, offset, total: text.length },
            text.subarray(offset, offset + BODY_BYTES_MAX),
          ),
        );
        break;
      }
      case "events":
        this.#events(ws, message);
        break;
      case "accept":
      case "reject":
      case "canceled":
      case "gap":
      case "credit":
      case "witnessed":
      case "trusted":
      case "credentials":
        this.said.push(message);
        break;
      default:
        message satisfies never;
    }
  }

  async #hello(ws: ServerWebSocket<Connection>, hello: Extract<UpMessage, { kind: "hello" }>["header"]): Promise<void> {
    const { session, nonce } = ws.data;
    const proof = challengeBytes("farhand-agent", [nonce, this.org.trust.hubId, session]);
    const key = await importSigningKey(this.agentKey ?? ("" as SigningPublicKey));
    if (!(await crypto.subtle.verify("Ed25519", key, fromBase64url(hello.signature), proof)))
      throw new Error("the agent did not prove itself");
    ws.data.wayHome = hello.wayHome === true;
    if (ws.data.wayHome && !this.wayHomeOpen) throw new Error("no way home");
    if (ws.data.wayHome) this.wayHomes++;
    ws.data.proved = true;
    this.said.push({ kind: "hello", header: hello, body: new Uint8Array(0) });
    const answer = challengeBytes("farhand-hub", [hello.nonce, this.org.trust.hubId, hello.agent, session]);
    const signature = toBase64url(new Uint8Array(await crypto.subtle.sign("Ed25519", this.org.hub.key, answer)));
    // Numbers of another epoch mean nothing in this one: it begins with the first that its journal still holds.
    if (hello.epoch !== this.#epoch)
      for (const { lane, first } of hello.lanes) this.#offsets.set(lane, first - 1 - this.#held(lane).length);
    this.#epoch = hello.epoch;
    const lanes = LANES.map((lane) => ({ lane, acked: this.#acked(lane), released: this.#acked(lane) }));
    this.#credited = 0;
    ws.send(encodeDown("welcome", { signature, serverTimeMs: Date.now(), lanes, creditBytes: this.creditBytes }));
    if (ws.data.wayHome) return;
  }

  async #serve(ws: ServerWebSocket<Connection>, work: Work, nonce: string): Promise<void> {
    const iat = Math.floor(Date.now() / 1000);
    const payload = makeOffer(this.org, {
      manifest: sha256(work.manifest),
      authority: { kind: work.kind, sha256: work.authorityDigest },
      nonce,
      sequence: ++this.#sequence,
      fence: ++this.#fence,
      iat,
      exp: iat + 300,
      ...work.over,
    });
    const offer = await signEnvelope("farhand-offer+jws", payload, [work.vouches ?? this.org.hub]);
    const { authority, breakglass, manifest } = work;
    const signed = { authority, ...(breakglass && { breakglass }) };
    ws.send(encodeDown("offer", { offer, ...signed, manifestBytes: manifest.length }));
    ws.send(encodeDown("manifest", { sha256: payload.manifest }, work.manifest));
  }

  #acked(lane: Lane): number {
    return this.#held(lane).length + (this.#offsets.get(lane) ?? 0);
  }

  #held(lane: Lane): Received[] {
    return this.lanes.get(lane) ?? [];
  }

  #events(ws: ServerWebSocket<Connection>, message: Extract<UpMessage, { kind: "events" }>): void {
    const { epoch, lane, first, last } = message.header;
    const held = this.#held(lane);
    const records = decodeRecords(message.body, 1000);
    if (records.length !== last - first + 1) throw new Error(`${lane} ${first}..${last} holds ${records.length}`);
    if (first > this.#acked(lane) + 1) throw new Error(`${lane}: ${first} after ${this.#acked(lane)}`);
    records.forEach((record, index) => {
      if (first + index === this.#acked(lane) + 1)
        held.push({ record: UpRecord.parse(record.header), body: record.body });
    });
    this.#credited += message.body.length + 1024;
    if (this.mute) return;
    ws.send(encodeDown("ack", { epoch, lane, acked: this.#acked(lane), released: this.#acked(lane) }));
    ws.send(encodeDown("credit", { bytes: this.#credited + this.creditBytes }));
  }
}
