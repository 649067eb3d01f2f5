import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ManualClock } from "../../shared/clock.ts";
import { signEnvelope } from "../../shared/envelope.ts";
import { generateSigningJwk, signerFrom } from "../../shared/keys.ts";
import type { SqliteStore } from "../../shared/sqlite.ts";
import { makeTrustWorld } from "../../shared/testing/trust-world.ts";
import { firstUpdate, nextUpdate } from "../../shared/testing/trust-set.ts";
import { decodeTrustFile } from "../../shared/tuf/file.ts";
import { readMetadata } from "../../shared/tuf/metadata.ts";
import type { TrustUpdate } from "../../shared/tuf/set.ts";
import { decodeDown } from "../../shared/wire/messages.ts";
import { openHubStore } from "../store/open.ts";
import { TrustHolder } from "../trust.ts";
import { knowsThisHub, newerTrust, type HeldTrust } from "./trust-frames.ts";

const { org, nowMs, held, kim, rootOf } = await makeTrustWorld();
let dir: string;
let store: SqliteStore;
let clock: ManualClock;
let trust: TrustHolder;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "farhand-trust-frames-"));
  store = openHubStore(join(dir, "hub.db"));
  clock = new ManualClock(nowMs);
  trust = new TrustHolder(store, clock, { id: "hub-1", signer: org.hub });
  await trust.accept(firstUpdate(held), "test");
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

const versions = () => trust.require().view.facts.versions;
const told = (from: HeldTrust): { update: TrustUpdate | undefined; held: HeldTrust } => {
  const news = newerTrust({ trust }, from);
  const parts = news.frames
    .map((frame) => decodeDown(frame))
    .map((message) => {
      if (message.kind !== "trust") throw new Error(message.kind);
      return message;
    });
  const bytes = Buffer.concat(parts.map(({ body }) => body));
  let offset = 0;
  for (const { header, body } of parts) {
    expect(header).toEqual({ offset, total: bytes.length });
    offset += body.length;
  }
  return { update: bytes.length > 0 ? decodeTrustFile(bytes) : undefined, held: news.held };
};

it("an agent that holds everything is told nothing", () => {
  expect(told({ trust: versions(), keysVersion: 1 }).update).toBeUndefined();
});

it("an hour later it is told the timestamp alone, which says that nothing moved", async () => {
  const before = { trust: versions(), keysVersion: 1 };
  clock.advance(3_700_000);
  await trust.refresh();
  const { update, held: after } = told(before);
  expect(update).toEqual({ roots: [], timestamp: trust.require().view.set.timestamp, documents: {} });
  expect(told(after).update).toBeUndefined();
});

it("a set of other documents is told whole, and once", async () => {
  const before = { trust: versions(), keysVersion: 1 };
  const agents = await signEnvelope("farhand-agents+jws", { ...org.agentsDocument.document, version: 2 }, [kim]);
  await trust.accept(await nextUpdate(held, [kim], { agents }, nowMs), "test");
  const { update, held: after } = told(before);
  const { set } = trust.require().view;
  expect(update).toMatchObject({ roots: [], targets: set.targets, snapshot: set.snapshot });
  expect(update?.documents).toEqual(set.documents);
  expect(told(after).update).toBeUndefined();
});

it("an inventory of 3,000 devices goes in parts, and what comes together is the set", async () => {
  const before = { trust: versions(), keysVersion: 1 };
  const { document } = org.inventory.inventory;
  const [device] = document.devices;
  if (!device) throw new Error("no device");
  const devices = Array.from({ length: 3_000 }, (_, n) => ({ ...device, id: `ams-sw${n}` as typeof device.id }));
  const inventory = await signEnvelope("farhand-inventory+jws", { ...document, version: 2, devices }, [kim]);
  await trust.accept(await nextUpdate(held, [kim], { inventory }, nowMs), "test");
  expect(newerTrust({ trust }, before).frames.length).toBeGreaterThan(3);
  const { update } = told(before);
  expect(update?.documents).toEqual(trust.require().view.set.documents);
  const again = new TrustHolder(store, clock, { id: "hub-1", signer: org.hub });
  await again.load();
  expect(again.require().inventory?.inventory.document.devices).toHaveLength(3_000);
});

it("one that was away walks every root after its own", async () => {
  const before = { trust: versions(), keysVersion: 1 };
  const second = await rootOf({ version: 2 }, [org.root]);
  const third = await rootOf({ version: 3 }, [org.root]);
  await trust.accept({ roots: [second] }, "test");
  await trust.accept({ roots: [third] }, "test");
  expect(told(before).update?.roots).toEqual([second, third]);
  expect(told({ ...before, trust: { ...before.trust, root: 2 } }).update?.roots).toEqual([third]);
});

it("is never told what is older than it holds: a hub that was restored from a backup says nothing", () => {
  const ahead = { root: 5, timestamp: versions().timestamp + 9, snapshot: 9, targets: 9 };
  expect(told({ trust: ahead, keysVersion: 7 }).update).toBeUndefined();
});

it("an agent whose keys.json does not list this hub's key is told before the welcome", async () => {
  const signer = org.hub;
  expect(await knowsThisHub({ store, signer }, { trust: versions(), keysVersion: 1 })).toBe(true);
  const another = await signerFrom(await generateSigningJwk());
  expect(await knowsThisHub({ store, signer: another }, { trust: versions(), keysVersion: 1 })).toBe(false);
  expect(await knowsThisHub({ store, signer }, { trust: versions(), keysVersion: 0 })).toBe(false);
});

it("a stamp for the courier lives longer, and everybody else's is newer", async () => {
  const carried = readMetadata("timestamp", await trust.timestampFor(40 * 86_400_000)).signed;
  const ordinary = readMetadata("timestamp", trust.require().view.set.timestamp).signed;
  expect(Date.parse(carried.expires)).toBe(nowMs + 40 * 86_400_000);
  expect(Date.parse(ordinary.expires)).toBe(nowMs + 7 * 86_400_000);
  expect(ordinary.version).toBe(carried.version + 1);
});
