import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AgentId, DeviceId, Digest, JobId, SiteId } from "../../shared/ids.ts";
import { assignmentMoves, AssignmentState, isTerminal, taskMoves, TaskState } from "../../shared/states.ts";
import { decideAssignment } from "./assignment.ts";
import {
  applyAssignmentRows,
  type AssignmentAggregate,
  type AssignmentEffect,
  type AssignmentEvent,
  type AssignmentRow,
} from "./assignment-model.ts";

const key = { manifest: "a".repeat(64) as Digest, attempt: 1 };
const receipt = "b".repeat(64) as Digest;
const DEVICES = ["r1", "r2"] as DeviceId[];
const EXP_MS = 1_000;

const fresh: AssignmentAggregate = {
  identity: {
    key,
    job: "job" as JobId,
    purpose: "work",
    agent: "agent" as AgentId,
    site: "site" as SiteId,
    wave: 0,
    expMs: EXP_MS,
  },
  standing: {
    state: "PLANNED",
    code: null,
    reason: null,
    sequence: null,
    fence: null,
    cancel: null,
    receipt: null,
    settled: false,
    late: null,
  },
  tasks: DEVICES.map((device) => ({ device, state: "QUEUED", step: null, code: null, detail: null, atMs: 0 })),
};

interface Told {
  readonly aggregate: AssignmentAggregate;
  readonly rows: readonly AssignmentRow[];
  readonly effects: readonly AssignmentEffect["type"][];
}

function tell(aggregate: AssignmentAggregate, events: readonly AssignmentEvent[], nowMs = 0): Told {
  let now = aggregate;
  const rows: AssignmentRow[] = [];
  const effects: AssignmentEffect["type"][] = [];
  for (const event of events) {
    const decision = decideAssignment(now, event, nowMs, () => 0);
    now = applyAssignmentRows(now, decision.rows);
    rows.push(...decision.rows);
    effects.push(...decision.effects.map((effect) => effect.type));
  }
  return { aggregate: now, rows, effects };
}

const stateOf = (events: readonly AssignmentEvent[], nowMs = 0): AssignmentState =>
  tell(fresh, events, nowMs).aggregate.standing.state;

const released: AssignmentEvent = { type: "released" };
const served: AssignmentEvent = { type: "served", sequence: 7, fence: 70 };
const accepted: AssignmentEvent = { type: "accepted" };
const cancel: AssignmentEvent = { type: "cancelRequested", reason: "no" };
const says = (state: AssignmentState): AssignmentEvent => ({ type: "assignment", state, code: null, reason: null });
const sync = (highWater: number, listed: AssignmentState | null = null): AssignmentEvent => ({
  type: "sync",
  highWater,
  listed,
});
const delivered = [released, served];

describe("delivery", () => {
  it("marks DELIVERED with its numbers before it asks for the offer to be sent", () => {
    const { aggregate, rows, effects } = tell(fresh, delivered);
    expect(aggregate.standing).toMatchObject({ state: "DELIVERED", sequence: 7, fence: 70 });
    expect(rows.some((row) => row.type === "assignment" && row.standing.state === "DELIVERED")).toBe(true);
    expect(effects).toEqual(["wake", "sendOffer"]);
  });

  it("keeps sequence and fence in a re-offer", () => {
    const again = tell(fresh, [...delivered, { type: "served", sequence: 8, fence: 80 }]);
    expect(again.aggregate.standing).toMatchObject({ state: "DELIVERED", sequence: 7, fence: 70 });
    const proved = tell(fresh, [...delivered, sync(6), { type: "served", sequence: 8, fence: 80 }]);
    expect(proved.aggregate.standing).toMatchObject({ state: "DELIVERED", sequence: 7, fence: 70 });
  });

  it("serves nothing that was not released, and nothing that has expired", () => {
    expect(tell(fresh, [served]).effects).toEqual([]);
    const late = tell(tell(fresh, [released]).aggregate, [served], EXP_MS);
    expect(late.aggregate.standing.state).toBe("EXPIRED");
    expect(late.effects).toEqual([]);
  });
});

