import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ManualClock } from "../shared/clock.ts";
import type { Readmission } from "../shared/documents/readmission.ts";
import { parseEnvelope, peekPayload, signEnvelope } from "../shared/envelope.ts";
import { errorCode } from "../shared/errors.ts";
import type { AgentId } from "../shared/ids.ts";
import type { Signer } from "../shared/keys.ts";
import type { SqliteStore } from "../shared/sqlite.ts";
import { statements } from "../shared/store.ts";
import { id, makeOrg, type TestOrg } from "../shared/testing/org.ts";
import { firstUpdate } from "../shared/testing/trust-set.ts";
import { decodeDown } from "../shared/wire/messages.ts";
import { acceptReadmission, readmissionFrame } from "./readmissions.ts";
import { openHubStore } from "./store/open.ts";
import { TrustHolder } from "./trust.ts";

const EPOCH = "5".repeat(32);
const sql = statements("test", { audited: "SELECT detail FROM audit WHERE action = 'agent.readmit' ORDER BY id" });
let org: TestOrg;
let dir: string;
let store: SqliteStore;
let clock: ManualClock;
let trust: TrustHolder;
beforeEach(async () => {
  org = await makeOrg();
  dir = mkdtempSync(join(tmpdir(), "farhand-readmissions-"));
  store = openHubStore(join(dir, "hub.db"));
  clock = new ManualClock(org.nowSeconds * 1000);
  trust = new TrustHolder(store, clock, { id: "hub-1", signer: org.hub });
  await trust.accept(firstUpdate(org.view.set), "test");
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

async function put(over: Partial<Readmission> = {}, signer: Signer = org.people.kim): Promise<string> {
  const readmission = {
    type: "readmission",
    v: 1,
    org: id.org,
    agent: id.agentAms,
    epoch: EPOCH,
    reason: "disk restored",
    iat: org.nowSeconds,
    exp: org.nowSeconds + 3600,
    ...over,
  };
  const envelope = await signEnvelope("farhand-readmission+jws", readmission, [signer]);
  return acceptReadmission({ store, clock, trust }, envelope, "token:t").then(() => "stored", errorCode);
}

it("a keyadmin's word goes to the agent that is in that quarantine, while it serves", async () => {
  expect(await put()).toBe("stored");
  expect(await readmissionFrame({ store, clock }, id.agentAms, "6".repeat(32))).toBeUndefined();
  expect(await readmissionFrame({ store, clock }, id.agentLon, EPOCH)).toBeUndefined();
  const frame = await readmissionFrame({ store, clock }, id.agentAms, EPOCH);
  const message = decodeDown(frame ?? new Uint8Array());
  expect(message.kind).toBe("readmission");
  expect(peekPayload(parseEnvelope(message.body))).toMatchObject({ agent: "agent-ams", epoch: EPOCH });
  expect((await store.read((tx) => tx.all(sql.audited))).map((row) => row["detail"])).toEqual([
    `epoch ${EPOCH}: disk restored`,
  ]);
  clock.advance(3_600_000);
  expect(await readmissionFrame({ store, clock }, id.agentAms, EPOCH)).toBeUndefined();
});

it("nobody else's word is stored", async () => {
  expect(await put({}, org.people.ann)).toBe("FORBIDDEN");
  expect(await put({}, org.hub)).toBe("SIGNATURE_MISSING");
  expect(await put({ agent: "agent-nix" as AgentId })).toBe("NOT_FOUND");
  expect(await put({ exp: org.nowSeconds + 30 * 86_400 })).toBe("LIFETIME");
  expect(await put({ iat: org.nowSeconds - 7200, exp: org.nowSeconds - 3600 })).toBe("EXPIRED");
  expect(await readmissionFrame({ store, clock }, id.agentAms, EPOCH)).toBeUndefined();
});
