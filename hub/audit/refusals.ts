import type { Clock, TimerHandle } from "../../shared/clock.ts";
import { errorCode, type ErrorCode } from "../../shared/errors.ts";
import type { Store } from "../../shared/store.ts";
import type { Log } from "../log.ts";
import { audit, type AuditNote } from "../store/audit.ts";

const WINDOW_MS = 1_000;
const WINDOW_MS_MAX = 60_000;
/** Different refusals that are being counted; one who makes up more of them is counted as such. */
const KINDS_MAX = 256;
/** One who comes back within this is not new. */
const IDLE_MS = 60_000;
const EXAMPLES_MAX = 5;

export interface Refusal {
  readonly actor: string;
  readonly action: string;
  readonly object: string;
  readonly code: ErrorCode;
  readonly detail?: string;
}

interface Counted {
  readonly first: Refusal;
  windowMs: number;
  /** Nothing came in the last window: the next one is written at once, and opens a longer window. */
  isIdle: boolean;
  count: number;
  /** What they were about, some of it: one who is not known yet chooses the names himself. */
  readonly examples: Set<string>;
}

/**
 * Refusals, each in the log, and none able to fill it: the first of a kind is written before the refusal is answered, the ones
 * that follow within a second are one entry with their number, and one who goes on is summed up ever more seldom, at last once a
 * minute. What is not written in a process that dies is a number, never a kind.
 */
export class Refusals {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #kinds = new Map<string, Counted>();
  readonly #timers = new Map<string, TimerHandle>();
  readonly #writing = new Set<Promise<void>>();

  constructor(store: Store, clock: Clock, log: Log) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  /** Resolves when the log holds it, or counts it. Never throws: a refusal stays one even when it cannot be written. */
  async refused(refusal: Refusal): Promise<void> {
    const kind = `${refusal.actor} ${refusal.action} ${refusal.code}`;
    const known = this.#kinds.get(kind);
    if (known) return known.isIdle ? this.#again(kind, known, refusal) : count(known, refusal);
    if (this.#kinds.size < KINDS_MAX) return this.#first(kind, refusal);
    const others: Refusal = { ...refusal, actor: "anyone", action: "refused.many", object: "-" };
    const many = this.#kinds.get("many");
    if (!many) return this.#first("many", others);
    return many.isIdle ? this.#again("many", many, others) : count(many, refusal);
  }

  /** Writes what was counted so far. */
  async stop(): Promise<void> {
    for (const timer of this.#timers.values()) timer.clear();
    this.#timers.clear();
    await Promise.all([...this.#kinds.keys()].map((kind) => this.#sum(kind)));
    await Promise.all(this.#writing);
  }

  async #first(kind: string, first: Refusal): Promise<void> {
    const counted: Counted = { first, windowMs: WINDOW_MS, isIdle: false, count: 0, examples: new Set() };
    this.#kinds.set(kind, counted);
    this.#later(kind, counted.windowMs);
    await this.#write({ ...first, decision: "refused" });
  }

  async #again(kind: string, counted: Counted, refusal: Refusal): Promise<void> {
    this.#timers.get(kind)?.clear();
    counted.isIdle = false;
    counted.windowMs = Math.min(WINDOW_MS_MAX, 2 * counted.windowMs);
    this.#later(kind, counted.windowMs);
    await this.#write({ ...refusal, decision: "refused" });
  }

  #later(kind: string, delayMs: number): void {
    const timer = this.#clock.after(delayMs, () => {
      const summed = this.#sum(kind).finally(() => this.#writing.delete(summed));
      this.#writing.add(summed);
    });
    this.#timers.set(kind, timer);
  }

  async #sum(kind: string): Promise<void> {
    const counted = this.#kinds.get(kind);
    if (!counted) return;
    const { first, windowMs, count: number, examples } = counted;
    const isOpen = this.#timers.has(kind);
    if (number === 0 && counted.isIdle) {
      this.#kinds.delete(kind);
      this.#timers.delete(kind);
      return;
    }
    counted.isIdle = number === 0;
    if (counted.isIdle) {
      if (isOpen) this.#later(kind, IDLE_MS);
      return;
    }
    const detail = `${number} more within ${windowMs / 1000} s: ${[...examples].join(", ")}`;
    counted.count = 0;
    counted.examples.clear();
    counted.windowMs = Math.min(WINDOW_MS_MAX, 2 * windowMs);
    if (isOpen) this.#later(kind, counted.windowMs);
    await this.#write({ ...first, decision: "refused", count: number, detail });
  }

  async #write(note: AuditNote): Promise<void> {
    try {
      await this.#store.tx("refused", (tx) => audit(tx, this.#clock.nowMs(), note));
    } catch (error) {
      const { actor, action, code } = note;
      this.#log.error("audit", {
        what: "a refusal is not in the audit log",
        actor,
        action,
        refused: code,
        code: errorCode(error),
      });
    }
  }
}

function count(counted: Counted, { object }: Refusal): void {
  counted.count++;
  if (counted.examples.size < EXAMPLES_MAX) counted.examples.add(object.slice(0, 120));
}
