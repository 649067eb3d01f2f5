import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DeviceId, Digest, JobId, PersonId } from "../../shared/ids.ts";
import { isTerminal, assignmentMoves, taskMoves, type TaskState } from "../../shared/states.ts";
import { decide, STARTS_MAX } from "./decide.ts";
import { applyRows, emptyAggregate, type Aggregate, type Effect, type Event, type Row, type TaskEnd } from "./model.ts";

const key = { manifest: "a".repeat(64) as Digest, attempt: 1 };
const one = "r1" as DeviceId;
const two = "r2" as DeviceId;
const authority = { kind: "warrant", sha256: "b".repeat(64) as Digest } as const;
const deadlines = { connectMs: 1000, commandMs: 1000, taskMs: 60_000, jobMs: 600_000, confirmMs: 60_000 };
const T0 = 1_800_000_000_000;

const offered = (over: Partial<Extract<Event, { type: "offered" }>["work"]> = {}): Event => ({
  type: "offered",
  work: {
    sequence: 1,
    fence: 7,
    authority,
    job: "job" as JobId,
    signers: ["ann" as PersonId],
    notBeforeMs: T0,
    expMs: T0 + 3_600_000,
    deadlines,
    devices: [one, two],
    ...over,
  },
});
const ended = (device: DeviceId, state: TaskState, code: TaskEnd["code"] = null): Event => ({
  type: "taskEnded",
  device,
  end: { state, code, detail: null, evidence: null },
});
const probed = (device: DeviceId, state: TaskState): Event => ({
  type: "probed",
  device,
  end: { state, code: null, detail: null, evidence: null },
});
const moved = (device: DeviceId, state: TaskState): Event => ({ type: "taskMoved", device, state, step: null });

class Story {
  aggregate: Aggregate = emptyAggregate(key);
  nowMs = T0;
  effects: readonly Effect[] = [];
  readonly rows: Row[] = [];

  tell(...events: Event[]): this {
    for (const event of events) {
      const decision = decide(this.aggregate, event, this.nowMs, () => 0.5);
      this.aggregate = applyRows(this.aggregate, decision.rows);
      this.effects = decision.effects;
      this.rows.push(...decision.rows);
    }
    return this;
  }

  at(nowMs: number): this {
    this.nowMs = nowMs;
    return this;
  }

  get state() {
    return this.aggregate.assignment?.state;
  }

  task(device: DeviceId) {
    return this.aggregate.tasks.find((task) => task.device === device);
  }

  has(type: Effect["type"]): boolean {
    return this.effects.some((effect) => effect.type === type);
  }
}

const running = (): Story => new Story().tell(offered(), { type: "start" });
const applying = (): Story => running().tell(moved(one, "PRECHECK"), moved(one, "APPLYING"));

describe("an offer", () => {
  it("is accepted, then started once verified again", () => {
    const story = new Story().tell(offered());
    expect(story.state).toBe("ACCEPTED");
    expect(story.effects.map((effect) => effect.type)).toEqual(["sendAccept", "armTimer", "verifyStart"]);
    story.tell({ type: "start" });
    expect(story.state).toBe("RUNNING");
    expect(story.effects.filter((effect) => effect.type === "runTask")).toHaveLength(2);
  });

  it("waits for its window, and a timer that comes early does not start it", () => {
    const story = new Story().tell(offered({ notBeforeMs: T0 + 5000 }), { type: "timer", timer: { kind: "start" } });
    expect(story.aggregate.assignment).toMatchObject({ state: "WAITING", waitReason: "window" });
    expect(story.has("verifyStart")).toBe(false);
    story.tell({ type: "start" });
    expect(story.state).toBe("WAITING");
    expect(
      story
        .at(T0 + 5000)
        .tell({ type: "timer", timer: { kind: "start" } })
        .has("verifyStart"),
    ).toBe(true);
  });

  it("that comes again gets the stored answer and runs nothing", () => {
    const story = running();
    const before = story.aggregate;
    story.tell(offered({ sequence: 1, devices: [one] }));
    expect(story.aggregate).toEqual(before);
    expect(story.effects).toEqual([{ type: "sendAccept", key, sequence: 1 }]);
  });

  it("that was refused stays refused, with its code", () => {
    const story = new Story().tell({
      type: "refused",
      work: { sequence: 1, fence: 7, authority },
      code: "THRESHOLD",
      detail: "1 of 2",
    });
    expect(story.state).toBe("REJECTED");
    story.tell(offered(), { type: "resume" });
    expect(story.state).toBe("REJECTED");
    expect(story.effects).toEqual([{ type: "sendReject", key, sequence: 1, code: "THRESHOLD", detail: "1 of 2" }]);
  });

  it("expires when nothing started it in time", () => {
    const story = new Story()
      .tell(offered())
      .at(T0 + 3_600_000)
      .tell({ type: "timer", timer: { kind: "expiry" } });
    expect(story.state).toBe("EXPIRED");
    expect(story.has("signReceipt")).toBe(true);
  });

  it("that no longer verifies at its start fails without touching a device", () => {
    const story = new Story().tell(offered(), { type: "startRefused", code: "THRESHOLD", detail: null });
    expect(story.aggregate.assignment).toMatchObject({ state: "FAILED", code: "THRESHOLD" });
    expect(story.aggregate.tasks.every((task) => task.state === "SKIPPED")).toBe(true);
  });
});

