import { sha256 } from "../../shared/bytes.ts";
import { errorCode, FarhandError } from "../../shared/errors.ts";
import type { AgentId, Digest } from "../../shared/ids.ts";
import type { Signer } from "../../shared/keys.ts";
import type { Tx } from "../../shared/store.ts";
import { decide } from "../../agent/core/decide.ts";
import {
  applyRows,
  emptyAggregate,
  type Aggregate,
  type AssignmentKey,
  type Effect,
  type Event,
  type OfferedWork,
} from "../../agent/core/model.ts";
import { checkFence, isHeld, sequenceHighWater, takeSequence } from "../../agent/journal/admission.ts";
import { loadAggregate, openCount, saveRows, unsettled } from "../../agent/journal/assignments.ts";
import { ensureEpoch } from "../../agent/journal/meta.ts";
import { journalMigrations } from "../../agent/journal/open.ts";
import { laneMarks, takeMarks } from "../../agent/journal/outbox.ts";
import { OutboxSender } from "./agent-outbox.ts";
import { signReceipt } from "./agent-receipts.ts";
import { TaskRunner } from "./agent-runner.ts";
import type { SimDevice } from "./device.ts";
import type { Environment } from "./environment.ts";
import type { Identities } from "./identities.ts";
import type { Ledger } from "./ledger.ts";
import type { AgentEnd, Down, LaneAck, Network, Offer, Up } from "./network.ts";
import { SimProcess } from "./process.ts";
import { keyText, type SimManifest, type Site } from "./workload.ts";

const SWEEP_MS = 10_000;
const CAPACITY = 6;
const NONCES_KEPT = 4;

/** The agent's shell in small: loads, decides and saves in one transaction, then does what the decision hints at. */
export class AgentShell extends SimProcess implements AgentEnd {
  readonly id: AgentId;
  readonly devices: ReadonlyMap<string, SimDevice>;
  readonly manifests: ReadonlyMap<Digest, SimManifest>;
  readonly site: Site;
  readonly signer: Signer;
  readonly #network: Network;
  readonly #ledger: Ledger;
  epoch = "";
  /** All below is memory, and goes with the process. */
  #session: number | null = null;
  #welcomed = false;
  #nonces: string[] = [];
  #timers = new Map<string, number>();
  #sender: OutboxSender;
  #runner: TaskRunner;

  constructor(
    world: {
      env: Environment;
      network: Network;
      ledger: Ledger;
      identities: Identities;
      manifests: ReadonlyMap<Digest, SimManifest>;
    },
    site: Site,
  ) {
    const { env, network, ledger, identities, manifests } = world;
    super(env, site.agent, "agent", journalMigrations);
    this.id = site.agent;
    this.site = site;
    this.devices = new Map(site.devices.map((device) => [device.id, device]));
    this.manifests = manifests;
    this.signer = identities.signer(site.agent);
    this.#network = network;
    this.#ledger = ledger;
    this.#sender = new OutboxSender(this);
    this.#runner = new TaskRunner(this);
    network.attachAgent(this.id, this);
  }

  get random(): () => number {
    return () => this.env.random.next();
  }

  protected onDeath(): void {
    this.#network.cut(this.id);
    this.#session = null;
    this.#welcomed = false;
    this.#nonces = [];
    this.#timers = new Map();
    this.#sender = new OutboxSender(this);
    this.#runner = new TaskRunner(this);
  }

  protected onCommitted(): void {
    this.#ledger.agentCommitted(this);
  }

