/** One box: its configuration, files and backups, its scheduler, safe mode, and the faults that meet a change. */
import type { TimerHandle } from "../../shared/clock.ts";
import type { PendingRollback } from "../device.ts";
import { meetAwaited } from "../faults.ts";
import type { Datastores } from "../kit/datastores.ts";
import { cloneConfig, exportText, itemsOf, valueAt, type Config, type Item } from "./config.ts";
import { dateOf, spanOf, timeOf } from "./times.ts";

export interface BoxFile {
  readonly name: string;
  readonly type: "backup" | "script" | "directory" | "disk";
  readonly content: string;
  readonly config?: Config;
  readonly atMs: number;
}

export interface Actor {
  readonly sessionId: number;
  readonly user: string;
  /** Of the connection: what comes over one is one sitting. */
  readonly remote: string;
}

interface Safe {
  readonly owner: Actor;
  readonly before: Config;
  actions: number;
}

export interface Facts {
  readonly board: string;
  readonly version: string;
  readonly softwareId: string;
  /** A box with a `flash` folder forgets at a reboot what lies elsewhere. */
  readonly flash: boolean;
  readonly bootMs: number;
  /** Whether device-mode lets the scheduler run (from 7.17 on). */
  readonly scheduler: boolean;
}

const HISTORY_MAX = 100;
/** TCP gives a silent peer up at last; MikroTik says up to nine minutes. */
const SESSION_LOST_MS = 9 * 60_000;
const UNDO_EVENT = /\/system[/ ]backup[/ ]load|\/import /;
const MENU = "/system scheduler";

export class Box {
  readonly store: Datastores<Config>;
  readonly facts: Facts;
  files: BoxFile[] = [];
  readonly history: { action: string; by: string; atMs: number }[] = [];
  safe: Safe | undefined;
  readonly runs = new Map<number, number>();
  /** Set by the console: how a scheduled script is run. */
  script: (source: string, by: string) => void = () => {};
  readonly #timers = new Map<number, { key: string; handle: TimerHandle; atMs: number }>();
  #stopped = false;

  constructor(store: Datastores<Config>, facts: Facts) {
    this.store = store;
    this.facts = facts;
    if (facts.flash) this.files.push({ name: "flash", type: "disk", content: "", atMs: store.clock.nowMs() });
    store.onEvent = (event) => {
      if (event.kind === "rebooted") this.#whenUp();
      if (event.kind === "wiped") this.files = this.files.filter(({ type }) => type === "disk");
    };
    this.resync();
  }

  get config(): Config {
    return this.store.running;
  }

  get identity(): string {
    return valueAt(this.config, "/system identity", "name") ?? "MikroTik";
  }

  /**
   * One action of a user, in force and kept at once. The scheduler's own items are no change of what the box does: no fault meets
   * them, and no apply is counted.
   */
  edit(actor: Actor, line: string, action: string, path: string, change: (config: Config) => boolean): void {
    const next = cloneConfig(this.config);
    if (!change(next)) return;
    const { store } = this;
    this.#note(action, actor);
    if (path === MENU) {
      store.running = next;
      store.startup = cloneConfig(next);
      this.resync();
      return;
    }
    store.direct(next, actor.user);
    store.startup = cloneConfig(next);
    this.#sittings(actor, line);
    this.resync();
    this.#meetFaults();
  }

  readonly #sitting = { remote: "", last: -1 };