describe("a cancel", () => {
  it("before its offer is a tombstone that wins", () => {
    const story = new Story().tell(
      { type: "cancel", generation: 2, reason: "no" },
      { type: "cancel", generation: 1, reason: "older" },
    );
    expect(story.aggregate.cancel).toEqual({ generation: 2, reason: "no" });
    story.tell(offered());
    expect(story.state).toBe("CANCELED");
    expect(story.has("runTask")).toBe(false);
  });

  it("ends what waits, and lets a change in flight reach its end", () => {
    const story = applying().tell({ type: "cancel", generation: 1, reason: "stop" });
    expect(story.task(two)?.state).toBe("CANCELED");
    expect(story.task(one)?.state).toBe("APPLYING");
    expect(story.effects).toContainEqual({ type: "stopTask", key, device: one });
    story.tell(ended(one, "ROLLED_BACK", "CANCELED"));
    expect(story.aggregate.assignment).toMatchObject({ state: "CANCELED", code: "CANCELED" });
  });

  it("that comes too late is answered with what is", () => {
    const story = running().tell(
      moved(one, "PRECHECK"),
      ended(one, "DONE"),
      moved(two, "PRECHECK"),
      ended(two, "DONE"),
    );
    story.tell({ type: "cancel", generation: 1, reason: "late" });
    expect(story.effects).toContainEqual({ type: "sendCanceled", key, generation: 1, state: "SUCCEEDED" });
  });
});

describe("a crash", () => {
  it("asks about what was under way and runs the rest afterwards", () => {
    const story = applying().tell({ type: "restarted" });
    expect(story.state).toBe("RECONCILING");
    expect(story.effects.filter((effect) => effect.type === "runTask")).toEqual([]);
    expect(story.has("probeTask")).toBe(true);
    story.tell(probed(one, "ROLLED_BACK"));
    expect(story.state).toBe("RUNNING");
    expect(story.effects).toContainEqual({ type: "runTask", key, device: two });
  });

  it("sends what had only looked back to the queue", () => {
    const story = running().tell(moved(one, "PRECHECK"), { type: "restarted" });
    expect(story.task(one)?.state).toBe("QUEUED");
    expect(story.state).toBe("RUNNING");
  });

  it("that repeats is a crash loop, and what may have been touched is not called failed", () => {
    const story = applying();
    for (let i = 0; i < STARTS_MAX; i++) story.tell({ type: "restarted" });
    expect(story.aggregate.assignment).toMatchObject({ state: "UNKNOWN_FINAL", code: "CRASH_LOOP" });
    expect(story.task(two)).toMatchObject({ state: "FAILED", code: "CRASH_LOOP" });
  });
});