describe("before DELIVERED the hub decides alone", () => {
  it("cancels and expires", () => {
    expect(stateOf([cancel])).toBe("CANCELED");
    expect(stateOf([released, cancel])).toBe("CANCELED");
    expect(stateOf([released, { type: "expiredTick" }], 0)).toBe("OFFERED");
    expect(tell(fresh, [{ type: "expiredTick" }], EXP_MS).aggregate.standing.state).toBe("EXPIRED");
  });

  it("closes the tasks of what never ran", () => {
    const { rows } = tell(fresh, [cancel]);
    expect(rows).toContainEqual({ type: "tasksClosed", key, state: "CANCELED", code: "CANCELED" });
  });
});

describe("from DELIVERED on only the agent's word moves it", () => {
  it("neither the clock nor a cancel does", () => {
    const { aggregate } = tell(fresh, delivered);
    expect(tell(aggregate, [{ type: "expiredTick" }], EXP_MS).aggregate.standing.state).toBe("DELIVERED");
    const canceling = tell(aggregate, [cancel]);
    expect(canceling.aggregate.standing).toMatchObject({ state: "DELIVERED", cancel: { generation: 1 } });
    expect(canceling.effects).toEqual(["sendCancel"]);
  });

  it("a sync that proves it unseen gives the decision back to the hub", () => {
    expect(stateOf([...delivered, sync(6)])).toBe("OFFERED");
    expect(stateOf([...delivered, cancel, sync(6)])).toBe("CANCELED");
    const { aggregate } = tell(fresh, delivered);
    expect(tell(aggregate, [sync(6)], EXP_MS).aggregate.standing.state).toBe("EXPIRED");
    expect(stateOf([...delivered, sync(7)])).toBe("DELIVERED");
  });

  it("a journal that went backwards makes accepted work unknown, never failed", () => {
    const { aggregate } = tell(fresh, [...delivered, accepted, says("RUNNING"), sync(0)]);
    expect(aggregate.standing).toMatchObject({ state: "UNKNOWN_FINAL", code: "JOURNAL_CORRUPT" });
  });

  it("an answer that overtook the proof still counts", () => {
    expect(stateOf([...delivered, sync(6), says("RUNNING")])).toBe("RUNNING");
  });

  it("an old word is no step back", () => {
    expect(stateOf([...delivered, says("RUNNING"), says("WAITING"), accepted])).toBe("RUNNING");
  });
});

describe("an end", () => {
  const word: AssignmentEvent = { type: "receipt", digest: receipt, outcome: "SUCCEEDED", code: null, tasks: [] };
  const ended = [...delivered, accepted, says("RUNNING"), word];

  it("is absorbing, told to the job once, and settled with the agent", () => {
    const { aggregate, rows, effects } = tell(fresh, [
      ...ended,
      says("FAILED"),
      cancel,
      sync(0),
      { type: "expiredTick" },
    ]);
    expect(aggregate.standing).toMatchObject({ state: "SUCCEEDED", settled: true, late: { state: "FAILED" } });
    expect(rows.filter((row) => row.type === "message")).toHaveLength(1);
    expect(effects).toContain("sendSettled");
  });

  it("by a person's decision keeps the late truth beside it", () => {
    const { aggregate } = tell(fresh, [...delivered, { type: "abandoned", reason: "lost" }, says("SUCCEEDED")]);
    expect(aggregate.standing).toMatchObject({ state: "ABANDONED", late: { state: "SUCCEEDED" } });
  });

  it("by a refusal is the agent's word", () => {
    const { aggregate } = tell(fresh, [...delivered, { type: "rejected", code: "REPLAY", detail: null }]);
    expect(aggregate.standing).toMatchObject({ state: "REJECTED", code: "REPLAY", settled: true });
  });

  it("by a receipt ends its tasks too; their late truths stand beside", () => {
    const word = (device: DeviceId, state: TaskState) => ({
      device,
      state,
      step: null,
      code: null,
      detail: null,
      atMs: 1,
    });
    const [r1, r2] = DEVICES as [DeviceId, DeviceId];
    const { aggregate, rows } = tell(fresh, [
      ...delivered,
      {
        type: "receipt",
        digest: receipt,
        outcome: "FAILED",
        code: "DRIFTED",
        tasks: [word(r1, "DONE"), word(r2, "DRIFTED")],
      },
      { type: "task", word: word(r2, "DONE") },
      { type: "task", word: word(r2, "APPLYING") },
    ]);
    expect(aggregate.standing).toMatchObject({ state: "FAILED", receipt });
    expect(aggregate.tasks.map((task) => task.state).toSorted()).toEqual(["DONE", "DRIFTED"]);
    expect(rows.filter((row) => row.type === "lateTask")).toEqual([
      { type: "lateTask", key, device: r2, state: "DONE" },
    ]);
  });
});

