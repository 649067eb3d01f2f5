import { toBase64url } from "../../shared/bytes.ts";
import type { TimerHandle } from "../../shared/clock.ts";
import type { AgentEntry } from "../../shared/documents/agents.ts";
import { envelopeBytes } from "../../shared/envelope.ts";
import { errorCode, FarhandError, type ErrorCode } from "../../shared/errors.ts";
import { assignmentMoves, isTerminal } from "../../shared/states.ts";
import { decodeUp, encodeDown, type DownHeader, type UpHeader, type UpMessage } from "../../shared/wire/messages.ts";
import type { AssignmentEvent } from "../core/assignment-model.ts";
import type { AssignmentKey } from "../core/model.ts";
import { decideLoadedIn } from "../ingest/decide.ts";
import { ingestEvents, ingestGap, type Ack } from "../ingest/ingest.ts";
import { loadAssignment } from "../store/assignments.ts";
import { findBlob, readBlob } from "../store/blobs.ts";
import type { DocumentKind } from "../store/documents.ts";
import { mayFetch } from "../store/work.ts";
import { moveContact, sawHello } from "./contact.ts";
import { Credit, type CreditBudget } from "./credit.ts";
import type { LinkDeps } from "./deps.ts";
import { admit, answerOf, LINK_VERSIONS, Refused, type Challenge } from "./handshake.ts";
import { cancelFrame, offersFor } from "./offers.ts";
import type { Links, LiveSession } from "./registry.ts";
import { syncWith } from "./sync.ts";

const HANDSHAKE_MS = 15_000;
const DISPLACED_RETRY_MS = 5_000;
/** Frames of any kind that wait here; credit bounds the bytes of the large ones. */
const IN_FLIGHT_MAX = 4_096;

/** What a session needs of the thing that carries it. */
export interface Carrier {
  /** False when the peer does not take what it is sent. */
  send(frame: Uint8Array): boolean;
  close(): void;
}

/** One connection of one agent, from the challenge to the end. */
export class AgentSession implements LiveSession {
  readonly #deps: LinkDeps;
  readonly #links: Links;
  readonly #carrier: Carrier;
  readonly #credit: Credit;
  readonly #challenge: Challenge;
  readonly #served = new Set<string>();
  readonly #acks = new Map<string, Ack>();
  #timer: TimerHandle | undefined;
  #stage: "challenged" | "greeting" | "live" | "ended" = "challenged";
  #agent: AgentEntry | undefined;
  #told: Partial<Record<DocumentKind, unknown>> = {};
  #inFlight = 0;
  #pulls: Promise<void> = Promise.resolve();
  #acksDue = false;

  constructor(deps: LinkDeps, links: Links, budget: CreditBudget, carrier: Carrier) {
    this.#deps = deps;
    this.#links = links;
    this.#carrier = carrier;
    this.#credit = new Credit(budget);
    const random = (): string => toBase64url(deps.randomBytes(32));
    this.#challenge = { nonce: random(), session: random() };
    this.#timer = deps.clock.after(HANDSHAKE_MS, () => this.#end("CHALLENGE", DISPLACED_RETRY_MS, "no hello in time"));
    const { nonce, session } = this.#challenge;
    this.#send("challenge", { hub: deps.hubId, nonce, session, versions: [...LINK_VERSIONS] });
  }