describe("an unknown outcome", () => {
  it("is probed again and again until the job's deadline", () => {
    const story = applying().tell(ended(one, "UNKNOWN", "CONNECTION_LOST"), ended(two, "FAILED"));
    expect(story.state).toBe("RUNNING");
    expect(story.has("armTimer")).toBe(false);
    story.tell({ type: "timer", timer: { kind: "probe", device: one } });
    expect(story.effects).toEqual([{ type: "probeTask", key, device: one }]);
    story.tell(probed(one, "UNKNOWN"));
    expect(story.has("armTimer")).toBe(true);
    story.at(T0 + 600_000).tell({ type: "timer", timer: { kind: "job" } });
    expect(story.state).toBe("UNKNOWN_FINAL");
  });
});

describe("the outcome", () => {
  it.each([
    ["DONE", "DONE", "SUCCEEDED"],
    ["DONE", "ROLLED_BACK", "FAILED"],
    ["DONE", "FAILED", "FAILED"],
    ["DONE", "UNKNOWN_FINAL", "UNKNOWN_FINAL"],
  ] as const)("of %s and %s is %s", (first, second, outcome) => {
    const story = applying().tell(ended(one, first), moved(two, "PRECHECK"), moved(two, "APPLYING"));
    if (second === "UNKNOWN_FINAL")
      story
        .tell(ended(two, "UNKNOWN"))
        .at(T0 + 600_000)
        .tell({ type: "timer", timer: { kind: "job" } });
    else story.tell(ended(two, second));
    expect(story.state).toBe(outcome);
  });

  it("is drift when the device was changed meanwhile", () => {
    const story = running().tell(
      moved(one, "PRECHECK"),
      ended(one, "DRIFTED", "DRIFTED"),
      moved(two, "PRECHECK"),
      ended(two, "DONE"),
    );
    expect(story.aggregate.assignment).toMatchObject({ state: "FAILED", code: "DRIFTED" });
  });

  it("is signed once", () => {
    const story = running().tell(ended(one, "DONE"), ended(two, "DONE"));
    expect(story.has("signReceipt")).toBe(true);
    const digest = "c".repeat(64) as Digest;
    const envelope = { payload: "x", signatures: [] };
    story.tell(
      { type: "receiptSigned", digest, envelope },
      { type: "receiptSigned", digest: "d".repeat(64) as Digest, envelope },
    );
    expect(story.aggregate.assignment?.receipt).toBe(digest);
    expect(story.rows.filter((row) => row.type === "outbox" && row.record.type === "receipt")).toHaveLength(1);
    expect(story.tell({ type: "resume" }).has("signReceipt")).toBe(false);
  });
});

const device = fc.constantFrom(one, two);
const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  fc.constant(offered()),
  fc.constant<Event>({ type: "refused", work: { sequence: 1, fence: 1, authority }, code: "EXPIRED", detail: null }),
  fc.record({
    type: fc.constant("cancel" as const),
    generation: fc.integer({ min: 1, max: 4 }),
    reason: fc.constant("x"),
  }),
  fc.constantFrom<Event>(
    { type: "start" },
    { type: "restarted" },
    { type: "settled" },
    { type: "resume" },
    { type: "wait", reason: "admission" },
  ),
  fc.record({
    type: fc.constant("startRefused" as const),
    code: fc.constantFrom("NOT_YET_VALID", "EXPIRED", "THRESHOLD"),
    detail: fc.constant(null),
  }),
  fc
    .tuple(device, fc.constantFrom<TaskState>("PRECHECK", "APPLYING", "CONFIRM_WAIT"))
    .map(([at, state]) => moved(at, state)),
  fc
    .tuple(device, fc.constantFrom<TaskState>("DONE", "FAILED", "ROLLED_BACK", "UNKNOWN", "DRIFTED", "TIMED_OUT"))
    .map(([at, state]) => ended(at, state)),
  fc
    .tuple(device, fc.constantFrom<TaskState>("DONE", "ROLLED_BACK", "UNKNOWN"))
    .map(([at, state]) => probed(at, state)),
  fc
    .constantFrom("start", "expiry", "job", "final")
    .map((kind): Event => ({ type: "timer", timer: { kind: kind as "job" } })),
  device.map((at): Event => ({ type: "timer", timer: { kind: "probe", device: at } })),
);

