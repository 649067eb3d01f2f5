import type { ErrorCode } from "../../shared/errors.ts";
import type { AssignmentState } from "../../shared/states.ts";
import type { Assignment, Task } from "./model.ts";

interface Outcome {
  readonly state: Extract<AssignmentState, "SUCCEEDED" | "FAILED" | "CANCELED" | "TIMED_OUT" | "UNKNOWN_FINAL">;
  readonly code: ErrorCode | null;
}

/** A change that was undone because a person canceled it did what it was told. */
const undoneByCancel = (task: Task): boolean => task.state === "ROLLED_BACK" && task.code === "CANCELED";

/** The worst that happened to any device names the whole. Success is only success everywhere. */
export function outcomeOf(tasks: readonly Task[], assignment: Pick<Assignment, "jobDeadlineMs">): Outcome {
  const first = (test: (task: Task) => boolean): Task | undefined => tasks.find(test);
  const unknown = first((task) => task.state === "UNKNOWN_FINAL");
  if (unknown) return { state: "UNKNOWN_FINAL", code: unknown.code ?? "UNKNOWN_OUTCOME" };
  const failed = first(
    (task) =>
      task.state === "FAILED" ||
      task.state === "DRIFTED" ||
      task.state === "SKIPPED" ||
      (task.state === "ROLLED_BACK" && !undoneByCancel(task)),
  );
  if (failed) return { state: "FAILED", code: failed.code };
  const late = first((task) => task.state === "TIMED_OUT");
  if (late) {
    // A task that missed its own deadline failed; one that the job's deadline cut off was timed out with the job.
    const byJob = (late.endedAtMs ?? 0) >= (assignment.jobDeadlineMs ?? Infinity);
    return { state: byJob ? "TIMED_OUT" : "FAILED", code: late.code ?? "DEADLINE" };
  }
  const canceled = first((task) => task.state === "CANCELED" || undoneByCancel(task));
  return canceled ? { state: "CANCELED", code: "CANCELED" } : { state: "SUCCEEDED", code: null };
}
