import { describe, expect, it } from "vitest";
import type { JobId } from "../../shared/ids.ts";
import { decideJob, NONE, type Counts, type JobAggregate, type JobEvent, type JobRow } from "./job.ts";

const counts = (over: Partial<Counts>): Counts => ({ ...NONE, ...over });
const wave = (over: Partial<Counts>, notBeforeMs = 0) => ({ notBeforeMs, counts: counts(over) });

function job(over: Partial<JobAggregate> = {}, standing: Partial<JobAggregate["standing"]> = {}): JobAggregate {
  return {
    id: "job" as JobId,
    standing: { state: "DRAFT", code: null, wave: -1, cancelReason: null, halted: false, endedMs: null, ...standing },
    notBeforeMs: 0,
    expMs: 1_000,
    waves: [wave({ planned: 2 }), wave({ planned: 2 })],
    planning: null,
    tasksDone: 0,
    ...over,
  };
}

const decide = (aggregate: JobAggregate, event: JobEvent, nowMs = 10) => {
  const { rows, effects } = decideJob(aggregate, event, nowMs, () => 0);
  const saved = rows.find((row): row is Extract<JobRow, { type: "job" }> => row.type === "job");
  const told = rows.flatMap((row) => (row.type === "message" && row.message.to === "assignments" ? [row.message] : []));
  return { standing: saved?.standing ?? aggregate.standing, told, effects };
};

const rolling = (waves: JobAggregate["waves"], over: Partial<JobAggregate["standing"]> = {}, tasksDone = 0) =>
  job({ waves, tasksDone }, { state: "ROLLING", wave: 0, ...over });

describe("planning", () => {
  it("releases the planning, and composes when every plan has arrived", () => {
    expect(decide(job(), { type: "submitted", route: "plan" }).told).toMatchObject([
      { purpose: "plan", body: { type: "released" } },
    ]);
    const waiting = { counts: counts({ succeeded: 2 }), waitingForPlans: 1 };
    expect(decide(job({ planning: waiting }), { type: "progress" }).effects).toEqual([]);
    const ready = { counts: counts({ succeeded: 2 }), waitingForPlans: 0 };
    expect(decide(job({ planning: ready }), { type: "progress" }).effects).toEqual([{ type: "compose", job: "job" }]);
    expect(decide(job({ planning: ready }), { type: "resume" }).effects).toHaveLength(1);
  });
  it("waits for signatures when composed, and fails with its reason when it cannot be", () => {
    expect(decide(job(), { type: "composed" }).standing.state).toBe("PENDING_APPROVAL");
    expect(decide(job(), { type: "planFailed", code: "PLAN_INCOMPLETE" }).standing).toMatchObject({
      state: "FAILED",
      code: "PLAN_INCOMPLETE",
    });
  });
});

describe("approval", () => {
  const pending = job({}, { state: "PENDING_APPROVAL" });
  it("releases the first wave at once, or waits for its time", () => {
    expect(decide(pending, { type: "authorised" })).toMatchObject({
      standing: { state: "ROLLING", wave: 0 },
      told: [{ wave: 0, body: { type: "released" } }],
    });
    const later = decide({ ...pending, notBeforeMs: 500 }, { type: "authorised" });
    expect(later).toMatchObject({ standing: { state: "SCHEDULED" }, told: [] });
    expect(decide(job({ notBeforeMs: 500 }, { state: "SCHEDULED" }), { type: "tick" }, 500).standing.state).toBe(
      "ROLLING",
    );
  });
  it("does not count after the warrant's end, and none coming is EXPIRED", () => {
    expect(decide(pending, { type: "authorised" }, 1_000).standing.state).toBe("EXPIRED");
    expect(decide(pending, { type: "tick" }, 1_000).standing).toMatchObject({ state: "EXPIRED", endedMs: 1_000 });
  });
});

describe("waves", () => {
  it("the next opens when all of this one succeeded, and not before its own time", () => {
    expect(decide(rolling([wave({ succeeded: 1, open: 1 }), wave({ planned: 2 })]), { type: "progress" }).told).toEqual(
      [],
    );
    const done = [wave({ succeeded: 2 }), wave({ planned: 2 })];
    expect(decide(rolling(done), { type: "progress" })).toMatchObject({ standing: { wave: 1 }, told: [{ wave: 1 }] });
    expect(decide(rolling([wave({ succeeded: 2 }), wave({ planned: 2 }, 900)]), { type: "progress" }).told).toEqual([]);
    expect(
      decide(rolling([wave({ succeeded: 2 }), wave({ planned: 2 }, 900)]), { type: "tick" }, 900).told,
    ).toHaveLength(1);
  });
  it("a failure cancels what was not released, once, and lets the rest of the wave end", () => {
    const failed = [wave({ failed: 1, open: 1 }), wave({ planned: 2 })];
    const halted = decide(rolling(failed), { type: "progress" });
    expect(halted.standing).toMatchObject({ state: "ROLLING", halted: true });
    expect(halted.told).toMatchObject([{ wave: 1, body: { type: "cancelRequested" } }]);
    expect(decide(rolling(failed, { halted: true }), { type: "progress" }).told).toEqual([]);
  });
});

describe("what it comes to", () => {
  const verdict = (of: Partial<Counts>, over: Partial<JobAggregate["standing"]> = {}, tasksDone = 0) =>
    decide(rolling([wave(of)], over, tasksDone), { type: "progress" }).standing.state;
  it.each([
    [{ succeeded: 2 }, "SUCCEEDED"],
    [{ succeeded: 1, failed: 1 }, "PARTIAL"],
    [{ failed: 2 }, "FAILED"],
    [{ expired: 2 }, "EXPIRED"],
    [{ succeeded: 1, canceled: 1 }, "PARTIAL"],
  ] as const)("%o is %s", (of, state) => expect(verdict(of)).toBe(state));
  it("one device that was done makes a failure partial", () => expect(verdict({ failed: 1 }, {}, 1)).toBe("PARTIAL"));
  it("a person's cancel is named, unless it came too late", () => {
    expect(verdict({ canceled: 1, succeeded: 1 }, { cancelReason: "no" })).toBe("CANCELED");
    expect(verdict({ succeeded: 2 }, { cancelReason: "no" })).toBe("SUCCEEDED");
  });
});

describe("a cancel", () => {
  it("ends at once what has not begun", () => {
    for (const state of ["DRAFT", "PENDING_APPROVAL", "SCHEDULED"] as const) {
      const { standing, told } = decide(job({}, { state }), { type: "cancelRequested", reason: "no" });
      expect(standing.state).toBe("CANCELED");
      expect(told).toMatchObject([{ purpose: state === "DRAFT" ? "plan" : "work", wave: null }]);
    }
  });
  it("of rolling work waits for the agents' words; asked again, or after the end, it changes nothing", () => {
    const going = rolling([wave({ open: 1 }), wave({ planned: 1 })]);
    const first = decide(going, { type: "cancelRequested", reason: "no" });
    expect(first.standing).toMatchObject({ state: "ROLLING", cancelReason: "no" });
    expect(decide({ ...going, standing: first.standing }, { type: "cancelRequested", reason: "no" }).told).toEqual([]);
    expect(decide(job({}, { state: "FAILED" }), { type: "cancelRequested", reason: "no" }).standing.state).toBe(
      "FAILED",
    );
  });
});
