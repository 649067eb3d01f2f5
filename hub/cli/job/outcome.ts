import type { DeviceId } from "../../../shared/ids.ts";
import type { JobState } from "../../../shared/states.ts";
import type { AssignmentView, JobView, TaskView } from "../../api/client/index.ts";
import { EXIT, type Exit } from "../exit.ts";
import { escapeLine } from "../terminal/escape.ts";
import type { Style } from "../terminal/style.ts";
import { table } from "../terminal/table.ts";

export interface DeviceOutcome {
  readonly device: DeviceId;
  readonly site: string;
  readonly agent: string;
  readonly wave: number;
  readonly state: TaskView["state"];
  /** The task's own fault, else its assignment's: a rejected assignment never reached its tasks. */
  readonly code: string | null;
  readonly detail: string | null;
  readonly task: TaskView;
}

export function outcomesOf(view: JobView): DeviceOutcome[] {
  return view.assignments.flatMap((assignment) => assignment.tasks.map((task) => outcomeOf(assignment, task)));
}

const outcomeOf = (assignment: AssignmentView, task: TaskView): DeviceOutcome => ({
  device: task.device,
  site: assignment.site,
  agent: assignment.agent,
  wave: assignment.wave,
  state: task.state,
  code: task.code ?? assignment.code,
  detail: task.detail ?? assignment.reason,
  task,
});

export function exitOfJob(state: JobState): Exit {
  if (state === "SUCCEEDED") return EXIT.ok;
  return state === "CANCELED" ? EXIT.canceled : EXIT.failure;
}

export function stateText(state: string, style: Style): string {
  if (state === "DONE" || state === "SUCCEEDED") return style.green(state);
  if (/^(FAILED|UNKNOWN|UNKNOWN_FINAL|ROLLED_BACK|DRIFTED|TIMED_OUT|REJECTED|EXPIRED|PARTIAL)$/.test(state))
    return style.red(state);
  return state === "CANCELED" || state === "PAUSED" || state === "SKIPPED" ? style.yellow(state) : state;
}

export function outcomeTable(outcomes: readonly DeviceOutcome[], style: Style): string {
  return table(
    [
      { title: "DEVICE", value: (row) => row.device },
      { title: "SITE", value: (row) => row.site },
      { title: "AGENT", value: (row) => row.agent },
      { title: "WAVE", value: (row) => row.wave, right: true },
      {
        title: "STATE",
        value: (row) => row.state,
        paint: (row, cell) => cell.replace(row.state, stateText(row.state, style)),
      },
      { title: "LEVEL", value: (row) => row.task.level },
      { title: "CODE", value: (row) => row.code ?? "" },
      { title: "DETAIL", value: (row) => row.detail ?? row.task.step ?? "" },
    ],
    outcomes,
    style,
  );
}

/** `12 DONE, 1 DRIFTED`. */
export function countsText(view: Pick<JobView, "counts">): string {
  const counts = Object.entries(view.counts).filter(([, count]) => count > 0);
  return counts.length === 0
    ? "no device yet"
    : counts.map(([state, count]) => `${count} ${escapeLine(state)}`).join(", ");
}
