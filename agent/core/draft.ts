import type { ErrorCode } from "../../shared/errors.ts";
import type { DeviceId } from "../../shared/ids.ts";
import {
  assignmentMoves,
  isTerminal,
  move,
  taskMoves,
  type AssignmentState,
  type TaskState,
} from "../../shared/states.ts";
import type { Aggregate, Assignment, Cancellation, Decision, Effect, Row, Task } from "./model.ts";

export const taskEnded = (task: Task): boolean => isTerminal(taskMoves, task.state);
export const isInFlight = (task: Task): boolean => task.state === "APPLYING" || task.state === "CONFIRM_WAIT";
/** The change may be on the device, whole or in part. */
export const mayBeTouched = (task: Task): boolean => isInFlight(task) || task.state === "UNKNOWN";
export const assignmentEnded = (assignment: Assignment): boolean => isTerminal(assignmentMoves, assignment.state);

/**
 * A decision in the making: changes are collected as rows, so that what is stored, what is told to the hub and what later
 * lines of the same decision see cannot differ.
 */
export class Draft {
  readonly nowMs: number;
  #aggregate: Aggregate;
  #assignmentChanged = false;
  #cancelChanged = false;
  readonly #changedTasks = new Set<number>();
  readonly #outbox: Row[] = [];
  readonly #effects: Effect[] = [];

  constructor(aggregate: Aggregate, nowMs: number) {
    this.#aggregate = aggregate;
    this.nowMs = nowMs;
  }

  get aggregate(): Aggregate {
    return this.#aggregate;
  }

  get assignment(): Assignment | null {
    return this.#aggregate.assignment;
  }

  get tasks(): readonly Task[] {
    return this.#aggregate.tasks;
  }

  effect(effect: Effect): void {
    this.#effects.push(effect);
  }

  create(assignment: Assignment, devices: readonly DeviceId[]): void {
    const tasks = devices.map((device): Task => ({
      device,
      state: "QUEUED",
      code: null,
      detail: null,
      applies: 0,
      probes: 0,
      startedAtMs: null,
      endedAtMs: null,
      evidence: null,
    }));
    this.#aggregate = { ...this.#aggregate, assignment, tasks };
    this.#assignmentChanged = true;
    tasks.forEach((_, order) => this.#changedTasks.add(order));
    this.#tellAssignment(assignment);
  }

  cancel(cancel: Cancellation): void {
    this.#aggregate = { ...this.#aggregate, cancel };
    this.#cancelChanged = true;
  }

  /** Members other than the state. */
  set(changes: Partial<Omit<Assignment, "state">>): void {
    const { assignment } = this.#aggregate;
    if (!assignment) return;
    this.#aggregate = { ...this.#aggregate, assignment: { ...assignment, ...changes } };
    this.#assignmentChanged = true;
  }

  moveAssignment(state: AssignmentState, changes: Partial<Omit<Assignment, "state">> = {}): void {
    const { assignment } = this.#aggregate;
    if (!assignment) return;
    const waitReason = state === "WAITING" ? (changes.waitReason ?? null) : null;
    const unchanged = assignment.state === state && assignment.waitReason === waitReason;
    const next: Assignment = {
      ...assignment,
      ...changes,
      waitReason,
      state: assignment.state === state ? state : move(assignmentMoves, assignment.state, state),
    };
    this.#aggregate = { ...this.#aggregate, assignment: next };
    this.#assignmentChanged = true;
    if (!unchanged) this.#tellAssignment(next);
  }

  task(device: DeviceId): Task | undefined {
    return this.#aggregate.tasks.find((task) => task.device === device);
  }

  setTask(device: DeviceId, changes: Partial<Omit<Task, "state" | "device">>): void {
    this.#replaceTask(device, (task) => ({ ...task, ...changes }));
  }

  /** Throws on an illegal transition: that is a bug, and the transaction that would have stored it is undone. */
  moveTask(
    device: DeviceId,
    state: TaskState,
    changes: Partial<Omit<Task, "state" | "device">> = {},
    step: string | null = null,
  ): void {
    const next = this.#replaceTask(device, (task) => {
      const to = move(taskMoves, task.state, state);
      const ended = isTerminal(taskMoves, to);
      return { ...task, ...changes, state: to, endedAtMs: ended ? this.nowMs : null };
    });
    if (next) this.#tellTask(next, step);
  }

  endTask(device: DeviceId, state: TaskState, code: ErrorCode | null): void {
    this.moveTask(device, state, { code });
  }

  #replaceTask(device: DeviceId, change: (task: Task) => Task): Task | undefined {
    const order = this.#aggregate.tasks.findIndex((task) => task.device === device);
    const task = this.#aggregate.tasks[order];
    if (!task) return undefined;
    const tasks = [...this.#aggregate.tasks];
    const next = change(task);
    tasks[order] = next;
    this.#aggregate = { ...this.#aggregate, tasks };
    this.#changedTasks.add(order);
    return next;
  }

  #tellAssignment(assignment: Assignment): void {
    this.#outbox.push({
      type: "outbox",
      record: {
        type: "assignment",
        ...this.#aggregate.key,
        state: assignment.state,
        code: assignment.code,
        reason: assignment.waitReason,
        atMs: this.nowMs,
      },
    });
  }

  #tellTask(task: Task, step: string | null): void {
    this.#outbox.push({
      type: "outbox",
      record: {
        type: "task",
        ...this.#aggregate.key,
        device: task.device,
        state: task.state,
        step,
        code: task.code,
        detail: task.detail,
        atMs: this.nowMs,
      },
    });
  }

  record(row: Extract<Row, { type: "outbox" }>): void {
    this.#outbox.push(row);
  }

  finish(): Decision {
    const { key, assignment, cancel, tasks } = this.#aggregate;
    const rows: Row[] = [];
    if (this.#cancelChanged && cancel) rows.push({ type: "cancel", key, cancel });
    if (this.#assignmentChanged && assignment) rows.push({ type: "assignment", key, assignment });
    for (const order of this.#changedTasks) {
      const task = tasks[order];
      if (task) rows.push({ type: "task", key, order, task });
    }
    return { rows: [...rows, ...this.#outbox], effects: this.#effects };
  }
}
