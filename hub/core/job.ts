import type { ErrorCode } from "../../shared/errors.ts";
import type { JobId } from "../../shared/ids.ts";
import { isTerminal, jobMoves, move, type JobState } from "../../shared/states.ts";
import type { AssignmentMessage, Message, Purpose, Random, WatchEvent } from "./model.ts";

/** Assignments of one wave, by where they stand. `open` are released and not ended. */
export interface Counts {
  readonly planned: number;
  readonly open: number;
  readonly succeeded: number;
  readonly canceled: number;
  readonly expired: number;
  /** Failed, rejected, timed out, unknown, abandoned: whatever closes the gate. */
  readonly failed: number;
}

export interface JobWave {
  readonly notBeforeMs: number;
  readonly counts: Counts;
}

export interface JobStanding {
  readonly state: JobState;
  readonly code: ErrorCode | null;
  /** Index of the last released wave; -1 before the first. */
  readonly wave: number;
  readonly cancelReason: string | null;
  /** A failure closed the gate: what was not released never will be. */
  readonly halted: boolean;
  readonly endedMs: number | null;
}

export interface JobAggregate {
  readonly id: JobId;
  readonly standing: JobStanding;
  /** When it may start, and when what has not started expires. */
  readonly notBeforeMs: number;
  readonly expMs: number;
  readonly waves: readonly JobWave[];
  /** Planning before a change; `waitingForPlans` have succeeded, and their signed plan has not arrived yet. */
  readonly planning: { readonly counts: Counts; readonly waitingForPlans: number } | null;
  /** Tasks that ended DONE: with one of them a job that failed elsewhere is PARTIAL. */
  readonly tasksDone: number;
}

export type JobEvent =
  /** Made, with its planning (a change) or its granted reads. */
  | { readonly type: "submitted"; readonly route: "plan" | "grant" }
  /** An agent began it by its own clock: there is nothing left to release, and no time after which it could not start. */
  | { readonly type: "begun" }
  /** The warrant stands and waits for signatures. */
  | { readonly type: "composed" }
  | { readonly type: "planFailed"; readonly code: ErrorCode }
  /** The signed policy's threshold is met. */
  | { readonly type: "authorised" }
  | { readonly type: "progress" }
  | { readonly type: "cancelRequested"; readonly reason: string }
  | { readonly type: "tick" }
  | { readonly type: "resume" };

export type JobRow =
  | { readonly type: "job"; readonly id: JobId; readonly standing: JobStanding }
  | { readonly type: "message"; readonly message: Message }
  | { readonly type: "watch"; readonly event: WatchEvent };

export type JobEffect = /** All plans are in: compose the warrant. */ { readonly type: "compose"; readonly job: JobId };

export interface JobDecision {
  readonly rows: readonly JobRow[];
  readonly effects: readonly JobEffect[];
}

class Draft {
  readonly job: JobAggregate;
  readonly nowMs: number;
  standing: JobStanding;
  readonly #rows: JobRow[] = [];
  readonly #effects: JobEffect[] = [];

  constructor(job: JobAggregate, nowMs: number) {
    this.job = job;
    this.nowMs = nowMs;
    this.standing = job.standing;
  }

  get state(): JobState {
    return this.standing.state;
  }

  set(change: Partial<JobStanding>): void {
    this.standing = { ...this.standing, ...change };
  }

  to(state: JobState, change: Partial<JobStanding> = {}): void {
    this.set({ ...change, state: move(jobMoves, this.state, state) });
    this.#rows.push({ type: "watch", event: { type: "job", job: this.job.id, state } });
    if (isTerminal(jobMoves, state)) this.set({ endedMs: this.nowMs });
  }

  tell(purpose: Purpose, wave: number | null, body: AssignmentMessage): void {
    this.#rows.push({ type: "message", message: { to: "assignments", job: this.job.id, purpose, wave, body } });
  }

  compose(): void {
    this.#effects.push({ type: "compose", job: this.job.id });
  }

