import { describe, expect, it } from "vitest";
import {
  assignmentMoves,
  AssignmentState,
  isTerminal,
  JobState,
  jobMoves,
  move,
  taskMoves,
  TaskState,
} from "./states.ts";

const machines = [
  ["task", taskMoves, TaskState.options, "QUEUED"],
  ["assignment", assignmentMoves, AssignmentState.options, "PLANNED"],
  ["job", jobMoves, JobState.options, "DRAFT"],
] as const;

function reachable(moves: Record<string, readonly string[]>, start: string): Set<string> {
  const seen = new Set([start]);
  for (const state of seen) for (const next of moves[state] ?? []) seen.add(next);
  return seen;
}

describe.each(machines)("the %s states", (_, moves, states, start) => {
  const table = moves as Record<string, readonly string[]>;

  it("can all be reached from the first", () => {
    expect([...reachable(table, start)].toSorted()).toEqual([...states].toSorted());
  });

  it("all lead to an end", () => {
    for (const state of states) {
      const ends = [...reachable(table, state)].filter((next) => (table[next] ?? []).length === 0);
      expect(ends.length, state).toBeGreaterThan(0);
    }
  });

  it("throw on a move that the table does not have", () => {
    for (const state of states.filter((candidate) => isTerminal(table, candidate))) {
      expect(() => move(table, state, start)).toThrow(/illegal/);
    }
  });
});
