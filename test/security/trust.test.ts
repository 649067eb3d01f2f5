// Trust documents that a hub serves to a real agent: each lie refused by its code, in both logs, with no device touched, and the set held kept.
import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sha256, type Bytes } from "../../shared/bytes.ts";
import { systemClock, type Clock, type TimerHandle } from "../../shared/clock.ts";
import { signEnvelope } from "../../shared/envelope.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import type { PersonId } from "../../shared/ids.ts";
import { generateSigningJwk, signerFrom, type Signer } from "../../shared/keys.ts";
import { makeTrustSet, nextUpdate, stampedUpdate, trustFrames } from "../../shared/testing/trust-set.ts";
import { id } from "../../shared/testing/org.ts";
import { makeRoot, makeTimestamp, signMetadata, type RootSpec } from "../../shared/tuf/make.ts";
import type { TrustSet, TrustUpdate } from "../../shared/tuf/set.ts";
import { BODY_BYTES_MAX } from "../../shared/wire/frame.ts";
import { encodeDown } from "../../shared/wire/messages.ts";
import { Defended, refusedAs } from "./defended.ts";

const DAY_MS = 86_400_000;
class SetClock implements Clock {
  offMs = 0;
  nowMs = (): number => systemClock.nowMs() + this.offMs;
  monotonicMs = (): number => systemClock.monotonicMs();
  after = (delayMs: number, fn: () => void): TimerHandle => systemClock.after(delayMs, fn);
  sleep = (delayMs: number, signal?: AbortSignal): Promise<void> => systemClock.sleep(delayMs, signal);
}
const newSigner = async (): Promise<Signer> => signerFrom(await generateSigningJwk());

let at: Defended;
let clock: SetClock;
let held: TrustSet;
let kim: Signer;
let stamps = 1;

beforeEach(async () => {
  clock = new SetClock();
  stamps = 1;
  at = await Defended.start({ clock });
  held = at.site.org.view.set;
  ({ kim } = at.site.org.people);
});
afterEach(async (context) => {
  if (context.task.result?.state === "fail") console.error(at.site.log.slice(-20).join("\n"), at.site.hub.faults);
  await at.stop();
});

/** As the hub stamps it, each time newer; a hostile hub has this key too. */
async function stamped(
  update: TrustUpdate,
  over: { version?: number; expiresMs?: number; signer?: Signer } = {},
): Promise<TrustUpdate> {
  const { version = ++stamps, expiresMs = clock.nowMs() + 7 * DAY_MS, signer = at.site.org.hub } = over;
  const snapshot = update.snapshot ?? held.snapshot;
  return {
    ...update,
    timestamp: await signMetadata("timestamp", makeTimestamp({ version, expiresMs, snapshot }), [signer]),
  };
}
const refuse = (update: TrustUpdate, code: ErrorCode) => at.refusesTrust(trustFrames(update), code);
async function take(update: TrustUpdate) {
  return at.takesTrust(trustFrames(update));
}
async function rootOf(over: Partial<RootSpec>, signers: readonly Signer[]): Promise<Bytes> {
  const { org } = at.site;
  const spec: RootSpec = {
    org: id.org,
    version: 2,
    expiresMs: clock.nowMs() + 365 * DAY_MS,
    root: { keys: [org.root.publicKey], threshold: 1 },
    keyadmin: { keys: [kim.publicKey], threshold: 1 },
    hub: [org.hub.publicKey],
    ...over,
  };
  return signMetadata("root", makeRoot(spec), signers);
}
const renewed = (): ReturnType<typeof nextUpdate> => nextUpdate(held, [kim], {}, clock.nowMs());

