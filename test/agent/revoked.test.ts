import { afterEach, describe, expect, it } from "vitest";
import { sha256 } from "../../shared/bytes.ts";
import { systemClock, type Clock } from "../../shared/clock.ts";
import { Keys, type Revocation } from "../../shared/documents/keys.ts";
import { Receipt } from "../../shared/documents/receipt.ts";
import { openEnvelope, peekPayload, readAs, signEnvelope } from "../../shared/envelope.ts";
import type { DeviceId } from "../../shared/ids.ts";
import { nextUpdate } from "../../shared/testing/trust-set.ts";
import type { Work } from "./script-hub.ts";
import { makeSite, type Site } from "./site.ts";
import { until } from "./until.ts";

/** Work that was accepted and waits for its window, while one who signed it leaves or loses the key. */
let site: Site;
afterEach(async (context) => {
  if (context.task.result?.state === "fail") console.error(site.log.join("\n"), site.hub.faults);
  await site.stop();
});
const r1 = "ams-r1" as DeviceId;
const HOUR_SECONDS = 3_600;

/** This machine's clock, put forward by the test while no agent runs. */
const shifted = { ms: 0 };
const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + shifted.ms } as Clock;

async function revoke(reason: Revocation["reason"]): Promise<void> {
  const { org, hub } = site;
  const held = readAs(Keys, peekPayload(org.keysEnvelope));
  const { kid } = org.people.bob;
  const next = { ...held, version: held.version + 1, revoked: [{ kid, reason, at: org.nowSeconds }] };
  const envelope = await signEnvelope("farhand-keys+jws", next, [org.people.kim]);
  await hub.publish(await nextUpdate(org.view.set, [org.people.kim], { keys: envelope }, clock.nowMs()));
  await until("the keys", () => site.log.some((line) => line.startsWith("trust ") && line.includes("targets 2")));
}

async function acceptedForLater(): Promise<Work> {
  const from = site.org.nowSeconds + HOUR_SECONDS;
  const work = await site.work([{ kind: "collect", device: r1 }], {
    warrant: { exp: from + HOUR_SECONDS, waves: [{ notBefore: from, manifests: [0] }] },
  });
  site.hub.offer(work);
  await until("the answer", () => site.hub.said.some((message) => message.kind === "accept"));
  return work;
}

const receiptFor = (work: Work): Promise<Receipt> =>
  until("a receipt", async () => {
    const opened = await Promise.all(
      site.hub
        .records("receipt")
        .map(({ envelope }) => openEnvelope("farhand-receipt+jws", envelope, () => site.hub.agentKey)),
    );
    return opened.map(({ value }) => Receipt.parse(value)).find((entry) => entry.manifest === sha256(work.manifest));
  });

/** Nobody signs alone here, not even for a read. */
const twoForReads = (keys: Keys): Keys => ({
  ...keys,
  policies: keys.policies.map((policy) => ({
    ...policy,
    rules: { ...policy.rules, read: { approvers: 1, onePerson: false } },
  })),
});

describe("work that waits for its window", () => {
  it.each([
    ["left", "SUCCEEDED", null],
    ["rotated", "SUCCEEDED", null],
    ["compromised", "FAILED", "THRESHOLD"],
  ] as const)("T6: whose approver's key is revoked as %s meanwhile ends as %s", async (reason, outcome, code) => {
    shifted.ms = 0;
    site = await makeSite({ keys: twoForReads, clock });
    const agent = await site.start();
    const work = await acceptedForLater();
    await revoke(reason);
    expect(site.device("ams-r1").opens).toBe(0);
    await agent.stop();
    shifted.ms = (HOUR_SECONDS + 60) * 1000;
    await site.start();
    expect(await receiptFor(work)).toMatchObject({ outcome, code });
    expect(site.device("ams-r1").opens > 0).toBe(outcome === "SUCCEEDED");
  });
});
