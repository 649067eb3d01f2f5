import type { StreamEvent, JobSummary, JobView, TaskView, AssignmentView } from "../api/client/index.ts";
import { assignmentMoves, isTerminal, jobMoves, taskMoves, type TaskState } from "../../shared/states.ts";

/** What a batch of events makes of what was read before. Pure. Old events (a replay) never undo newer truth. */
type TaskEvent = Extract<StreamEvent, { type: "task" }>;
type AssignmentEvent = Extract<StreamEvent, { type: "assignment" }>;
type JobEvent = Extract<StreamEvent, { type: "job" }>;

function patchTask(task: TaskView, event: TaskEvent): TaskView {
  const older = task.atMs !== null && event.atMs < task.atMs;
  if (older || (isTerminal(taskMoves, task.state) && event.state !== task.state)) return task;
  return { ...task, state: event.state, step: event.step, code: event.code ?? task.code, atMs: event.atMs };
}

function patchAssignment(
  assignment: AssignmentView,
  tasks: ReadonlyMap<string, TaskEvent> | undefined,
  event: AssignmentEvent | undefined,
): AssignmentView {
  if (!tasks && !event) return assignment;
  const moved = event && !isTerminal(assignmentMoves, assignment.state);
  return {
    ...assignment,
    ...(moved && { state: event.state, code: event.code }),
    tasks: tasks
      ? assignment.tasks.map((task) => {
          const found = tasks.get(task.device);
          return found ? patchTask(task, found) : task;
        })
      : assignment.tasks,
  };
}

export function countTasks(assignments: readonly AssignmentView[]): Partial<Record<TaskState, number>> {
  const counts: Partial<Record<TaskState, number>> = {};
  for (const assignment of assignments) {
    for (const task of assignment.tasks) counts[task.state] = (counts[task.state] ?? 0) + 1;
  }
  return counts;
}

export function patchJob(job: JobView, events: readonly StreamEvent[]): JobView {
  const tasks = new Map<string, Map<string, TaskEvent>>();
  const assignments = new Map<string, AssignmentEvent>();
  let state: JobEvent | undefined;
  for (const event of events) {
    if (event.type === "agent" || event.job !== job.id) continue;
    if (event.type === "job") state = event;
    else if (event.type === "assignment") assignments.set(event.manifest, event);
    else if (event.type === "task") {
      const ofManifest = tasks.get(event.manifest) ?? new Map<string, TaskEvent>();
      tasks.set(event.manifest, ofManifest.set(event.device, event));
    }
  }
  if (!state && tasks.size === 0 && assignments.size === 0) return job;
  const patch = (one: AssignmentView) => patchAssignment(one, tasks.get(one.manifest), assignments.get(one.manifest));
  const patched = job.assignments.map(patch);
  return {
    ...job,
    ...(state && !isTerminal(jobMoves, job.state) && { state: state.state }),
    assignments: patched,
    planning: job.planning.map(patch),
    ...(tasks.size > 0 &&
      patched.some((one) => one.tasks.length > 0) && {
        counts: { ...job.counts, ...zeroed(job), ...countTasks(patched) },
      }),
  };
}

const zeroed = (job: JobSummary): Partial<Record<TaskState, number>> =>
  Object.fromEntries(Object.keys(job.counts).map((key) => [key, 0]));

export function patchSummaries(jobs: readonly JobSummary[], events: readonly StreamEvent[]): JobSummary[] {
  const states = new Map(events.flatMap((event) => (event.type === "job" ? [[event.job as string, event]] : [])));
  return jobs.map((job) => {
    const event = states.get(job.id);
    return event && !isTerminal(jobMoves, job.state) ? { ...job, state: event.state } : job;
  });
}
