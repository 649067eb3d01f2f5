import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ManualClock } from "../shared/clock.ts";
import type { Hold } from "../shared/documents/hold.ts";
import { parseEnvelope, peekPayload, signEnvelope, type Envelope } from "../shared/envelope.ts";
import { errorCode } from "../shared/errors.ts";
import type { DeviceId, Digest, PersonId } from "../shared/ids.ts";
import type { Signer } from "../shared/keys.ts";
import type { SqliteStore } from "../shared/sqlite.ts";
import { statements } from "../shared/store.ts";
import { id, makeOrg, type TestOrg } from "../shared/testing/org.ts";
import { firstUpdate } from "../shared/testing/trust-set.ts";
import { decodeDown } from "../shared/wire/messages.ts";
import { acceptHold, holdFrames, standingHold } from "./holds.ts";
import { openHubStore } from "./store/open.ts";
import { TrustHolder } from "./trust.ts";

const R1 = "ams-r1" as DeviceId;
const sql = statements("test", {
  audited: "SELECT action, object, on_behalf_of, detail FROM audit WHERE action LIKE 'device.%' ORDER BY id",
});
let org: TestOrg;
let dir: string;
let store: SqliteStore;
let clock: ManualClock;
let trust: TrustHolder;
beforeEach(async () => {
  org = await makeOrg();
  dir = mkdtempSync(join(tmpdir(), "farhand-holds-"));
  store = openHubStore(join(dir, "hub.db"));
  clock = new ManualClock(org.nowSeconds * 1000);
  trust = new TrustHolder(store, clock, { id: "hub-1", signer: org.hub });
  await trust.accept(firstUpdate(org.view.set), "test");
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

function signed(over: Partial<Hold> = {}, signer: Signer = org.people.ann): Promise<Envelope> {
  const hold: Hold = {
    type: "hold",
    v: 1,
    org: id.org,
    site: id.ams,
    device: R1,
    owner: id.ann,
    reason: "being rebuilt",
    generation: org.nowSeconds,
    held: true,
    iat: org.nowSeconds,
    exp: null,
    ...over,
  };
  return signEnvelope("farhand-hold+jws", hold, [signer]);
}
const put = async (over?: Partial<Hold>, signer?: Signer): Promise<string> =>
  acceptHold({ store, clock, trust }, await signed(over, signer), "token:t").then(() => "stored", errorCode);
const standing = (): Promise<Hold | undefined> => store.read((tx) => standingHold(tx, R1, clock.nowMs()));
const audited = async (): Promise<unknown[]> =>
  (await store.read((tx) => tx.all(sql.audited))).map((row) => ({ ...row }));

it("takes a person's word, writes down whose, and lets the newest stand", async () => {
  expect(await put()).toBe("stored");
  expect(await put()).toBe("stored");
  expect(await standing()).toMatchObject({ owner: "ann" });
  expect(await put({ held: false, generation: org.nowSeconds - 1 })).toBe("CONFLICT");
  expect(await put({ held: false })).toBe("CONFLICT");
  expect(await standing()).toMatchObject({ owner: "ann" });
  expect(await put({ held: false, owner: id.oli, generation: org.nowSeconds + 1 }, org.people.oli)).toBe("stored");
  expect(await standing()).toBeUndefined();
  expect(await audited()).toMatchObject([
    { action: "device.hold", object: "ams-r1", detail: "held by ann until it is released: being rebuilt" },
    { action: "device.release", object: "ams-r1", detail: "released by oli: being rebuilt" },
  ]);
});

it("takes none that agents would refuse, none that has ended, and none from a time to come", async () => {
  expect(await put({}, org.hub)).toBe("SIGNATURE_MISSING");
  expect(await put({ owner: "kim" as PersonId }, org.people.kim)).toBe("FORBIDDEN");
  expect(await put({ device: "lon-r1" as DeviceId })).toBe("INVENTORY_MISMATCH");
  expect(await put({ exp: org.nowSeconds - 1 })).toBe("EXPIRED");
  expect(await put({ generation: Number.MAX_SAFE_INTEGER })).toBe("NOT_YET_VALID");
  expect(await audited()).toEqual([]);
});

it("shows one until it ends", async () => {
  expect(await put({ exp: org.nowSeconds + 60 })).toBe("stored");
  expect(await standing()).toMatchObject({ owner: "ann" });
  clock.advance(60_000);
  expect(await standing()).toBeUndefined();
});

it("sends a site's agents each word once in a session, also the one that lifts", async () => {
  await put();
  const told = new Set<Digest>();
  const frames = async (site = id.ams): Promise<Hold[]> =>
    (await holdFrames({ store }, site, told)).map(({ sha256, frame }) => {
      told.add(sha256);
      const message = decodeDown(frame);
      if (message.kind !== "hold") throw new Error(message.kind);
      return peekPayload(parseEnvelope(message.body)) as Hold;
    });
  expect(await frames(id.lon)).toEqual([]);
  expect(await frames()).toMatchObject([{ device: "ams-r1", held: true }]);
  expect(await frames()).toEqual([]);
  await put({ held: false, generation: org.nowSeconds + 1 });
  expect(await frames()).toMatchObject([{ device: "ams-r1", held: false }]);
});