  #sittings(actor: Actor, line: string): void {
    const { store } = this;
    const last = store.applies.at(-1);
    if (last && this.#sitting.remote === actor.remote && this.#sitting.last === store.applies.length) {
      last.lines.push(line);
      return;
    }
    store.appliedDirectly({ by: actor.user, via: "terminal", lines: [line] });
    this.#sitting.remote = actor.remote;
    this.#sitting.last = store.applies.length;
  }

  #note(action: string, actor: Actor): void {
    this.history.unshift({ action, by: actor.user, atMs: this.store.clock.nowMs() });
    this.history.splice(HISTORY_MAX);
    if (!this.safe) return;
    this.safe.actions += 1;
    // No room left to undo them all: out of safe mode, without a word, and nothing is undone.
    if (this.safe.actions > HISTORY_MAX) this.safe = undefined;
  }

  #meetFaults(): void {
    if (!this.pending) return;
    const { store } = this;
    meetAwaited(store.faults, {
      later: (...run) => store.later(...run),
      mutate: (...change) => store.onMutate(...change),
      confirm: (by) => {
        this.#dropUndo();
        store.record({ kind: "confirmed", by });
      },
      reboot: (bootMs) => store.reboot(bootMs),
    });
  }

  #dropUndo(): void {
    const next = cloneConfig(this.config);
    const items = itemsOf(next, MENU);
    next.menus.set(
      MENU,
      items.filter(({ props }) => !UNDO_EVENT.test(props.get("on-event") ?? "")),
    );
    this.store.running = next;
    this.store.startup = cloneConfig(next);
    this.resync();
  }

  /** Another admin, in no session that a test sees. */
  outOfBand(change: (config: Config) => void, lines: readonly string[], by: string): void {
    this.store.outOfBand(
      (config) => {
        change(config);
        return config;
      },
      lines,
      by,
    );
    this.store.startup = cloneConfig(this.config);
    this.resync();
  }

  get pending(): PendingRollback | undefined {
    for (const item of itemsOf(this.config, MENU)) {
      if (!UNDO_EVENT.test(item.props.get("on-event") ?? "") || item.props.get("disabled") === "yes") continue;
      const deadlineMs = this.#timers.get(item.id)?.atMs;
      if (deadlineMs === undefined) continue;
      const armedAtMs = deadlineMs - (spanOf(item.props.get("interval") ?? "") ?? 0);
      return { armedAtMs, deadlineMs, user: item.props.get("owner") ?? "admin" };
    }
    return undefined;
  }

  nextRun(item: Item): number | undefined {
    return this.#timers.get(item.id)?.atMs;
  }

  /** Timers for what the scheduler holds now. */
  resync(): void {
    const items = itemsOf(this.config, MENU);
    for (const [id, { handle, key }] of this.#timers) {
      const item = items.find((one) => one.id === id);
      if (item && keyOf(item) === key) continue;
      handle.clear();
      this.#timers.delete(id);
    }
    for (const item of items) if (!this.#timers.has(item.id)) this.#schedule(item);
  }

  #schedule(item: Item): void {
    if (this.#stopped || !this.facts.scheduler || item.props.get("disabled") === "yes") return;
    const { clock } = this.store;
    const nowMs = clock.nowMs();
    const intervalMs = spanOf(item.props.get("interval") ?? "0s") ?? 0;
    const start = item.props.get("start-time") ?? timeOf(nowMs);
    const isStartup = start === "startup";
    const startMs = isStartup
      ? this.store.bootedAtMs + 3000
      : Date.parse(`${item.props.get("start-date") ?? dateOf(nowMs)}T${start}Z`);
    let atMs = startMs;
    if (intervalMs > 0) {
      if (atMs <= nowMs) atMs += Math.max(1, Math.ceil((nowMs - startMs) / intervalMs)) * intervalMs;
      if (atMs <= nowMs) atMs += intervalMs;
    } else if (startMs < nowMs - 999) return;
    const { id } = item;
    const handle = clock.after(Math.max(0, atMs - nowMs), () => this.#fire(id));
    this.#timers.set(id, { key: keyOf(item), handle, atMs });
  }

  #fire(id: number): void {
    const item = itemsOf(this.config, MENU).find((one) => one.id === id);
    this.#timers.delete(id);
    if (!item || this.#stopped) return;
    const { clock } = this.store;
    if (!this.store.up) {
      // No power, no scheduler: it is due again when the box is there.
      this.#timers.set(id, {
        key: keyOf(item),
        handle: clock.after(1000, () => this.#fire(id)),
        atMs: clock.nowMs() + 1000,
      });
      return;
    }
    this.runs.set(id, (this.runs.get(id) ?? 0) + 1);
    if ((spanOf(item.props.get("interval") ?? "0s") ?? 0) > 0) this.#schedule(item);
    const event = item.props.get("on-event") ?? "";
    const named = itemsOf(this.config, "/system script").find(({ props }) => props.get("name") === event);
    this.script(named?.props.get("source") ?? event, item.props.get("owner") ?? "admin");
  }

  #whenUp(): void {
    this.safe = undefined;
    if (this.facts.flash) this.files = this.files.filter(({ name }) => name.startsWith("flash"));
    const again = (): void => {
      if (this.#stopped) return;
      if (this.store.up) this.resync();
      else this.store.clock.after(1000, again);
    };
    this.store.clock.after(1000, again);
  }

  save(name: string, config: Config | undefined, content = ""): void {
    const type = config ? "backup" : "script";
    this.files = this.files.filter((file) => file.name !== name);
    this.files.push({
      name,
      type,
      content,
      atMs: this.store.clock.nowMs(),
      ...(config ? { config: cloneConfig(config) } : {}),
    });
  }

  /** The whole box as it was: a restore ends in a reboot. False where there is no such backup. */
  load(name: string, by: string): boolean {
    const file = this.files.find((one) => one.name === name || one.name === `${name}.backup`);
    if (!file?.config) return false;
    const { store } = this;
    const wasPending = this.pending !== undefined;
    store.startup = cloneConfig(file.config);
    store.running = cloneConfig(file.config);
    if (wasPending) store.record({ kind: "rolled-back", why: "timer", by });
    store.reboot(this.facts.bootMs);
    return true;
  }

  takeSafe(actor: Actor): void {
    this.safe = { owner: actor, before: cloneConfig(this.config), actions: 0 };
  }

  releaseSafe(): void {
    this.safe = undefined;
  }

  unroll(why: "asked" | "session-lost"): void {
    const { safe } = this;
    if (!safe) return;
    this.safe = undefined;
    this.store.running = cloneConfig(safe.before);
    this.store.startup = cloneConfig(safe.before);
    this.store.record({ kind: "rolled-back", why, by: safe.owner.user });
    this.resync();
  }

  /** A session that went without a word: its safe mode is undone when TCP gives it up. */
  lost(sessionId: number): void {
    if (this.safe?.owner.sessionId !== sessionId) return;
    const { safe } = this;
    this.store.later(SESSION_LOST_MS, () => {
      if (this.safe === safe) this.unroll("session-lost");
    });
  }

  stop(): void {
    this.#stopped = true;
    for (const { handle } of this.#timers.values()) handle.clear();
    this.#timers.clear();
  }

  exportOf(sensitive: boolean): string {
    return exportText(this.config, { sensitive });
  }
}

const keyOf = ({ props }: Item): string =>
  ["interval", "start-date", "start-time", "disabled", "on-event"].map((key) => props.get(key) ?? "").join("|");
