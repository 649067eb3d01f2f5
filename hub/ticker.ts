import type { Clock, TimerHandle } from "../shared/clock.ts";
import { errorCode } from "../shared/errors.ts";
import type { Random } from "./core/model.ts";
import type { EffectSink } from "./effects.ts";
import { decideAssignmentIn, tickJob, type At } from "./ingest/decide.ts";
import type { Pump } from "./ingest/pump.ts";
import { darkAgents, moveContact } from "./links/contact.ts";
import { withdrawFromBanned } from "./links/withdraw.ts";
import type { Links } from "./links/registry.ts";
import { tellEndings } from "./endings.ts";
import type { Log } from "./log.ts";
import { listContacts } from "./store/agents.ts";
import { agentsWithOffers, openAssignmentsOf, overdueAssignments } from "./store/assignments.ts";
import { dropStaleUploads } from "./store/blobs.ts";
import { unendedJobs } from "./store/jobs.ts";
import { pruneWatchEvents } from "./store/watch.ts";
import type { TrustHolder } from "./trust.ts";
import type { Store } from "../shared/store.ts";

const TICK_MS = 1_000;
const OVERDUE_AT_ONCE = 500;
/** In ticks: what need not be looked at every second. */
const CANCELS_EVERY = 10;
const CONTACTS_EVERY = 10;
const HOUSEKEEPING_EVERY = 600;
const TIMESTAMP_EVERY = 60;
const ENDINGS_EVERY = 3_600;

export interface TickerDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly trust: TrustHolder;
  readonly links: Links;
  readonly pump: Pump;
  readonly effects: EffectSink;
  readonly log: Log;
}

/** The one owner of everything that time moves in the hub's rows, and the one who asks again for effects that were lost. */
export class Ticker {
  readonly #deps: TickerDeps;
  #timer: TimerHandle | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;
  #count = 0;

  constructor(deps: TickerDeps) {
    this.#deps = deps;
  }

  start(): void {
    if (this.#stopped) return;
    // The next one begins a second after this one has ended: a slow tick never meets itself.
    this.#timer = this.#deps.clock.after(TICK_MS, () => {
      this.#running = this.tick().finally(() => this.start());
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.clear();
    await this.#running;
  }

  async tick(): Promise<void> {
    const count = this.#count++;
    await this.#step("jobs", () => this.#jobs());
    await this.#step("overdue", () => this.#overdue());
    await this.#step("offers", () => this.#offers());
    if (count % CANCELS_EVERY === 0) await this.#step("cancels", () => this.#cancels());
    if (count % CONTACTS_EVERY === 0) await this.#step("banned", () => withdrawFromBanned(this.#deps));
    if (count % CONTACTS_EVERY === 0) await this.#step("contacts", () => this.#contacts());
    if (count % TIMESTAMP_EVERY === 0) await this.#step("timestamp", () => this.#deps.trust.refresh());
    if (count % ENDINGS_EVERY === 0) await this.#step("endings", () => tellEndings(this.#deps));
    if (count % HOUSEKEEPING_EVERY === 0) await this.#step("housekeeping", () => this.#housekeeping());
    this.#deps.pump.kick();
  }

  /** One that fails does not keep the others from their turn. */
  async #step(what: string, fn: () => Promise<void>): Promise<void> {
    if (this.#stopped) return;
    try {
      await fn();
    } catch (error) {
      this.#deps.log.error("tick", { what, code: errorCode(error), detail: String(error).slice(0, 500) });
    }
  }

  get #at(): At {
    return { nowMs: this.#deps.clock.nowMs(), random: this.#deps.random };
  }

  async #jobs(): Promise<void> {
    const { store, effects } = this.#deps;
    for (const job of await unendedJobs(store)) {
      if (this.#stopped) return;
      effects.perform(await tickJob(store, job, { type: "tick" }, this.#at));
    }
  }

  async #overdue(): Promise<void> {
    const { store, effects } = this.#deps;
    const keys = await store.read((tx) => overdueAssignments(tx, this.#at.nowMs, OVERDUE_AT_ONCE));
    await Promise.all(
      keys.map(async (key) => {
        const decided = await store.tx("tick.overdue", (tx) =>
          decideAssignmentIn(tx, key, [{ type: "expiredTick" }], this.#at),
        );
        effects.perform(decided?.effects ?? []);
      }),
    );
    if (keys.length > 0) effects.moved();
  }

  async #offers(): Promise<void> {
    const { store, links } = this.#deps;
    const agents = await store.read((tx) => agentsWithOffers(tx));
    for (const agent of agents) links.wakeAgain(agent);
  }

  async #cancels(): Promise<void> {
    const { store, links } = this.#deps;
    for (const agent of links.agents) {
      const open = await store.read((tx) => openAssignmentsOf(tx, agent));
      for (const { identity, standing } of open) {
        if (standing.cancel) links.perform({ type: "sendCancel", key: identity.key, agent });
      }
    }
  }

  async #contacts(): Promise<void> {
    const { store, trust, links, effects } = this.#deps;
    const { nowMs } = this.#at;
    const dark = new Set(await darkAgents(store, nowMs));
    for (const { agent: id, contact, lastSeenMs } of await listContacts(store)) {
      const entry = trust.agent(id);
      if (!entry) continue;
      // A link that ended while its hello was being stored left no one to say so.
      if (contact === "LIVE" && !links.isLive(id) && nowMs - (lastSeenMs ?? 0) > TICK_MS * CONTACTS_EVERY) {
        await moveContact(store, entry, "LAPSED", null, nowMs);
      } else if (dark.has(id)) await moveContact(store, entry, "DARK", null, nowMs);
      else continue;
      effects.moved();
    }
  }

  async #housekeeping(): Promise<void> {
    const { store } = this.#deps;
    await pruneWatchEvents(store);
    await dropStaleUploads(store, this.#at.nowMs);
  }
}