  protected async onStart(): Promise<void> {
    const made = () => sha256(`${this.id} ${this.env.random.next()}`).slice(0, 32);
    this.epoch = await ensureEpoch(this.store, made);
    for (const key of await this.store.read((tx) => unsettled(tx, 1_000))) {
      const aggregate = await this.dispatch({ manifest: key.manifest, attempt: key.attempt }, { type: "restarted" });
      if (!this.env.is("locks-lost-on-restart")) this.#runner.takeUp(aggregate);
      if (this.env.is("retry-in-flight")) this.#runner.retry(aggregate);
    }
    this.later(this.env.random.integer(0, 2_000), "connect", () => this.#connect());
    this.later(SWEEP_MS, "sweep", () => this.#sweep());
  }

  /** One event of one assignment. `also` writes in the same transaction; the effects come after the commit. */
  async dispatch(
    key: AssignmentKey,
    event: Event,
    also?: (tx: Tx, after: Aggregate, before: Aggregate) => Promise<void>,
  ): Promise<Aggregate> {
    const { after, effects } = await this.store.tx(`agent.${event.type}`, async (tx) => {
      const before = await loadAggregate(tx, key);
      const decision = decide(before, event, this.nowMs, this.random);
      await saveRows(tx, decision.rows);
      const next = applyRows(before, decision.rows);
      await also?.(tx, next, before);
      return { after: next, effects: decision.effects };
    });
    this.#settle(after, effects);
    return after;
  }

  #settle(after: Aggregate, effects: readonly Effect[]): void {
    this.#runner.look(after);
    this.kick();
    for (const effect of effects) {
      if (this.env.faults.fires("effect dropped")) continue;
      this.later(this.env.random.integer(0, 30), effect.type, () => this.#act(effect));
    }
  }

  kick(): void {
    if (this.#welcomed) this.#sender.kick();
  }

  send(message: Up): void {
    if (this.#session !== null && (this.#welcomed || message.kind === "hello"))
      this.#network.up(this.id, this.#session, message);
  }

  async #act(effect: Effect): Promise<void> {
    switch (effect.type) {
      case "sendAccept":
        this.send({ kind: "accept", ...effect.key, sequence: effect.sequence });
        return;
      case "sendReject":
        this.send({
          kind: "reject",
          ...effect.key,
          sequence: effect.sequence,
          code: effect.code,
          detail: effect.detail,
        });
        return;
      case "sendCanceled":
        this.#ledger.agentSaidCanceled(this, effect.key, effect.state);
        this.send({ kind: "canceled", ...effect.key, generation: effect.generation, state: effect.state });
        return;
      case "verifyStart":
        this.later(this.env.random.integer(5, 50), "verified again", () => this.#start(effect.key));
        return;
      case "runTask":
        return this.#runner.run(effect.key, effect.device);
      case "probeTask":
        return this.#runner.probe(effect.key, effect.device);
      case "stopTask":
        this.#runner.stop(effect.key, effect.device);
        return;
      case "armTimer":
        this.#arm(effect);
        return;
      case "signReceipt":
        return signReceipt(this, effect.key);
      default:
        effect satisfies never;
    }
  }

  /** Signatures, validity and cancels with the trust held now. */
  async #start(key: AssignmentKey): Promise<void> {
    const manifest = this.manifest(key);
    if (this.nowMs < manifest.notBeforeMs)
      await this.dispatch(key, { type: "startRefused", code: "NOT_YET_VALID", detail: null });
    else if (this.nowMs >= manifest.expMs)
      await this.dispatch(key, { type: "startRefused", code: "EXPIRED", detail: null });
    else if (this.env.faults.active && this.env.random.chance(0.1))
      await this.dispatch(key, { type: "wait", reason: "admission" });
    else await this.dispatch(key, { type: "start" });
  }

  manifest(key: AssignmentKey): SimManifest {
    const manifest = this.manifests.get(key.manifest);
    if (!manifest) throw new Error(`no manifest ${key.manifest}`);
    return manifest;
  }

  /** A timer waits on the steady clock; the wall may have jumped when it fires, and the core looks again. */
  #arm({ key, timer, atMs }: Extract<Effect, { type: "armTimer" }>): void {
    const name = `${keyText(key)} ${timer.kind} ${"device" in timer ? timer.device : ""}`;
    if (this.#timers.get(name) === atMs) return;
    this.#timers.set(name, atMs);
    this.later(Math.max(1, atMs - this.nowMs), `timer ${timer.kind}`, async () => {
      if (this.#timers.get(name) !== atMs) return;
      this.#timers.delete(name);
      await this.dispatch(key, { type: "timer", timer });
    });
  }

  /** Effects are hints and wall clocks jump: what should be going on is said again now and then. */
  async #sweep(): Promise<void> {
    this.later(SWEEP_MS, "sweep", () => this.#sweep());
    for (const { manifest, attempt } of await this.store.read((tx) => unsettled(tx, 1_000))) {
      await this.dispatch({ manifest, attempt }, { type: "resume" });
    }
    this.#pull();
    this.kick();
  }

  async #connect(): Promise<void> {
    if (this.#session !== null) return;
    this.#session = this.#network.connect(this.id);
    if (this.#session === null) {
      this.later(this.env.random.integer(500, 5_000), "connect", () => this.#connect());
      return;
    }
    const session = this.#session;
    this.send({ kind: "hello", header: await this.#hello() });
    this.later(8_000, "welcome is due", async () => {
      if (this.#session === session && !this.#welcomed) this.#network.cut(this.id);
    });
  }

  async #hello(): Promise<Extract<Up, { kind: "hello" }>["header"]> {
    return this.store.read(async (tx) => ({
      agent: this.id,
      nonce: "n",
      signature: "s",
      version: 1,
      software: "simulated",
      epoch: this.epoch,
      sequence: await sequenceHighWater(tx),
      lanes: (await laneMarks(tx)).map(({ lane, first, next }) => ({ lane, first, next })),
      clock: { wallMs: this.nowMs, quality: "synced" as const },
      trust: { root: 1, timestamp: 1, snapshot: 1, targets: 1 },
      keysVersion: 1,
      platforms: {},
      assignments: await unsettled(tx, 2_000),
    }));
  }

  async linkLost(): Promise<void> {
    await this.perform("link lost", async () => {
      this.#session = null;
      this.#welcomed = false;
      this.#nonces = [];
      this.later(this.env.random.integer(100, 4_000), "connect", () => this.#connect());
    });
  }

  async receive(session: number, message: Down): Promise<void> {
    await this.perform(`gets ${message.kind}`, async () => {
      if (session !== this.#session) return;
      if (message.kind === "welcome") await this.#onWelcome(message.lanes);
      else if (this.#welcomed) await this.#onMessage(session, message);
    });
  }

  async #onWelcome(lanes: readonly LaneAck[]): Promise<void> {
    await this.#takeMarks(lanes);
    this.#sender.reset();
    this.#welcomed = true;
    this.#pull();
    this.kick();
  }

  async #onMessage(session: number, message: Exclude<Down, { kind: "welcome" }>): Promise<void> {
    switch (message.kind) {
      case "offer":
        this.later(this.env.random.integer(1, 60), "offer verified", () => this.#onOffer(session, message));
        return;
      case "cancel":
        return this.#onCancel(message);
      case "ack":
        await this.#takeMarks([message]);
        this.kick();
        return;
      case "wake":
        this.#pull();
        return;
      case "settled":
        await this.dispatch({ manifest: message.manifest, attempt: message.attempt }, { type: "settled" });
        return;
      default:
        message satisfies never;
    }
  }

  async #takeMarks(lanes: readonly LaneAck[]): Promise<void> {
    const ours = lanes.filter((one) => one.epoch === this.epoch);
    await this.store.tx("agent.marks", async (tx) => {
      for (const { lane, acked, released } of ours) await takeMarks(tx, lane, { acked, released });
    });
  }

  async #onCancel({ manifest, attempt, generation, reason }: Extract<Down, { kind: "cancel" }>): Promise<void> {
    const key = { manifest, attempt };
    const forgets = this.env.is("forget-cancel-tombstone") && !(await this.store.read((tx) => isHeld(tx, key)));
    if (forgets) await this.#act({ type: "sendCanceled", key, generation, state: "CANCELED" });
    else await this.dispatch(key, { type: "cancel", generation, reason });
  }

  #pull(): void {
    if (!this.#welcomed) return;
    const nonce = sha256(`${this.env.random.next()}`).slice(0, 12);
    this.#nonces = [...this.#nonces, nonce].slice(-NONCES_KEPT);
    this.later(1, "pull", async () => {
      const open = await this.store.read((tx) => openCount(tx));
      if (open < CAPACITY) this.send({ kind: "pull", nonce, capacity: CAPACITY - open });
    });
  }

  async #onOffer(session: number, offer: Offer): Promise<void> {
    // Verification takes its time. A sync in between may have told the hub that this was never seen: then it must not count.
    if (session !== this.#session || !offer.valid || offer.agent !== this.id || !this.#nonces.includes(offer.nonce))
      return;
    this.#ledger.offerTaken(this, offer);
    const key = { manifest: offer.manifest, attempt: offer.attempt };
    const manifest = this.manifest(key);
    const authority = { kind: "warrant" as const, sha256: sha256(manifest.job) };
    const work: OfferedWork = { sequence: offer.sequence, fence: offer.fence, authority };
    if (this.env.is("accept-before-commit")) {
      this.send({ kind: "accept", ...key, sequence: offer.sequence });
    }
    try {
      await this.#admit(key, work, manifest);
    } catch (error) {
      if (!(error instanceof FarhandError) || errorCode(error) !== "FENCE") throw error;
      await this.#take(key, { type: "refused", work, code: "FENCE", detail: null }, (tx) =>
        takeSequence(tx, work.sequence),
      );
    }
  }

  #admit(key: AssignmentKey, work: OfferedWork, manifest: SimManifest): Promise<void> {
    const { job, notBeforeMs, expMs, deadlines, devices, kind } = manifest;
    const offered = { ...work, job, signers: [], notBeforeMs, expMs, deadlines, devices };
    return this.#take(key, { type: "offered", work: offered }, async (tx) => {
      await takeSequence(tx, work.sequence);
      if (kind === "change") await checkFence(tx, work.fence, devices);
    });
  }

  async #take(key: AssignmentKey, event: Event, check: (tx: Tx) => Promise<void>): Promise<void> {
    const { after, effects } = await this.store.tx(`agent.${event.type}`, async (tx) => {
      const forgetful = this.env.is("no-inbox-dedup");
      // A second offer of what is held takes no number: it gets the stored answer.
      if (!(await isHeld(tx, key))) await check(tx);
      const before = forgetful ? emptyAggregate(key) : await loadAggregate(tx, key);
      const decision = decide(before, event, this.nowMs, this.random);
      await saveRows(tx, decision.rows);
      return { after: applyRows(before, decision.rows), effects: decision.effects };
    });
    this.#settle(after, effects);
  }
}
