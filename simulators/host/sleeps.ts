/** What waits on a simulated host waits for the simulator's clock: its own `sleep`. */
import { sleepOn, type Clock } from "../../shared/clock.ts";
import type { Call } from "./calls.ts";

export interface Sleep {
  /** In the host's own numbering: the `sleep`, and what waits for it. */
  readonly pid: number;
  readonly parentPid: number;
  readonly uid: number;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What sleeps so long is a timer that somebody has set, not a program that waits for another. */
export const TIMER_MS = 3_000;

const UNITS: Readonly<Record<string, number>> = { "": 1_000, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export class Sleeps {
  readonly #clock: Clock;
  readonly #isThere: (pid: number) => boolean;
  readonly #open = new Map<number, Sleep>();
  readonly #woken = new Set<number>();
  /** Told of each that has ended by the clock. */
  onWake: (sleep: Sleep) => void = () => undefined;

  constructor(clock: Clock, isThere: (pid: number) => boolean) {
    this.#clock = clock;
    this.#isThere = isThere;
  }

  get open(): readonly Sleep[] {
    return [...this.#open.values()];
  }

  /** How many wait only for a moment: for another program, and not for a time of day. */
  get brief(): number {
    return this.open.filter(({ fromMs, untilMs }) => untilMs - fromMs < TIMER_MS).length;
  }

  /** The timers that somebody has set, the next one first. */
  get timers(): readonly Sleep[] {
    return this.open
      .filter(({ fromMs, untilMs }) => untilMs - fromMs >= TIMER_MS)
      .toSorted((a, b) => a.untilMs - b.untilMs);
  }

  /** Whether something that has been woken is still there and does not sleep again. */
  get awake(): boolean {
    for (const pid of this.#woken) if (!this.#isThere(pid)) this.#woken.delete(pid);
    const asleep = new Set(this.open.map(({ parentPid }) => parentPid));
    return [...this.#woken].some((pid) => !asleep.has(pid));
  }

  forget(): void {
    this.#open.clear();
    this.#woken.clear();
  }

  /** coreutils' `sleep`: seconds, with a fraction or a unit, added up. */
  async serve({ argv, pid, parentPid, uid, signal, err }: Call): Promise<number> {
    let ms = 0;
    for (const word of argv) {
      const found = /^(\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})([smhd]?)$/.exec(word);
      if (!found) {
        err(`sleep: invalid time interval '${word}'\nTry 'sleep --help' for more information.\n`);
        return 1;
      }
      ms += Number(found[1]) * (UNITS[found[2] ?? ""] ?? 0);
    }
    if (argv.length === 0) {
      err("sleep: missing operand\nTry 'sleep --help' for more information.\n");
      return 1;
    }
    const fromMs = this.#clock.nowMs();
    const sleep: Sleep = { pid, parentPid, uid, fromMs, untilMs: fromMs + ms };
    this.#open.set(pid, sleep);
    try {
      await sleepOn(this.#clock, ms, signal);
      this.onWake(sleep);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#open.delete(pid);
      this.#woken.add(parentPid);
    }
    return 0;
  }
}