describe("T20 a root that may not follow", () => {
  it("T20: signed by new keys only, by old ones only, skipped, expired, below its threshold: refused; the next valid one is taken", async () => {
    const { root } = at.site.org;
    const [next, other] = [await newSigner(), await newSigner()];
    const rotated = { keys: [next.publicKey], threshold: 1 };
    const two = { keys: [root.publicKey, other.publicKey], threshold: 2 };
    const rows: readonly (readonly [Bytes, ErrorCode])[] = [
      [await rootOf({ root: rotated }, [next]), "TRUST_ROOT"],
      [await rootOf({ root: rotated }, [root]), "TRUST_ROOT"],
      [await rootOf({ version: 3 }, [root]), "TRUST_ROOT"],
      [await rootOf({ root: two }, [root]), "TRUST_ROOT"],
      [await rootOf({ expiresMs: clock.nowMs() - 1000 }, [root]), "TRUST_STALE"],
    ];
    for (const [bytes, code] of rows)
      expect(await refuse(await stamped({ roots: [bytes] }), code)).toEqual(refusedAs(code));
    expect(await take(await stamped({ roots: [await rootOf({ root: rotated }, [root, next])] }))).toMatchObject({
      root: 2,
    });
    await at.restart();
    expect(await take(await stamped({ roots: [await rootOf({ version: 3, root: rotated }, [next])] }))).toMatchObject({
      root: 3,
    });
    await at.works();
  });
});

describe("T21 sets that are old, mixed or huge", () => {
  it("T21: roll-back of timestamp, keys and set, mix-and-match and twins are refused, over a restart too", async () => {
    const { org } = at.site;
    const document = org.trust.keys.document;
    const newer = await signEnvelope("farhand-keys+jws", { ...document, version: 2 }, [kim]);
    const second = await nextUpdate(held, [kim], { keys: newer }, clock.nowMs());
    expect(await take(await stamped(second))).toMatchObject({ targets: 2 });
    await at.restart();
    const now: TrustSet = { ...held, ...second };
    const older = { snapshot: held.snapshot, targets: held.targets, documents: held.documents };
    expect(await refuse({ timestamp: held.timestamp }, "TRUST_ROLLBACK")).toEqual(refusedAs("TRUST_ROLLBACK"));
    expect(await refuse(await stamped(older), "TRUST_ROLLBACK")).toEqual(refusedAs("TRUST_ROLLBACK"));
    // keys.json of before, in a set that keyadmins were talked into.
    const undone = await nextUpdate(now, [kim], { keys: org.keysEnvelope }, clock.nowMs());
    expect((await refuse(await stamped(undone), "KEYS_VERSION")).connections).toBe(0);
    const twin = await makeTrustSet({
      org: id.org,
      root: [org.root],
      keyadmins: [kim],
      hub: org.hub,
      nowSeconds: Math.floor(clock.nowMs() / 1000),
      documents: { keys: newer },
      version: 2,
      timestampVersion: ++stamps,
      rootBytes: held.root,
    });
    expect(await refuse({ ...twin, roots: [] }, "TRUST_ROLLBACK")).toEqual(refusedAs("TRUST_ROLLBACK"));
    const third = await nextUpdate(now, [kim], {}, clock.nowMs());
    const mixed = await stamped({ snapshot: third.snapshot, targets: second.targets });
    expect(await refuse(mixed, "TRUST_MISMATCH")).toEqual(refusedAs("TRUST_MISMATCH"));
    expect(await take(await stamped(third))).toMatchObject({ targets: 3 });
    await at.works();
  });

  it("T21: a freeze ends with the timestamp: nothing new starts, what is frozen is said, and a fresh one lets work go on", async () => {
    await take(await stamped({}, { expiresMs: clock.nowMs() + 60_000 }));
    clock.offMs = 120_000;
    const work = await at.site.work([at.change()]);
    expect(await at.refuses({ work, code: "TRUST_STALE" })).toEqual(refusedAs("TRUST_STALE"));
    const old = await stamped({}, { expiresMs: clock.nowMs() - 1000 });
    expect(await refuse(old, "TRUST_STALE")).toEqual(refusedAs("TRUST_STALE"));
    await take(await stamped(await renewed()));
    clock.offMs = 0;
    await at.works();
  });

  it("T21: keyadmins' own end refuses whatever a hub stamps afresh", async () => {
    clock.offMs = 91 * DAY_MS;
    await at.restart();
    expect(await refuse(await stamped({}), "TRUST_STALE")).toEqual(refusedAs("TRUST_STALE"));
  });

  it("T21: a timestamp that lay three days in a courier's bag is taken", async () => {
    const update = await stamped(await renewed());
    clock.offMs = 3 * DAY_MS;
    await at.restart();
    expect(await take(update)).toMatchObject({ targets: 2 });
  });

  it("T21: a file that claims a gigabyte, parts out of order, 10 MB of metadata and 100,000 roots are refused within bounds", async () => {
    const part = new Uint8Array(randomBytes(BODY_BYTES_MAX));
    const say = (offset: number, total: number, body: Uint8Array = part): Bytes =>
      encodeDown("trust", { offset, total }, body);
    expect(await at.refusesTrust([say(0, 2 ** 30)], "ENVELOPE_TOO_LARGE")).toEqual(refusedAs("ENVELOPE_TOO_LARGE"));
    expect(await at.refusesTrust([say(0, 10 ** 6), say(5, 10 ** 6)], "PROTOCOL")).toEqual(refusedAs("PROTOCOL"));
    const padded = new Uint8Array(10 * 1024 * 1024).fill(0x20);
    const many = { roots: Array.from({ length: 100_000 }, () => new Uint8Array([0x7b, 0x7d])) };
    const before = process.memoryUsage().rss;
    expect((await refuse({ timestamp: padded }, "SCHEMA")).connections).toBe(0);
    expect((await refuse(many, "SCHEMA")).connections).toBe(0);
    expect(process.memoryUsage().rss - before).toBeLessThan(256 * 1024 * 1024);
    await at.works();
  });
});

