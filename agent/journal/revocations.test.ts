import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { jcs, sha256 } from "../../shared/bytes.ts";
import { systemClock } from "../../shared/clock.ts";
import type { Revocation } from "../../shared/documents/keys.ts";
import { signEnvelope, type Envelope } from "../../shared/envelope.ts";
import type { Digest, KeyId } from "../../shared/ids.ts";
import type { Store } from "../../shared/store.ts";
import { makeCheckpoint, makeEntries, stateOf } from "../../shared/testing/audit.ts";
import { makeManifest, makeOrg, makeWarrant, type TestOrg } from "../../shared/testing/org.ts";
import { TrustStore } from "../../shared/trust.ts";
import { keepCheckpoint } from "./checkpoints.ts";
import { saveWork } from "./holdings.ts";
import { openJournal } from "./open.ts";
import { loadRevocationMemory, rememberRevocations, revocationHeads } from "./revocations.ts";

let dir: string;
let store: Store;
let org: TestOrg;
let bob: KeyId;
const entries = makeEntries(20);

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "farhand-revocations-"));
  ({ store } = await openJournal({ stateDir: dir, clock: systemClock }));
  org = await makeOrg();
  bob = org.people.bob.kid;
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

const revoking = (reason: Revocation["reason"], ...kids: KeyId[]): TrustStore => {
  const { keys } = org.trust;
  const revoked = kids.map((kid) => ({ kid, reason, at: org.nowSeconds }));
  return new TrustStore({ ...keys, document: { ...keys.document, version: 2, revoked } });
};
const remember = (held: TrustStore, newer: TrustStore): Promise<void> =>
  store.tx("test", (tx) => rememberRevocations(tx, held, newer));

async function see(size: number): Promise<{ size: number; root: Digest }> {
  const head = stateOf(entries, size);
  const envelope = await makeCheckpoint(org, head);
  await store.tx("test", (tx) => keepCheckpoint(tx, { ...head, epoch: 1, envelope, seenMs: 1 }));
  return head;
}

async function hold(signers: readonly ("ann" | "bob")[]): Promise<Digest> {
  const made = makeManifest(org);
  const warrant = makeWarrant(org, [made.digest]);
  const authority: Envelope = await signEnvelope(
    "farhand-warrant+jws",
    warrant,
    signers.map((name) => org.people[name]),
  );
  const work = { authorityKind: "warrant", authority, manifest: made.bytes } as const;
  await store.tx("test", (tx) => saveWork(tx, { manifest: made.digest, attempt: 1 }, work, []));
  return sha256(jcs(warrant));
}

describe("what is remembered of the time before a revocation", () => {
  it("is the last checkpoint that had been seen, for good: not a later one, not for the same revocation again", async () => {
    const seen = await see(8);
    await remember(org.trust, revoking("left", bob));
    await see(12);
    await remember(org.trust, revoking("left", bob));
    await remember(org.trust, revoking("rotated", bob));
    const memory = await store.read(loadRevocationMemory);
    expect(memory.lastSeen(bob)).toEqual(seen);
    expect(memory.lastSeen(org.people.ann.kid)).toBeNull();
  });

  it("is nothing where no checkpoint had been seen, and that stays so", async () => {
    await remember(org.trust, revoking("left", bob));
    await see(8);
    await remember(org.trust, revoking("left", bob));
    const heads = await store.read(revocationHeads);
    expect([heads.has(bob), heads.get(bob)]).toEqual([true, null]);
  });

  it("is not made up for a key that was revoked before this agent came", async () => {
    await see(8);
    await remember(revoking("left", bob), revoking("left", bob, org.people.ann.kid));
    const heads = await store.read(revocationHeads);
    expect([heads.has(bob), heads.has(org.people.ann.kid)]).toEqual([false, true]);
  });

  it("is the documents that were held with that key's signature, and no other key's or document's", async () => {
    const document = await hold(["ann", "bob"]);
    await remember(org.trust, revoking("left", bob));
    const memory = await store.read(loadRevocationMemory);
    expect(memory.heldBefore(bob, document)).toBe(true);
    expect(memory.heldBefore(org.people.ann.kid, document)).toBe(false);
    expect(memory.heldBefore(bob, "d".repeat(64) as Digest)).toBe(false);
  });

  it("is not a document that was held without that signature, though it may come with one later", async () => {
    const document = await hold(["ann"]);
    await remember(org.trust, revoking("left", bob));
    expect((await store.read(loadRevocationMemory)).heldBefore(bob, document)).toBe(false);
  });

  it("is on disk", async () => {
    const seen = await see(8);
    await remember(org.trust, revoking("left", bob));
    await store.close();
    ({ store } = await openJournal({ stateDir: dir, clock: systemClock }));
    expect((await store.read(loadRevocationMemory)).lastSeen(bob)).toEqual(seen);
  });
});
