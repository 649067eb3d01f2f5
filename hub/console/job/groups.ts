import type { JobView, TaskView } from "../../api/client/index.ts";

/** Devices for which the same thing was planned: reviewed as one. Pure. */
export interface ChangeGroup {
  readonly key: string;
  readonly tasks: readonly TaskView[];
  /** Measured diff against the planned one, by digest. */
  readonly same: number;
  readonly other: readonly TaskView[];
}

/** The tasks of a change, or of its planning while there are no manifests yet. */
export function tasksOf(job: JobView): TaskView[] {
  const own = job.assignments.flatMap((assignment) => assignment.tasks);
  return own.length > 0 ? own : job.planning.flatMap((assignment) => assignment.tasks);
}

/** Largest first; the odd ones out stand below and are named so. */
export function groupChanges(tasks: readonly TaskView[]): ChangeGroup[] {
  const groups = new Map<string, TaskView[]>();
  for (const task of tasks) {
    if (task.plannedDiff === null) continue;
    const key = `${task.plannedDiff} ${task.plannedCommands ?? ""} ${task.level ?? ""}`;
    const group = groups.get(key);
    if (group) group.push(task);
    else groups.set(key, [task]);
  }
  return [...groups]
    .map(([key, members]) => ({
      key,
      tasks: members,
      same: members.filter((task) => task.diff !== null && task.diff === task.plannedDiff).length,
      other: members.filter((task) => task.diff !== null && task.diff !== task.plannedDiff),
    }))
    .toSorted((a, b) => b.tasks.length - a.tasks.length || a.key.localeCompare(b.key));
}
