// Work that was signed once and comes twice, and clocks that say another time: one execution, and nothing revived.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sha256 } from "../../shared/bytes.ts";
import { systemClock, type Clock, type TimerHandle } from "../../shared/clock.ts";
import type { DeviceId } from "../../shared/ids.ts";
import { until } from "../agent/until.ts";
import { Defended, refusedAs } from "./defended.ts";

/** The machine's clock, set to another time by somebody; durations go on as ever. */
class SetClock implements Clock {
  offMs = 0;
  nowMs = (): number => systemClock.nowMs() + this.offMs;
  monotonicMs = (): number => systemClock.monotonicMs();
  after = (delayMs: number, fn: () => void): TimerHandle => systemClock.after(delayMs, fn);
  sleep = (delayMs: number, signal?: AbortSignal): Promise<void> => systemClock.sleep(delayMs, signal);
}

const DAY_MS = 86_400_000;
const seconds = (): number => Math.floor(Date.now() / 1000);

let at: Defended;
let clock: SetClock;
beforeEach(() => {
  clock = new SetClock();
});
afterEach(async (context) => {
  if (context.task.result?.state === "fail") console.error(at.site.log.slice(-30).join("\n"), at.site.hub.faults);
  clock.offMs = 0;
  await at.works();
  await at.stop();
});

describe("T12: a change that was made, offered again", () => {
  const rows: [string, () => Promise<void>][] = [
    ["in the same session", () => Promise.resolve()],
    ["after the agent's restart", () => at.restart()],
    [
      "after a reconnect",
      async () => {
        const { connections } = at.site.hub;
        at.site.hub.cut();
        await until("the next session", () => at.site.hub.connections > connections && at.agent.isLive());
      },
    ],
  ];
  it.each(rows)("T12: %s", async (_, between) => {
    at = await Defended.start();
    const work = await at.site.work([at.change()], { warrant: { attemptsMax: 1 } });
    const digest = sha256(work.manifest);
    at.site.hub.offer(work);
    expect((await at.receiptOf(digest)).tasks[0]).toMatchObject({ state: "DONE", applies: 1 });
    await between();
    const before = at.connections;
    // The hub's own copy of the offer, word for word, and new ones with new numbers.
    expect(await at.refuses({ work, code: "REPLAY" })).toEqual(refusedAs("REPLAY"));
    expect(await at.refuses({ work: { ...work, over: { attempt: 2 } }, code: "ATTEMPTS" })).toEqual(
      refusedAs("ATTEMPTS"),
    );
    expect(at.connections).toBe(before);
    expect(at.site.device("ams-r1").applies).toBe(1);
  });

  it("T12: under another warrant that the same people signed for the same bytes", async () => {
    at = await Defended.start();
    const task = at.change();
    const salt = "A".repeat(22);
    const work = await at.site.work([task], { manifest: { salt } });
    at.site.hub.offer(work);
    await at.receiptOf(sha256(work.manifest));
    const twin = await at.site.work([task], { manifest: { salt }, warrant: { title: "once more" } });
    expect(sha256(twin.manifest)).toBe(sha256(work.manifest));
    expect(await at.refuses({ work: twin, code: "REPLAY" })).toEqual(refusedAs("REPLAY"));
    expect(at.site.device("ams-r1").applies).toBe(1);
  });
});

describe("T13: two deliveries at once", () => {
  it("T13: of one offer and of eight with other numbers are one execution", async () => {
    at = await Defended.start();
    const work = await at.site.work([at.change()]);
    const before = at.connections;
    for (let copy = 0; copy < 8; copy++) at.site.hub.work.push(work);
    at.site.hub.offer(work);
    expect((await at.receiptOf(sha256(work.manifest))).tasks[0]).toMatchObject({ state: "DONE", applies: 1 });
    await until("eight answers", () => at.rejectsOf(sha256(work.manifest)).length === 8);
    expect(new Set(at.rejectsOf(sha256(work.manifest)))).toEqual(new Set(["REPLAY"]));
    expect(at.logged("REPLAY").length).toBeGreaterThanOrEqual(8);
    // The change, and the new connection over which it is proved.
    expect(at.connections).toBe(before + 2);
    expect(at.site.device("ams-r1").applies).toBe(1);
  });
});

describe("T16: a clock that somebody set", () => {
  it("T16: back by a day revives nothing that has expired", async () => {
    at = await Defended.start({ clock });
    await at.works();
    clock.offMs = -DAY_MS;
    const over = seconds() - 3600;
    const work = await at.site.work([at.change()], {
      warrant: { iat: over - 3600, nbf: over - 3600, exp: over, waves: [{ notBefore: over - 3600, manifests: [0] }] },
    });
    expect(await at.refuses({ work, code: "EXPIRED" })).toEqual(refusedAs("EXPIRED"));
  });

  it("T16: back by a day, and started again, revives nothing either", async () => {
    at = await Defended.start({ clock });
    await at.works();
    clock.offMs = -DAY_MS;
    await at.restart();
    const over = seconds() - 3600;
    const work = await at.site.work([at.change()], {
      warrant: { iat: over - 3600, nbf: over - 3600, exp: over, waves: [{ notBefore: over - 3600, manifests: [0] }] },
    });
    expect(await at.refuses({ work, code: "EXPIRED" })).toEqual(refusedAs("EXPIRED"));
  });

  it("T16: ahead by a year starts nothing, and locks nobody out once it is right again", async () => {
    at = await Defended.start({ clock });
    await at.works();
    clock.offMs = 365 * DAY_MS;
    const work = await at.site.work([at.change()]);
    expect(await at.refuses({ work, code: "EXPIRED" })).toEqual(refusedAs("EXPIRED"));
    clock.offMs = 0;
    const again = await at.site.work([at.change()]);
    at.site.hub.offer(again);
    expect((await at.receiptOf(sha256(again.manifest))).outcome).toBe("SUCCEEDED");
  });

  it.each([
    ["ahead by an hour", 3_600_000],
    ["back by an hour", -3_600_000],
    ["back by a day", -DAY_MS],
  ])("T16: %s in the middle of a change ends it truthfully, applied once", async (_, offMs) => {
    at = await Defended.start({ clock });
    const device = at.site.device("ams-r1");
    device.during = (operation) => {
      if (operation === "apply") clock.offMs = offMs;
      return Promise.resolve();
    };
    const line = "ntp server 198.51.100.1";
    const work = await at.site.work([at.change({}, line)]);
    at.site.hub.offer(work);
    const [task] = (await at.receiptOf(sha256(work.manifest))).tasks;
    expect(device.applies).toBe(1);
    expect(device.armed).toBeUndefined();
    expect(task?.state === "DONE").toBe(device.lines.includes(line));
  });

  it("T16: back by a day does not lengthen the life of what was accepted and waits for its hour", async () => {
    at = await Defended.start({ clock });
    await at.works();
    const work = await at.site.work([{ kind: "collect", device: "ams-r1" as DeviceId }], {
      warrant: { waves: [{ notBefore: seconds() + 1800, manifests: [0] }] },
    });
    at.site.hub.offer(work);
    await until("the accept", () =>
      at.site.hub.said.some((said) => said.kind === "accept" && said.header.manifest === sha256(work.manifest)),
    );
    const before = at.connections;
    // Two hours later, by the machine's clock; the agent was not running at the moment itself.
    clock.offMs = 2 * 3_600_000;
    await at.restart();
    expect(await at.receiptOf(sha256(work.manifest))).toMatchObject({ outcome: "EXPIRED" });
    expect(at.connections).toBe(before);
  });
});
