import type { Deadlines } from "../../shared/documents/manifest.ts";
import { whole } from "./flags.ts";

/** Deadlines of a job, as flags in seconds. Where none is given the hub's defaults hold. */
export interface DeadlineFlags {
  readonly connectSeconds?: number;
  readonly commandSeconds?: number;
  readonly taskSeconds?: number;
  readonly jobSeconds?: number;
  readonly confirmSeconds?: number;
}

const seconds = (brief: string, min: number, max: number) =>
  ({ kind: "parsed", parse: whole(min, max), brief, placeholder: "S", optional: true }) as const;

/** Jobs that change nothing arm no timer. */
export type ReadDeadlineFlags = Omit<DeadlineFlags, "confirmSeconds">;

export const deadlineFlags = {
  connectSeconds: seconds("Deadline of one connection", 1, 300),
  commandSeconds: seconds("Deadline of one command", 1, 3_600),
  taskSeconds: seconds("Deadline of one device", 1, 86_400),
  jobSeconds: seconds("Deadline of an agent's whole assignment", 1, 604_800),
} as const;
export const confirmFlag = seconds("How long the device's own undo timer runs", 5, 7_200);

const DEFAULTS = { connect: 15, command: 60, task: 1_800, job: 14_400, confirm: 300 };

export function deadlinesOf(flags: DeadlineFlags): { deadlines?: Deadlines } {
  const { connectSeconds, commandSeconds, taskSeconds, jobSeconds, confirmSeconds } = flags;
  const given = [connectSeconds, commandSeconds, taskSeconds, jobSeconds, confirmSeconds];
  if (given.every((value) => value === undefined)) return {};
  return { deadlines: wholeDeadlines(flags) };
}

/** Where no hub fills in what is missing. */
export function wholeDeadlines(flags: DeadlineFlags): Deadlines {
  const { connectSeconds, commandSeconds, taskSeconds, jobSeconds, confirmSeconds } = flags;
  return {
    connectMs: (connectSeconds ?? DEFAULTS.connect) * 1000,
    commandMs: (commandSeconds ?? DEFAULTS.command) * 1000,
    taskMs: (taskSeconds ?? DEFAULTS.task) * 1000,
    jobMs: (jobSeconds ?? DEFAULTS.job) * 1000,
    confirmMs: (confirmSeconds ?? DEFAULTS.confirm) * 1000,
  };
}
