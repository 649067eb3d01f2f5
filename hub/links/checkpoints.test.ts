import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { continues, openCheckpoint } from "../../shared/audit/proofs.ts";
import { ManualClock } from "../../shared/clock.ts";
import { parseEnvelope } from "../../shared/envelope.ts";
import type { SqliteStore } from "../../shared/sqlite.ts";
import { statements } from "../../shared/store.ts";
import { makeOrg, TEST_NOW_SECONDS, type TestOrg } from "../../shared/testing/org.ts";
import { decodeDown } from "../../shared/wire/messages.ts";
import { Sequencer } from "../audit/sequencer.ts";
import { silentLog } from "../log.ts";
import { audit } from "../store/audit.ts";
import { openHubStore } from "../store/open.ts";
import { checkpointFrame, isOwnLog, type Witnessed } from "./checkpoints.ts";

const sql = statements("test", {
  edit: "UPDATE audit SET hash = 'f' || substr(hash, 2) WHERE place = 2",
  drop: "DELETE FROM audit WHERE place = 2",
});
let store: SqliteStore;
let org: TestOrg;
let sequencer: Sequencer;

beforeEach(async () => {
  store = openHubStore(":memory:");
  org = await makeOrg();
  const clock = new ManualClock(TEST_NOW_SECONDS * 1000);
  const hub = { store, clock, signer: org.hub, hubId: org.trust.hubId, holder: "a", log: silentLog };
  sequencer = new Sequencer({ ...hub, org: () => org.trust.org, onCheckpoint: () => undefined });
});
afterEach(() => store.close());

async function grow(count: number): Promise<void> {
  await store.tx("grow", async (tx) => {
    for (let n = 0; n < count; n++)
      await audit(tx, n, { actor: "hub", action: "a.b", object: `${n}`, decision: "allowed" });
  });
  await sequencer.tick(true);
}

/** What an agent that holds `held` makes of what it is sent. */
async function sent(held: Witnessed): Promise<{ verdict: string; held: Witnessed } | undefined> {
  const next = await checkpointFrame({ store }, held);
  if (!next) return undefined;
  const message = decodeDown(next.frame);
  if (message.kind !== "checkpoint") throw new Error(message.kind);
  expect(message.header.from).toBe(held?.size ?? 0);
  const offered = await openCheckpoint(parseEnvelope(message.body), org.trust);
  const { epoch, size, root } = offered;
  return { verdict: continues(held ?? undefined, offered, message.header.proof), held: { epoch, size, root } };
}

describe("checkpoints for an agent", () => {
  it("there is none before the first; then each is proved from the one that it was sent before", async () => {
    expect(await sent(null)).toBeUndefined();
    let held: Witnessed = null;
    for (const more of [1, 2, 30, 500]) {
      await grow(more);
      const next = await sent(held);
      expect(next?.verdict).toBe("newer");
      held = next?.held ?? null;
      expect(await sent(held)).toBeUndefined();
      if (held) expect(await isOwnLog({ store }, held)).toBe(true);
    }
  });

  it("T48: an agent that witnessed another log, or more of it, is recognised, and is not lied to", async () => {
    await grow(20);
    const own = (await sent(null))?.held;
    if (!own) throw new Error("no checkpoint");
    const ahead = { ...own, size: 25 };
    expect(await isOwnLog({ store }, ahead)).toBe(false);
    expect((await sent(ahead))?.verdict).toBe("shrunk");
    await grow(20);
    const other = { ...own, root: org.inventory.digest };
    expect(await isOwnLog({ store }, other)).toBe(false);
    expect((await sent(other))?.verdict).toBe("forked");
  });

  it.each(["edit", "drop"] as const)("T48: after %s of a row no agent takes the log for what it was", async (how) => {
    await grow(5);
    const held = (await sent(null))?.held;
    if (!held) throw new Error("no checkpoint");
    await store.tx("attack", (tx) => tx.run(sql[how]));
    expect(await isOwnLog({ store }, held)).toBe(false);
    await grow(5).catch(() => undefined);
    const next = await sent(held);
    expect(next === undefined || next.verdict === "forked").toBe(true);
  });
});
