// Reads that an agent does by its own clock, so that a site without a line is backed up too.
import { afterEach, describe, expect, it } from "vitest";
import { sha256 } from "../../shared/bytes.ts";
import { systemClock, type Clock } from "../../shared/clock.ts";
import type { Grant } from "../../shared/documents/grant.ts";
import { Receipt } from "../../shared/documents/receipt.ts";
import { openEnvelope, signEnvelope } from "../../shared/envelope.ts";
import type { DeviceId, SiteId } from "../../shared/ids.ts";
import type { Signer } from "../../shared/keys.ts";
import { id, makeGrant } from "../../shared/testing/org.ts";
import type { RunningAgent } from "../../agent/compose.ts";
import { slotAt } from "../../agent/schedule/slots.ts";
import { makeSite, type Site } from "./site.ts";
import { until } from "./until.ts";

const HOUR_MS = 3_600_000;
const HOURLY = { kind: "collect", everySeconds: 3600, offsetSeconds: 0 } as const;

/** Wall time that the test moves; timers run on the real one. */
class MovedClock implements Clock {
  aheadMs = 0;
  nowMs(): number {
    return systemClock.nowMs() + this.aheadMs;
  }
  monotonicMs(): number {
    return systemClock.monotonicMs();
  }
  after(delayMs: number, fn: () => void) {
    return systemClock.after(delayMs, fn);
  }
  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return systemClock.sleep(delayMs, signal);
  }
}

let site: Site;
let clock: MovedClock;
let agent: RunningAgent;
afterEach(async (context) => {
  if (context.task.result?.state === "fail") console.error(site.log.join("\n"), site.hub.faults);
  await site.stop();
});

async function begin(over: Partial<Grant> = {}, signers?: Signer[]): Promise<void> {
  clock = new MovedClock();
  site = await makeSite({ clock });
  agent = await site.start();
  await until("the link", () => site.log.some((line) => line.startsWith("link-up")));
  await give(over, signers);
}

async function give(over: Partial<Grant>, signers = [site.org.people.ann]): Promise<void> {
  const grant = makeGrant(site.org, {
    schedule: [HOURLY],
    exp: site.org.nowSeconds + 30 * 86_400,
    ...over,
  });
  const lines = site.log.length;
  site.hub.send("grant", { grant: await signEnvelope("farhand-grant+jws", grant, signers) });
  await until("the grant to be taken or refused", () =>
    site.log.slice(lines).some((line) => /^(?:schedule |grant-refused)/v.test(line)),
  );
}

const opens = (): number => site.device("ams-r1").opens + site.device("ams-r2").opens;
const own = () => site.hub.records("own");

async function receipts(): Promise<Receipt[]> {
  const key = site.hub.agentKey;
  const envelopes = site.hub.records("receipt").map(({ envelope }) => envelope);
  return Promise.all(
    envelopes.map(async (envelope) =>
      Receipt.parse((await openEnvelope("farhand-receipt+jws", envelope, () => key)).value),
    ),
  );
}
const ended = (count: number): Promise<Receipt[]> =>
  until(`${count} receipts`, async () => {
    const all = await receipts();
    return all.length >= count ? all : undefined;
  });

