import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AgentId } from "../../shared/ids.ts";
import type { Lane } from "../../shared/wire/messages.ts";
import { decideStream, type StreamAggregate, type StreamEvent } from "./stream.ts";

const stream = (acked: number, lane: Lane = "diff"): StreamAggregate => ({
  agent: "a" as AgentId,
  epoch: "0".repeat(32),
  lane,
  acked,
  released: acked,
});
const decide = (aggregate: StreamAggregate, event: StreamEvent) => decideStream(aggregate, event, 0, () => 0);
const batch = (first: number, last: number): StreamEvent => ({ type: "batch", first, last });
const ack = (acked: number) => ({ type: "ack", acked, released: acked });

describe("a batch", () => {
  it("that follows is stored and acknowledged", () => {
    expect(decide(stream(3), batch(4, 6))).toEqual({
      rows: [
        { type: "records", first: 4, last: 6 },
        { type: "stream", acked: 6, released: 6 },
      ],
      effects: [ack(6)],
    });
  });
  it("that is held already is acknowledged again", () => {
    expect(decide(stream(6), batch(4, 6))).toEqual({ rows: [], effects: [ack(6)] });
  });
  it("that overlaps is stored from the first new number", () => {
    expect(decide(stream(5), batch(4, 8)).rows[0]).toEqual({ type: "records", first: 6, last: 8 });
  });
  it("that is ahead is not stored, and the old mark is told", () => {
    expect(decide(stream(3), batch(5, 6))).toEqual({ rows: [], effects: [ack(3)] });
  });
  it("with impossible numbers is refused", () => {
    expect(decide(stream(0), batch(0, 1)).effects[0]?.type).toBe("refuse");
    expect(decide(stream(0), batch(3, 2)).effects[0]?.type).toBe("refuse");
  });
});

describe("a gap", () => {
  const gap = (first: number, last: number): StreamEvent => ({ type: "gap", first, last, reason: "quota" });
  it("is named and passed", () => {
    expect(decide(stream(3), gap(4, 9)).rows).toEqual([
      { type: "gap", first: 4, last: 9, reason: "quota" },
      { type: "stream", acked: 9, released: 9 },
    ]);
  });
  it.each(["receipt", "state"] as const)("in the %s lane is refused: outcomes are never dropped", (lane) => {
    expect(decide(stream(3, lane), gap(4, 9)).effects[0]?.type).toBe("refuse");
  });
  it("that a hello shows, in any lane, is this hub's own loss and is named", () => {
    expect(decide(stream(3, "receipt"), { type: "hello", first: 8 }).rows[0]).toMatchObject({
      type: "gap",
      first: 4,
      last: 7,
    });
    expect(decide(stream(3), { type: "hello", first: 4 }).rows).toEqual([]);
  });
});

it("stores every number exactly once, whatever is repeated, lost or reordered", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 9 })), { maxLength: 60 }),
      (sent) => {
        let now = stream(0);
        const stored: number[] = [];
        for (const [first, more] of sent) {
          for (const row of decide(now, batch(first, first + more)).rows) {
            if (row.type === "records") for (let n = row.first; n <= row.last; n++) stored.push(n);
            if (row.type === "stream") now = { ...now, acked: row.acked, released: row.released };
          }
        }
        expect(stored).toEqual(Array.from({ length: now.acked }, (_, index) => index + 1));
      },
    ),
  );
});
