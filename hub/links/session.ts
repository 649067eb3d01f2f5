import { toBase64url } from "../../shared/bytes.ts";
import type { TimerHandle } from "../../shared/clock.ts";
import type { AgentEntry } from "../../shared/documents/agents.ts";
import { errorCode, FarhandError, type ErrorCode } from "../../shared/errors.ts";
import type { Digest, KeyId } from "../../shared/ids.ts";
import { decodeUp, encodeDown, type DownHeader, type UpHeader, type UpMessage } from "../../shared/wire/messages.ts";
import type { AssignmentKey } from "../core/model.ts";
import { ingestEvents, ingestGap, type Ack } from "../ingest/ingest.ts";
import { credentialFrames, tellCredentials } from "../credentials.ts";
import { readmissionFrame } from "../readmissions.ts";
import { holdFrames } from "../holds.ts";
import { blobFrame } from "./blob-frame.ts";
import { auditRefused } from "../store/audit.ts";
import { moveContact, sawHello } from "./contact.ts";
import { checkpointFrame, isOwnLog, type Witnessed } from "./checkpoints.ts";
import { Credit, type CreditBudget } from "./credit.ts";
import type { LinkDeps } from "./deps.ts";
import { admit, answerOf, Banned, BANNED_RETRY_MS, LINK_VERSIONS, Refused, type Challenge } from "./handshake.ts";
import { scheduledGrants } from "./grants.ts";
import { cancelFrame, offersFor } from "./offers.ts";
import { Outbound, type Carrier } from "./outbound.ts";
import type { Links, LiveSession } from "./registry.ts";
import { syncWith } from "./sync.ts";
import { heardTrust, knowsThisHub, newerTrust, type HeldTrust } from "./trust-frames.ts";
import { tellAssignment, type Word } from "./words.ts";

const HANDSHAKE_MS = 15_000;
const DISPLACED_RETRY_MS = 5_000;
const PENDING_RETRY_MS = 2_000;
/** Frames of any kind that wait here; credit bounds the bytes of the large ones. */
const IN_FLIGHT_MAX = 4_096;
/** Ends of a link that refuse nobody anything, or that are written where they are decided. */
const AUDITED_ELSEWHERE: ReadonlySet<ErrorCode> = new Set([
  "AGENT_BANNED",
  "AGENT_KICKED",
  "CAPACITY",
  "CONFLICT",
  "CONNECTION_LOST",
  "INTERNAL",
  "IO",
]);

/** One connection of one agent, from the challenge to the end. */
export class AgentSession implements LiveSession {
  readonly #deps: LinkDeps;
  readonly #links: Links;
  readonly #out: Outbound;
  readonly #credit: Credit;
  readonly #challenge: Challenge;
  readonly #served = new Set<string>();
  readonly #credentialsTold = new Set<string>();
  readonly #acks = new Map<string, Ack>();
  #timer: TimerHandle | undefined;
  #stage: "challenged" | "greeting" | "live" | "ended" = "challenged";
  #agent: AgentEntry | undefined;
  #claimed: string | undefined;
  #told: HeldTrust | undefined;
  /** The epoch of the quarantine that its hello told of. */
  #quarantined: string | undefined;
  readonly #grantsTold = new Set<Digest>();
  readonly #holdsTold = new Set<Digest>();
  /** Undefined until the agent has said what it holds: one that does not say is sent none. */
  #witnessed: Witnessed | undefined;
  readonly #revokedSeen = new Map<KeyId, number | null>();
  #telling: Promise<void> = Promise.resolve();
  #listening: Promise<void> = Promise.resolve();
  #credentialsFollow = false;
  #inFlight = 0;
  #nextPull: UpHeader<"pull"> | undefined;
  #pulling = false;
  #barred = false;
  #wakeSaid = false;
  #acksDue = false;

  constructor(deps: LinkDeps, links: Links, budget: CreditBudget, carrier: Carrier) {
    this.#deps = deps;
    this.#links = links;
    this.#out = new Outbound(carrier, () => this.gone());
    this.#credit = new Credit(budget);
    const random = (): string => toBase64url(deps.randomBytes(32));
    this.#challenge = { nonce: random(), session: random() };
    this.#timer = deps.clock.after(HANDSHAKE_MS, () => this.#end("CHALLENGE", DISPLACED_RETRY_MS, "no hello in time"));
    const { nonce, session } = this.#challenge;
    this.#out.sendUncounted(encodeDown("challenge", { hub: deps.hubId, nonce, session, versions: [...LINK_VERSIONS] }));
  }

