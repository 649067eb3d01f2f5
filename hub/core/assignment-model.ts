import type { ErrorCode } from "../../shared/errors.ts";
import type { AgentId, DeviceId, Digest, JobId, SiteId } from "../../shared/ids.ts";
import type { AssignmentState, TaskState } from "../../shared/states.ts";
import type { AssignmentKey, Message, Purpose, WatchEvent } from "./model.ts";

export interface Cancellation {
  readonly generation: number;
  readonly reason: string;
}

/** What the agent said after the hub had already called it ended. Stored beside; it changes no verdict. */
export interface LateTruth {
  readonly state: AssignmentState;
  readonly code: ErrorCode | null;
  readonly atMs: number;
}

export interface TaskWord {
  readonly device: DeviceId;
  readonly state: TaskState;
  readonly step: string | null;
  readonly code: ErrorCode | null;
  readonly detail: string | null;
  readonly atMs: number;
}

/** The fixed half: given when the assignment is made, never changed by a decision. */
export interface AssignmentIdentity {
  readonly key: AssignmentKey;
  readonly job: JobId;
  readonly purpose: Purpose;
  readonly agent: AgentId;
  readonly site: SiteId;
  readonly wave: number;
  readonly expMs: number;
}

/** The moving half. */
export interface AssignmentStanding {
  readonly state: AssignmentState;
  readonly code: ErrorCode | null;
  readonly reason: string | null;
  /** Given once, when first served; a re-offer keeps both. */
  readonly sequence: number | null;
  readonly fence: number | null;
  readonly cancel: Cancellation | null;
  readonly receipt: Digest | null;
  /** The agent's final word is held: it need not repeat it. */
  readonly settled: boolean;
  readonly late: LateTruth | null;
}

export interface AssignmentAggregate {
  readonly identity: AssignmentIdentity;
  readonly standing: AssignmentStanding;
  /** Last known state of those tasks that the event speaks of; the shell need not load the others. */
  readonly tasks: readonly TaskWord[];
}

export type AssignmentEvent =
  | { readonly type: "released" }
  /** A pull takes it. The numbers count only when it has none yet. */
  | { readonly type: "served"; readonly sequence: number; readonly fence: number }
  /** The agent took it up by its own clock: it never was an offer, and has none of the hub's numbers. */
  | { readonly type: "begun" }
  | { readonly type: "accepted" }
  | { readonly type: "rejected"; readonly code: ErrorCode; readonly detail: string | null }
  | {
      readonly type: "assignment";
      readonly state: AssignmentState;
      readonly code: ErrorCode | null;
      readonly reason: string | null;
    }
  | { readonly type: "task"; readonly word: TaskWord }
  | {
      readonly type: "receipt";
      readonly digest: Digest;
      readonly outcome: AssignmentState;
      readonly code: ErrorCode | null;
      readonly tasks: readonly TaskWord[];
    }
  | { readonly type: "cancelRequested"; readonly reason: string }
  /** The agent's hello: the highest sequence that its journal holds, and what it says of this one, if it lists it. */
  | { readonly type: "sync"; readonly highWater: number; readonly listed: AssignmentState | null }
  | { readonly type: "expiredTick" }
  | { readonly type: "abandoned"; readonly reason: string }
  /** A person gave it to a standby as another attempt. This one is told to stop, however late it hears. */
  | { readonly type: "takenOver"; readonly reason: string }
  /** Nothing happened: say again what should be going on. */
  | { readonly type: "resume" };

export type AssignmentRow =
  | { readonly type: "assignment"; readonly key: AssignmentKey; readonly standing: AssignmentStanding }
  | { readonly type: "task"; readonly key: AssignmentKey; readonly word: TaskWord }
  /** A truth that came after the task's end, stored beside it. */
  | { readonly type: "lateTask"; readonly key: AssignmentKey; readonly device: DeviceId; readonly state: TaskState }
  /** Every task that has not ended gets this state. */
  | { readonly type: "tasksClosed"; readonly key: AssignmentKey; readonly state: TaskState; readonly code: ErrorCode }
  | { readonly type: "message"; readonly message: Message }
  | { readonly type: "watch"; readonly event: WatchEvent };

/** What should happen next. Hints: each may be lost, doubled or late; `resume` makes them again from the rows. */
export type AssignmentEffect =
  | { readonly type: "wake"; readonly agent: AgentId }
  | { readonly type: "sendOffer"; readonly key: AssignmentKey; readonly agent: AgentId }
  | { readonly type: "sendCancel"; readonly key: AssignmentKey; readonly agent: AgentId }
  | { readonly type: "sendSettled"; readonly key: AssignmentKey; readonly agent: AgentId };

export interface AssignmentDecision {
  readonly rows: readonly AssignmentRow[];
  readonly effects: readonly AssignmentEffect[];
}

/** The aggregate as it stands once the rows are stored. */
export function applyAssignmentRows(
  aggregate: AssignmentAggregate,
  rows: readonly AssignmentRow[],
): AssignmentAggregate {
  let { standing, tasks } = aggregate;
  for (const row of rows) {
    switch (row.type) {
      case "assignment":
        standing = row.standing;
        break;
      case "task":
        tasks = [...tasks.filter((task) => task.device !== row.word.device), row.word];
        break;
      case "lateTask":
      case "tasksClosed":
      case "message":
      case "watch":
        break;
      default:
        row satisfies never;
    }
  }
  return { ...aggregate, standing, tasks };
}
