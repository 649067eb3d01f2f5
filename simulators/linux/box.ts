/** What becomes of a simulated host: what is changed on it, what it will take back by itself, reboots, and the faults that meet a change. */
import type { Clock, TimerHandle } from "../../shared/clock.ts";
import type { ApplyRecord, DeviceEvent, PendingRollback, WithoutTime } from "../device.ts";
import { matches, meetAwaited, type FaultBoard } from "../faults.ts";
import type { Jail } from "../host/jail.ts";
import { TIMER_MS, type Sleep } from "../host/sleeps.ts";
import { configOf, filesOf } from "./disk.ts";
import { printConfig } from "./text.ts";
import type { Init } from "./units.ts";

export interface Surroundings {
  setReachability(next: "up" | "refuse" | "blackhole"): void;
  dropSessions(): void;
}

export interface BoxOptions {
  readonly jail: Jail;
  readonly clock: Clock;
  readonly faults: FaultBoard;
  readonly init: Init;
  readonly services: readonly string[];
  readonly surroundings: Surroundings;
}

const LOOK_EVERY_MS = 100;

export class Box {
  readonly applies: ApplyRecord[] = [];
  readonly events: DeviceEvent[] = [];
  readonly #o: BoxOptions;
  readonly #timers = new Set<TimerHandle>();
  /** The configuration as it was last seen, and as it was before the change that may be taken back. */
  #seen: string;
  #before: string | undefined;
  readonly #refused: string[] = [];
  #fired = false;
  #watching = false;
  #stopped = false;

  constructor(options: BoxOptions) {
    this.#o = options;
    this.#seen = this.#read();
    options.jail.sleeps.onWake = (sleep) => this.#woke(sleep);
  }

  get running(): string {
    this.look();
    return this.#seen;
  }

  get startup(): string {
    const { init, services, jail } = this.#o;
    return printConfig(configOf(init, services, jail.disk, undefined));
  }

  /** What somebody has set to happen by itself. */
  get pending(): PendingRollback | undefined {
    const [sleep] = this.#o.jail.sleeps.timers;
    return sleep && { armedAtMs: sleep.fromMs, deadlineMs: sleep.untilMs, user: "root" };
  }

  /** Whether its programs are at work, so that time should not run ahead of them. */
  get busy(): boolean {
    return this.#o.jail.busy;
  }

  record(event: WithoutTime<DeviceEvent>): void {
    this.events.push({ ...event, atMs: this.#o.clock.nowMs() } as DeviceEvent);
  }

  /** Sees what has changed since the last look. `by`: who was at work; without it what went on by itself. */
  look(by?: string): void {
    if (this.#stopped || !this.#o.jail.up) return;
    const now = this.#read();
    if (now === this.#seen) return;
    const was = this.#seen;
    this.#seen = now;
    if (now === this.#before) {
      this.#before = undefined;
      this.record({ kind: "rolled-back", why: this.#fired ? "timer" : "asked", by: by ?? "root" });
      this.#fired = false;
      this.#o.surroundings.setReachability("up");
      return;
    }
    this.#before ??= was;
    const lines = added(was, now);
    const who = by ?? "root";
    this.applies.push({ atMs: this.#o.clock.nowMs(), by: who, via: by === undefined ? "job" : "exec", lines });
    this.record({ kind: "applied", via: "exec", by: who });
    this.#meetFaults();
  }

  /** Another admin at its console: shell commands. */
  mutate(lines: readonly string[], by: string): void {
    this.look();
    const { code, stderr } = this.#o.jail.runSync(`set -e\n${lines.join("\n")}`);
    if (code !== 0) throw new Error(`the host refuses this: ${stderr}`);
    this.#seen = this.#read();
    this.record({ kind: "out-of-band", by, lines: [...lines] });
  }

  /** Files that the pattern names become mounts of their own, as a container's /etc/hosts is: they cannot be replaced. No pattern ends that. */
  refuse(pattern: string | undefined): void {
    const { jail } = this.#o;
    if (!jail.up) return;
    for (const path of this.#refused.splice(0)) jail.runSync(`umount "${path}"`);
    if (pattern === undefined) return;
    for (const { path } of filesOf(jail.disk).files) {
      if (!matches(pattern, path) || !/^[\w./@-]+$/.test(path)) continue;
      jail.runSync(`mount --bind "${path}" "${path}"`);
      this.#refused.push(path);
    }
  }

  wiped(): void {
    this.#seen = this.#read();
    this.#before = undefined;
    this.record({ kind: "wiped", by: "console" });
  }

  reboot(bootMs: number): void {
    const { jail, surroundings } = this.#o;
    surroundings.setReachability("refuse");
    surroundings.dropSessions();
    this.record({ kind: "rebooted", by: "system" });
    void jail.halt().then(() => {
      this.later(bootMs, () => {
        this.#fired = true;
        void jail.boot().then(() => {
          if (this.#stopped) return;
          this.look();
          surroundings.setReachability("up");
        });
      });
    });
  }

  later(delayMs: number, run: () => void): void {
    const timer = this.#o.clock.after(delayMs, () => {
      this.#timers.delete(timer);
      if (!this.#stopped) run();
    });
    this.#timers.add(timer);
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) timer.clear();
    this.#timers.clear();
  }

  #read(): string {
    const { init, services, jail } = this.#o;
    return printConfig(configOf(init, services, jail.disk, jail.running));
  }

  #woke({ fromMs, untilMs }: Sleep): void {
    if (untilMs - fromMs < TIMER_MS) return;
    this.#fired = true;
    this.#watch();
  }

  /** What a timer began is looked at until it is over: nobody asks, and what was cut off must be reachable again. */
  #watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    this.later(LOOK_EVERY_MS, () => {
      this.#watching = false;
      // Asked before the look: what ends between the two has still to be seen.
      const goesOn = this.#o.jail.sleeps.awake;
      this.look();
      if (goesOn) this.#watch();
    });
  }

  #meetFaults(): void {
    const { faults, surroundings, jail } = this.#o;
    const cut = faults.get("unreachable-after-apply");
    if (cut && (cut.match === undefined || matches(cut.match, this.#seen))) surroundings.setReachability(cut.how);
    if (!this.pending) return;
    meetAwaited(faults, {
      later: (delayMs, run) => (delayMs === 0 ? run() : this.later(delayMs, run)),
      mutate: (...change) => this.mutate(...change),
      confirm: (by) => {
        // Whoever finds a job that waits to undo something, and ends it.
        for (const { parentPid } of jail.sleeps.timers) jail.runSync(`kill -s KILL -- "-${parentPid}"`);
        this.record({ kind: "confirmed", by });
      },
      reboot: (bootMs) => this.reboot(bootMs),
    });
  }
}

function added(before: string, after: string): string[] {
  const had = new Set(before.split("\n"));
  return after.split("\n").filter((line) => line !== "" && !had.has(line));
}
