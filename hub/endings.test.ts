import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { jcs, sha256 } from "../shared/bytes.ts";
import { ManualClock } from "../shared/clock.ts";
import { signEnvelope } from "../shared/envelope.ts";
import type { SqliteStore } from "../shared/sqlite.ts";
import { statements } from "../shared/store.ts";
import { id, makeGrant, makeOrg, type TestOrg } from "../shared/testing/org.ts";
import { firstUpdate, nextUpdate } from "../shared/testing/trust-set.ts";
import { tellEndings } from "./endings.ts";
import { silentLog } from "./log.ts";
import { addGrant } from "./store/documents.ts";
import { openHubStore } from "./store/open.ts";
import { TrustHolder } from "./trust.ts";

const DAY_MS = 86_400_000;
const sql = statements("test", { told: "SELECT object, detail FROM audit WHERE action = 'trust.ends' ORDER BY id" });
let org: TestOrg;
let dir: string;
let store: SqliteStore;
let clock: ManualClock;
let trust: TrustHolder;
beforeEach(async () => {
  org = await makeOrg();
  dir = mkdtempSync(join(tmpdir(), "farhand-endings-"));
  store = openHubStore(join(dir, "hub.db"));
  clock = new ManualClock(org.nowSeconds * 1000);
  trust = new TrustHolder(store, clock, { id: "hub-1", signer: org.hub });
  await trust.accept(firstUpdate(org.view.set), "test");
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

async function told(): Promise<string[]> {
  await tellEndings({ store, clock, trust, log: silentLog });
  return (await store.read((tx) => tx.all(sql.told))).map(
    (row) => `${String(row["object"])}: ${String(row["detail"])}`,
  );
}
async function grant(days: number): Promise<void> {
  const document = makeGrant(org, { id: "nightly" as never, exp: org.nowSeconds + days * 86_400 });
  const envelope = await signEnvelope("farhand-grant+jws", document, [org.people.ann]);
  const row = { sha256: sha256(jcs(document)), envelope, signers: [id.ann] };
  await store.tx("grant", (tx) => addGrant(tx, document.id, row, clock.nowMs()));
}

it("what ends is told of 30, 14, 7 and 1 days before and when it is over, each once", async () => {
  const at: Record<number, number> = {};
  for (let day = 0; day <= 92; day++) {
    at[day] = (await told()).length;
    expect((await told()).length).toBe(at[day]);
    clock.advance(DAY_MS);
  }
  // targets, snapshot and keys.json of the test organisation all end on day 90.
  const steps = Object.entries(at).flatMap(([day, count]) => (count > (at[Number(day) - 1] ?? 0) ? [Number(day)] : []));
  expect(steps).toEqual([60, 76, 83, 89, 90]);
  const lines = await told();
  expect(lines).toContain("targets.json: it ends in 30 days; farhand trust renew");
  expect(lines).toContain("keys.json: it ends in a day; farhand trust renew");
  expect(lines).toContain("snapshot.json: it has ended; farhand trust renew");
});

it("one who comes late is told once, as urgently as it is", async () => {
  clock.advance(87 * DAY_MS);
  expect((await told()).filter((line) => line.startsWith("targets.json"))).toEqual([
    "targets.json: it ends in 3 days; farhand trust renew",
  ]);
});

it("what was signed again is not about to end, and its new end is told of in its own time", async () => {
  clock.advance(65 * DAY_MS);
  expect((await told()).length).toBe(3);
  const next = await nextUpdate(org.view.set, [org.people.kim], {}, clock.nowMs());
  await trust.accept(next, "test");
  clock.advance(5 * DAY_MS);
  const lines = await told();
  expect(lines.filter((line) => line.startsWith("targets.json"))).toHaveLength(1);
});

it("a standing grant and the one that replaces it", async () => {
  await grant(10);
  expect(await told()).toEqual(["grant nightly: it ends in 10 days; farhand grant create --id nightly"]);
  clock.advance(1000);
  await grant(300);
  clock.advance(4 * DAY_MS);
  expect(await told()).toHaveLength(1);
});
