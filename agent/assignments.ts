import type { Clock, TimerHandle } from "../shared/clock.ts";
import type { Store, Tx } from "../shared/store.ts";
import { assignmentEnded } from "./core/draft.ts";
import { decide } from "./core/decide.ts";
import {
  applyRows,
  type Aggregate,
  type AssignmentKey,
  type Effect,
  type Event,
  type Row,
  type Timer,
} from "./core/model.ts";
import { raiseStateCounter } from "./journal/life.ts";
import { loadAggregate, saveRows, unsettled } from "./journal/assignments.ts";

export interface AssignmentsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: () => number;
  /** Performs every effect but timers, which are owned here. */
  readonly perform: (effect: Exclude<Effect, { type: "armTimer" }>) => void;
  /** Rows were committed: there may be something in the outbox, a state may have changed. */
  readonly committed: (before: Aggregate, after: Aggregate, rows: readonly Row[]) => void;
  readonly onError: (error: unknown, key: AssignmentKey) => void;
}

const timerId = (key: AssignmentKey, timer: Timer): string =>
  `${key.manifest}/${key.attempt}/${timer.kind}${timer.kind === "probe" ? `/${timer.device}` : ""}`;

/** What a state that went back must not have forgotten: work that was taken, started or ended, and a device that was changed. */
export const isRemembered = (row: Row): boolean =>
  row.type === "assignment" || row.type === "cancel" || (row.type === "task" && row.task.applies > 0);

/** Timers longer than this are armed in stages: setTimeout cannot hold more. */
const TIMER_STAGE_MS = 24 * 3_600_000;
const OPEN_MAX = 2_000;

/** The shell around the core: load, decide, save in one transaction; effects after it. */
export class Assignments {
  readonly #options: AssignmentsOptions;
  readonly #timers = new Map<string, TimerHandle>();
  #closed = false;

  constructor(options: AssignmentsOptions) {
    this.#options = options;
  }

  /**
   * `before` and `with` run in the same transaction: what must hold for the event to be decided at all, and what is stored
   * with it. `label` names the boundary in fault tests.
   */
  async dispatch(
    key: AssignmentKey,
    event: Event,
    label: string = event.type,
    also: { before?: (tx: Tx) => Promise<void>; after?: (tx: Tx, rows: readonly Row[]) => Promise<void> } = {},
  ): Promise<Aggregate> {
    const { store, clock, random, perform, committed } = this.#options;
    const outcome = await store.tx(label, async (tx) => {
      await also.before?.(tx);
      const aggregate = await loadAggregate(tx, key);
      const { rows, effects } = decide(aggregate, event, clock.nowMs(), random);
      await saveRows(tx, rows);
      if (rows.some(isRemembered)) await raiseStateCounter(tx);
      await also.after?.(tx, rows);
      return { aggregate, rows, effects };
    });
    const after = applyRows(outcome.aggregate, outcome.rows);
    if (this.#closed) return after;
    committed(outcome.aggregate, after, outcome.rows);
    for (const effect of outcome.effects) {
      if (effect.type === "armTimer") this.#arm(effect.key, effect.timer, effect.atMs);
      else perform(effect);
    }
    if (after.assignment && assignmentEnded(after.assignment)) this.#disarmAll(key);
    return after;
  }

  /** Says an event to every assignment that the hub may not know the end of. */
  async tellAll(event: Extract<Event, { type: "restarted" | "resume" | "rolledBack" }>): Promise<void> {
    const open = await this.#options.store.read((tx) => unsettled(tx, OPEN_MAX));
    for (const key of open) await this.dispatch({ manifest: key.manifest, attempt: key.attempt }, event);
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers.values()) timer.clear();
    this.#timers.clear();
  }

  #arm(key: AssignmentKey, timer: Timer, atMs: number): void {
    const id = timerId(key, timer);
    this.#timers.get(id)?.clear();
    const { clock } = this.#options;
    const delayMs = Math.max(0, atMs - clock.nowMs());
    const handle = clock.after(Math.min(delayMs, TIMER_STAGE_MS), () => {
      this.#timers.delete(id);
      if (delayMs > TIMER_STAGE_MS) this.#arm(key, timer, atMs);
      else
        this.dispatch(key, { type: "timer", timer }, `timer:${timer.kind}`).catch((error: unknown) =>
          this.#options.onError(error, key),
        );
    });
    this.#timers.set(id, handle);
  }

  #disarmAll(key: AssignmentKey): void {
    const prefix = `${key.manifest}/${key.attempt}/`;
    for (const [id, timer] of this.#timers) {
      if (!id.startsWith(prefix)) continue;
      timer.clear();
      this.#timers.delete(id);
    }
  }
}
