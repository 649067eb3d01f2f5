// What an agent refuses stands in the audit log by its code, whether this hub has offered it or somebody else in its name.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ManualClock } from "../../shared/clock.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import type { AgentId, Digest, JobId } from "../../shared/ids.ts";
import type { SqliteStore } from "../../shared/sqlite.ts";
import { statements } from "../../shared/store.ts";
import { id, NO_DIGEST, TEST_NOW_SECONDS } from "../../shared/testing/org.ts";
import { decideAssignmentIn } from "../ingest/decide.ts";
import { addAssignment } from "../store/assignments.ts";
import { addJob } from "../store/jobs.ts";
import { openHubStore } from "../store/open.ts";
import { addManifest } from "../store/work.ts";
import { tellAssignment } from "./words.ts";

const JOB = "job-1" as JobId;
const sql = statements("test", {
  refusals: `SELECT actor || ' ' || action || ' ' || code AS what, object, digest, detail, count FROM audit
             WHERE decision = 'refused' ORDER BY id`,
});
const key = { manifest: "5".repeat(64) as Digest, attempt: 1 };
const clock = new ManualClock(TEST_NOW_SECONDS * 1000);

let store: SqliteStore;
beforeEach(async () => {
  store = openHubStore(":memory:");
  await delivered();
});
afterEach(() => store.close());

/** One assignment of agent-ams that this hub has offered. */
async function delivered(): Promise<void> {
  const expMs = clock.nowMs() + 3_600_000;
  const at = { nowMs: clock.nowMs(), random: () => 0 };
  const job = { id: JOB, number: 1, kind: "collect", title: "t", reason: "", author: null, risk: "read" } as const;
  const under = {
    authority: "grant",
    grantId: null,
    authoritySha256: NO_DIGEST,
    signers: [],
    signersNeeded: 0,
  } as const;
  const rest = { request: "{}", devices: 0, notBeforeMs: 0, expMs, waves: [{ notBeforeMs: 0 }] };
  await store.tx("work", async (tx) => {
    await addJob(tx, { ...job, ...under, ...rest }, at.nowMs);
    const manifest = { sha256: key.manifest, job: JOB, purpose: "work", position: 0 } as const;
    await addManifest(
      tx,
      { ...manifest, authorityKind: "grant", authoritySha256: NO_DIGEST, bytes: new TextEncoder().encode("{}") },
      [],
    );
    await addAssignment(
      tx,
      { key, job: JOB, purpose: "work", agent: id.agentAms, site: id.ams, wave: 0, expMs },
      0,
      [],
    );
    await decideAssignmentIn(tx, key, [{ type: "released" }, { type: "served", sequence: 1, fence: 1 }], at);
  });
}

const refuses = (agent: AgentId, about: typeof key, code: ErrorCode, detail: string) =>
  tellAssignment({ store, clock, random: () => 0 }, agent, about, { kind: "reject", code, detail });
const log = () => store.read((tx) => tx.all(sql.refusals));

describe("an agent's no", () => {
  const own = { object: `job ${JOB}`, digest: key.manifest, count: 1 };

  it("to what was offered is one entry; said of what has ended it is counted", async () => {
    await refuses(id.agentAms, key, "THRESHOLD", "0 of 1");
    const first = { ...own, what: "agent:agent-ams work.refuse THRESHOLD", detail: "0 of 1" };
    expect(await log()).toEqual([first]);
    for (let again = 0; again < 3; again++) await refuses(id.agentAms, key, "REPLAY", "taken");
    const second = { ...own, what: "agent:agent-ams work.refuse REPLAY", detail: "taken", count: 3 };
    expect(await log()).toEqual([first, second]);
  });

  it.each([
    ["work that this hub does not know", id.agentAms, { manifest: "7".repeat(64) as Digest, attempt: 1 }],
    ["an attempt that it did not offer", id.agentAms, { ...key, attempt: 2 }],
    ["another agent's work", id.agentLon, key],
  ])("to %s says so", async (_, agent, about) => {
    await refuses(agent, about, "SIGNATURE_BAD", "altered\u001b[2J");
    expect(await log()).toEqual([
      {
        what: `agent:${agent} work.refuse SIGNATURE_BAD`,
        object: about.manifest,
        digest: about.manifest,
        detail: "this hub has not offered it; altered\\x1b[2J",
        count: 1,
      },
    ]);
  });
});
