import type { DeviceId } from "../../shared/ids.ts";
import type { Environment } from "./environment.ts";

/** What a device knows of a change that waits for its confirmation. */
interface Pending {
  readonly token: string;
  readonly preImage: string;
}

export interface Reading {
  readonly running: string;
  readonly pending: string | null;
}

/**
 * A device with a candidate, one atomic commit and an undo timer of its own. It keeps its own books: how often each change
 * was applied to it, and which were confirmed. The agents' stories are held against these.
 */
export class SimDevice {
  readonly id: DeviceId;
  readonly applies = new Map<string, number>();
  readonly confirmed = new Set<string>();
  running: string;
  pending: Pending | null = null;
  unreachableUntilMs = 0;
  /** Told before a change takes hold; the ledger looks whether it was allowed to. */
  onApply: (token: string) => void = () => {};
  readonly #env: Environment;

  constructor(env: Environment, id: DeviceId) {
    this.#env = env;
    this.id = id;
    this.running = `${id}:born`;
  }

  get reachable(): boolean {
    return this.#env.queue.nowMs >= this.unreachableUntilMs;
  }

  read(): Reading {
    return { running: this.running, pending: this.pending?.token ?? null };
  }

  /** Arms the timer and applies, in one commit. */
  apply(token: string, target: string, confirmMs: number): "applied" | "refused" {
    this.onApply(token);
    if (this.pending || this.#env.faults.fires("command refused")) return "refused";
    this.applies.set(token, (this.applies.get(token) ?? 0) + 1);
    const pending = { token, preImage: this.running };
    this.pending = pending;
    this.running = target;
    this.#env.trace(this.id, `applied ${token}`);
    this.#env.queue.at(confirmMs, async () => {
      if (this.pending !== pending) return;
      this.#env.trace(this.id, `timer undoes ${token}`);
      this.#undo(pending);
    });
    return "applied";
  }

  confirm(token: string): "confirmed" | "nothing" {
    if (this.pending?.token !== token) return "nothing";
    this.pending = null;
    this.confirmed.add(token);
    this.#env.trace(this.id, `confirmed ${token}`);
    return "confirmed";
  }

  revert(token: string): "reverted" | "nothing" {
    if (this.pending?.token !== token) return "nothing";
    this.#env.trace(this.id, `reverted ${token}`);
    this.#undo(this.pending);
    return "reverted";
  }

  #undo(pending: Pending): void {
    this.running = pending.preImage;
    this.pending = null;
  }
}
