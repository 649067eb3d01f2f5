/**
 * One Junos device: its configuration database with a candidate that all share, its commit history, who is editing, and the
 * rules of committing (CLI User Guide, "Commit the Configuration"; forms checked on recorded sessions, see the README).
 */
import { Datastores, type Surroundings } from "../kit/datastores.ts";
import type { Clock } from "../../shared/clock.ts";
import type { DeviceEvent } from "../device.ts";
import type { Shell } from "../kit/shell.ts";
import { check } from "./config/check.ts";
import { mergeOnto } from "./config/merge.ts";
import { printBraces } from "./config/print.ts";
import { applyLines } from "./config/set_lines.ts";
import { clone, same, select, type Config } from "./config/tree.ts";
import { describeEditor, ghost, type Editor } from "./editor.ts";
import { HISTORY_MAX, type CommitEntry } from "./history.ts";

export interface CommitRequest {
  readonly check: boolean;
  /** After so long it takes itself back: whole minutes from the CLI and `<commit-configuration>`, seconds from `<commit>`. */
  readonly confirmedMs: number | undefined;
  readonly comment: string | undefined;
}

export interface CommitAnswer {
  readonly ok: boolean;
  readonly text: string;
}

export interface Facts {
  readonly model: string;
  readonly version: string;
  readonly built: string;
  /** `{master:0}` over each prompt: a member of a virtual chassis, a box with two routing engines. */
  readonly role: string | undefined;
}

const MINUTE_MS = 60_000;

export interface DeviceOptions {
  readonly clock: Clock;
  readonly running: Config;
  readonly serial: string;
  readonly surroundings: Surroundings;
  readonly facts: Facts;
  readonly lastCommit: { readonly atMs: number; readonly user: string };
  readonly tellsPending?: boolean;
}

export class JunosDevice {
  readonly store: Datastores<Config>;
  readonly facts: Facts;
  readonly commits: CommitEntry[] = [];
  readonly editors = new Map<number, Editor>();
  readonly shells = new Map<number, Shell>();
  /** NETCONF sessions; the number is of the same row as the terminals'. */
  readonly netconf = new Map<number, { kill(): void }>();
  readonly files = new Map<string, string>();
  readonly clock: Clock;
  #nextPid = 4681;
  #pendingEntry: CommitEntry | undefined;
  readonly #tellsPending: boolean;
  /** Whose own commit is being put in force: it writes its line itself. */
  #committer: string | undefined;