  /** A frame arrived. */
  receive(frame: Uint8Array): void {
    if (this.#stage === "ended") return;
    if (++this.#inFlight > IN_FLIGHT_MAX) return this.#end("CREDIT", DISPLACED_RETRY_MS, "too many frames in flight");
    void this.#take(frame)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => this.#inFlight--);
  }

  /** The connection is gone. */
  gone(): void {
    const wasLive = this.#stage === "live";
    this.#stage = "ended";
    this.#timer?.clear();
    this.#credit.close();
    const agent = this.#agent;
    if (!agent || !wasLive || !this.#links.detach(agent.id, this)) return;
    const nowMs = this.#deps.clock.nowMs();
    this.#deps.log.info("link-down", { agent: agent.id });
    moveContact(this.#deps.store, agent, "LAPSED", nowMs, nowMs)
      .then(() => this.#deps.effects.moved())
      .catch((error: unknown) => this.#deps.log.error("contact", { code: errorCode(error) }));
  }

  wake(): void {
    this.#send("wake", {});
  }

  cancel(key: AssignmentKey): void {
    cancelFrame(this.#deps, key)
      .then((frame) => frame && this.#sendFrame(frame))
      .catch((error: unknown) => this.#fail(error));
  }

  settled(key: AssignmentKey): void {
    this.#send("settled", { ...key });
  }

  sendTrust(): void {
    const { envelopes } = this.#deps.trust.require();
    for (const document of ["keys", "agents", "inventory"] as const) {
      const envelope = envelopes[document];
      if (!envelope || this.#told[document] === envelope) continue;
      this.#told[document] = envelope;
      this.#send("trust", { document }, envelopeBytes(envelope));
    }
  }

  displace(): void {
    this.#end("CONFLICT", DISPLACED_RETRY_MS, "a newer session of this agent began");
  }

  /** The hub stops: come back soon, each at its own moment. */
  leave(): void {
    this.#end("CAPACITY", 500 + Math.floor(this.#deps.random() * 2_000), "the hub stops");
  }

  async #take(frame: Uint8Array): Promise<void> {
    const message = decodeUp(frame);
    if (message.kind === "hello") return this.#greet(message.header);
    const agent = this.#agent;
    if (this.#stage !== "live" || !agent) throw new FarhandError("PROTOCOL", `${message.kind} before the hello`);
    return this.#handle(agent, message, frame.length);
  }

  async #greet(hello: UpHeader<"hello">): Promise<void> {
    if (this.#stage !== "challenged") throw new FarhandError("PROTOCOL", "a second hello");
    this.#stage = "greeting";
    const deps = this.#deps;
    const agent = await admit(deps, this.#challenge, hello);
    const signature = await answerOf(deps, this.#challenge, hello);
    const serverTimeMs = deps.clock.nowMs();
    if (hello.wayHome) {
      this.#timer?.clear();
      this.#send("welcome", { signature, serverTimeMs, lanes: [], creditBytes: 0 });
      this.#timer = deps.clock.after(HANDSHAKE_MS, () => this.#close());
      return;
    }
    const { lanes, effects } = await syncWith(deps, agent.id, hello);
    await sawHello(deps.store, agent, hello, serverTimeMs);
    if (this.#ended) return;
    this.#timer?.clear();
    this.#agent = agent;
    this.#stage = "live";
    this.#send("welcome", {
      signature,
      serverTimeMs,
      lanes: lanes.map(({ lane, acked, released }) => ({ lane, acked, released })),
      creditBytes: this.#credit.granted,
    });
    this.#links.attach(agent.id, this);
    this.#deps.log.info("link-up", { agent: agent.id, software: hello.software });
    this.#tellOnlyNewer(hello);
    this.sendTrust();
    deps.effects.perform(effects);
    deps.effects.moved();
  }

  get #ended(): boolean {
    return this.#stage === "ended";
  }

  /** What the agent holds already counts as told. */
  #tellOnlyNewer(hello: UpHeader<"hello">): void {
    const { trust, agents, inventory, envelopes } = this.#deps.trust.require();
    if (hello.keysVersion >= trust.keys.document.version) this.#told.keys = envelopes.keys;
    if (agents && hello.agentsVersion >= agents.document.version) this.#told.agents = envelopes.agents;
    if (inventory && hello.inventory === inventory.digest) this.#told.inventory = envelopes.inventory;
  }

  async #handle(agent: AgentEntry, message: Exclude<UpMessage, { kind: "hello" }>, size: number): Promise<void> {
    const nowMs = this.#deps.clock.nowMs();
    switch (message.kind) {
      case "events":
        return this.#onEvents(agent, message, size, nowMs);
      case "gap":
        return this.#ack(await ingestGap(this.#deps.store, agent.id, message.header, nowMs));
      case "pull":
        // One after the other: two pulls must not serve the same offer.
        this.#pulls = this.#pulls.then(() => this.#onPull(agent, message.header));
        return this.#pulls;
      case "fetch":
        return this.#onFetch(agent, message.header);
      case "accept":
        return this.#word(agent, message.header, { type: "accepted" });
      case "reject": {
        const { code, detail } = message.header;
        return this.#word(agent, message.header, { type: "rejected", code, detail });
      }
      case "canceled":
        return this.#word(agent, message.header, wordOf(message.header));
      case "credit":
        // Whatever goes down answers what the agent asked for, part by part: it sets the pace itself.
        return;
      default:
        return message satisfies never;
    }
  }

  async #onEvents(
    agent: AgentEntry,
    { header, body }: Extract<UpMessage, { kind: "events" }>,
    size: number,
    nowMs: number,
  ): Promise<void> {
    if (!this.#credit.receive(size)) throw new FarhandError("CREDIT");
    const { ack, pump } = await ingestEvents(this.#deps, agent.id, header, body, nowMs);
    this.#ack(ack);
    const mark = this.#credit.commit(size);
    if (mark !== undefined) this.#send("credit", { bytes: mark });
    if (pump) this.#deps.pump.kick();
    if (header.lane === "telemetry") this.#deps.effects.moved();
  }

  /** Frames that one commit took together are acknowledged together. */
  #ack(ack: Ack): void {
    this.#acks.set(`${ack.epoch} ${ack.lane}`, ack);
    if (this.#acksDue) return;
    this.#acksDue = true;
    queueMicrotask(() => {
      this.#acksDue = false;
      for (const due of this.#acks.values()) this.#send("ack", due);
      this.#acks.clear();
    });
  }

  async #onPull(agent: AgentEntry, pull: UpHeader<"pull">): Promise<void> {
    for await (const frames of offersFor(this.#deps, agent.id, pull, this.#served)) {
      for (const frame of frames) this.#sendFrame(frame);
      if (this.#ended) return;
    }
    this.#deps.effects.moved();
  }

  async #onFetch(agent: AgentEntry, { sha256, offset }: UpHeader<"fetch">): Promise<void> {
    const { store, cipher } = this.#deps;
    const allowed = await store.read((tx) => mayFetch(tx, agent.id, sha256));
    const blob = allowed ? await findBlob(store, sha256) : undefined;
    if (!blob || offset > blob.total) return this.#send("blob", { sha256, offset, total: 0 });
    const part = await readBlob(store, cipher, blob, offset);
    this.#send("blob", { sha256, offset, total: blob.total }, part);
  }

  async #word(agent: AgentEntry, { manifest, attempt }: AssignmentKey, event: AssignmentEvent): Promise<void> {
    const { store, clock, random, effects, pump } = this.#deps;
    const asked = await store.tx("link.word", async (tx) => {
      const held = await loadAssignment(tx, { manifest, attempt });
      if (!held || held.identity.agent !== agent.id) return [];
      return (await decideLoadedIn(tx, held, [event], { nowMs: clock.nowMs(), random })).effects;
    });
    effects.perform(asked);
    effects.moved();
    pump.kick();
  }

  #send<K extends keyof DownFrames>(kind: K, header: DownHeader<K>, body?: Uint8Array): void {
    this.#sendFrame(encodeDown(kind, header, body));
  }

  #sendFrame(frame: Uint8Array): void {
    if (this.#ended) return;
    if (!this.#carrier.send(frame)) this.#close();
  }

  #fail(error: unknown): void {
    if (this.#ended) return;
    if (error instanceof Refused) return this.#end(error.code, error.retryAfterMs, error.detail);
    const code = errorCode(error);
    const cause = error instanceof FarhandError ? error.detail : String(error);
    this.#end(code, code === "INTERNAL" || code === "IO" ? 5_000 : DISPLACED_RETRY_MS, cause);
  }

  #end(code: ErrorCode, retryAfterMs: number, detail?: string): void {
    if (this.#ended) return;
    this.#deps.log.warn("link-closed", { code, detail, agent: this.#agent?.id });
    this.#send("close", { code, retryAfterMs });
    this.#close();
  }

  #close(): void {
    this.#carrier.close();
    this.gone();
  }
}

interface DownFrames {
  challenge: true;
  welcome: true;
  blob: true;
  trust: true;
  credit: true;
  ack: true;
  wake: true;
  settled: true;
  close: true;
}

/** An end other than CANCELED is told by the records, after its tasks' ends; a tombstone has no record of its own. */
function wordOf({ state }: UpHeader<"canceled">): AssignmentEvent {
  if (state !== "CANCELED" && isTerminal(assignmentMoves, state)) return { type: "accepted" };
  return { type: "assignment", state, code: null, reason: null };
}
