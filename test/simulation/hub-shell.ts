import { errorCode, FarhandError } from "../../shared/errors.ts";
import type { AgentId, JobId } from "../../shared/ids.ts";
import type { Clock } from "../../shared/clock.ts";
import { assignmentMoves, isTerminal } from "../../shared/states.ts";
import { decodeRecords } from "../../shared/wire/frame.ts";
import type { AssignmentEvent } from "../../hub/core/assignment-model.ts";
import type { JobEvent } from "../../hub/core/job.ts";
import type { AssignmentKey } from "../../hub/core/model.ts";
import type { HubEffect } from "../../hub/effects.ts";
import { decideAssignmentIn, decideJobIn, decideLoadedIn, tickJob, type At } from "../../hub/ingest/decide.ts";
import { ingestEvents, type Ack } from "../../hub/ingest/ingest.ts";
import { syncWith } from "../../hub/links/sync.ts";
import {
  addAssignment,
  agentsWithOffers,
  loadAssignment,
  openAssignmentsOf,
  overdueAssignments,
  servableTo,
} from "../../hub/store/assignments.ts";
import { BlobCipher } from "../../hub/store/cipher.ts";
import { nextFence, nextJobNumber, nextSequence } from "../../hub/store/counters.ts";
import { addJob, findJob, unendedJobs } from "../../hub/store/jobs.ts";
import { migrations } from "../../hub/store/open.ts";
import { addRecords, advanceStream, loadStream } from "../../hub/store/streams.ts";
import type { Environment } from "./environment.ts";
import type { Identities } from "./identities.ts";
import type { Ledger } from "./ledger.ts";
import type { HubEnd, Network, Up } from "./network.ts";
import { SimProcess } from "./process.ts";
import { SteadyPump } from "./steady-pump.ts";
import { keyText, type SimJob, type SimManifest } from "./workload.ts";

const SWEEP_MS = 10_000;

interface Session {
  readonly id: number;
  ready: boolean;
  readonly served: Set<string>;
}

/** The hub's shell in small. What stands in hub/ingest and hub/links/sync.ts is used as it is. */
export class HubShell extends SimProcess implements HubEnd {
  readonly #network: Network;
  readonly #ledger: Ledger;
  readonly #identities: Identities;
  readonly #cipher = new BlobCipher(new Uint8Array(32));
  readonly #clock: Clock;
  /** All below is memory, and goes with the process. */
  #sessions = new Map<AgentId, Session>();
  #pump: SteadyPump;
  #pumpSoon = false;

  constructor(env: Environment, network: Network, ledger: Ledger, identities: Identities) {
    super(env, "hub", "hub", migrations);
    this.#network = network;
    this.#ledger = ledger;
    this.#identities = identities;
    const nope = (): never => {
      throw new Error("no timers here");
    };
    this.#clock = { nowMs: () => this.nowMs, monotonicMs: () => env.queue.nowMs, after: nope, sleep: nope };
    this.#pump = this.#newPump();
    network.attachHub(this);
  }

  #newPump(): SteadyPump {
    return new SteadyPump({
      store: this.store,
      cipher: this.#cipher,
      clock: this.#clock,
      random: () => this.env.random.next(),
      agent: (id) => this.#identities.entry(id),
      effects: { perform: (effects) => this.#perform(effects), moved: () => undefined },
      onFault: () => undefined,
    });
  }