describe("T22 a hub's key that ran ahead", () => {
  it("T22: version 2^31 blocks every later timestamp of that key, and the root that names another key ends it", async () => {
    const { root } = at.site.org;
    await take(await stamped({}, { version: 2 ** 31 }));
    expect(await refuse(await stamped({}), "TRUST_ROLLBACK")).toEqual(refusedAs("TRUST_ROLLBACK"));
    const fresh = await newSigner();
    const roots = [await rootOf({ hub: [fresh.publicKey] }, [root])];
    expect(await refuse(await stamped({ roots }), "SIGNATURE_BAD")).toEqual(refusedAs("SIGNATURE_BAD"));
    const update = { roots, snapshot: held.snapshot, targets: held.targets, documents: held.documents };
    expect(await take(await stamped(update, { version: 7, signer: fresh }))).toMatchObject({ root: 2, timestamp: 7 });
    await at.works();
  });
});

describe("T23 a hub that would be more", () => {
  it("T23: its own key as an approver, a threshold of zero, another address: refused by who signed them", async () => {
    const { hub, trust, inventory, people } = at.site.org;
    const document = trust.keys.document;
    const entry = { kid: hub.kid, publicKey: hub.publicKey };
    const roles = [{ role: "approver" as const, sites: ["*" as const] }];
    const eve = { id: "eve" as PersonId, name: "Eve", keys: [entry], roles };
    const lax = document.policies.map((policy) => ({
      ...policy,
      rules: { ...policy.rules, change: { approvers: 0, onePerson: true } },
    }));
    const moved = inventory.inventory.document.devices.map((device) => ({ ...device, address: "203.0.113.66" }));
    const keysOf = (over: object, by: Signer) =>
      signEnvelope("farhand-keys+jws", { ...document, version: 2, ...over }, [by]);
    const rows = [
      { keys: await keysOf({ people: [...document.people, eve] }, hub) },
      { keys: await keysOf({ policies: lax }, hub) },
      { keys: await keysOf({ policies: lax }, people.ann) },
      {
        inventory: await signEnvelope(
          "farhand-inventory+jws",
          { ...inventory.inventory.document, version: 2, devices: moved },
          [hub],
        ),
      },
    ];
    for (const changes of rows) {
      const update = await stamped(await nextUpdate(held, [hub], changes, clock.nowMs()));
      expect(await refuse(update, "SIGNATURE_BAD")).toEqual(refusedAs("SIGNATURE_BAD"));
    }
    // Keyadmins sign the set and not what is in it: who wrote the document counts too.
    for (const changes of rows) {
      const update = await stamped(await nextUpdate(held, [kim], changes, clock.nowMs()));
      expect(await refuse(update, "SIGNATURE_MISSING")).toEqual(refusedAs("SIGNATURE_MISSING"));
    }
    await at.works();
  });
});

it("what a stick carries of trust is held against what came by the line: an older set changes nothing", async () => {
  const before = await stampedUpdate(held, {}, at.site.org.hub, { version: 1, expiresMs: clock.nowMs() + DAY_MS });
  await take(await stamped(await renewed()));
  expect(await refuse(before, "TRUST_ROLLBACK")).toEqual(refusedAs("TRUST_ROLLBACK"));
  expect(sha256(held.root)).toBe(sha256(at.site.org.view.set.root));
});