describe("the hub's word that it holds the outcome", () => {
  const settled: Event = { type: "settled" };

  it("does not count before the receipt is signed, which nobody would sign afterwards", () => {
    const story = running().tell(ended(one, "DONE"), ended(two, "DONE"), settled);
    expect(story.aggregate.assignment?.settled).toBe(false);
    story.tell({ type: "resume" });
    expect(story.has("signReceipt")).toBe(true);
    story.tell({ type: "receiptSigned", digest: "e".repeat(64) as Digest, envelope: null }, settled);
    expect(story.aggregate.assignment?.settled).toBe(true);
  });

  it("counts at once for a refusal, which has no receipt", () => {
    const work = { sequence: 1, fence: 7, authority };
    const story = new Story().tell({ type: "refused", work, code: "FENCE", detail: null }, settled);
    expect(story.aggregate.assignment?.settled).toBe(true);
  });
});

describe("whatever comes, in any order", () => {
  it("terminal is absorbing, a change is applied at most once, cancel generations never go back, a decision is a function", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyEvent, fc.integer({ min: 0, max: 400_000 })), { maxLength: 60 }), (steps) => {
        let aggregate = emptyAggregate(key);
        let nowMs = T0;
        for (const [event, passed] of steps) {
          nowMs += passed;
          let rows: readonly Row[];
          try {
            rows = decide(aggregate, event, nowMs, () => 0.25).rows;
            expect(decide(aggregate, event, nowMs, () => 0.25).rows).toEqual(rows);
          } catch (error) {
            expect(String(error)).toMatch(/illegal transition/);
            continue;
          }
          const next = applyRows(aggregate, rows);
          const was = aggregate.assignment?.state;
          if (was !== undefined && isTerminal(assignmentMoves, was)) expect(next.assignment?.state).toBe(was);
          aggregate.tasks.forEach((task, index) => {
            if (isTerminal(taskMoves, task.state)) expect(next.tasks[index]?.state).toBe(task.state);
            expect(next.tasks[index]?.applies).toBeLessThanOrEqual(1);
          });
          expect(next.cancel?.generation ?? 0).toBeGreaterThanOrEqual(aggregate.cancel?.generation ?? 0);
          const done = next.assignment && isTerminal(assignmentMoves, next.assignment.state);
          if (done) expect(next.tasks.every((task) => isTerminal(taskMoves, task.state))).toBe(true);
          aggregate = next;
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("every accepted assignment reaches an end when effects are performed, whichever of them are lost", () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })), (stream) => {
        const random = (): number => stream.next().value as number;
        const story = new Story().tell(offered());
        for (let round = 0; round < 2000 && story.aggregate.assignment?.receipt === null; round++) {
          const effects = story.effects;
          story.at(story.nowMs + 1000).tell({ type: random() < 0.05 ? "restarted" : "resume" });
          for (const effect of [...effects, ...story.effects]) if (random() < 0.7) perform(story, effect, random);
        }
        expect(story.aggregate.assignment?.receipt).not.toBeNull();
      }),
      { numRuns: 100 },
    );
  });
});

function perform(story: Story, effect: Effect, random: () => number): void {
  switch (effect.type) {
    case "verifyStart":
      story.tell({ type: "start" });
      break;
    case "runTask":
      if (story.task(effect.device)?.state !== "QUEUED") break;
      story.tell(moved(effect.device, "PRECHECK"));
      if (random() < 0.3) break;
      story.tell(moved(effect.device, "APPLYING"));
      if (random() < 0.6) story.tell(ended(effect.device, random() < 0.3 ? "UNKNOWN" : "DONE"));
      break;
    case "probeTask": {
      const state = story.task(effect.device)?.state;
      if (state === "UNKNOWN" || state === "APPLYING")
        story.tell(probed(effect.device, random() < 0.5 ? "UNKNOWN" : "ROLLED_BACK"));
      break;
    }
    case "armTimer":
      if (story.nowMs >= effect.atMs) story.tell({ type: "timer", timer: effect.timer });
      break;
    case "signReceipt":
      story.tell({ type: "receiptSigned", digest: "e".repeat(64) as Digest, envelope: null });
      break;
    case "sendAccept":
    case "sendReject":
    case "sendCanceled":
    case "stopTask":
      break;
    default:
      effect satisfies never;
  }
}
