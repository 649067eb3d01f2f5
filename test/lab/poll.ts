// Waiting for a condition with a deadline. Nothing in the lab sleeps for a fixed time.

import { setTimeout as delay } from "node:timers/promises";

export type PollOptions = { within: number; every?: number; signal?: AbortSignal | undefined };

/** Resolves with the first value that is not undefined; a probe that throws counts as not yet. */
export async function poll<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  { within, every = 50, signal }: PollOptions,
): Promise<T> {
  const deadline = performance.now() + within;
  let last: unknown = "not yet";
  for (;;) {
    signal?.throwIfAborted();
    try {
      const value = await probe();
      if (value !== undefined) return value;
    } catch (error) {
      last = error;
    }
    if (performance.now() >= deadline) throw new Error(`${what}: not within ${within} ms (last: ${String(last)})`);
    await delay(every, undefined, signal ? { signal } : {});
  }
}
