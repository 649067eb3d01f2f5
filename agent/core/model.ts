import type { Deadlines } from "../../shared/documents/manifest.ts";
import type { Authority } from "../../shared/documents/offer.ts";
import type { TaskOutcome } from "../../shared/documents/receipt.ts";
import type { Envelope } from "../../shared/envelope.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import type { DeviceId, Digest, JobId, PersonId } from "../../shared/ids.ts";
import type { AssignmentState, TaskState } from "../../shared/states.ts";
import type { UpRecord } from "../../shared/wire/messages.ts";

/** One (manifest, attempt) at this agent: the unit of decision, and what single use is keyed on. */
export interface AssignmentKey {
  readonly manifest: Digest;
  readonly attempt: number;
}

export type WaitReason = "window" | "lock" | "clock" | "admission";

/** What a task leaves behind besides its state: goes into the receipt as it is. The core never looks inside. */
export type TaskEvidence = Omit<
  TaskOutcome,
  "device" | "state" | "code" | "detail" | "startedAt" | "endedAt" | "applies"
>;

export interface Task {
  readonly device: DeviceId;
  readonly state: TaskState;
  readonly code: ErrorCode | null;
  readonly detail: string | null;
  /** How often a change began to be applied. Never more than one per attempt. */
  readonly applies: number;
  readonly probes: number;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly evidence: TaskEvidence | null;
}

export interface Assignment {
  readonly sequence: number;
  readonly fence: number;
  /** Null only for work that was refused before its manifest could be trusted. */
  readonly job: JobId | null;
  readonly authority: Authority;
  readonly signers: readonly PersonId[];
  /** Milliseconds since the epoch: may start from `notBeforeMs`, must have started before `expMs`. */
  readonly notBeforeMs: number;
  readonly expMs: number;
  readonly deadlines: Deadlines | null;
  readonly state: AssignmentState;
  readonly waitReason: WaitReason | null;
  readonly code: ErrorCode | null;
  readonly detail: string | null;
  readonly offeredAtMs: number;
  readonly startedAtMs: number | null;
  readonly jobDeadlineMs: number | null;
  readonly endedAtMs: number | null;
  /** How many processes have worked on it; more than STARTS_MAX is a crash loop. */
  readonly starts: number;
  readonly receipt: Digest | null;
  /** The hub holds the agent's final word: it need not be repeated. */
  readonly settled: boolean;
}

export interface Cancellation {
  readonly generation: number;
  readonly reason: string;
}

/** Without an assignment it is a tombstone: a cancel that came before its offer. */
export interface Aggregate {
  readonly key: AssignmentKey;
  readonly assignment: Assignment | null;
  readonly cancel: Cancellation | null;
  readonly tasks: readonly Task[];
}

export type Timer =
  | { readonly kind: "start" | "expiry" | "job" | "final" }
  | { readonly kind: "probe"; readonly device: DeviceId };

/** How a task ended, or how a probe found it. */
export interface TaskEnd {
  readonly state: TaskState;
  readonly code: ErrorCode | null;
  readonly detail: string | null;
  readonly evidence: TaskEvidence | null;
}

export interface OfferedWork {
  readonly sequence: number;
  readonly fence: number;
  readonly authority: Authority;
}

export type Event =
  | {
      readonly type: "offered";
      readonly work: OfferedWork & {
        readonly job: JobId;
        readonly signers: readonly PersonId[];
        readonly notBeforeMs: number;
        readonly expMs: number;
        readonly deadlines: Deadlines;
        readonly devices: readonly DeviceId[];
      };
    }
  | { readonly type: "refused"; readonly work: OfferedWork; readonly code: ErrorCode; readonly detail: string | null }
  | { readonly type: "cancel"; readonly generation: number; readonly reason: string }
  /** Verified again with the trust held now; the work begins. */
  | { readonly type: "start" }
  | { readonly type: "startRefused"; readonly code: ErrorCode; readonly detail: string | null }
  | { readonly type: "wait"; readonly reason: WaitReason }
  | { readonly type: "taskMoved"; readonly device: DeviceId; readonly state: TaskState; readonly step: string | null }
  | { readonly type: "taskEnded"; readonly device: DeviceId; readonly end: TaskEnd }
  | { readonly type: "probed"; readonly device: DeviceId; readonly end: TaskEnd }
  | { readonly type: "restarted" }
  /** This journal is an older copy of itself: nothing that stands open in it may go on. */
  | { readonly type: "rolledBack" }
  | { readonly type: "timer"; readonly timer: Timer }
  | { readonly type: "receiptSigned"; readonly digest: Digest; readonly envelope: Envelope | null }
  | { readonly type: "settled" }
  /** Nothing happened: say again what should be going on. */
  | { readonly type: "resume" };

export type Row =
  | { readonly type: "assignment"; readonly key: AssignmentKey; readonly assignment: Assignment }
  | { readonly type: "task"; readonly key: AssignmentKey; readonly order: number; readonly task: Task }
  | { readonly type: "cancel"; readonly key: AssignmentKey; readonly cancel: Cancellation }
  | { readonly type: "outbox"; readonly record: UpRecord };

/** What should happen next. Hints: each may be lost, doubled or late; `resume` makes them again from the rows. */
export type Effect =
  | { readonly type: "sendAccept"; readonly key: AssignmentKey; readonly sequence: number }
  | {
      readonly type: "sendReject";
      readonly key: AssignmentKey;
      readonly sequence: number;
      readonly code: ErrorCode;
      readonly detail: string;
    }
  | {
      readonly type: "sendCanceled";
      readonly key: AssignmentKey;
      readonly generation: number;
      readonly state: AssignmentState;
    }
  /** Check signatures, validity and cancels with the trust held now, then say `start`, `startRefused` or `wait`. */
  | { readonly type: "verifyStart"; readonly key: AssignmentKey }
  | { readonly type: "runTask"; readonly key: AssignmentKey; readonly device: DeviceId }
  | { readonly type: "probeTask"; readonly key: AssignmentKey; readonly device: DeviceId }
  /** Stop at the next safe point. */
  | { readonly type: "stopTask"; readonly key: AssignmentKey; readonly device: DeviceId }
  | { readonly type: "armTimer"; readonly key: AssignmentKey; readonly timer: Timer; readonly atMs: number }
  | { readonly type: "signReceipt"; readonly key: AssignmentKey };

export interface Decision {
  readonly rows: readonly Row[];
  readonly effects: readonly Effect[];
}

export function emptyAggregate(key: AssignmentKey): Aggregate {
  return { key, assignment: null, cancel: null, tasks: [] };
}

/** The aggregate as it stands once the rows are stored. */
export function applyRows(aggregate: Aggregate, rows: readonly Row[]): Aggregate {
  let next = aggregate;
  for (const row of rows) {
    switch (row.type) {
      case "assignment":
        next = { ...next, assignment: row.assignment };
        break;
      case "cancel":
        next = { ...next, cancel: row.cancel };
        break;
      case "task": {
        const tasks = [...next.tasks];
        tasks[row.order] = row.task;
        next = { ...next, tasks };
        break;
      }
      case "outbox":
        break;
      default:
        row satisfies never;
    }
  }
  return next;
}
