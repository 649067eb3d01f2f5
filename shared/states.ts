import { z } from "zod";

/** One device in a manifest. UNKNOWN is not terminal: it is probed until the job's deadline. */
export const TaskState = z.enum([
  "QUEUED",
  "PRECHECK",
  "APPLYING",
  "CONFIRM_WAIT",
  "UNKNOWN",
  "DONE",
  "ROLLED_BACK",
  "FAILED",
  "CANCELED",
  "TIMED_OUT",
  "SKIPPED",
  "DRIFTED",
  "UNKNOWN_FINAL",
]);
export type TaskState = z.infer<typeof TaskState>;

/** One (manifest, attempt) at one agent. */
export const AssignmentState = z.enum([
  "PLANNED",
  "OFFERED",
  "DELIVERED",
  "ACCEPTED",
  "WAITING",
  "RUNNING",
  "RECONCILING",
  "REJECTED",
  "SUCCEEDED",
  "FAILED",
  "CANCELED",
  "TIMED_OUT",
  "UNKNOWN_FINAL",
  "EXPIRED",
  "SUPERSEDED",
  "ABANDONED",
]);
export type AssignmentState = z.infer<typeof AssignmentState>;

export const JobState = z.enum([
  "DRAFT",
  "PLANNED",
  "PENDING_APPROVAL",
  "APPROVED",
  "SCHEDULED",
  "ROLLING",
  "PAUSED",
  "SUCCEEDED",
  "PARTIAL",
  "FAILED",
  "CANCELED",
  "EXPIRED",
]);
export type JobState = z.infer<typeof JobState>;

type Moves<S extends string> = { readonly [From in S]: readonly S[] };

const END: readonly never[] = [];

/** From a state to the states that may follow it. Terminal states have none: terminal is absorbing. */
export const taskMoves: Moves<TaskState> = {
  QUEUED: ["PRECHECK", "CANCELED", "SKIPPED", "TIMED_OUT", "FAILED"],
  PRECHECK: ["APPLYING", "DONE", "DRIFTED", "FAILED", "CANCELED", "SKIPPED", "TIMED_OUT", "QUEUED"],
  APPLYING: ["CONFIRM_WAIT", "ROLLED_BACK", "FAILED", "UNKNOWN", "DONE"],
  CONFIRM_WAIT: ["DONE", "ROLLED_BACK", "FAILED", "UNKNOWN"],
  UNKNOWN: ["DONE", "ROLLED_BACK", "FAILED", "UNKNOWN_FINAL"],
  DONE: END,
  ROLLED_BACK: END,
  FAILED: END,
  CANCELED: END,
  TIMED_OUT: END,
  SKIPPED: END,
  DRIFTED: END,
  UNKNOWN_FINAL: END,
};

/** DELIVERED and later move only by the agent's word, or by a sync that proves the agent never saw the sequence. */
export const assignmentMoves: Moves<AssignmentState> = {
  PLANNED: ["OFFERED", "CANCELED", "EXPIRED", "SUPERSEDED"],
  OFFERED: ["DELIVERED", "CANCELED", "EXPIRED", "SUPERSEDED"],
  DELIVERED: [
    "OFFERED",
    "ACCEPTED",
    "REJECTED",
    "EXPIRED",
    "CANCELED",
    "SUPERSEDED",
    "ABANDONED",
    "RUNNING",
    "SUCCEEDED",
    "FAILED",
    "TIMED_OUT",
    "UNKNOWN_FINAL",
  ],
  ACCEPTED: [
    "WAITING",
    "RUNNING",
    "RECONCILING",
    "EXPIRED",
    "CANCELED",
    "SUPERSEDED",
    "ABANDONED",
    "SUCCEEDED",
    "FAILED",
    "TIMED_OUT",
    "UNKNOWN_FINAL",
  ],
  WAITING: [
    "RUNNING",
    "RECONCILING",
    "EXPIRED",
    "CANCELED",
    "SUPERSEDED",
    "ABANDONED",
    "SUCCEEDED",
    "FAILED",
    "TIMED_OUT",
    "UNKNOWN_FINAL",
  ],
  RUNNING: ["RECONCILING", "SUCCEEDED", "FAILED", "CANCELED", "TIMED_OUT", "UNKNOWN_FINAL", "ABANDONED"],
  RECONCILING: ["RUNNING", "SUCCEEDED", "FAILED", "CANCELED", "TIMED_OUT", "UNKNOWN_FINAL", "ABANDONED"],
  REJECTED: END,
  SUCCEEDED: END,
  FAILED: END,
  CANCELED: END,
  TIMED_OUT: END,
  UNKNOWN_FINAL: END,
  EXPIRED: END,
  SUPERSEDED: END,
  ABANDONED: END,
};

export const jobMoves: Moves<JobState> = {
  DRAFT: ["PLANNED", "CANCELED", "FAILED", "APPROVED", "EXPIRED"],
  PLANNED: ["PENDING_APPROVAL", "CANCELED", "EXPIRED", "APPROVED"],
  PENDING_APPROVAL: ["APPROVED", "CANCELED", "EXPIRED"],
  APPROVED: ["SCHEDULED", "ROLLING", "CANCELED", "EXPIRED"],
  SCHEDULED: ["ROLLING", "CANCELED", "EXPIRED"],
  ROLLING: ["PAUSED", "SUCCEEDED", "PARTIAL", "FAILED", "CANCELED", "EXPIRED"],
  PAUSED: ["ROLLING", "CANCELED", "EXPIRED", "FAILED", "PARTIAL"],
  SUCCEEDED: END,
  PARTIAL: END,
  FAILED: END,
  CANCELED: END,
  EXPIRED: END,
};

export function isTerminal<S extends string>(moves: Moves<S>, state: S): boolean {
  return moves[state].length === 0;
}

export function canMove<S extends string>(moves: Moves<S>, from: S, to: S): boolean {
  return (moves[from] as readonly S[]).includes(to);
}

/** An illegal transition is a bug, never a state: it throws. */
export function move<S extends string>(moves: Moves<S>, from: S, to: S): S {
  if (!canMove(moves, from, to)) throw new Error(`illegal transition ${from} -> ${to}`);
  return to;
}
