import { describe, expect, it } from "vitest";
import type { AgentId, Digest, JobId, SiteId } from "../../shared/ids.ts";
import type { AssignmentState } from "../../shared/states.ts";
import { decideAssignment } from "./assignment.ts";
import { applyAssignmentRows, type AssignmentAggregate, type AssignmentEvent } from "./assignment-model.ts";

const key = { manifest: "a".repeat(64) as Digest, attempt: 1 };

const at = (state: AssignmentState, settled = false): AssignmentAggregate => ({
  identity: {
    key,
    job: "job" as JobId,
    purpose: "work",
    agent: "agent" as AgentId,
    site: "site" as SiteId,
    wave: 0,
    expMs: 1_000,
  },
  standing: {
    state,
    code: null,
    reason: null,
    sequence: 1,
    fence: 1,
    cancel: null,
    receipt: null,
    settled,
    late: null,
  },
  tasks: [],
});

function tell(aggregate: AssignmentAggregate, event: AssignmentEvent) {
  const { rows, effects } = decideAssignment(aggregate, event, 0, () => 0);
  return { state: applyAssignmentRows(aggregate, rows).standing.state, effects: effects.map((effect) => effect.type) };
}

describe("a hello", () => {
  it("that lists an end waits for the records that tell it: the job must not end before its tasks", () => {
    expect(tell(at("RUNNING"), { type: "sync", highWater: 1, listed: "SUCCEEDED" })).toEqual({
      state: "RUNNING",
      effects: [],
    });
  });

  it("that lists what is held as ended is told so again", () => {
    const told = tell(at("SUCCEEDED", true), { type: "sync", highWater: 1, listed: "SUCCEEDED" });
    expect(told).toEqual({ state: "SUCCEEDED", effects: ["sendSettled"] });
  });

  it("moves what goes on", () => {
    expect(tell(at("DELIVERED"), { type: "sync", highWater: 1, listed: "RUNNING" }).state).toBe("RUNNING");
  });
});

describe("an acceptance that is repeated", () => {
  it("after the end is told that the last word is held: the first telling may have been lost", () => {
    expect(tell(at("FAILED", true), { type: "accepted" })).toEqual({ state: "FAILED", effects: ["sendSettled"] });
  });
});
