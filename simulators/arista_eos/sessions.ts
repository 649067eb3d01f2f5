/**
 * Configuration sessions: named copies of running that everybody may enter, leave and commit (EOS User Manual, "Configure Session").
 * A commit puts the copy in force as a whole, so that whatever changed since the copy was made is gone: last commit wins.
 */
import type { Holder } from "../kit/datastores.ts";
import { unifiedDiff } from "./config/diff.ts";
import { clone, type ConfigNode } from "./config/tree.ts";
import { stamp } from "./dates.ts";
import type { EosDevice } from "./device.ts";

export interface ConfigSession {
  readonly name: string;
  tree: ConfigNode[];
  readonly by: Holder;
  /** Terminals that stand in it, by CLI session. */
  readonly inside: Map<number, { user: string; terminal: string }>;
  lastUsedMs: number;
  commit: { readonly atMs: number; readonly by: string; readonly timed: boolean; readonly events: number } | undefined;
  lines: string[];
}

export type SessionState = "pending" | "pendingCommitTimer" | "completed";

/** What the box says where it cannot, without the `% `. */
export interface Problem {
  readonly problem: string;
}

export interface Checkpoint {
  readonly atMs: number;
  readonly by: string;
  readonly tree: ConfigNode[];
}

const CHECKPOINTS_MAX = 20;
const IDLE_MS = 24 * 3_600_000;
export const PENDING_MAX = 5;
/** How many completed ones are remembered. */
export const SAVED_MAX = 1;

export class ConfigSessions {
  readonly #device: EosDevice;
  readonly #sessions = new Map<string, ConfigSession>();
  /** What ran before each commit, and what somebody saved, oldest first. */
  readonly checkpoints = new Map<string, Checkpoint>();
  #next = 1;

  constructor(device: EosDevice) {
    this.#device = device;
  }

