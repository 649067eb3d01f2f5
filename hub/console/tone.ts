import type { AssignmentState, JobState, TaskState } from "../../shared/states.ts";

/** What a state means to a person. Each tone has its own mark, word and colour: never colour alone. */
export type Tone = "idle" | "wait" | "active" | "good" | "undone" | "warn" | "bad" | "unknown" | "stopped";

export const taskTone: { readonly [S in TaskState]: Tone } = {
  QUEUED: "idle",
  PRECHECK: "active",
  APPLYING: "active",
  CONFIRM_WAIT: "wait",
  UNKNOWN: "unknown",
  DONE: "good",
  ROLLED_BACK: "undone",
  FAILED: "bad",
  CANCELED: "stopped",
  TIMED_OUT: "bad",
  SKIPPED: "stopped",
  DRIFTED: "warn",
  UNKNOWN_FINAL: "unknown",
};

export const assignmentTone: { readonly [S in AssignmentState]: Tone } = {
  PLANNED: "idle",
  OFFERED: "idle",
  DELIVERED: "wait",
  ACCEPTED: "wait",
  WAITING: "wait",
  RUNNING: "active",
  RECONCILING: "unknown",
  REJECTED: "bad",
  SUCCEEDED: "good",
  FAILED: "bad",
  CANCELED: "stopped",
  TIMED_OUT: "bad",
  UNKNOWN_FINAL: "unknown",
  EXPIRED: "stopped",
  SUPERSEDED: "stopped",
  ABANDONED: "stopped",
};

export const jobTone: { readonly [S in JobState]: Tone } = {
  DRAFT: "idle",
  PLANNED: "wait",
  PENDING_APPROVAL: "wait",
  APPROVED: "wait",
  SCHEDULED: "wait",
  ROLLING: "active",
  PAUSED: "wait",
  SUCCEEDED: "good",
  PARTIAL: "warn",
  FAILED: "bad",
  CANCELED: "stopped",
  EXPIRED: "stopped",
};

export type ContactState = "LIVE" | "LAPSED" | "DARK";
export const contactTone: { readonly [S in ContactState]: Tone } = { LIVE: "good", LAPSED: "wait", DARK: "bad" };

export const contactMeans: { readonly [S in ContactState]: string } = {
  LIVE: "in contact now",
  LAPSED: "missed its last contact; running work goes on",
  DARK: "no contact for long; what it runs is decided there",
};
