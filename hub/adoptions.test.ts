import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ManualClock } from "../shared/clock.ts";
import type { Adoption } from "../shared/documents/adoption.ts";
import { signEnvelope } from "../shared/envelope.ts";
import { errorCode } from "../shared/errors.ts";
import type { DeviceId, Digest, PersonId } from "../shared/ids.ts";
import type { Signer } from "../shared/keys.ts";
import type { SqliteStore } from "../shared/sqlite.ts";
import { statements } from "../shared/store.ts";
import { id, makeOrg, type TestOrg } from "../shared/testing/org.ts";
import { firstUpdate } from "../shared/testing/trust-set.ts";
import { acceptAdoption } from "./adoptions.ts";
import { adoptionsOf, baselineOf } from "./store/adoptions.ts";
import { openHubStore } from "./store/open.ts";
import { TrustHolder } from "./trust.ts";

const R1 = "ams-r1" as DeviceId;
const digest = (letter: string): Digest => letter.repeat(64) as Digest;
const sql = statements("test", {
  audited: "SELECT object, detail FROM audit WHERE action = 'device.adopt' ORDER BY id",
  snapshot: `INSERT INTO snapshot (device, taken_ms, job, public_sha256, public_bytes, key_generation, sealed, not_restorable)
             VALUES (:device, :takenMs, 'job-1', :config, 3, 1, NULL, NULL)`,
});
let org: TestOrg;
let dir: string;
let store: SqliteStore;
let clock: ManualClock;
let trust: TrustHolder;
beforeEach(async () => {
  org = await makeOrg();
  dir = mkdtempSync(join(tmpdir(), "farhand-adoptions-"));
  store = openHubStore(join(dir, "hub.db"));
  clock = new ManualClock(org.nowSeconds * 1000);
  trust = new TrustHolder(store, clock, { id: "hub-1", signer: org.hub });
  await trust.accept(firstUpdate(org.view.set), "test");
  for (const config of ["a", "b"])
    await store.tx("snapshot", (tx) =>
      tx.run(sql.snapshot, { device: R1, takenMs: clock.nowMs(), config: digest(config) }),
    );
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

async function adopt(over: Partial<Adoption> = {}, signer: Signer = org.people.ann): Promise<string> {
  const adoption: Adoption = {
    type: "adoption",
    v: 1,
    org: id.org,
    site: id.ams,
    device: R1,
    owner: id.ann,
    reason: "by hand",
    config: digest("a"),
    from: null,
    iat: org.nowSeconds,
    ...over,
  };
  const envelope = await signEnvelope("farhand-adoption+jws", adoption, [signer]);
  return acceptAdoption({ store, clock, trust }, envelope, "token:t").then(() => "adopted", errorCode);
}

it("what a person adopted last is the baseline, and whose it was stands in the log once", async () => {
  expect(await store.read((tx) => baselineOf(tx, R1))).toBeUndefined();
  expect([await adopt(), await adopt()]).toEqual(["adopted", "adopted"]);
  expect(await store.read((tx) => baselineOf(tx, R1))).toMatchObject({ config: digest("a"), by: "ann" });
  clock.advance(5_000);
  const next = { config: digest("b"), from: digest("a"), owner: id.bob, iat: org.nowSeconds + 5 };
  expect(await adopt(next, org.people.bob)).toBe("adopted");
  expect(await store.read((tx) => baselineOf(tx, R1))).toMatchObject({ config: digest("b"), by: "bob" });
  expect(await store.read((tx) => adoptionsOf(tx, R1))).toHaveLength(2);
  expect((await store.read((tx) => tx.all(sql.audited))).map((row) => row["detail"])).toEqual([
    `nothing to ${"a".repeat(12)}: by hand`,
    `${"a".repeat(12)} to ${"b".repeat(12)}: by hand`,
  ]);
});

it("nothing else is taken: no hub's word, no stranger's, no older one, and nothing that was not read", async () => {
  expect(await adopt({}, org.hub)).toBe("SIGNATURE_MISSING");
  expect(await adopt({ owner: "kim" as PersonId }, org.people.kim)).toBe("FORBIDDEN");
  expect(await adopt({ config: digest("c") })).toBe("NOT_FOUND");
  expect(await adopt({ iat: org.nowSeconds + 3600 })).toBe("NOT_YET_VALID");
  expect(await adopt()).toBe("adopted");
  expect(await adopt({ config: digest("b"), iat: org.nowSeconds - 1 })).toBe("CONFLICT");
  expect(await store.read((tx) => baselineOf(tx, R1))).toMatchObject({ config: digest("a") });
  expect(await store.read((tx) => tx.all(sql.audited))).toHaveLength(1);
});