  get #store() {
    return this.#device.store;
  }

  stateOf(session: ConfigSession): SessionState {
    if (!session.commit) return "pending";
    return this.#store.pending?.persist === session.name ? "pendingCommitTimer" : "completed";
  }

  /** Oldest first. */
  list(): readonly ConfigSession[] {
    this.#settle();
    return [...this.#sessions.values()];
  }

  find(name: string): ConfigSession | undefined {
    this.#settle();
    return this.#sessions.get(name);
  }

  /** Who holds the configure lock, if anybody but this user does. */
  lockedBy(holder: Holder): string | undefined {
    const owner = this.#store.lockOf("candidate");
    return owner && owner.sessionId !== holder.sessionId ? owner.user : undefined;
  }

  /** Enters a pending session, or makes one of what runs now. */
  enter(name: string | undefined, holder: Holder, terminal: string): ConfigSession | Problem {
    this.#settle();
    const locked = this.lockedBy(holder);
    if (locked !== undefined)
      return { problem: `Unable to run this command (configuration is locked by user ${locked})` };
    const wanted = name ?? `sess-${this.#next++}`;
    const there = this.#sessions.get(wanted);
    if (there?.commit) return { problem: `Session ${wanted} is already completed` };
    const session = there ?? this.#make(wanted, holder);
    if ("problem" in session) return session;
    session.inside.set(holder.sessionId, { user: holder.user, terminal });
    this.touch(session);
    return session;
  }

  #make(name: string, holder: Holder): ConfigSession | Problem {
    const pending = [...this.#sessions.values()].filter((one) => !one.commit).length;
    const most = this.#store.faults.get("full-session-table") ? 0 : PENDING_MAX;
    if (pending >= most)
      return {
        problem:
          "Maximum number of pending sessions has been reached. Please commit or abort previous sessions before creating a new one.",
      };
    const session: ConfigSession = {
      name,
      tree: clone(this.#store.running),
      by: holder,
      inside: new Map(),
      lastUsedMs: this.#store.clock.nowMs(),
      commit: undefined,
      lines: [],
    };
    this.#sessions.set(name, session);
    return session;
  }

  touch(session: ConfigSession): void {
    session.lastUsedMs = this.#store.clock.nowMs();
  }

  leave(sessionId: number): void {
    for (const session of this.#sessions.values()) session.inside.delete(sessionId);
  }

  /** `timeoutMs` takes it back after so long, unless the session is committed again. */
  commit(session: ConfigSession, holder: Holder, timeoutMs?: number): Problem | undefined {
    const armed = this.#store.pending;
    if (armed && armed.persist !== session.name)
      return { problem: `Cannot commit: session ${armed.persist ?? ""} is waiting for its commit timer` };
    if (this.stateOf(session) === "pendingCommitTimer" && timeoutMs === undefined) {
      this.#store.confirm(holder);
      return undefined;
    }
    const { tree, lines } = session;
    this.checkpoint(undefined, holder.user);
    this.#store.commit({
      holder,
      next: tree,
      via: "session",
      lines,
      ...(timeoutMs === undefined ? {} : { confirm: { timeoutMs, persist: session.name, boundToSession: false } }),
    });
    session.commit = {
      atMs: this.#store.clock.nowMs(),
      by: holder.user,
      timed: timeoutMs !== undefined,
      events: this.#store.events.length,
    };
    session.inside.clear();
    return undefined;
  }

  /** Keeps what runs now: under a name, or under the day and a number. */
  checkpoint(name: string | undefined, by: string): void {
    const atMs = this.#store.clock.nowMs();
    const day = `ckp-${stamp(atMs).slice(0, 10).replaceAll("-", "")}`;
    const today = [...this.checkpoints.keys()].filter((one) => one.startsWith(day));
    const number = Number(today.at(-1)?.slice(day.length + 1) ?? -1) + 1;
    this.checkpoints.set(name ?? `${day}-${number}`, { atMs, by, tree: clone(this.#store.running) });
    const [oldest] = this.checkpoints.keys();
    if (this.checkpoints.size > CHECKPOINTS_MAX && oldest !== undefined) this.checkpoints.delete(oldest);
  }

  /** A commit that waits for its timer is taken back. */
  abort(session: ConfigSession, holder: Holder): void {
    if (this.stateOf(session) === "pendingCommitTimer") this.#store.revert("asked", holder);
    this.#sessions.delete(session.name);
  }

  /** Takes the name away, changes nothing that runs. */
  remove(session: ConfigSession): boolean {
    if (this.stateOf(session) === "pendingCommitTimer") return false;
    return this.#sessions.delete(session.name);
  }

  diff(session: ConfigSession): string {
    const device = this.#device;
    return unifiedDiff(device.lines(device.store.running), device.lines(session.tree), {
      from: "system:/running-config",
      to: `session:/${session.name}-session-config`,
    });
  }

  forget(): void {
    this.#sessions.clear();
  }

  /** What time and others have done since somebody looked. */
  #settle(): void {
    const store = this.#store;
    const nowMs = store.clock.nowMs();
    const fault = store.faults.get("stale-candidate");
    if (fault && !fault.locked && !this.#sessions.has(STALE)) {
      const made = this.#make(STALE, { sessionId: 0, user: fault.by });
      if (!("problem" in made)) {
        this.#device.load(made.tree, fault.lines);
        made.inside.set(0, { user: fault.by, terminal: "vty9" });
      }
    }
    for (const session of this.#sessions.values()) {
      const { commit } = session;
      if (!commit && session.inside.size === 0 && nowMs - session.lastUsedMs >= IDLE_MS)
        this.#sessions.delete(session.name);
      // What its timer took back is no session any more.
      const since = commit?.timed === true ? store.events.slice(commit.events) : [];
      if (since.find(({ kind }) => kind === "rolled-back" || kind === "confirmed")?.kind === "rolled-back")
        this.#sessions.delete(session.name);
    }
    const done = [...this.#sessions.values()].filter((one) => this.stateOf(one) === "completed");
    for (const session of done.slice(0, Math.max(0, done.length - SAVED_MAX))) this.#sessions.delete(session.name);
  }
}

const STALE = "noc-change";