  get #at(): At {
    return { nowMs: this.nowMs, random: () => this.env.random.next() };
  }

  protected onDeath(): void {
    this.#network.cutAll();
    this.#sessions = new Map();
    this.#pump = this.#newPump();
    this.#pumpSoon = false;
  }

  protected onCommitted(): void {
    this.#ledger.hubCommitted();
  }

  protected async onStart(): Promise<void> {
    this.#kickPump();
    this.later(SWEEP_MS, "sweep", () => this.#sweep());
  }

  /** Effects are hints: some are lost, and the sweep and the next hello make them again. */
  #perform(effects: readonly HubEffect[]): void {
    this.#kickPump();
    for (const effect of effects) {
      if (effect.type === "sendOffer" || effect.type === "compose" || this.env.faults.fires("effect dropped")) continue;
      this.later(this.env.random.integer(0, 30), effect.type, () => this.#act(effect));
    }
  }

  async #act(effect: Exclude<HubEffect, { type: "compose" | "sendOffer" }>): Promise<void> {
    // Nobody sends secrets here.
    if (effect.type === "sendCredentials") return;
    const session = this.#sessions.get(effect.agent);
    if (!session?.ready) return;
    switch (effect.type) {
      case "wake":
        this.#network.down(effect.agent, session.id, { kind: "wake" });
        return;
      case "sendCancel": {
        const held = await this.store.read((tx) => loadAssignment(tx, effect.key));
        if (!held?.standing.cancel) return;
        this.#network.down(effect.agent, session.id, { kind: "cancel", ...effect.key, ...held.standing.cancel });
        return;
      }
      case "sendSettled":
        this.#network.down(effect.agent, session.id, { kind: "settled", ...effect.key });
        return;
      default:
        effect satisfies never;
    }
  }

  async dispatch(label: string, key: AssignmentKey, event: AssignmentEvent): Promise<void> {
    const decided = await this.store.tx(`hub.${label}`, (tx) => decideAssignmentIn(tx, key, [event], this.#at));
    this.#perform(decided?.effects ?? []);
  }

  #kickPump(): void {
    if (this.#pumpSoon) return;
    this.#pumpSoon = true;
    this.later(this.env.random.integer(1, 100), "pump", async () => {
      this.#pumpSoon = false;
      await this.#pump.idle();
    });
  }

  async #sweep(): Promise<void> {
    this.later(SWEEP_MS, "sweep", () => this.#sweep());
    for (const job of await unendedJobs(this.store))
      this.#perform(await tickJob(this.store, job, { type: "tick" }, this.#at));
    const overdue = await this.store.read((tx) => overdueAssignments(tx, this.nowMs, 100));
    for (const key of overdue) await this.dispatch("expire", key, { type: "expiredTick" });
    for (const agent of await this.store.read((tx) => agentsWithOffers(tx))) this.#perform([{ type: "wake", agent }]);
    for (const agent of this.#sessions.keys()) {
      const open = await this.store.read((tx) => openAssignmentsOf(tx, agent));
      for (const { identity, standing } of open) {
        if (standing.cancel) this.#perform([{ type: "sendCancel", key: identity.key, agent }]);
      }
    }
    this.#kickPump();
  }

  /** A person's request, repeated by the person's tool until it is on disk. */
  submit(job: SimJob): void {
    this.#insist(`submit ${job.id}`, async () => {
      const effects = await this.store.tx("hub.submit", async (tx) => {
        if (await findJob(tx, job.id)) return [];
        await addJob(tx, { ...describe(job), number: await nextJobNumber(tx) }, this.nowMs);
        for (const manifest of job.manifests) {
          const tasks = manifest.devices.map((device) => ({ device, planned: null }));
          await addAssignment(tx, identityOf(manifest), manifest.position, tasks);
        }
        return decideJobIn(
          tx,
          job.id,
          job.kind === "change" ? { type: "composed" } : { type: "submitted", route: "grant" },
          this.#at,
        );
      });
      this.#perform(effects);
    });
  }

  tell(job: JobId, event: JobEvent): void {
    this.#insist(`${event.type} ${job}`, async () => {
      if (!(await this.store.read((tx) => findJob(tx, job)))) throw new FarhandError("NOT_FOUND");
      this.#perform(await this.store.tx(`hub.${event.type}`, (tx) => decideJobIn(tx, job, event, this.#at)));
    });
  }

  #insist(what: string, fn: () => Promise<void>): void {
    let done = false;
    const attempt = async (): Promise<void> => {
      if (done) return;
      this.env.queue.at(3_000, attempt);
      if (!this.up) return;
      await this.perform(what, async () => {
        try {
          await fn();
          done = true;
        } catch (error) {
          if (errorCode(error) !== "NOT_FOUND") throw error;
        }
      });
    };
    this.env.queue.at(0, attempt);
  }

  async receive(agent: AgentId, session: number, message: Up): Promise<void> {
    await this.perform(`gets ${message.kind} of ${agent}`, async () => {
      if (message.kind === "hello") return this.#onHello(agent, session, message.header);
      const held = this.#sessions.get(agent);
      if (held?.id === session && held.ready) await this.#onMessage(agent, held, message);
    });
  }

  async #onHello(agent: AgentId, id: number, header: Extract<Up, { kind: "hello" }>["header"]): Promise<void> {
    // A broker may deliver it twice.
    if ((this.#sessions.get(agent)?.id ?? 0) >= id) return;
    const session: Session = { id, ready: false, served: new Set() };
    this.#sessions.set(agent, session);
    const deps = { store: this.store, clock: this.#clock, random: () => this.env.random.next(), pump: this.#pump };
    const { lanes, effects } = await syncWith(deps, agent, header);
    session.ready = true;
    const wrong = this.env.is("released-before-committed");
    const marks = lanes.map((ack) => {
      const next = header.lanes.find((one) => one.lane === ack.lane)?.next ?? 1;
      return wrong ? { ...ack, acked: next - 1, released: next - 1 } : ack;
    });
    this.#network.down(agent, id, { kind: "welcome", lanes: marks });
    this.#perform(effects);
  }

  async #onMessage(agent: AgentId, session: Session, message: Exclude<Up, { kind: "hello" }>): Promise<void> {
    if (message.kind === "pull") return this.#onPull(agent, session, message);
    if (message.kind === "events") return this.#onEvents(agent, session, message);
    const { manifest, attempt } = message;
    const key = { manifest, attempt };
    if (message.kind === "accept") return this.dispatch("accept", key, { type: "accepted" });
    if (message.kind === "reject")
      return this.dispatch("reject", key, { type: "rejected", code: message.code, detail: message.detail });
    // An end other than CANCELED is told by the records, after its tasks' ends; CANCELED may have no record: a tombstone has no row.
    const early = message.state !== "CANCELED" && isTerminal(assignmentMoves, message.state);
    const word = { type: "assignment" as const, state: message.state, code: null, reason: null };
    return this.dispatch("canceled", key, early ? { type: "accepted" } : word);
  }

  async #onEvents(agent: AgentId, session: Session, { header, body }: Extract<Up, { kind: "events" }>): Promise<void> {
    const { epoch, lane, last } = header;
    const answer = (ack: Ack) => this.#network.down(agent, session.id, { kind: "ack", ...ack });
    if (this.env.is("ack-before-commit")) answer({ epoch, lane, acked: last, released: last });
    if (this.env.is("accept-gaps")) return answer(await this.#takeAnything(agent, header, body));
    const { ack, pump } = await ingestEvents(
      { store: this.store, cipher: this.#cipher },
      agent,
      header,
      body,
      this.nowMs,
    );
    answer(ack);
    if (pump) this.#kickPump();
  }

  /** The mutant that stores what came and takes the end of it for its mark. */
  async #takeAnything(
    agent: AgentId,
    header: Extract<Up, { kind: "events" }>["header"],
    body: Uint8Array,
  ): Promise<Ack> {
    const { epoch, lane, first, last } = header;
    return this.store.tx("ingest", async (tx) => {
      const stream = await loadStream(tx, agent, epoch, lane);
      const acked = Math.max(stream.aggregate.acked, last);
      for (const [index, record] of decodeRecords(body, 100).entries()) {
        if (first + index <= stream.aggregate.acked) continue;
        await addRecords(tx, [
          {
            stream: stream.id,
            sequence: first + index,
            type: "metric",
            header: JSON.stringify(record.header),
            nowMs: this.nowMs,
          },
        ]);
      }
      await advanceStream(tx, stream.id, acked, acked);
      return { epoch, lane, acked, released: acked };
    });
  }

  /** What was served in this session is not served again; in the next one it is, with its numbers kept. */
  async #onPull(agent: AgentId, session: Session, pull: Extract<Up, { kind: "pull" }>): Promise<void> {
    let room = pull.capacity;
    for (const key of await this.store.read((tx) => servableTo(tx, agent, 100))) {
      if (room <= 0) return;
      // A broker may lose what was served: some sessions hear it twice.
      if (session.served.has(keyText(key)) && this.env.random.chance(0.7)) continue;
      session.served.add(keyText(key));
      room--;
      await this.#serve(agent, session, key, pull.nonce);
    }
  }

  async #serve(agent: AgentId, session: Session, key: AssignmentKey, nonce: string): Promise<void> {
    const offer = (sequence: number, fence: number): void => {
      this.#ledger.offerServed(key);
      this.#network.down(agent, session.id, {
        kind: "offer",
        ...key,
        agent,
        sequence,
        fence,
        nonce,
        valid: true,
        forged: false,
      });
    };
    const decided = await this.store.tx("hub.deliver", async (tx) => {
      const held = await loadAssignment(tx, key);
      if (!held) return undefined;
      const isFirst =
        held.standing.state === "OFFERED" && held.standing.sequence === null && held.identity.expMs > this.nowMs;
      const sequence = isFirst ? await nextSequence(tx, agent) : 0;
      const fence = isFirst ? await nextFence(tx) : 0;
      if (isFirst && this.env.is("serve-before-delivered")) offer(sequence, fence);
      return decideLoadedIn(tx, held, [{ type: "served", sequence, fence }], this.#at);
    });
    if (!decided) return;
    const { sequence, fence } = decided.aggregate.standing;
    if (decided.effects.some((effect) => effect.type === "sendOffer") && sequence !== null && fence !== null)
      offer(sequence, fence);
    this.#perform(decided.effects);
  }
}

function identityOf({ digest, job, agent, site, wave, expMs }: SimManifest) {
  return { key: { manifest: digest, attempt: 1 }, job, purpose: "work" as const, agent, site, wave, expMs };
}

function describe(job: SimJob) {
  return {
    id: job.id,
    kind: job.kind,
    title: job.id,
    reason: "simulated",
    author: null,
    risk: job.kind === "change" ? ("change" as const) : ("read" as const),
    authority: job.kind === "change" ? ("warrant" as const) : ("grant" as const),
    grantId: null,
    authoritySha256: null,
    signers: [],
    signersNeeded: 2,
    request: "{}",
    devices: job.manifests.reduce((sum, manifest) => sum + manifest.devices.length, 0),
    notBeforeMs: job.notBeforeMs,
    expMs: job.expMs,
    waves: job.waves,
  };
}
