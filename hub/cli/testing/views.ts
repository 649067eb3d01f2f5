import type { DeviceId } from "../../../shared/ids.ts";
import { id, NO_DIGEST } from "../../../shared/testing/org.ts";
import { TaskState } from "../../../shared/states.ts";
import type { AssignmentView, JobView, TaskView } from "../../api/client/index.ts";
import { JOB } from "./bundle.ts";

export function taskView(device: string, over: Partial<TaskView> = {}): TaskView {
  return {
    device: device as DeviceId,
    state: "DONE",
    late: null,
    step: null,
    code: null,
    detail: null,
    atMs: null,
    level: null,
    before: null,
    after: null,
    plannedDiff: null,
    plannedCommands: null,
    diff: null,
    output: null,
    transcript: null,
    warnings: [],
    hints: [],
    ...over,
  };
}

export const assignmentView = (tasks: TaskView[], over: Partial<AssignmentView> = {}): AssignmentView => ({
  manifest: NO_DIGEST,
  attempt: 1,
  agent: id.agentAms,
  site: id.ams,
  wave: 1,
  state: "SUCCEEDED",
  code: null,
  reason: null,
  receipt: null,
  late: null,
  tasks,
  ...over,
});

const NO_COUNTS = Object.fromEntries(TaskState.options.map((state) => [state, 0])) as JobView["counts"];

export function jobView(over: Partial<JobView> = {}): JobView {
  return {
    id: JOB,
    kind: "run",
    title: "a job",
    state: "SUCCEEDED",
    author: null,
    createdMs: 1,
    endedMs: 2,
    risk: "read",
    devices: 1,
    counts: NO_COUNTS,
    authority: "grant",
    grant: null,
    signers: [],
    signersNeeded: 0,
    breakglass: null,
    code: null,
    reason: "",
    warrant: null,
    waiting: null,
    assignments: [],
    planning: [],
    ...over,
  };
}
