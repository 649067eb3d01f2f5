import type { Digest } from "../../../shared/ids.ts";
import type { Clock, TimerHandle } from "../../../shared/clock.ts";
import type { Operations } from "./operations.ts";

/** A session that made a confirmed commit which only it can confirm, kept after its owner is done with it. */
export interface ParkedSession {
  readonly sessionId: number;
  readonly operations: Operations;
  readonly alive: () => boolean;
  readonly end: () => void;
}

/** What one driver remembers between the sessions of one change: by the token's id, for as long as the device's timer can run. */
export class Parked {
  readonly #sessions = new Map<string, { session: ParkedSession; timer: TimerHandle }>();
  /** What each change put into the candidate: that and nothing else is ours to throw away later. */
  readonly #staged = new Map<string, Digest>();

  /** Ends the session after `keepMs`, when its commit is kept or undone whatever happens. */
  park(id: string, session: ParkedSession, clock: Clock, keepMs: number): void {
    this.take(id)?.end();
    const timer = clock.after(keepMs, () => this.take(id)?.end());
    this.#sessions.set(id, { session, timer });
  }

  get(id: string): ParkedSession | undefined {
    const session = this.#sessions.get(id)?.session;
    return session?.alive() === true ? session : undefined;
  }

  /** The caller ends it. */
  take(id: string): ParkedSession | undefined {
    const found = this.#sessions.get(id);
    found?.timer.clear();
    this.#sessions.delete(id);
    return found?.session;
  }

  staged(id: string): Digest | undefined {
    return this.#staged.get(id);
  }

  remember(id: string, digest: Digest): void {
    this.#staged.set(id, digest);
  }

  forget(id: string): void {
    this.#staged.delete(id);
  }
}