describe("taken over by a standby", () => {
  const takenOver: AssignmentEvent = { type: "takenOver", reason: "gone" };

  it("what was never served is superseded, and nobody is told", () => {
    for (const before of [[], [released]]) {
      const { aggregate, effects } = tell(tell(fresh, before).aggregate, [takenOver]);
      expect(aggregate.standing).toMatchObject({ state: "SUPERSEDED", cancel: null });
      expect(effects).toEqual([]);
    }
  });

  it("what was served is given up and canceled, until its agent's own word is here, which stands beside", () => {
    const running = tell(fresh, [released, served, accepted, says("RUNNING")]).aggregate;
    const taken = tell(running, [takenOver]);
    expect(taken.aggregate.standing).toMatchObject({ state: "ABANDONED", cancel: { generation: 1 }, settled: false });
    expect(taken.effects).toEqual(["sendCancel"]);
    expect(tell(taken.aggregate, [takenOver]).effects).toEqual([]);
    expect(tell(taken.aggregate, [sync(9, "RUNNING")]).effects).toContain("sendCancel");
    expect(tell(taken.aggregate, [{ type: "resume" }]).effects).toEqual(["sendCancel"]);
    const late = tell(taken.aggregate, [
      { type: "receipt", digest: receipt, outcome: "SUCCEEDED", code: null, tasks: [] },
    ]).aggregate;
    expect(late.standing).toMatchObject({ state: "ABANDONED", late: { state: "SUCCEEDED", code: null }, receipt });
    expect(tell(late, [{ type: "resume" }]).effects).toEqual(["sendSettled"]);
  });

  it("an end is an end", () => {
    const ended = tell(fresh, [released, served, { type: "rejected", code: "REPLAY", detail: null }]).aggregate;
    expect(tell(ended, [takenOver]).rows).toEqual([]);
  });
});

const anyEvent: fc.Arbitrary<AssignmentEvent> = fc.oneof(
  fc.constantFrom<AssignmentEvent>(released, served, accepted, cancel, { type: "expiredTick" }, { type: "resume" }),
  fc.constantFrom<AssignmentEvent>(
    { type: "abandoned", reason: "x" },
    { type: "takenOver", reason: "x" },
    { type: "rejected", code: "REPLAY", detail: null },
  ),
  fc.constantFrom(...AssignmentState.options).map(says),
  fc
    .tuple(fc.integer({ min: 0, max: 9 }), fc.option(fc.constantFrom(...AssignmentState.options)))
    .map(([mark, listed]) => sync(mark, listed)),
  fc
    .tuple(fc.constantFrom(...DEVICES), fc.constantFrom(...TaskState.options))
    .map(([device, state]): AssignmentEvent => {
      return { type: "task", word: { device, state, step: null, code: null, detail: null, atMs: 0 } };
    }),
);

it("holds for any history: ends absorb, tasks' ends absorb, sequence and fence never change, DELIVERED precedes every offer", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(anyEvent, fc.integer({ min: 0, max: 2 * EXP_MS })), { maxLength: 40 }), (history) => {
      let now = fresh;
      for (const [event, nowMs] of history) {
        const { rows, effects } = decideAssignment(now, event, nowMs, () => 0);
        const next = applyAssignmentRows(now, rows);
        if (isTerminal(assignmentMoves, now.standing.state)) expect(next.standing.state).toBe(now.standing.state);
        if (now.standing.sequence !== null) {
          expect(next.standing).toMatchObject({ sequence: now.standing.sequence, fence: now.standing.fence });
        }
        for (const task of now.tasks) {
          if (!isTerminal(taskMoves, task.state)) continue;
          expect(next.tasks.find((one) => one.device === task.device)?.state).toBe(task.state);
        }
        for (const effect of effects) if (effect.type === "sendOffer") expect(next.standing.state).toBe("DELIVERED");
        // The same again changes nothing more.
        const again = decideAssignment(next, event, nowMs, () => 0);
        if (event.type !== "released" && event.type !== "served" && event.type !== "sync") {
          expect(applyAssignmentRows(next, again.rows).standing.state).toBe(next.standing.state);
        }
        now = next;
      }
    }),
    { numRuns: 300 },
  );
});