  finish(): JobDecision {
    if (this.standing !== this.job.standing) {
      this.#rows.unshift({ type: "job", id: this.job.id, standing: this.standing });
    }
    return { rows: this.#rows, effects: this.#effects };
  }
}

/** What one event means for one job: when waves open, when a failure closes them, and what the job comes to. Pure. */
export function decideJob(job: JobAggregate, event: JobEvent, nowMs: number, _random: Random): JobDecision {
  const draft = new Draft(job, nowMs);
  switch (event.type) {
    case "submitted":
      if (draft.state !== "DRAFT") break;
      if (event.route === "plan") draft.tell("plan", null, { type: "released" });
      else approve(draft);
      break;
    case "begun":
      if (draft.state !== "DRAFT") break;
      draft.to("APPROVED");
      draft.to("ROLLING");
      draft.set({ wave: 0 });
      break;
    case "composed":
      if (draft.state !== "DRAFT") break;
      draft.to("PLANNED");
      draft.to("PENDING_APPROVAL");
      break;
    case "planFailed":
      if (draft.state === "DRAFT") draft.to("FAILED", { code: event.code });
      break;
    case "authorised":
      if (draft.state === "PENDING_APPROVAL") approve(draft);
      break;
    case "cancelRequested":
      onCancel(draft, event.reason);
      break;
    case "tick":
    case "progress":
    case "resume":
      goOn(draft);
      break;
    default:
      event satisfies never;
  }
  return draft.finish();
}

function approve(draft: Draft): void {
  if (draft.job.expMs <= draft.nowMs) return draft.to("EXPIRED", { code: "EXPIRED" });
  draft.to("APPROVED");
  if (draft.job.notBeforeMs > draft.nowMs) draft.to("SCHEDULED");
  else startRolling(draft);
}

function startRolling(draft: Draft): void {
  draft.to("ROLLING");
  openNextWave(draft);
}

/** Releases the next wave, if its earliest time has come. */
function openNextWave(draft: Draft): void {
  const next = draft.standing.wave + 1;
  const wave = draft.job.waves[next];
  if (!wave || wave.notBeforeMs > draft.nowMs) return;
  draft.set({ wave: next });
  draft.tell("work", next, { type: "released" });
}

function onCancel(draft: Draft, reason: string): void {
  const { state } = draft;
  if (isTerminal(jobMoves, state) || draft.standing.cancelReason !== null) return;
  draft.set({ cancelReason: reason });
  draft.tell(state === "DRAFT" ? "plan" : "work", null, { type: "cancelRequested", reason });
  if (state !== "ROLLING" && state !== "PAUSED") draft.to("CANCELED", { code: "CANCELED" });
}

function goOn(draft: Draft): void {
  switch (draft.state) {
    case "DRAFT":
      return planningGoesOn(draft);
    case "PLANNED":
    case "PENDING_APPROVAL":
    case "APPROVED":
      return expireUnstarted(draft);
    case "SCHEDULED":
      if (draft.job.expMs <= draft.nowMs) return expireUnstarted(draft);
      if (draft.job.notBeforeMs <= draft.nowMs) startRolling(draft);
      return;
    case "ROLLING":
    case "PAUSED":
      return rollOn(draft);
    case "SUCCEEDED":
    case "PARTIAL":
    case "FAILED":
    case "CANCELED":
    case "EXPIRED":
      return;
    default:
      draft.state satisfies never;
  }
}

function expireUnstarted(draft: Draft): void {
  if (draft.job.expMs > draft.nowMs) return;
  draft.to("EXPIRED", { code: "EXPIRED" });
  draft.tell("work", null, { type: "expiredTick" });
}

function planningGoesOn(draft: Draft): void {
  const { planning } = draft.job;
  if (!planning) return;
  const { counts, waitingForPlans } = planning;
  if (counts.planned + counts.open > 0 || waitingForPlans > 0) return;
  draft.compose();
}

function rollOn(draft: Draft): void {
  const { waves } = draft.job;
  const total = waves.map((wave) => wave.counts).reduce(sum, NONE);
  if (draft.job.expMs <= draft.nowMs && total.planned > 0) draft.tell("work", null, { type: "expiredTick" });
  if (total.planned + total.open === 0) return draft.to(verdict(draft, total));
  const gate = waves[draft.standing.wave]?.counts ?? NONE;
  if (total.failed + total.expired > 0 && !draft.standing.halted) return halt(draft);
  if (draft.standing.halted || draft.standing.cancelReason !== null) return;
  if (gate.planned + gate.open === 0) openNextWave(draft);
}

function halt(draft: Draft): void {
  draft.set({ halted: true });
  draft.job.waves.forEach((_, index) => {
    if (index <= draft.standing.wave) return;
    draft.tell("work", index, { type: "cancelRequested", reason: "an earlier wave did not succeed" });
  });
}

function verdict(draft: Draft, total: Counts): JobState {
  const others = total.failed + total.expired + total.canceled;
  if (others === 0) return "SUCCEEDED";
  if (draft.standing.cancelReason !== null && total.canceled > 0) return "CANCELED";
  if (total.succeeded > 0 || draft.job.tasksDone > 0) return "PARTIAL";
  if (total.failed > 0) return "FAILED";
  return total.expired > 0 ? "EXPIRED" : "CANCELED";
}

export const NONE: Counts = { planned: 0, open: 0, succeeded: 0, canceled: 0, expired: 0, failed: 0 };

function sum(a: Counts, b: Counts): Counts {
  return {
    planned: a.planned + b.planned,
    open: a.open + b.open,
    succeeded: a.succeeded + b.succeeded,
    canceled: a.canceled + b.canceled,
    expired: a.expired + b.expired,
    failed: a.failed + b.failed,
  };
}
