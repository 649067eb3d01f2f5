// A far site: 600 ms there and back, 128 kbit/s for everybody, five sessions at once, every command asked about at an AAA server.
import { afterAll, describe, expect, test } from "vitest";
import { driverFor } from "../../drivers/registry.ts";
import { runChange } from "../../drivers/transaction/change.ts";
import { PlatformId } from "../../shared/ids.ts";
import { SlowLink, type Traffic } from "../support/slow-link.ts";
import { nameOf, type Subject } from "./matrix/subject.ts";
import { subjects } from "./matrix/subjects/index.ts";
import { fastClock, recorder, rig, type Rig } from "./support.ts";

/** Ten at least, and each platform over each transport. */
const DEVICES = Math.max(10, subjects.length);
const SESSIONS = 5;
/** Twenty times as fast as a real line, and everything with it. */
const clock = fastClock(20);
const printed: string[] = [];
const chosen = Array.from({ length: DEVICES }, (_, at) => subjects[at % subjects.length]).filter(
  (subject): subject is Subject => subject !== undefined,
);

interface Place {
  readonly subject: Subject;
  readonly box: Rig;
  readonly traffic: Traffic;
  readonly running: () => string;
}

describe(`${DEVICES} devices of a slow site`, async () => {
  const link = new SlowLink({ clock, roundTripMs: 600, bitsPerSecond: 128_000 });
  const stops: (() => Promise<void>)[] = [];
  const places = await Promise.all(
    chosen.map(async (subject): Promise<Place> => {
      const { sim, target, credential } = await subject.start(clock);
      stops.push(() => sim.stop());
      const { port, traffic } = await link.open({ host: target.address, port: target.port });
      sim.setFault({ kind: "command-authorization", delayMs: 250 });
      const driver = driverFor(PlatformId.parse(subject.platform), subject.transport);
      if (!driver) throw new Error(`no driver for ${nameOf(subject)}`);
      const box = rig({
        driver,
        target: { ...target, port },
        credential,
        clock,
        connectMs: 300_000,
        commandMs: 300_000,
      });
      return { subject, box, traffic, running: () => sim.runningConfig() };
    }),
  );
  afterAll(async () => {
    await link.stop();
    for (const stop of stops) await stop();
    console.log(printed.join("\n"));
  });

  test("are collected", async () => {
    await inTurns(places, async (place) => {
      const before = { ...place.traffic };
      const session = await place.box.open();
      const configuration = await session.running();
      await session.close();
      expect(configuration.raw.length).toBeGreaterThan(100);
      tell("collect", place, before);
    });
  }, 240_000);

  test("are changed: each change is proved and kept", async () => {
    await inTurns(places, async (place) => {
      const { subject, box } = place;
      const spec = await box.plan(subject.merge.text, { confirmMs: 1_200_000, verify: subject.merge.verify });
      const before = { ...place.traffic };
      const result = await runChange(box.context(), spec, recorder().hooks);
      expect(result, `${nameOf(subject)}: ${result.code ?? ""} ${result.detail ?? ""}`).toMatchObject({
        state: "DONE",
        code: null,
      });
      expect(subject.merge.inForce.test(place.running())).toBe(true);
      tell("change", place, before);
    });
  }, 240_000);
});

function tell(job: string, { subject, traffic }: Place, before: Traffic): void {
  const spent = (key: keyof Traffic): number => traffic[key] - before[key];
  printed.push(
    `${job.padEnd(8)}${nameOf(subject).padEnd(24)}${String(spent("roundTrips")).padStart(4)} round trips  ${String(spent("bytesOut")).padStart(7)} bytes out  ${String(spent("bytesIn")).padStart(7)} bytes in  ${spent("connections")} connections`,
  );
}

/** So many at once, as the site's own limit says. */
async function inTurns(all: readonly Place[], work: (place: Place) => Promise<void>): Promise<void> {
  const waiting = [...all];
  await Promise.all(
    Array.from({ length: SESSIONS }, async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await work(next);
    }),
  );
}