  constructor(options: DeviceOptions) {
    this.clock = options.clock;
    this.#tellsPending = options.tellsPending ?? true;
    this.facts = options.facts;
    this.store = new Datastores<Config>({
      tree: { clone, same, text: printBraces },
      clock: options.clock,
      running: options.running,
      serial: options.serial,
      surroundings: options.surroundings,
      historyMax: 1,
      separateStartup: false,
    });
    this.#log({
      atMs: options.lastCommit.atMs,
      user: options.lastCommit.user,
      client: "cli",
      comment: undefined,
      confirmedMinutes: undefined,
      tree: clone(options.running),
    });
    this.store.onEvent = (event) => this.#follow(event);
  }

  get hostname(): string | undefined {
    return select(this.store.running, "system host-name")[0]?.statement.values[0];
  }

  nextPid(): number {
    this.#nextPid += 1;
    return this.#nextPid;
  }

  #log(entry: CommitEntry): void {
    this.commits.unshift(entry);
    this.commits.splice(HISTORY_MAX);
  }

  /** Whether this entry of the history is said to wait for its confirmation. */
  waits(entry: CommitEntry): boolean {
    return this.#tellsPending && this.store.pending !== undefined && entry === this.#pendingEntry;
  }

  /** What happens without a session's commit writes its line into the history too. */
  #follow(event: DeviceEvent): void {
    const by = (user: string, client: CommitEntry["client"]): void =>
      this.#log({
        atMs: event.atMs,
        user,
        client,
        comment: undefined,
        confirmedMinutes: undefined,
        tree: clone(this.store.running),
      });
    switch (event.kind) {
      case "rolled-back":
        by("root", "other");
        if (event.why === "timer") this.#broadcast();
        return;
      case "confirmed":
        if (event.by !== this.#committer) by(event.by, "cli");
        return;
      case "out-of-band":
        by(event.by, "cli");
        return;
      case "rebooted":
        this.editors.clear();
        return;
      case "wiped":
        by("root", "other");
        return;
      case "applied":
      case "armed":
      case "saved":
        return;
      default:
        event satisfies never;
    }
  }

  #broadcast(): void {
    const time = new Date(this.clock.nowMs()).toISOString().slice(11, 16);
    const text = `\n\x07\x07Broadcast Message from root@${this.hostname ?? ""}\n        (no tty) at ${time} UTC...\n\nCommit was not confirmed; automatic rollback complete.\n\n`;
    for (const shell of this.shells.values()) shell.term.write(text).catch(() => {});
  }

  /** The whole minutes that are left, as the prompt counts them. */
  minutesLeft(): number | undefined {
    const pending = this.store.pending;
    return pending && Math.max(1, Math.ceil((pending.deadlineMs - this.clock.nowMs()) / MINUTE_MS));
  }

  candidate(editor: Editor): Config {
    return editor.mode === "private" ? this.store.private(editor.sessionId) : this.store.shared(editor);
  }

  setCandidate(editor: Editor, tree: Config): void {
    if (editor.mode === "private") this.store.privates.set(editor.sessionId, tree);
    else this.store.candidate = { tree, by: editor };
  }

  dirty(editor: Editor): boolean {
    return editor.mode === "private" ? !same(this.store.private(editor.sessionId), editor.base) : this.store.dirty;
  }

  /** Somebody else's work in the shared candidate, put there by a fault the first time that anybody looks. */
  meetStale(): void {
    const fault = this.store.faults.get("stale-candidate");
    if (!fault || fault.lines.length === 0 || this.store.dirty) return;
    const tree = this.store.shared({ sessionId: 0, user: fault.by });
    applyLines(tree, fault.lines);
  }

  /** Who else edits, as the device lists them. */
  others(sessionId: number): Editor[] {
    const fault = this.store.faults.get("stale-candidate");
    const strangers = fault ? [ghost(fault.by, fault.locked, this.store.running, this.clock.nowMs())] : [];
    return [...strangers, ...this.editors.values()].filter((editor) => editor.sessionId !== sessionId);
  }

  describe(editor: Editor): string {
    return describeEditor(editor, this.clock.nowMs());
  }

  /** What a change meets where another holds the whole database. */
  lockedText(sessionId: number): string | undefined {
    const held = this.store.lockOf("candidate");
    if (!held || held.sessionId === sessionId) return undefined;
    const who = this.others(sessionId).find((editor) => editor.mode === "exclusive");
    return `error: configuration database locked by:\n${who ? this.describe(who) : `  ${held.user}\n`}`;
  }

  enter(editor: Omit<Editor, "base">): { editor: Editor; said: string } | { refused: string } {
    this.meetStale();
    const { sessionId, mode } = editor;
    const locked = this.lockedText(sessionId);
    const others = this.others(sessionId);
    const list =
      others.length === 0
        ? ""
        : `Users currently editing the configuration:\n${others.map((one) => this.describe(one)).join("")}`;
    if (mode !== "shared") {
      if (locked !== undefined) return { refused: locked };
      if (this.store.dirty)
        return {
          refused:
            mode === "exclusive"
              ? `${list}error: configuration database modified\n`
              : "error: shared configuration database modified\n",
        };
    }
    if (mode === "exclusive") this.store.lock("candidate", editor);
    const made: Editor = { ...editor, base: clone(this.store.running) };
    this.editors.set(sessionId, made);
    const warning = mode === "shared" ? "" : "warning: uncommitted changes will be discarded on exit\n";
    const changed =
      mode === "shared" && this.store.dirty ? "The configuration has been changed but not committed\n" : "";
    return { editor: made, said: `${warning}Entering configuration mode\n${list}${changed}` };
  }

  /** An exclusive or a private session takes its changes with it; what a shared one typed stays for all to see. */
  leave(editor: Editor): void {
    this.editors.delete(editor.sessionId);
    if (editor.mode === "exclusive") {
      this.store.unlock("candidate", editor.sessionId);
      this.store.candidate = undefined;
    }
    if (editor.mode === "private") this.store.privates.delete(editor.sessionId);
  }

  commit(editor: Editor, request: CommitRequest, client: CommitEntry["client"] = "cli"): CommitAnswer {
    const locked = this.lockedText(editor.sessionId);
    if (locked !== undefined) return { ok: false, text: locked };
    const { confirmedMs } = request;
    if (editor.mode === "private" && confirmedMs !== undefined)
      return { ok: false, text: "error: commit confirmed is not supported in private configuration mode\n" };
    if (editor.mode === "private" && this.store.dirty)
      return { ok: false, text: "error: shared configuration database modified\n" };
    let next = clone(this.candidate(editor));
    if (editor.mode === "private" && !same(editor.base, this.store.running)) {
      const merged = mergeOnto(editor.base, next, this.store.running);
      const conflict = merged.conflicts[0];
      if (conflict)
        return {
          ok: false,
          text: `[edit ${conflict.path.slice(0, -1).join(" ")}]\n  '${conflict.path.at(-1) ?? ""}'\n    statement has been changed by another user\nerror: commit failed: private edits conflict with the committed configuration\n`,
        };
      next = merged.tree;
    }
    const failed = this.#failures(next, request);
    if (failed !== undefined) return { ok: false, text: failed };
    const checked = this.facts.role === undefined ? "" : "configuration check succeeds\n";
    if (request.check) {
      this.#confirmByCheck(editor);
      return { ok: true, text: "configuration check succeeds\n" };
    }
    const armed =
      confirmedMs === undefined
        ? ""
        : `commit confirmed will be automatically rolled back in ${Math.ceil(confirmedMs / MINUTE_MS)} minutes unless confirmed\n`;
    const done: CommitAnswer = { ok: true, text: `${checked}${armed}commit complete\n` };
    // The device says that all is well, and its timer runs on.
    if (this.store.pending && confirmedMs === undefined && this.store.faults.take("confirm-lost")) return done;
    this.#put(editor, next, request, client);
    return done;
  }

  #put(editor: Editor, next: Config, request: CommitRequest, client: CommitEntry["client"]): void {
    const { confirmedMs, comment } = request;
    const entry: CommitEntry = {
      atMs: this.clock.nowMs(),
      user: editor.user,
      client,
      comment,
      confirmedMinutes: confirmedMs === undefined ? undefined : Math.ceil(confirmedMs / MINUTE_MS),
      tree: next,
    };
    this.#log(entry);
    this.#pendingEntry = confirmedMs === undefined ? undefined : entry;
    const lines = editor.typed.splice(0);
    const outer = this.#committer;
    this.#committer = editor.user;
    try {
      this.store.commit({
        holder: editor,
        next,
        via: client === "cli" ? "terminal" : client,
        lines,
        ...(confirmedMs === undefined ? {} : { confirm: { timeoutMs: confirmedMs, boundToSession: false } }),
      });
    } finally {
      this.#committer = outer;
    }
    editor.base = clone(this.store.running);
  }

  /**
   * `commit check` confirms what waits, and nothing of the candidate goes in with it. It is no commit: the history has no line more, and the newest
   * keeps its words, without the one that says that it waits (a vSRX 24.4R2).
   */
  #confirmByCheck(editor: Editor): void {
    if (!this.store.pending) return;
    const outer = this.#committer;
    this.#committer = editor.user;
    try {
      this.store.confirm(editor);
    } finally {
      this.#committer = outer;
    }
  }

  #failures(next: Config, request: CommitRequest): string | undefined {
    const failures = check(next);
    if (failures.length === 0) return undefined;
    const reason = failures.find((failure) => failure.reason !== undefined)?.reason;
    const plain = !request.check && request.confirmedMs === undefined && reason !== undefined;
    const last = plain
      ? `error: commit failed: (${reason})\n`
      : `error: configuration check-out failed${reason === undefined ? "" : `: (${reason})`}\n`;
    return failures.map((failure) => failure.text).join("") + last;
  }

  /** Another admin's commit. It confirms what waits, as every commit does. */
  mutate(lines: readonly string[], by: string): void {
    const next = clone(this.store.running);
    applyLines(next, lines);
    if (this.store.candidate) applyLines(this.store.candidate.tree, lines);
    this.store.outOfBand(() => next, lines, by);
    const outer = this.#committer;
    this.#committer = by;
    try {
      if (this.store.pending) this.store.confirm({ sessionId: 0, user: by });
    } finally {
      this.#committer = outer;
    }
  }
}
