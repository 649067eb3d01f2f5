/**
 * What a device with candidates keeps (RFC 6241 §5 and §8.3, and the CLIs of the same shape): running, startup, one shared
 * candidate or one for each session, locks, a history, and the timer that takes a commit back. It knows no language: `T` is a
 * platform's own tree, and it speaks no protocol: sessions come with a number and a user's name.
 */
import type { Clock, TimerHandle } from "../../shared/clock.ts";
import type { ApplyRecord, DeviceEvent, PendingRollback, WithoutTime } from "../device.ts";
import { FaultBoard, meetAwaited } from "../faults.ts";

export interface Tree<T> {
  clone(tree: T): T;
  same(a: T, b: T): boolean;
  /** As the device shows it; faults look for their patterns in it. */
  text(tree: T): string;
}

export type Lockable = "running" | "candidate" | "startup";

export interface Holder {
  readonly sessionId: number;
  readonly user: string;
}

/** What the device does to the world around it. */
export interface Surroundings {
  setReachability(next: "up" | "refuse" | "blackhole"): void;
  dropSessions(): void;
  /** A message to one user's terminal, or to nobody's. */
  tell(sessionId: number, text: string): void;
}

export interface DatastoresOptions<T> {
  readonly tree: Tree<T>;
  readonly clock: Clock;
  readonly running: T;
  readonly serial: string;
  readonly surroundings: Surroundings;
  /** How many older configurations `rollback N` finds. */
  readonly historyMax?: number;
  /** Whether the serving half keeps a startup of its own; without it what is committed is what boots. */
  readonly separateStartup: boolean;
  /** What a boot finds, where it lies on a disk that others write on too; the startup without it. */
  readonly boots?: () => T;
}

interface Armed<T> extends PendingRollback {
  readonly previous: T;
  readonly holder: Holder;
  /** Any session that knows it may confirm (RFC 6241 §8.4.1 `persist`); without it only the one that made it. */
  readonly persist: string | undefined;
  /** The end of the session that made it takes the commit back at once. */
  readonly boundToSession: boolean;
  readonly timer: TimerHandle;
}

export interface CommitOptions<T> {
  readonly holder: Holder;
  readonly next: T;
  readonly via: string;
  readonly lines: readonly string[];
  /** Present: takes itself back after so long, unless confirmed. */
  readonly confirm?: { readonly timeoutMs: number; readonly persist?: string; readonly boundToSession: boolean };
}

export class Datastores<T> {
  readonly clock: Clock;
  readonly tree: Tree<T>;
  readonly faults = new FaultBoard();
  readonly applies: ApplyRecord[] = [];
  readonly events: DeviceEvent[] = [];
  running: T;
  startup: T;
  /** The one that all share. `undefined`: same as running. */
  candidate: { tree: T; by: Holder } | undefined;
  /** Of sessions that have one to themselves. */
  readonly privates = new Map<number, T>();
  readonly history: T[] = [];
  serial: string;
  lastChange: { atMs: number; by: string } | undefined;
  lastSave: { atMs: number; by: string } | undefined;
  bootedAtMs: number;
  up = true;
  readonly #o: DatastoresOptions<T>;
  readonly #locks = new Map<Lockable, Holder>();
  readonly #timers = new Set<TimerHandle>();
  #armed: Armed<T> | undefined;

  constructor(options: DatastoresOptions<T>) {
    this.#o = options;
    this.clock = options.clock;
    this.tree = options.tree;
    this.running = options.tree.clone(options.running);
    this.startup = options.tree.clone(options.running);
    this.serial = options.serial;
    this.bootedAtMs = options.clock.nowMs();
  }

  get pending(): (PendingRollback & { readonly persist: string | undefined; readonly holder: Holder }) | undefined {
    return this.#armed;
  }

  record(event: WithoutTime<DeviceEvent>): void {
    const recorded = { ...event, atMs: this.clock.nowMs() } as DeviceEvent;
    this.events.push(recorded);
    this.onEvent(recorded);
  }

  lockOf(store: Lockable): Holder | undefined {
    const fault = this.faults.get("stale-candidate");
    if (fault?.locked === true && store === "candidate") return { sessionId: 0, user: fault.by };
    return this.#locks.get(store);
  }

  /** Returns who holds it, where somebody else does. */
  lock(store: Lockable, holder: Holder): Holder | undefined {
    const held = this.lockOf(store);
    if (held && held.sessionId !== holder.sessionId) return held;
    this.#locks.set(store, holder);
    return undefined;
  }

