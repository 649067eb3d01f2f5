import type { DeviceId } from "../../shared/ids.ts";

interface Waiter {
  readonly change: boolean;
  readonly owner: string;
  grant(): void;
}

/**
 * One task at a time on a device, whichever assignment it belongs to. A device that a change may have touched, and whose outcome is not known, takes
 * reads, and the probes of that change, but no other change.
 */
export class DeviceLocks {
  readonly #busy = new Set<DeviceId>();
  readonly #waiting = new Map<DeviceId, Waiter[]>();
  readonly #held = new Map<DeviceId, string>();

  async acquire(device: DeviceId, want: { change: boolean; owner: string }, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#free(device, want)) this.#busy.add(device);
    else await this.#wait(device, want, signal);
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#busy.delete(device);
      this.#next(device);
    };
  }

  hold(device: DeviceId, owner: string): void {
    this.#held.set(device, owner);
  }

  clear(device: DeviceId, owner: string): void {
    if (this.#held.get(device) !== owner) return;
    this.#held.delete(device);
    this.#next(device);
  }

  #free(device: DeviceId, want: { change: boolean; owner: string }): boolean {
    const holder = this.#held.get(device);
    return !this.#busy.has(device) && (!want.change || holder === undefined || holder === want.owner);
  }

  #wait(device: DeviceId, want: { change: boolean; owner: string }, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#remove(device, waiter);
        reject(signal.reason as Error);
      };
      const waiter: Waiter = {
        ...want,
        grant: () => {
          signal.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.set(device, [...(this.#waiting.get(device) ?? []), waiter]);
    });
  }

  #remove(device: DeviceId, waiter: Waiter): void {
    const rest = (this.#waiting.get(device) ?? []).filter((other) => other !== waiter);
    if (rest.length > 0) this.#waiting.set(device, rest);
    else this.#waiting.delete(device);
  }

  #next(device: DeviceId): void {
    const waiter = this.#waiting.get(device)?.find((candidate) => this.#free(device, candidate));
    if (!waiter) return;
    this.#remove(device, waiter);
    this.#busy.add(device);
    waiter.grant();
  }
}

/** At most so many at once, by what signed inventory says now; the rest wait in order. */
export class Slots {
  readonly #limit: () => number;
  #taken = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: () => number) {
    this.#limit = limit;
  }

  async acquire(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#taken < this.#limit()) this.#taken++;
    else {
      await new Promise<void>((resolve, reject) => {
        const onAbort = (): void => {
          this.#waiting.splice(this.#waiting.indexOf(grant), 1);
          reject(signal.reason as Error);
        };
        const grant = (): void => {
          signal.removeEventListener("abort", onAbort);
          resolve();
        };
        this.#waiting.push(grant);
        signal.addEventListener("abort", onAbort, { once: true });
      });
    }
    return () => {
      this.#taken--;
      while (this.#taken < this.#limit()) {
        const next = this.#waiting.shift();
        if (!next) return;
        this.#taken++;
        next();
      }
    };
  }
}
