import type { Clock, TimerHandle } from "../../shared/clock.ts";

/** It is never earlier than what authenticated documents prove: where a host woke up in 1970, a site operator's word sets the time. */
export class AttestedClock implements Clock {
  readonly #inner: Clock;
  #provedMs = 0;
  #sinceMs = 0;

  constructor(inner: Clock) {
    this.#inner = inner;
  }

  /** From now on at least this, and the time that passes. */
  attest(ms: number): void {
    if (ms <= this.nowMs()) return;
    this.#provedMs = ms;
    this.#sinceMs = this.#inner.monotonicMs();
  }

  nowMs(): number {
    return Math.max(this.#inner.nowMs(), this.#provedMs + Math.floor(this.#inner.monotonicMs() - this.#sinceMs));
  }

  monotonicMs(): number {
    return this.#inner.monotonicMs();
  }

  after(delayMs: number, fn: () => void): TimerHandle {
    return this.#inner.after(delayMs, fn);
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return this.#inner.sleep(delayMs, signal);
  }
}