  unlock(store: Lockable, sessionId: number): boolean {
    if (this.#locks.get(store)?.sessionId !== sessionId) return false;
    this.#locks.delete(store);
    return true;
  }

  /** The shared candidate, made from running where nobody has touched it. */
  shared(holder: Holder): T {
    this.candidate ??= { tree: this.tree.clone(this.running), by: holder };
    return this.candidate.tree;
  }

  private(sessionId: number): T {
    const there = this.privates.get(sessionId);
    if (there !== undefined) return there;
    const made = this.tree.clone(this.running);
    this.privates.set(sessionId, made);
    return made;
  }

  /** Whether the shared candidate holds what running does not. */
  get dirty(): boolean {
    return this.candidate !== undefined && !this.tree.same(this.candidate.tree, this.running);
  }

  /** Puts `next` in force. A pending commit is confirmed by it, or extended where it is a confirmed one again. */
  commit({ holder, next, via, lines, confirm }: CommitOptions<T>): void {
    const armed = this.#armed;
    const previous = armed?.previous ?? this.tree.clone(this.running);
    this.history.unshift(this.tree.clone(this.running));
    this.history.splice(this.#o.historyMax ?? 50);
    const changed = !this.tree.same(this.running, next);
    this.running = this.tree.clone(next);
    this.candidate = undefined;
    this.privates.delete(holder.sessionId);
    const nowMs = this.clock.nowMs();
    if (changed) {
      this.lastChange = { atMs: nowMs, by: holder.user };
      this.applies.push({ atMs: nowMs, by: holder.user, via, lines: [...lines] });
      this.record({ kind: "applied", via, by: holder.user });
    }
    if (!this.#o.separateStartup && !confirm) this.startup = this.tree.clone(this.running);
    this.#disarm();
    if (confirm) this.#arm(holder, previous, confirm);
    else if (armed) this.record({ kind: "confirmed", by: holder.user });
    this.#meetFaults(previous);
  }

  /**
   * An edit of running itself (`:writable-running`, `copy-config`): in force at once, and no word to a commit that waits, which
   * takes this back too. The shared candidate stays as it is.
   */
  write({ holder, next, via, lines }: Omit<CommitOptions<T>, "confirm">): void {
    if (this.tree.same(this.running, next)) return;
    const previous = this.tree.clone(this.running);
    this.running = this.tree.clone(next);
    const atMs = this.clock.nowMs();
    this.lastChange = { atMs, by: holder.user };
    this.applies.push({ atMs, by: holder.user, via, lines: [...lines] });
    this.record({ kind: "applied", via, by: holder.user });
    if (!this.#o.separateStartup && !this.#armed) this.startup = this.tree.clone(this.running);
    this.#meetFaults(previous);
  }

  #arm(holder: Holder, previous: T, confirm: NonNullable<CommitOptions<T>["confirm"]>): void {
    const nowMs = this.clock.nowMs();
    const { timeoutMs, persist, boundToSession } = confirm;
    const armed: Armed<T> = {
      armedAtMs: nowMs,
      deadlineMs: nowMs + timeoutMs,
      user: holder.user,
      previous,
      holder,
      persist,
      boundToSession,
      timer: this.clock.after(timeoutMs, () => {
        if (this.#armed === armed && this.up) this.revert("timer");
      }),
    };
    this.#armed = armed;
    this.record({ kind: "armed", timeoutMs, by: holder.user });
  }

  /** Keeps what is in force. False where nothing waits for it. */
  confirm(by: Holder): boolean {
    if (!this.#armed) return false;
    if (this.faults.take("confirm-lost")) return true;
    this.#disarm();
    if (!this.#o.separateStartup) this.startup = this.tree.clone(this.running);
    this.record({ kind: "confirmed", by: by.user });
    return true;
  }

  /** Takes back everything since the commit that waits. False where none does. */
  revert(why: "timer" | "asked" | "error" | "session-lost", by?: Holder): boolean {
    const armed = this.#armed;
    if (!armed) return false;
    this.#disarm();
    this.running = this.tree.clone(armed.previous);
    this.candidate = undefined;
    this.lastChange = { atMs: this.clock.nowMs(), by: by?.user ?? armed.user };
    this.record({ kind: "rolled-back", why, by: by?.user ?? armed.user });
    this.#o.surroundings.setReachability("up");
    return true;
  }

  /** A session is over: its locks, its private candidate, and a commit that was bound to it. */
  ended(sessionId: number): void {
    for (const [store, holder] of this.#locks) if (holder.sessionId === sessionId) this.#locks.delete(store);
    this.privates.delete(sessionId);
    if (this.#armed?.boundToSession === true && this.#armed.holder.sessionId === sessionId && this.up)
      this.revert("session-lost");
  }

  save(by: string): void {
    this.startup = this.tree.clone(this.running);
    this.lastSave = { atMs: this.clock.nowMs(), by };
    this.record({ kind: "saved", by });
  }

  /** A line that takes effect as it is typed, past every candidate. A commit that waits goes on waiting; its revert takes this back too. */
  direct(next: T, by: string): void {
    this.running = next;
    this.lastChange = { atMs: this.clock.nowMs(), by };
    this.#cutOff();
  }

  /** One sitting of such lines is one apply, told of when it is over. */
  appliedDirectly({ by, via, lines }: { by: string; via: string; lines: readonly string[] }): void {
    this.applies.push({ atMs: this.clock.nowMs(), by, via, lines: [...lines] });
    this.record({ kind: "applied", via, by });
    if (!this.#o.separateStartup && !this.#armed) this.startup = this.tree.clone(this.running);
  }

  /** Somebody else, or another tool, in no session that a test sees. A pending commit goes on waiting. */
  outOfBand(change: (running: T) => T, lines: readonly string[], by: string): void {
    this.running = change(this.tree.clone(this.running));
    this.lastChange = { atMs: this.clock.nowMs(), by };
    if (!this.#o.separateStartup && !this.#armed) this.startup = this.tree.clone(this.running);
    this.record({ kind: "out-of-band", by, lines: [...lines] });
  }

  /** Set by the platform: how lines from outside (`other-admin-change`) are put in. */
  onMutate: (lines: readonly string[], by: string) => void = () => {};

  /** Set by a platform that keeps a log of its own: Junos writes a commit into its history when a timer takes one back. */
  onEvent: (event: DeviceEvent) => void = () => {};

  #cutOff(): void {
    const cut = this.faults.get("unreachable-after-apply");
    if (cut && (cut.match === undefined || new RegExp(cut.match, "im").test(this.tree.text(this.running))))
      this.#o.surroundings.setReachability(cut.how);
  }

  #meetFaults(previous: T): void {
    this.#cutOff();
    if (!this.#armed) return;
    meetAwaited(this.faults, {
      later: (...run) => this.later(...run),
      mutate: (...change) => this.onMutate(...change),
      confirm: (by) => void this.confirm({ sessionId: 0, user: by }),
      reboot: (bootMs) => {
        if (this.#armed) this.reboot(bootMs);
      },
    });
    const failover = this.faults.take("failover-before-confirm");
    if (failover)
      this.later(failover.afterMs, () => {
        if (!this.#armed) return;
        this.serial = failover.serial;
        this.#restart(failover.runs === "applied" ? this.running : previous, failover.bootMs);
      });
  }

  later(delayMs: number, run: () => void): void {
    if (delayMs === 0) return run();
    const timer = this.clock.after(delayMs, () => {
      this.#timers.delete(timer);
      run();
    });
    this.#timers.add(timer);
  }

  /** Power off and on: what a boot loads is the startup; a device that saves at each commit boots what was before the one that waits. */
  reboot(bootMs: number): void {
    this.#restart(this.#o.boots?.() ?? this.startup, bootMs);
  }

  #restart(boots: T, bootMs: number): void {
    const next = this.tree.clone(boots);
    this.#disarm();
    this.up = false;
    this.#locks.clear();
    this.privates.clear();
    this.candidate = undefined;
    this.#o.surroundings.setReachability("refuse");
    this.#o.surroundings.dropSessions();
    this.record({ kind: "rebooted", by: "system" });
    this.later(bootMs, () => {
      this.running = next;
      this.bootedAtMs = this.clock.nowMs();
      this.lastChange = undefined;
      this.up = true;
      this.#o.surroundings.setReachability("up");
    });
  }

  wipe(factory: T): void {
    this.#disarm();
    this.candidate = undefined;
    this.privates.clear();
    this.running = this.tree.clone(factory);
    this.startup = this.tree.clone(factory);
    this.record({ kind: "wiped", by: "console" });
  }

  #disarm(): void {
    this.#armed?.timer.clear();
    this.#armed = undefined;
  }

  stop(): void {
    this.#disarm();
    for (const timer of this.#timers) timer.clear();
    this.#timers.clear();
  }
}