  /** A frame arrived. */
  receive(frame: Uint8Array): void {
    if (this.#stage === "ended" || this.#barred) return;
    if (++this.#inFlight > IN_FLIGHT_MAX) return this.#end("CREDIT", DISPLACED_RETRY_MS, "too many frames in flight");
    void this.#take(frame)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => this.#inFlight--);
  }

  /** Nothing that arrived, or was asked of it, is still being worked on. */
  get isIdle(): boolean {
    return this.#inFlight === 0;
  }

  /** The connection is gone. */
  gone(): void {
    if (this.#ended) return;
    const wasLive = this.#stage === "live";
    this.#stage = "ended";
    this.#timer?.clear();
    this.#credit.close();
    this.#out.close();
    const agent = this.#agent;
    if (!agent || !wasLive || !this.#links.detach(agent.id, this)) return;
    const nowMs = this.#deps.clock.nowMs();
    this.#deps.log.info("link-down", { agent: agent.id });
    this.#inFlight++;
    moveContact(this.#deps.store, agent, "LAPSED", nowMs, nowMs)
      .then(() => this.#deps.effects.moved())
      .catch((error: unknown) => this.#deps.log.error("contact", { code: errorCode(error) }))
      .finally(() => this.#inFlight--);
  }

  wake(): void {
    // Said once until the agent pulls: it pulls for all there is.
    if (this.#wakeSaid) return;
    this.#wakeSaid = true;
    this.#send("wake", {});
  }

  wakeAgain(): void {
    this.#wakeSaid = false;
    this.wake();
  }

  cancel(key: AssignmentKey): void {
    this.#inFlight++;
    cancelFrame(this.#deps, key)
      .then((frame) => frame && this.#out.send(frame))
      .catch((error: unknown) => this.#fail(error))
      .finally(() => this.#inFlight--);
  }

  settled({ manifest, attempt }: AssignmentKey): void {
    this.#send("settled", { manifest, attempt });
  }

  trustChanged(): void {
    const held = this.#agent;
    if (!held) return;
    const entry = this.#deps.trust.agent(held.id);
    if (!entry) return this.#end("AGENT_PENDING", PENDING_RETRY_MS, "no longer in agents.json");
    if (entry.status === "banned") return this.#bar(this.#told, entry.reason);
    if (entry.signKey !== held.signKey) return this.#end("CHALLENGE", DISPLACED_RETRY_MS, "it has another key now");
    this.#sendTrust();
  }

  kick(): void {
    this.#end("AGENT_KICKED", DISPLACED_RETRY_MS, "a person closed it");
  }

  grantsMoved(): void {
    this.#tell(() => this.#sendGrants());
  }

  holdsMoved(): void {
    this.#tell(() => this.#sendHolds());
  }

  readmitted(): void {
    this.#tell(async () => {
      if (!this.#agent || this.#quarantined === undefined) return;
      const frame = await readmissionFrame(this.#deps, this.#agent.id, this.#quarantined);
      if (frame) await this.#out.sendCredited(frame);
    });
  }

  checkpointMoved(): void {
    this.#tell(() => this.#sendCheckpoint());
  }

  credentials(): void {
    this.#sendCredentials();
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
    this.#claimed = hello.agent;
    const deps = this.#deps;
    const agent = await this.#admit(hello);
    if (!agent) return;
    let told: HeldTrust = hello;
    if (!hello.wayHome && !(await knowsThisHub(deps, told))) {
      const { frames, held } = newerTrust(deps, told);
      for (const frame of frames) this.#out.sendUncounted(frame);
      told = held;
    }
    const signature = await answerOf(deps, this.#challenge, hello);
    const serverTimeMs = deps.clock.nowMs();
    if (hello.wayHome) {
      this.#timer?.clear();
      this.#out.sendUncounted(encodeDown("welcome", { signature, serverTimeMs, lanes: [], creditBytes: 0 }));
      this.#timer = deps.clock.after(HANDSHAKE_MS, () => this.#out.close());
      return;
    }
    const { lanes, effects } = await syncWith(deps, agent.id, hello);
    await sawHello(deps.store, agent, hello, serverTimeMs);
    if (this.#ended) return;
    this.#timer?.clear();
    this.#agent = agent;
    this.#stage = "live";
    const marks = lanes.map(({ lane, acked, released }) => ({ lane, acked, released }));
    const creditBytes = this.#credit.granted;
    this.#out.sendUncounted(encodeDown("welcome", { signature, serverTimeMs, lanes: marks, creditBytes }));
    this.#links.attach(agent.id, this);
    this.#deps.log.info("link-up", { agent: agent.id, software: hello.software });
    this.#told = told;
    this.#sendTrust();
    this.holdsMoved();
    this.#quarantined = hello.quarantine && hello.epoch;
    this.readmitted();
    this.#sendCredentials();
    this.grantsMoved();
    deps.effects.perform(effects);
    deps.effects.moved();
  }

  /** Undefined for one that is banned: it is told so, and why. */
  async #admit(hello: UpHeader<"hello">): Promise<AgentEntry | undefined> {
    const { store, clock } = this.#deps;
    try {
      return await admit(this.#deps, this.#challenge, hello);
    } catch (error) {
      if (!(error instanceof Banned)) throw error;
      const { id, reason } = error.entry;
      await store.tx("link.banned", (tx) =>
        auditRefused(tx, clock.nowMs(), {
          actor: `agent:${id}`,
          action: "link.open",
          object: id,
          code: "AGENT_BANNED",
          detail: "AGENT_BANNED",
        }),
      );
      this.#bar(hello, reason);
      return undefined;
    }
  }

  /**
   * Nothing more is taken from it. It gets the signed documents that it does not hold, because it stops its work on their word and not
   * on the hub's, and then the session ends.
   */
  #bar(held: HeldTrust | undefined, reason: string | undefined): void {
    if (this.#barred) return;
    this.#barred = true;
    const end = (): void => this.#end("AGENT_BANNED", BANNED_RETRY_MS, reason);
    if (!held) return end();
    for (const frame of newerTrust(this.#deps, held).frames) this.#out.sendUncounted(frame);
    end();
  }

  get #ended(): boolean {
    return this.#stage === "ended";
  }

  /** What it does not hold yet, one look after the other, so that a newer document never overtakes an older one. */
  #sendTrust(): void {
    this.#tell(async () => {
      if (!this.#told) return;
      const { frames, held } = newerTrust(this.#deps, this.#told);
      this.#told = held;
      await Promise.all(frames.map((frame) => this.#out.sendCredited(frame)));
    });
  }

  /** Behind the trust documents, by which the agent checks who sent them. */
  #sendCredentials(): void {
    this.#tell(async () => {
      if (!this.#agent) return;
      const frames = await credentialFrames(this.#deps, this.#agent.id, this.#credentialsTold);
      await Promise.all(frames.map((frame) => this.#out.sendCredited(frame)));
    });
  }

  /** One after the other: the parts of a list come in order. */
  async #onCredentials(agent: AgentEntry, said: UpHeader<"credentials">): Promise<void> {
    const isFirst = !this.#credentialsFollow;
    this.#credentialsFollow = said.more;
    this.#listening = this.#listening.then(() => tellCredentials(this.#deps, agent.id, said, isFirst));
    await this.#listening;
    this.#deps.effects.moved();
  }

  #tell(send: () => Promise<void>): void {
    this.#telling = this.#telling.then(() => (this.#ended ? undefined : send()));
    this.#telling.catch((error: unknown) => this.#fail(error));
  }

  /** After the trust that they are checked against. */
  async #sendGrants(): Promise<void> {
    const site = this.#agent?.site;
    if (site === undefined) return;
    for (const { sha256, envelope } of await scheduledGrants(this.#deps, site, this.#grantsTold)) {
      this.#grantsTold.add(sha256);
      await this.#out.sendCredited(encodeDown("grant", { grant: envelope }));
    }
  }

  /** After the trust by which they are checked. Again in each session: an agent whose journal was lost has forgotten them. */
  async #sendHolds(): Promise<void> {
    const site = this.#agent?.site;
    if (site === undefined) return;
    for (const { sha256, frame } of await holdFrames(this.#deps, site, this.#holdsTold)) {
      this.#holdsTold.add(sha256);
      await this.#out.sendCredited(frame);
    }
  }

  async #sendCheckpoint(): Promise<void> {
    if (this.#witnessed === undefined) return;
    const next = await checkpointFrame(this.#deps, this.#witnessed);
    if (!next) return;
    this.#witnessed = next.held;
    await this.#out.sendCredited(next.frame);
  }

  /** What waited for it can be offered now. */
  #onRevokedSeen(revoked: NonNullable<UpHeader<"witnessed">["revoked"]>): void {
    const before = this.#revokedSeen.size;
    for (const { kid, size } of revoked) this.#revokedSeen.set(kid, size);
    if (this.#revokedSeen.size > before) this.#send("wake", {});
  }

  async #onWitnessed(agent: AgentEntry, held: Witnessed): Promise<void> {
    if (held && !(await isOwnLog(this.#deps, held))) {
      // What the agent holds may be the only proof that is left: said loudly, and kept.
      const detail = `it witnessed ${held.size} entries with root ${held.root}, which is not this hub's log`;
      this.#deps.log.error("audit-forked", { agent: agent.id, detail });
      await this.#refused("audit.witness", "CHECKPOINT", detail);
    }
    this.#tell(() => {
      this.#witnessed = held;
      return this.#sendCheckpoint();
    });
  }

  async #handle(agent: AgentEntry, message: Exclude<UpMessage, { kind: "hello" }>, size: number): Promise<void> {
    const nowMs = this.#deps.clock.nowMs();
    switch (message.kind) {
      case "events":
        return this.#onEvents(agent, message, size, nowMs);
      case "gap":
        return this.#ack(await ingestGap(this.#deps.store, agent.id, message.header, nowMs));
      case "pull":
        return this.#onPull(agent, message.header);
      case "fetch":
        // Not credited: an offer that waits for this text holds up the credit that the text would wait for.
        return this.#out.send(await blobFrame(this.#deps, agent.id, message.header));
      case "accept":
        return this.#word(agent, message.header, { kind: "accept" });
      case "reject":
        return this.#word(agent, message.header, { ...message.header, kind: "reject" });
      case "canceled":
        return this.#word(agent, message.header, { kind: "canceled", state: message.header.state });
      case "trusted":
        return heardTrust(this.#deps, agent.id, message.header);
      case "witnessed":
        this.#onRevokedSeen(message.header.revoked ?? []);
        return this.#onWitnessed(agent, message.header.checkpoint);
      case "credentials":
        return this.#onCredentials(agent, message.header);
      case "credit":
        return this.#out.credit(message.header.bytes);
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
    // An account that is closed has given its loan back, and takes none.
    const mark = this.#ended ? undefined : this.#credit.commit(size);
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

  /** One at a time: two must not serve the same offer. Of those that wait the newest counts, for its capacity is the truer. */
  async #onPull(agent: AgentEntry, header: UpHeader<"pull">): Promise<void> {
    this.#wakeSaid = false;
    this.#nextPull = header;
    if (this.#pulling) return;
    this.#pulling = true;
    try {
      while (this.#nextPull && !this.#ended) {
        const pull = this.#nextPull;
        this.#nextPull = undefined;
        await this.#serve(agent, pull);
      }
    } finally {
      this.#pulling = false;
    }
  }

  async #serve(agent: AgentEntry, pull: UpHeader<"pull">): Promise<void> {
    for await (const frames of offersFor(this.#deps, agent.id, pull, this.#served, this.#revokedSeen)) {
      await Promise.all(frames.map((frame) => this.#out.sendCredited(frame)));
      if (this.#ended) return;
    }
    this.#deps.effects.moved();
  }

  async #word(agent: AgentEntry, { manifest, attempt }: AssignmentKey, word: Word): Promise<void> {
    const { effects, pump } = this.#deps;
    effects.perform(await tellAssignment(this.#deps, agent.id, { manifest, attempt }, word));
    effects.moved();
    pump.kick();
  }

  #send<K extends "ack" | "credit" | "settled" | "wake">(kind: K, header: DownHeader<K>): void {
    this.#out.send(encodeDown(kind, header));
  }

  #fail(error: unknown): void {
    if (this.#ended) return;
    if (error instanceof Refused) return this.#end(error.code, error.retryAfterMs, error.detail);
    const code = errorCode(error);
    const cause = error instanceof FarhandError ? error.detail : String(error);
    this.#end(code, code === "INTERNAL" || code === "IO" ? 5_000 : DISPLACED_RETRY_MS, cause);
  }

  /** Into the audit log. Who is not admitted yet has only claimed a name. */
  #refused(action: string, code: ErrorCode, detail?: string): Promise<void> {
    const actor = this.#agent ? `agent:${this.#agent.id}` : "anyone";
    this.#inFlight++;
    return this.#deps.refusals
      .refused({ actor, action, object: this.#claimed ?? "-", code, ...(detail !== undefined && { detail }) })
      .finally(() => this.#inFlight--);
  }

  #end(code: ErrorCode, retryAfterMs: number, detail?: string): void {
    if (this.#ended) return;
    this.#deps.log.warn("link-closed", { code, detail, agent: this.#agent?.id });
    if (!AUDITED_ELSEWHERE.has(code)) void this.#refused("link.open", code, detail);
    this.#out.close(encodeDown("close", { code, retryAfterMs }));
  }
}
