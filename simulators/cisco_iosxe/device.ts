/**
 * The box itself: its two configurations, its flash, its archive and the timer that takes a change back. Sessions come
 * and go; this stays. It speaks no SSH and prints no prompt.
 */
import type { Clock, TimerHandle } from "../../shared/clock.ts";
import { fileFromShown, shownFromFile } from "./config/banner.ts";
import { rollbackCommands, type Command } from "./config/diff.ts";
import { editLine, type EditOptions, type EditResult } from "./config/edit.ts";
import { printConfig } from "./config/print.ts";
import { clone, parseConfig, sameConfig, type ConfigNode } from "./config/tree.ts";
import { archiveStamp } from "./dates.ts";
import type { ApplyRecord, Change, DeviceEvent, PendingRollback, WithoutTime } from "../device.ts";
import { FaultBoard, matches, meetAwaited, type Fault } from "../faults.ts";

export interface DeviceFacts {
  model: string;
  serial: string;
  version: string;
}

/** Cisco's timer counts whole minutes, from arming or from the last key press. */
export interface PendingMinutes extends PendingRollback {
  minutes: number;
  type: "absolute" | "idle";
  archive: string;
}

/** What the device does to the world around it: its network, and the terminals of its users. */
export interface DeviceSurroundings {
  setReachability(next: "up" | "refuse" | "blackhole"): void;
  dropSessions(): void;
  /** A message on the terminal that armed the timer, or on nobody's. */
  tell(sessionId: number, text: string): void;
}

interface Armed {
  info: PendingMinutes;
  saved: ConfigNode[];
  sessionId: number;
  timers: TimerHandle[];
}

export interface DeviceOptions {
  facts: DeviceFacts;
  clock: Clock;
  config: string;
  surroundings: DeviceSurroundings;
  /** Bytes of `show tech-support`, made as they are sent. */
  bulkBytes?: number;
}

const MINUTE_MS = 60_000;

export class Device {
  readonly facts: DeviceFacts;
  readonly clock: Clock;
  readonly faults = new FaultBoard();
  readonly files = new Map<string, { text: string; atMs: number }>();
  readonly archives: string[] = [];
  readonly applies: ApplyRecord[] = [];
  readonly events: DeviceEvent[] = [];
  readonly bulkBytes: number;
  running: ConfigNode[];
  startup: string;
  lastChange: Change | undefined;
  lastSave: Change | undefined;
  bootedAtMs: number;
  up = true;
  readonly #surroundings: DeviceSurroundings;
  #armed: Armed | undefined;
  #archiveCount = 0;
  #text: string | undefined;
  readonly #timers = new Set<TimerHandle>();

  constructor(options: DeviceOptions) {
    this.facts = options.facts;
    this.clock = options.clock;
    this.bulkBytes = options.bulkBytes ?? 0;
    this.#surroundings = options.surroundings;
    this.running = parseConfig(options.config).nodes;
    this.startup = this.runningText();
    this.bootedAtMs = this.clock.nowMs();
  }

  get hostname(): string {
    return this.value("hostname") ?? "Router";
  }

  get pending(): PendingMinutes | undefined {
    return this.#armed?.info;
  }

  /** The rest of the first top-level line that begins with `prefix`. */
  value(prefix: string): string | undefined {
    return this.running.find((entry) => entry.line.startsWith(`${prefix} `))?.line.slice(prefix.length + 1);
  }

  has(line: string): boolean {
    return this.running.some((entry) => entry.line === line);
  }

  runningText(): string {
    this.#text ??= printConfig(this.running);
    return this.#text;
  }

  /** `path` of the archive section: without it there is no archive and no timed rollback. */
  get archivePath(): string | undefined {
    const section = this.running.find((entry) => entry.line === "archive");
    return section?.children.find((entry) => entry.line.startsWith("path "))?.line.slice("path ".length);
  }

  record(event: WithoutTime<DeviceEvent>): void {
    this.events.push({ ...event, atMs: this.clock.nowMs() } as DeviceEvent);
  }

  edit(path: readonly string[], line: string, by: string, options?: EditOptions): EditResult {
    const result = editLine(this.running, path, line, options);
    if (result.kind === "ok" && result.changed) this.changed(by);
    return result;
  }

  changed(by: string): void {
    this.#text = undefined;
    this.lastChange = { atMs: this.clock.nowMs(), by };
  }

  /** Opens the record of one apply; its caller adds lines as they are accepted. */
  beginApply(via: ApplyRecord["via"], by: string): ApplyRecord {
    const apply: ApplyRecord = { atMs: this.clock.nowMs(), by, via, lines: [] };
    this.applies.push(apply);
    this.record({ kind: "applied", via, by });
    return apply;
  }

