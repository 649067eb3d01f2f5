import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../shared/clock.ts";
import { errorCode } from "../../shared/errors.ts";
import { BoxBudget, budgetOf } from "./budget.ts";

const never = new AbortController().signal;
const limits = { sessions: 2, connectsPerMinute: 3 };
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
};

describe("a box", () => {
  it("is given so many sessions at once, in the order in which they were asked for", async () => {
    const clock = new ManualClock();
    const budget = new BoxBudget(clock);
    const want = { limits: { ...limits, connectsPerMinute: 100 }, withinMs: 60_000, signal: never };
    const order: string[] = [];
    const held = await Promise.all([budget.acquire("a", want), budget.acquire("a", want)]);
    const later = ["third", "fourth"].map((name) => budget.acquire("a", want).then((give) => (order.push(name), give)));
    await turns();
    expect(order).toEqual([]);
    held[0]?.();
    held[0]?.();
    // A moment later: the box has to see that the line is free.
    clock.advance(499);
    await turns();
    expect(order).toEqual([]);
    clock.advance(1);
    await turns();
    expect(order).toEqual(["third"]);
    (await budget.acquire("b", want))();
    held[1]?.();
    clock.advance(500);
    for (const one of await Promise.all(later)) one();
    expect(order).toEqual(["third", "fourth"]);
  });

  it("is connected to so often a minute, and then waits for the oldest to be a minute old", async () => {
    const clock = new ManualClock();
    const budget = new BoxBudget(clock);
    const want = { limits, withinMs: 600_000, signal: never };
    for (let made = 0; made < 3; made++) {
      (await budget.acquire("a", want))();
      clock.advance(10_000);
    }
    let entered = false;
    const fourth = budget.acquire("a", want).then((give) => ((entered = true), give));
    clock.advance(29_999);
    await turns();
    expect(entered).toBe(false);
    clock.advance(1);
    (await fourth)();
  });

  it("lets what has begun there go on before all who only begin, with as many connections again, and no more", async () => {
    const clock = new ManualClock();
    const budget = new BoxBudget(clock);
    const want = { limits: { sessions: 1, connectsPerMinute: 2 }, withinMs: 600_000, signal: never };
    const order: string[] = [];
    const enter = (name: string, goesOn: boolean) =>
      budget.acquire("a", { ...want, goesOn }).then((give) => (order.push(name), give));
    const first = await enter("begins", false);
    const waiting = enter("waits", false);
    const reconnects = enter("goes on", true);
    const again = enter("goes on again", true);
    first();
    clock.advance(500);
    (await reconnects)();
    clock.advance(500);
    (await again)();
    clock.advance(500);
    await turns();
    expect(order).toEqual(["begins", "goes on", "goes on again"]);
    (await enter("a fourth within the minute", true))();
    clock.advance(500);
    const fifth = enter("a fifth", true);
    await turns();
    expect(order).toHaveLength(4);
    clock.advance(58_000);
    (await fifth)();
    clock.advance(60_000);
    (await waiting)();
    expect(order.at(-1)).toBe("waits");
  });

  it("tells who waits too long, and lets those behind it in", async () => {
    const clock = new ManualClock();
    const budget = new BoxBudget(clock);
    const one = { limits: { sessions: 1, connectsPerMinute: 100 }, signal: never };
    const held = await budget.acquire("a", { ...one, withinMs: 1 });
    const impatient = budget.acquire("a", { ...one, withinMs: 1_000 }).then(() => "in", errorCode);
    const stop = new AbortController();
    const cancelled = budget.acquire("a", { ...one, withinMs: 9_000, signal: stop.signal }).then(() => "in", String);
    const patient = budget.acquire("a", { ...one, withinMs: 9_000 });
    clock.advance(1_000);
    expect(await impatient).toBe("SESSIONS_FULL");
    stop.abort("no more");
    expect(await cancelled).toBe("no more");
    held();
    clock.advance(500);
    (await patient)();
  });

  it("never has more than it takes, whatever is asked for, given back, given up and waited for", async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant("ask" as const), connects: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ do: fc.constant("give" as const) }),
      fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 40_000 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const clock = new ManualClock();
        const budget = new BoxBudget(clock);
        const held: (() => void)[] = [];
        const made: number[] = [];
        const asked: Promise<unknown>[] = [];
        for (const one of steps) {
          switch (one.do) {
            case "ask":
              asked.push(
                budget
                  .acquire("a", { connects: one.connects, limits, withinMs: 30_000, signal: never })
                  .then((give) => {
                    held.push(give);
                    for (let count = 0; count < Math.min(one.connects, 3); count++) made.push(clock.monotonicMs());
                  }, errorCode),
              );
              break;
            case "give":
              held.shift()?.();
              break;
            case "wait":
              clock.advance(one.ms);
              break;
            default:
              one satisfies never;
          }
          await turns();
          expect(held.length).toBeLessThanOrEqual(limits.sessions);
          const nowMs = clock.monotonicMs();
          expect(made.filter((atMs) => nowMs - atMs < 60_000).length).toBeLessThanOrEqual(limits.connectsPerMinute);
        }
        // Nobody is forgotten: given back and waited for, each has ended.
        for (let round = 0; round < steps.length + 2; round++) {
          held.splice(0).forEach((give) => give());
          clock.advance(60_000);
          await turns();
        }
        await Promise.all(asked);
      }),
      { numRuns: 200 },
    );
  });
});

it("leaves two sessions for people, and is narrowed and never widened", () => {
  const platform = { sessions: 16, connectsPerMinute: 60 };
  expect(budgetOf(platform, undefined)).toEqual({ sessions: 14, connectsPerMinute: 60 });
  expect(budgetOf(platform, { sessions: 1 })).toEqual({ sessions: 1, connectsPerMinute: 60 });
  expect(budgetOf(platform, { sessions: 99, connectsPerMinute: 999 })).toEqual({ sessions: 14, connectsPerMinute: 60 });
  expect(budgetOf({ sessions: 2, connectsPerMinute: 5 }, undefined)).toEqual({ sessions: 1, connectsPerMinute: 5 });
  expect(budgetOf(undefined, undefined).sessions).toBe(3);
});
