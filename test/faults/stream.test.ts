import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openJournal } from "../../agent/journal/open.ts";
import { appendRecord, laneMarks } from "../../agent/journal/outbox.ts";
import { systemClock } from "../../shared/clock.ts";
import type { DeviceId, Digest } from "../../shared/ids.ts";
import type { UpRecord } from "../../shared/wire/messages.ts";
import { buildAgent } from "../support/binaries.ts";
import { World } from "../support/world.ts";

const EVENTS = 50_000;
const BATCH = 1_000;
const AGENT = "agent-stream";

let world: World;
let binary: Awaited<ReturnType<typeof buildAgent>>;

beforeAll(async () => {
  binary = await buildAgent();
  world = await World.start({
    sites: [{ id: "site", agent: AGENT }],
    devices: [],
    username: "nobody",
    password: "nothing",
    proxied: true,
    agentArgv: [binary.path],
  });
}, 120_000);

afterAll(async () => {
  await world?.stop();
  binary?.remove();
});

const eventAt = (number: number): UpRecord => ({
  type: "task",
  manifest: "cd".repeat(32) as Digest,
  attempt: 1,
  device: "no-such-device" as DeviceId,
  state: "PRECHECK",
  step: null,
  code: null,
  detail: `event ${number}`,
  atMs: systemClock.nowMs(),
});

/** Puts the events into the stopped agent's own journal, by the functions that the agent itself uses. */
async function fillOutbox(): Promise<{ epoch: string; last: number }> {
  const { store, epoch } = await openJournal({ stateDir: world.agentDir(AGENT), clock: systemClock });
  for (let first = 0; first < EVENTS; first += BATCH) {
    await store.tx("fill", async (tx) => {
      for (let number = first; number < first + BATCH; number++) await appendRecord(tx, eventAt(number));
    });
  }
  const marks = await store.read(laneMarks);
  await store.close();
  const state = marks.find((mark) => mark.lane === "state");
  if (!state) throw new Error("no state lane");
  return { epoch, last: state.next - 1 };
}

interface Held {
  readonly rows: number;
  readonly distinct: number;
  readonly first: number | null;
  readonly last: number | null;
}

/** What the hub's database holds, by SQL. */
function heldByHub(epoch: string): Held {
  const db = new Database(world.path("hub/hub.db"), { readonly: true });
  try {
    const row = db
      .query<Held, [string]>(
        `SELECT count(*) AS rows, count(DISTINCT sequence) AS "distinct", min(sequence) AS first, max(sequence) AS last
         FROM record JOIN stream ON stream.id = record.stream WHERE stream.epoch = ? AND stream.lane = 'state'`,
      )
      .get(epoch);
    if (!row) throw new Error("no row");
    return row;
  } finally {
    db.close();
  }
}

describe("T52: 50,000 events through the compiled agent's outbox", () => {
  it("reach the hub exactly once each, over kill -9 of the hub and cut links", { timeout: 240_000 }, async () => {
    await world.agents.get(AGENT)?.stop();
    const { epoch, last } = await fillOutbox();
    await world.startAgent(AGENT);
    const marks: string[] = [];
    const atLeast = (count: number) =>
      world.until(`${count} events at the hub`, 60_000, () => Promise.resolve(heldByHub(epoch).rows >= count));
    for (const [share, fault] of [
      [0.1, "cut"],
      [0.3, "kill"],
      [0.5, "cut"],
      [0.7, "kill"],
    ] as const) {
      await atLeast(Math.floor(EVENTS * share));
      const before = heldByHub(epoch).rows;
      if (fault === "cut") {
        world.proxy?.cut();
        world.proxy?.mend();
      } else {
        await world.hub?.stop("SIGKILL");
        await world.startHub();
      }
      marks.push(`${fault} at ${before}`);
      // A fault after the last event would prove nothing.
      expect(before).toBeLessThan(last);
    }
    await world.until("all events at the hub", 120_000, () => Promise.resolve(heldByHub(epoch).last === last));
    const held = heldByHub(epoch);
    process.stdout.write(
      `${marks.join(", ")}; sent 1..${last}, the hub holds ${held.rows} rows, ${held.distinct} distinct, ${held.first}..${held.last}\n`,
    );
    expect(held).toEqual({ rows: last, distinct: last, first: 1, last });
    await world.agents.get(AGENT)?.stop();
    const { store } = await openJournal({ stateDir: world.agentDir(AGENT), clock: systemClock });
    const state = (await store.read(laneMarks)).find((mark) => mark.lane === "state");
    await store.close();
    expect(state?.acked).toBe(last);
  });
});