  /** After every accepted line: a change may cut its own way as soon as it is in. */
  afterEdit(): void {
    const fault = this.faults.get("unreachable-after-apply");
    if (!fault) return;
    if (fault.match === undefined || new RegExp(fault.match, "im").test(this.runningText()))
      this.#surroundings.setReachability(fault.how);
  }

  /** At the end of an apply: what waits for a change under a timer happens now. */
  afterApply(): void {
    if (!this.#armed) return;
    meetAwaited(this.faults, {
      later: (...run) => this.later(...run),
      mutate: (...change) => this.mutate(...change),
      confirm: (by) => void this.confirm(by),
      reboot: (bootMs) => {
        if (this.#armed) this.reboot(bootMs);
      },
    });
    const failover = this.faults.take("failover-before-confirm");
    if (failover) this.later(failover.afterMs, () => this.#armed && this.#failover(failover));
  }

  later(delayMs: number, fn: () => void): void {
    if (delayMs === 0) {
      fn();
      return;
    }
    const timer = this.clock.after(delayMs, () => {
      this.#timers.delete(timer);
      fn();
    });
    this.#timers.add(timer);
  }

  /** A change from outside any session that a test can see: another admin, another tool. */
  mutate(lines: readonly string[], by: string): void {
    let path: string[] = [];
    for (let at = 0; at < lines.length; at += 1) {
      const line = lines[at] ?? "";
      const trimmed = line.trim();
      if (trimmed === "" || trimmed.startsWith("!")) continue;
      if (trimmed === "exit" || trimmed === "end") {
        path = trimmed === "end" ? [] : path.slice(0, -1);
        continue;
      }
      const raw = line.startsWith(" ") ? line.trimStart() : line;
      let result = this.edit(path, raw, by, { confirmed: true });
      if (result.kind === "needs-body") {
        const { isLast } = result;
        const length = lines.slice(at + 1).findIndex((next) => isLast(next)) + 1;
        result = this.edit(path, raw, by, { body: lines.slice(at + 1, at + 1 + length), confirmed: true });
        at += length;
      }
      if (result.kind !== "ok")
        throw new Error(`${this.hostname} refuses the out-of-band line ${JSON.stringify(line)}: ${result.kind}`);
      path = result.path;
    }
    this.record({ kind: "out-of-band", by, lines: [...lines] });
  }

  save(by: string): void {
    this.startup = this.runningText();
    this.lastSave = { atMs: this.clock.nowMs(), by };
    const section = this.running.find((entry) => entry.line === "archive");
    if (section?.children.some((entry) => entry.line === "write-memory")) this.archive();
    this.record({ kind: "saved", by });
  }

  /** Writes the running configuration to the archive and names the file. */
  archive(): string | undefined {
    const path = this.archivePath;
    if (path === undefined) return undefined;
    const stamp = archiveStamp(this.clock.nowMs());
    const separator = path.endsWith(":") || path.endsWith("/") ? "" : "-";
    const name = `${path}${separator}${stamp}-${this.#archiveCount}`;
    this.#archiveCount += 1;
    this.writeFile(name, fileFromShown(this.runningText()));
    this.archives.push(name);
    while (this.archives.length > this.archiveMaximum) this.files.delete(fileKey(this.archives.shift() ?? ""));
    return name;
  }

  get archiveMaximum(): number {
    const section = this.running.find((entry) => entry.line === "archive");
    return Number(section?.children.find((entry) => entry.line.startsWith("maximum "))?.line.split(" ")[1] ?? 10);
  }

  get archiveNumber(): number {
    return this.#archiveCount;
  }

  writeFile(name: string, text: string): void {
    this.files.set(fileKey(name), { text, atMs: this.clock.nowMs() });
  }

  /** The text of `flash:x`, `system:running-config` or `nvram:startup-config` as `show` shows it. */
  readConfig(url: string): string | undefined {
    if (/^(?:system:\/?)?running-config$/i.test(url)) return this.runningText();
    if (/^(?:nvram:\/?)?startup-config$/i.test(url)) return this.startup;
    const file = this.files.get(fileKey(url));
    return file ? shownFromFile(file.text) : undefined;
  }

  /** Saves what runs now and starts the clock that brings it back. Undefined without an archive. */
  arm(options: {
    minutes: number;
    type: "absolute" | "idle";
    user: string;
    sessionId: number;
    saved?: ConfigNode[];
    archive?: string;
  }): PendingMinutes | undefined {
    const archive = options.archive ?? this.archive();
    if (archive === undefined) return undefined;
    this.#disarm();
    const nowMs = this.clock.nowMs();
    const info: PendingMinutes = {
      armedAtMs: nowMs,
      deadlineMs: nowMs + options.minutes * MINUTE_MS,
      minutes: options.minutes,
      type: options.type,
      user: options.user,
      archive,
    };
    this.#armed = { info, saved: options.saved ?? clone(this.running), sessionId: options.sessionId, timers: [] };
    this.#startTimers(this.#armed);
    this.record({ kind: "armed", timeoutMs: options.minutes * MINUTE_MS, by: options.user });
    return info;
  }

  #startTimers(armed: Armed): void {
    const { info, sessionId } = armed;
    for (const timer of armed.timers) timer.clear();
    const warn = () => this.#surroundings.tell(sessionId, WARNING);
    armed.timers = [this.clock.after(info.minutes * MINUTE_MS, () => this.#fire(armed))];
    if (info.minutes > 1) armed.timers.push(this.clock.after((info.minutes - 1) * MINUTE_MS, warn));
  }

  #fire(armed: Armed): void {
    if (this.#armed !== armed || !this.up) return;
    this.#surroundings.tell(
      armed.sessionId,
      `\nRollback Confirmed Change: rolling to:${armed.info.archive}\n\nTotal number of passes: 1\nRollback Done\n\n`,
    );
    this.rollback("timer", armed.info.user);
  }

  /** `configure revert timer`: the time starts again. */
  rearm(minutes: number, type: "absolute" | "idle"): boolean {
    if (!this.#armed) return false;
    const nowMs = this.clock.nowMs();
    this.#armed.info = {
      ...this.#armed.info,
      armedAtMs: nowMs,
      deadlineMs: nowMs + minutes * MINUTE_MS,
      minutes,
      type,
    };
    this.#startTimers(this.#armed);
    return true;
  }

  /** An idle timer counts from the last key press of its user. */
  touch(sessionId: number): void {
    const armed = this.#armed;
    if (armed?.sessionId === sessionId && armed.info.type === "idle") this.rearm(armed.info.minutes, "idle");
  }

  confirm(by: string): boolean {
    if (!this.#armed) return false;
    if (this.faults.take("confirm-lost")) return true;
    this.#disarm();
    this.record({ kind: "confirmed", by });
    return true;
  }

  /** Takes everything back that happened since arming, whoever did it. */
  rollback(why: "timer" | "asked" | "error", by: string): Command[] | undefined {
    const armed = this.#armed;
    if (!armed) return undefined;
    const commands = rollbackCommands(this.running, armed.saved);
    this.#disarm();
    this.restore(armed.saved, by);
    this.record({ kind: "rolled-back", why, by });
    return commands;
  }

  restore(nodes: readonly ConfigNode[], by: string): void {
    this.running = clone(nodes);
    this.changed(by);
    this.#surroundings.setReachability("up");
  }

  #disarm(): void {
    for (const timer of this.#armed?.timers ?? []) timer.clear();
    this.#armed = undefined;
  }

  /** The standby takes over: it has the configuration, and knows nothing of a timer. */
  #failover({ runs, serial, bootMs }: Extract<Fault, { kind: "failover-before-confirm" }>): void {
    const next = runs === "applied" ? clone(this.running) : clone(this.#armed?.saved ?? this.running);
    this.facts.serial = serial;
    this.#restart(bootMs, () => next);
  }

  /** Power off and on again: what was not saved is gone, and so is the timer. */
  reboot(bootMs: number): void {
    this.#restart(bootMs, () => parseConfig(this.startup).nodes);
  }

  #restart(bootMs: number, boots: () => ConfigNode[]): void {
    this.#disarm();
    this.up = false;
    this.#surroundings.setReachability("refuse");
    this.#surroundings.dropSessions();
    this.record({ kind: "rebooted", by: "system" });
    this.later(bootMs, () => {
      this.running = boots();
      this.#text = undefined;
      this.lastChange = undefined;
      this.bootedAtMs = this.clock.nowMs();
      this.up = true;
      this.#surroundings.setReachability("up");
    });
  }

  /** The box is as it came, but for what makes it reachable: configuration, files and archive are gone. */
  wipe(config: string): void {
    this.#disarm();
    this.files.clear();
    this.archives.splice(0);
    this.running = parseConfig(config).nodes;
    this.#text = undefined;
    this.startup = this.runningText();
    this.lastChange = undefined;
    this.lastSave = undefined;
    this.record({ kind: "wiped", by: "console" });
  }

  matchesRunning(nodes: readonly ConfigNode[]): boolean {
    return sameConfig(this.running, nodes);
  }

  /** True where a fault stops this exec command. */
  denies(command: string): boolean {
    const fault = this.faults.get("authorization-denied");
    return fault !== undefined && matches(fault.match, command);
  }

  stop(): void {
    this.#disarm();
    for (const timer of this.#timers) timer.clear();
    this.#timers.clear();
  }
}

export const WARNING = `Rollback Confirmed Change: Rollback will begin in one minute.\nEnter "configure confirm" if you wish to keep what you've configured\n\n`;

export function fileKey(url: string): string {
  return url.replace(/^(?:flash|bootflash|disk0|nvram):/i, "").replace(/^\/+/, "");
}
