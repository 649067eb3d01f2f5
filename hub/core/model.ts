import type { ErrorCode } from "../../shared/errors.ts";
import type { AgentId, DeviceId, Digest, JobId } from "../../shared/ids.ts";
import type { AssignmentState, JobState, TaskState } from "../../shared/states.ts";

/** One (manifest, attempt): what single use is keyed on. */
export interface AssignmentKey {
  readonly manifest: Digest;
  readonly attempt: number;
}

/** In [0, 1). Given to every core, so that a seed decides. */
export type Random = () => number;

/** What a person watching sees move; stored in the transaction that moves it, numbered by the store. */
export type WatchEvent =
  | { readonly type: "job"; readonly job: JobId; readonly state: JobState }
  | {
      readonly type: "assignment";
      readonly job: JobId;
      readonly manifest: Digest;
      readonly agent: AgentId;
      readonly state: AssignmentState;
      readonly code: ErrorCode | null;
    }
  | {
      readonly type: "task";
      readonly job: JobId;
      readonly manifest: Digest;
      readonly device: DeviceId;
      readonly state: TaskState;
      readonly step: string | null;
      readonly code: ErrorCode | null;
    };

/** What one aggregate tells another. A row, pumped one at a time: losing the process loses none. */
export type Message =
  /** To the job: something ended or arrived; look at the counts again. */
  | { readonly to: "job"; readonly job: JobId; readonly body: { readonly type: "progress" } }
  /** To every assignment of the job that the filter names; the store expands it to one row each. */
  | {
      readonly to: "assignments";
      readonly job: JobId;
      readonly purpose: Purpose;
      /** Null is every wave. */
      readonly wave: number | null;
      readonly body: AssignmentMessage;
    };

export type AssignmentMessage =
  | { readonly type: "released" }
  | { readonly type: "cancelRequested"; readonly reason: string }
  | { readonly type: "expiredTick" };

/** Work that people signed or granted, or the planning that comes before a change. */
export type Purpose = "work" | "plan";