describe("an agent's own clock", () => {
  it("begins at the next time, says so before anything else about it, and once", async () => {
    await begin();
    await agent.runDue();
    expect(opens(), "what was due before the grant came is not made up for").toBe(0);
    clock.aheadMs = HOUR_MS;
    await agent.runDue();
    const [receipt] = await ended(1);
    expect(receipt).toMatchObject({ outcome: "SUCCEEDED", fence: 0, signers: ["ann"], authority: { kind: "grant" } });
    expect(receipt?.tasks.map((task) => [task.device, task.state])).toEqual([
      ["ams-r1", "DONE"],
      ["ams-r2", "DONE"],
    ]);
    const lane = site.hub.lanes.get("receipt") ?? [];
    expect(lane.map(({ record }) => record.type)).toEqual(["own", "receipt"]);
    expect(sha256(own()[0]?.manifest ?? "")).toBe(receipt?.manifest);
    expect(site.hub.said.filter((message) => message.kind === "accept")).toEqual([]);
    await agent.runDue();
    expect(own()).toHaveLength(1);
    clock.aheadMs = 2 * HOUR_MS;
    await agent.runDue();
    await ended(2);
    expect(own()).toHaveLength(2);
  });

  it("makes up for one time that it missed, never for all of them, and not again after a restart", async () => {
    await begin();
    await agent.stop();
    clock.aheadMs = 7 * HOUR_MS;
    agent = await site.start();
    await agent.runDue();
    await ended(1);
    await agent.stop();
    agent = await site.start();
    await agent.runDue();
    await until("the link", () => agent.isLive() || undefined);
    expect(own()).toHaveLength(1);
    expect(opens()).toBe(2);
  });

  it("goes on where the grant's rate stopped it", async () => {
    await begin({ rate: { devicesPerMinute: 1 } });
    clock.aheadMs = HOUR_MS;
    // Not in the last minutes of an hour of the schedule: the minutes that are waited below would begin the next one.
    const hourIn = (ms: number): number => slotAt(HOURLY, id.agentAms, clock.nowMs() + ms);
    while (hourIn(0) !== hourIn(300_000)) clock.aheadMs += 300_000;
    await agent.runDue();
    const first = await ended(1);
    expect(first[0]?.tasks.map((task) => task.device)).toEqual(["ams-r1"]);
    await agent.runDue();
    expect(own(), "a minute has not passed").toHaveLength(1);
    clock.aheadMs += 61_000;
    await agent.runDue();
    const both = await ended(2);
    expect(both.flatMap((receipt) => receipt.tasks.map((task) => task.device)).toSorted()).toEqual([
      "ams-r1",
      "ams-r2",
    ]);
    clock.aheadMs += 61_000;
    await agent.runDue();
    expect(own()).toHaveLength(2);
  });

  it("covers the devices that the grant selects, and no others", async () => {
    await begin({ selectors: [{ devices: ["ams-r2" as DeviceId] }] });
    clock.aheadMs = HOUR_MS;
    await agent.runDue();
    const [receipt] = await ended(1);
    expect(receipt?.tasks.map((task) => task.device)).toEqual(["ams-r2"]);
    expect(site.device("ams-r1").opens).toBe(0);
  });

  it("is not the hub's to set: what people did not sign for this site is refused, and touches nothing", async () => {
    await begin({ sites: ["lon" as SiteId] });
    await give({}, [site.org.hub]);
    await give({}, [site.org.people.cyd]);
    await give({ schedule: undefined });
    const refused = site.log.filter((line) => line.startsWith("grant-refused"));
    expect(refused.map((line) => /"code":"(\w+)"/v.exec(line)?.[1])).toEqual([
      "WRONG_SITE",
      "SIGNATURE_MISSING",
      "NO_AUTHOR",
      "GRANT_SCOPE",
    ]);
    clock.aheadMs = 2 * HOUR_MS;
    await agent.runDue();
    expect([own().length, opens()]).toEqual([0, 0]);
  });

  it("is over when the grant is, and an older grant of the same name does not come back", async () => {
    await begin({ iat: 0, exp: 0 });
    expect(site.log.filter((line) => line.startsWith("grant-refused"))).toHaveLength(1);
    const now = site.org.nowSeconds;
    await give({ iat: now, schedule: [{ kind: "check", everySeconds: 3600, offsetSeconds: 0 }] });
    const older = makeGrant(site.org, {
      iat: now - 60,
      schedule: [HOURLY],
    });
    site.hub.send("grant", { grant: await signEnvelope("farhand-grant+jws", older, [site.org.people.ann]) });
    clock.aheadMs = HOUR_MS;
    await agent.runDue();
    await ended(1);
    expect(own().map(({ manifest }) => /"kind":"(\w+)"/v.exec(manifest)?.[1])).toEqual(["check"]);
    clock.aheadMs = 40 * 86_400_000;
    await agent.runDue();
    clock.aheadMs += HOUR_MS;
    await agent.runDue();
    expect(own()).toHaveLength(1);
  });
});
