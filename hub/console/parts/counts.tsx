import { TaskState } from "../../../shared/states.ts";
import { taskTone, type Tone } from "../tone.ts";
import { Mark } from "./state.tsx";

export type Counts = Partial<Record<TaskState, number>>;

const left: readonly Tone[] = ["good", "undone", "warn", "bad", "unknown", "stopped", "wait", "active", "idle"];
const inOrder = TaskState.options.toSorted((a, b) => left.indexOf(taskTone[a]) - left.indexOf(taskTone[b]));

/** The states that occur: what has ended first, what is to come last. */
export const present = (counts: Counts): [TaskState, number][] =>
  inOrder.flatMap((state): [TaskState, number][] => {
    const count = counts[state] ?? 0;
    return count > 0 ? [[state, count]] : [];
  });

const label = (counts: Counts): string =>
  present(counts)
    .map(([state, count]) => `${count} ${state}`)
    .join(", ");

/** One bar of all tasks; the numbers stand beside it, so the bar is only a picture of them. */
export function CountsBar({ counts }: { counts: Counts }) {
  const list = present(counts);
  return (
    <span className="bar">
      <span className="visually-hidden">{label(counts) === "" ? "no tasks yet" : label(counts)}</span>
      {list.map(([state, count]) => (
        <span key={state} className={`bar-part tone-${taskTone[state]}`} style={{ flexGrow: count }} />
      ))}
    </span>
  );
}

export function CountsList({ counts }: { counts: Counts }) {
  return (
    <span className="counts" aria-hidden="true">
      {present(counts).map(([state, count]) => (
        <span key={state} className={`count tone-${taskTone[state]}`} title={`${count} ${state}`}>
          <Mark tone={taskTone[state]} />
          {count}
        </span>
      ))}
    </span>
  );
}
