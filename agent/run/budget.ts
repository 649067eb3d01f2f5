import type { Clock } from "../../shared/clock.ts";
import { FarhandError } from "../../shared/errors.ts";

/** What one box takes of this agent: logins at one time, and connections within a minute. */
export interface BoxLimits {
  readonly sessions: number;
  readonly connectsPerMinute: number;
}

export interface Want {
  /** Connections that it makes; 1 without it. More than the limit count as the limit. */
  readonly connects?: number;
  readonly limits: BoxLimits;
  /** Longest wait in milliseconds: SESSIONS_FULL after it. */
  readonly withinMs: number;
  /**
   * Goes on with what has begun there: before all who only begin, and with as many connections again within the minute. A device whose
   * timer runs undoes a change that waits its turn.
   */
  readonly goesOn?: boolean;
  readonly signal: AbortSignal;
}

interface Waiter {
  readonly limits: BoxLimits;
  readonly connects: number;
  readonly goesOn: boolean;
  grant(): void;
}

interface Box {
  open: number;
  /** When connections were made, on the monotonic clock, oldest first; none older than a minute is kept. */
  connected: number[];
  /** When sessions were given back, likewise: a box frees a line a moment after it was left, and refuses who comes in between. */
  left: number[];
  readonly waiting: Waiter[];
  timer: { clear(): void } | undefined;
}

/** What is not named is not narrowed. */
export type Narrowed = { readonly [K in keyof BoxLimits]?: number | undefined };

const MINUTE_MS = 60_000;
const FREED_AFTER_MS = 500;
/** Left for people, whatever the agent has to do. */
const FOR_PEOPLE = 2;
const UNKNOWN: BoxLimits = { sessions: 5, connectsPerMinute: 60 };

/** What a platform takes, less what is left for people, narrowed by the owner of the site. What is not known is taken for little. */
export function budgetOf(platform: BoxLimits | undefined, narrowed: Narrowed | undefined): BoxLimits {
  const { sessions, connectsPerMinute } = platform ?? UNKNOWN;
  return {
    sessions: Math.min(Math.max(1, sessions - FOR_PEOPLE), narrowed?.sessions ?? Number.POSITIVE_INFINITY),
    connectsPerMinute: Math.min(connectsPerMinute, narrowed?.connectsPerMinute ?? Number.POSITIVE_INFINITY),
  };
}

/**
 * Everything that this agent opens on one box, whichever task, job or context of it asks: so many sessions at once, so many connections a
 * minute, in the order in which they were asked for; what has begun on it goes before what has not.
 */
export class BoxBudget {
  readonly #clock: Clock;
  readonly #boxes = new Map<string, Box>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves with what gives the session back; calling that again does nothing. SESSIONS_FULL, or the signal's reason. */
  async acquire(box: string, { connects = 1, limits, withinMs, goesOn = false, signal }: Want): Promise<() => void> {
    signal.throwIfAborted();
    const held = this.#boxOf(box);
    await new Promise<void>((resolve, reject) => {
      const settle = (act: () => void): void => {
        timer.clear();
        signal.removeEventListener("abort", onAbort);
        act();
      };
      const leave = (why: Error): void => {
        held.waiting.splice(held.waiting.indexOf(waiter), 1);
        settle(() => reject(why));
        this.#next(box, held);
      };
      const onAbort = (): void => leave(signal.reason as Error);
      const waiter: Waiter = {
        limits,
        connects: Math.min(connects, limits.connectsPerMinute),
        goesOn,
        grant: () => settle(resolve),
      };
      const timer = this.#clock.after(withinMs, () =>
        leave(
          new FarhandError(
            "SESSIONS_FULL",
            `the agent may hold ${limits.sessions} sessions there and connect ${limits.connectsPerMinute} times a minute`,
          ),
        ),
      );
      signal.addEventListener("abort", onAbort, { once: true });
      const beginners = goesOn ? held.waiting.findIndex((other) => !other.goesOn) : -1;
      held.waiting.splice(beginners < 0 ? held.waiting.length : beginners, 0, waiter);
      this.#next(box, held);
    });
    let released = false;
    return () => {
      if (released) return;
      released = true;
      held.open--;
      held.left.push(this.#clock.monotonicMs());
      this.#next(box, held);
    };
  }

  /** In order: one that may not enter yet keeps those behind it waiting, or it might wait for ever. */
  #next(name: string, box: Box): void {
    box.timer?.clear();
    box.timer = undefined;
    const nowMs = this.#clock.monotonicMs();
    box.connected = box.connected.filter((atMs) => nowMs - atMs < MINUTE_MS);
    box.left = box.left.filter((atMs) => nowMs - atMs < FREED_AFTER_MS);
    for (;;) {
      const [first] = box.waiting;
      if (!first || box.open >= first.limits.sessions) break;
      const lingering = box.open + box.left.length - first.limits.sessions;
      if (lingering >= 0) {
        const untilMs = (box.left[lingering] ?? nowMs) + FREED_AFTER_MS - nowMs;
        box.timer = this.#clock.after(untilMs, () => this.#next(name, box));
        break;
      }
      const perMinute = first.limits.connectsPerMinute * (first.goesOn ? 2 : 1);
      const over = box.connected.length + first.connects - perMinute;
      if (over > 0) {
        const untilMs = (box.connected[over - 1] ?? nowMs) + MINUTE_MS - nowMs;
        box.timer = this.#clock.after(untilMs, () => this.#next(name, box));
        break;
      }
      box.waiting.shift();
      box.open++;
      for (let made = 0; made < first.connects; made++) box.connected.push(nowMs);
      first.grant();
    }
    // With nothing left to remember it is as a new one.
    if (box.open === 0 && box.waiting.length === 0 && box.connected.length === 0) this.#boxes.delete(name);
  }

  #boxOf(name: string): Box {
    let box = this.#boxes.get(name);
    if (!box) {
      box = { open: 0, connected: [], left: [], waiting: [], timer: undefined };
      this.#boxes.set(name, box);
    }
    return box;
  }
}
