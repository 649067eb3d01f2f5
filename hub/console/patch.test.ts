import { describe, expect, it } from "vitest";
import { TaskState } from "../../shared/states.ts";
import type { JobView, StreamEvent, TaskView } from "../api/client/index.ts";
import { groupChanges } from "./job/groups.ts";
import { LiveOutput } from "./output.ts";
import { patchJob, patchSummaries } from "./patch.ts";

const MANIFEST = "a".repeat(64);

const task = (device: string, more: Partial<Record<keyof TaskView, unknown>> = {}): TaskView =>
  ({ device, state: "QUEUED", atMs: 100, code: null, step: null, diff: null, plannedDiff: null, ...more }) as TaskView;

const jobOf = (tasks: TaskView[]): JobView =>
  ({
    id: "job-1",
    state: "ROLLING",
    counts: Object.fromEntries(TaskState.options.map((state) => [state, 0])),
    assignments: [{ manifest: MANIFEST, state: "RUNNING", code: null, tasks }],
    planning: [],
  }) as unknown as JobView;

const event = (more: Record<string, unknown>): StreamEvent =>
  ({
    type: "task",
    id: 1,
    atMs: 200,
    job: "job-1",
    manifest: MANIFEST,
    code: null,
    step: null,
    ...more,
  }) as unknown as StreamEvent;

const statesOf = (job: JobView): string[] => job.assignments.flatMap((one) => one.tasks.map(({ state }) => state));

describe("events on what was read before", () => {
  it("move tasks and the counts with them", () => {
    const job = patchJob(jobOf([task("r1"), task("r2")]), [event({ device: "r1", state: "APPLYING", step: "apply" })]);
    expect(statesOf(job)).toEqual(["APPLYING", "QUEUED"]);
    expect(job.counts).toMatchObject({ APPLYING: 1, QUEUED: 1, DONE: 0 });
  });

  it("never undo newer truth: a replay of old events changes nothing", () => {
    const read = jobOf([task("r1", { state: "CONFIRM_WAIT", atMs: 300 }), task("r2", { state: "DONE", atMs: 100 })]);
    const job = patchJob(read, [
      event({ device: "r1", state: "PRECHECK" }),
      event({ device: "r2", state: "APPLYING" }),
    ]);
    expect(statesOf(job)).toEqual(["CONFIRM_WAIT", "DONE"]);
  });

  it("leave other jobs, and an ended job's state, alone", () => {
    const read = jobOf([task("r1")]);
    expect(patchJob(read, [event({ job: "job-2", device: "r1", state: "DONE" })])).toBe(read);
    const ended = { ...read, state: "CANCELED" } as JobView;
    const rolling = event({ type: "job", state: "ROLLING" });
    expect(patchJob(ended, [rolling]).state).toBe("CANCELED");
    expect(patchSummaries([ended], [rolling])[0]?.state).toBe("CANCELED");
  });
});

describe("live output", () => {
  const chunk = (device: string, order: number, text: string): StreamEvent =>
    event({ type: "output", device, order, text, last: false });

  it("shows a chunk once, however often the stream resumes", () => {
    const output = new LiveOutput();
    output.add([chunk("r1", 0, "a"), chunk("r1", 1, "b")]);
    output.add([chunk("r1", 1, "b"), chunk("r1", 2, "c")]);
    expect(output.watched.get().get("r1")?.text).toBe("abc");
  });

  it("is bounded for each device and in all, and says what it dropped", () => {
    const output = new LiveOutput();
    const megabyte = "x".repeat(1_000_000);
    for (let index = 0; index < 60; index++) output.add([chunk(`r${index}`, 0, megabyte)]);
    let kept = 0;
    for (const one of output.watched.get().values()) {
      expect(one.text.length + one.dropped).toBe(1_000_000);
      kept += one.text.length;
    }
    expect(kept).toBeLessThanOrEqual(8_000_000);
    expect(output.watched.get().get("r59")?.text.length).toBe(200_000);
  });
});

describe("identical diffs", () => {
  it("are one group, the largest first, with what was measured otherwise named", () => {
    const groups = groupChanges([
      task("r1", { plannedDiff: "x", diff: "x" }),
      task("odd", { plannedDiff: "y" }),
      task("r2", { plannedDiff: "x", diff: "z" }),
      task("none"),
    ]);
    expect(groups.map((group) => group.tasks.map(({ device }) => device))).toEqual([["r1", "r2"], ["odd"]]);
    expect(groups[0]?.same).toBe(1);
    expect(groups[0]?.other.map(({ device }) => device)).toEqual(["r2"]);
  });
});
