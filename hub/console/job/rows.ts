import type { AssignmentView, JobView, TaskView } from "../../api/client/index.ts";
import { matcher } from "../parts/search.tsx";

/** The list of devices of a job, by wave and site, as rows that can be drawn a page at a time. Pure. */
export type ListRow =
  | {
      readonly kind: "assignment";
      readonly assignment: AssignmentView;
      readonly planning: boolean;
      readonly shown: number;
    }
  | { readonly kind: "task"; readonly assignment: AssignmentView; readonly task: TaskView };

export function rowsOf(job: JobView, filter: { state: string | undefined; text: string }): ListRow[] {
  const matches = matcher(filter.text);
  const planning = job.assignments.length === 0;
  const assignments = (planning ? job.planning : job.assignments).toSorted(
    (a, b) => a.wave - b.wave || a.site.localeCompare(b.site) || a.agent.localeCompare(b.agent),
  );
  const filtered = filter.state !== undefined || filter.text.trim() !== "";
  return assignments.flatMap((assignment): ListRow[] => {
    const tasks = assignment.tasks.filter(
      (task) =>
        (filter.state === undefined || task.state === filter.state) &&
        matches(`${task.device} ${task.state} ${task.code ?? ""} ${assignment.site} ${assignment.agent}`),
    );
    if (filtered && tasks.length === 0) return [];
    return [
      { kind: "assignment", assignment, planning, shown: tasks.length },
      ...tasks.map((task): ListRow => ({ kind: "task", assignment, task })),
    ];
  });
}
