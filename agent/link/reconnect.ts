import type { Clock } from "../../shared/clock.ts";

const WINDOW_FIRST_MS = 1_000;
const WINDOW_LAST_MS = 64_000;
/** A session this long was a good one: the next loss starts with the shortest window again. */
const SETTLED_MS = 30_000;

/**
 * When to try again: a moment drawn from the whole window, then the rest of the window waited out, so that a fleet that lost
 * its hub at one instant comes back spread out, and stays so.
 */
export class Reconnect {
  readonly #clock: Clock;
  readonly #random: () => number;
  #windowMs = WINDOW_FIRST_MS;
  #restMs = 0;

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  async beforeAttempt(signal: AbortSignal, first: boolean): Promise<void> {
    if (first) return;
    const drawn = this.#random() * this.#windowMs;
    const rest = this.#windowMs - drawn;
    await this.#clock.sleep(this.#restMs + drawn, signal);
    this.#restMs = rest;
  }

  ended(livedMs: number, retryAfterMs: number): void {
    if (livedMs >= SETTLED_MS) {
      this.#windowMs = WINDOW_FIRST_MS;
      this.#restMs = 0;
    } else this.#windowMs = Math.min(WINDOW_LAST_MS, this.#windowMs * 2);
    // The hub hands out slots when many come at once.
    if (retryAfterMs > 0) this.#restMs = retryAfterMs;
  }
}
