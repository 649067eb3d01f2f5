import { describe, expect, it } from "vitest";
import { jcs, sha256 } from "../bytes.ts";
import type { Keys } from "../documents/keys.ts";
import { envelopeBytes, signEnvelope } from "../envelope.ts";
import type { PersonId } from "../ids.ts";
import { generateSigningJwk, signerFrom, type Signer } from "../keys.ts";
import { errorCode, type ErrorCode } from "../errors.ts";
import { id } from "../testing/org.ts";
import { makeTrustWorld } from "../testing/trust-world.ts";
import { documentBytes, makeTrustSet, type TrustSetSpec } from "../testing/trust-set.ts";
import { applyTrustUpdate, reopenTrustSet } from "./apply.ts";
import {
  cosignMetadata,
  makeRoot,
  makeSnapshot,
  makeTargets,
  missingSignatures,
  nextTimestampVersion,
  signMetadata,
  type RootSpec,
} from "./make.ts";
import { expiresText, readMetadata, ROOTS_MAX, signedDigest, type RootSigned, type TargetsSigned } from "./metadata.ts";
import { openFirstTrust, openTrustUpdate } from "./open.ts";
import { staleRole, trustFacts, type TrustSet, type TrustUpdate } from "./set.ts";

const DAY_MS = 86_400_000;
const codeOf = (work: () => unknown): ErrorCode | "accepted" => {
  try {
    work();
    return "accepted";
  } catch (error) {
    return errorCode(error);
  }
};
const expectCodeSync = (code: ErrorCode, work: () => unknown) => expect(codeOf(work)).toBe(code);
const expectCode = (code: ErrorCode, work: Promise<unknown>) => expect(work).rejects.toMatchObject({ code });
const newSigner = async (): Promise<Signer> => signerFrom(await generateSigningJwk());

const { org, nowMs, at, held, kim, documents, setOf, rootOf, timestampOf, restOf } = await makeTrustWorld();

const refused = (code: ErrorCode, update: TrustUpdate, from: TrustSet = held) => {
  const before = JSON.stringify(from, (_key, value: unknown) => (value instanceof Uint8Array ? sha256(value) : value));
  expectCodeSync(code, () => applyTrustUpdate(from, update, at));
  const after = JSON.stringify(from, (_key, value: unknown) => (value instanceof Uint8Array ? sha256(value) : value));
  expect(after).toBe(before);
};

describe("a set of trust documents", () => {
  it("is accepted whole from a root that was compared by fingerprint, and again from a disk at any age", () => {
    const accepted = applyTrustUpdate({ root: held.root }, restOf(held), at);
    expect(accepted.set).toEqual(held);
    expect(reopenTrustSet(accepted.set)).toEqual(held);
    expect(trustFacts(held)).toMatchObject({
      org: "acme",
      versions: { root: 1, timestamp: 1, snapshot: 1, targets: 1 },
    });
  });

  it("is not accepted in part", () => {
    expectCodeSync("TRUST_MISMATCH", () => applyTrustUpdate({ root: held.root }, { timestamp: held.timestamp }, at));
    expectCodeSync("TRUST_MISMATCH", () =>
      applyTrustUpdate({ root: held.root }, { ...restOf(held), documents: { keys: held.documents.keys } }, at),
    );
    for (const name of ["timestamp", "snapshot", "targets"])
      expectCodeSync("TRUST_MISMATCH", () =>
        applyTrustUpdate({ root: held.root }, { ...restOf(held), [name]: undefined }, at),
      );
  });

  it("takes a newer timestamp alone, which is what an hour brings", async () => {
    const timestamp = await timestampOf({ version: 9 });
    expect(applyTrustUpdate(held, { timestamp }, at).set).toEqual({ ...held, timestamp });
  });

  it("takes the update it holds already, any number of times", () => {
    expect(applyTrustUpdate(held, { roots: [held.root], ...restOf(held) }, at).set).toEqual(held);
  });

  it("copies what it checks: bytes changed afterwards are not those accepted", async () => {
    const timestamp = await timestampOf();
    const accepted = applyTrustUpdate(held, { timestamp }, at);
    const before = sha256(accepted.set.timestamp);
    timestamp.fill(0);
    expect(sha256(accepted.set.timestamp)).toBe(before);
  });

  it("a timestamp that lay three days in a courier's bag is accepted; one past its end is not", async () => {
    const update = restOf(await setOf({ version: 2 }));
    expect(applyTrustUpdate(held, update, { nowMs: nowMs + 3 * DAY_MS }).set.timestamp).toEqual(update.timestamp);
    expectCodeSync("TRUST_STALE", () => applyTrustUpdate(held, update, { nowMs: nowMs + 7 * DAY_MS }));
  });

  it("time is the caller's, not the clock's", async () => {
    const update = restOf(await setOf({ version: 2, timestampDays: 1 }));
    expect(applyTrustUpdate(held, update, { nowMs: nowMs + DAY_MS - 1 }).set.targets).toEqual(update.targets);
    expectCodeSync("TRUST_STALE", () => applyTrustUpdate(held, update, { nowMs: nowMs + DAY_MS }));
  });

  it("a set that has expired is known as such, by the role that ended first", () => {
    const facts = trustFacts(held);
    expect(staleRole(facts, nowMs)).toBeUndefined();
    expect(staleRole(facts, nowMs + 8 * DAY_MS)).toBe("timestamp");
    expect(staleRole(facts, nowMs + 400 * DAY_MS)).toBe("timestamp");
  });
});

describe("T20 root rotation", () => {
  it("T20: a root signed by the old threshold and its own is taken, and the next one after it", async () => {
    const next = await newSigner();
    const second = await rootOf({ root: { keys: [next.publicKey], threshold: 1 } }, [org.root, next]);
    const third = await rootOf({ version: 3, root: { keys: [next.publicKey], threshold: 1 } }, [next]);
    expect(applyTrustUpdate(held, { roots: [second, third] }, at).set.root).toEqual(third);
    const after = applyTrustUpdate(held, { roots: [held.root, second, third] }, at).set;
    expect(after.root).toEqual(third);
    // Roots that are held already are passed over.
    expect(applyTrustUpdate(after, { roots: [held.root, second, third] }, at).set).toEqual(after);
  });

  it("T20: signed only by new keys, only by old ones, version N+2, or with one signature of two: refused; the next valid update works", async () => {
    const next = await newSigner();
    const other = await newSigner();
    const rotated = { keys: [next.publicKey], threshold: 1 };
    refused("TRUST_ROOT", { roots: [await rootOf({ root: rotated }, [next])] });
    refused("TRUST_ROOT", { roots: [await rootOf({ root: rotated }, [org.root])] });
    refused("TRUST_ROOT", { roots: [await rootOf({ version: 3 }, [org.root])] });
    const two = { keys: [org.root.publicKey, other.publicKey], threshold: 2 };
    refused("TRUST_ROOT", { roots: [await rootOf({ root: two }, [org.root])] });
    refused("TRUST_ROOT", { roots: [await rootOf({}, [])] });
    const valid = await rootOf({ root: rotated }, [org.root, next]);
    expect(applyTrustUpdate(held, { roots: [valid] }, at).set.root).toEqual(valid);
  });

  it("T20: an expired root may stand on the way, not at the end", async () => {
    const expired = await rootOf({ expiresMs: nowMs - 1000 }, [org.root]);
    refused("TRUST_STALE", { roots: [expired] });
    const third = await rootOf({ version: 3 }, [org.root]);
    expect(applyTrustUpdate(held, { roots: [expired, third] }, at).set.root).toEqual(third);
  });

  it("another root of the version held, and a root of another organisation, are refused", async () => {
    refused("TRUST_ROOT", { roots: [await rootOf({ version: 1, expiresMs: nowMs + DAY_MS }, [org.root])] });
    refused("TRUST_ROOT", { roots: [await rootOf({ org: "evil" as RootSpec["org"] }, [org.root])] });
  });

  it("a root that lists one key twice, a key under another name, a threshold nobody meets or the hub's key for people is refused", async () => {
    const second = makeRoot({
      org: id.org,
      version: 2,
      expiresMs: nowMs + DAY_MS,
      root: { keys: [org.root.publicKey], threshold: 1 },
      keyadmin: { keys: [kim.publicKey], threshold: 1 },
      hub: [org.hub.publicKey],
    });
    const spoilt = async (change: (root: RootSigned) => void) => {
      const root = structuredClone(second);
      change(root);
      const sig = Buffer.from(await crypto.subtle.sign("Ed25519", org.root.key, jcs(root))).toString("hex");
      return { roots: [jcs({ signed: root, signatures: [{ keyid: org.root.kid, sig }] })] };
    };
    refused("TRUST_ROOT", await spoilt((root) => root.roles.root.keyids.push(org.root.kid)));
    refused("TRUST_ROOT", await spoilt((root) => (root.roles.targets.threshold = 2)));
    refused("TRUST_ROOT", await spoilt((root) => (root.roles.targets.threshold = 0)));
    refused("TRUST_ROOT", await spoilt((root) => root.roles.targets.keyids.push(org.hub.kid)));
    refused("TRUST_ROOT", await spoilt((root) => delete root.keys[kim.kid]));
    const twice = { keytype: "ed25519", scheme: "ed25519", keyval: { public: "ab".repeat(32) } } as const;
    refused("TRUST_ROOT", await spoilt((root) => (root.keys[kim.kid] = twice)));
    const weak = { ...twice, keyval: { public: `01${"00".repeat(31)}` } };
    refused("TRUST_ROOT", await spoilt((root) => (root.keys[kim.kid] = weak)));
    expect(applyTrustUpdate(held, await spoilt(() => undefined), at).set.root).toBeDefined();
  });
});

describe("T21 rollback, freeze, mix-and-match, size", () => {
  it("T21: an older timestamp, snapshot or targets, and another of the version held, are refused", async () => {
    const newer = applyTrustUpdate(held, restOf(await setOf({ version: 5 })), at).set;
    refused("TRUST_ROLLBACK", { timestamp: held.timestamp }, newer);
    refused("TRUST_ROLLBACK", { timestamp: await timestampOf({ version: 5, expiresMs: nowMs + DAY_MS }) }, newer);
    refused("TRUST_ROLLBACK", restOf(held), newer);
    // The hub re-stamps the old snapshot that keyadmins once signed.
    refused("TRUST_ROLLBACK", { ...restOf(held), timestamp: await timestampOf({ version: 6 }) }, newer);
    // Keyadmins' own mistake: a newer snapshot that names older targets.
    const olderTargets = readMetadata("targets", held.targets).signed;
    const expiresMs = nowMs + DAY_MS;
    const snapshot = await signMetadata("snapshot", makeSnapshot({ version: 6, expiresMs, targets: olderTargets }), [
      kim,
    ]);
    const timestamp = await timestampOf({ version: 6, snapshot });
    refused("TRUST_ROLLBACK", { timestamp, snapshot, targets: held.targets }, newer);
  });

  it("T21: another snapshot or targets of the version held is refused, however new its timestamp", async () => {
    const { keys } = held.documents;
    const twins = await setOf({ version: 1, timestampVersion: 2, documents: { keys: org.keysEnvelope } });
    refused("TRUST_ROLLBACK", { ...restOf(twins), documents: { keys } });
    const snapshot = await signMetadata(
      "snapshot",
      makeSnapshot({
        version: 2,
        expiresMs: nowMs + DAY_MS,
        targets: readMetadata("targets", twins.targets).signed,
      }),
      [kim],
    );
    const timestamp = await timestampOf({ version: 2, snapshot });
    refused("TRUST_ROLLBACK", { timestamp, snapshot, targets: twins.targets, documents: { keys } });
  });

  it("T21: rollback is seen although the held timestamp and snapshot have expired", async () => {
    const newer = applyTrustUpdate(held, restOf(await setOf({ version: 5 })), at).set;
    const late = { nowMs: nowMs + 91 * DAY_MS };
    const old = { ...restOf(held), timestamp: await timestampOf({ version: 6, expiresMs: late.nowMs + DAY_MS }) };
    expectCodeSync("TRUST_ROLLBACK", () => applyTrustUpdate(newer, old, late));
  });

  it("T21: freeze: each role's end refuses the update, whoever re-stamps it", async () => {
    const late = { nowMs: nowMs + 91 * DAY_MS };
    const restamped = await timestampOf({ version: 2, expiresMs: late.nowMs + DAY_MS });
    expectCodeSync("TRUST_STALE", () => applyTrustUpdate(held, { timestamp: restamped }, late));
    const expiresMs = late.nowMs + DAY_MS;
    const targets = readMetadata("targets", held.targets).signed;
    const snapshot = await signMetadata("snapshot", makeSnapshot({ version: 2, expiresMs, targets }), [kim]);
    const timestamp = await timestampOf({ version: 2, expiresMs, snapshot });
    expectCodeSync("TRUST_STALE", () => applyTrustUpdate(held, { timestamp, snapshot }, late));
  });

  it("T21: mix-and-match: files of two signed sets are no set", async () => {
    const second = await setOf({ version: 2 });
    const third = await setOf({ version: 3 });
    refused("TRUST_MISMATCH", { timestamp: third.timestamp, snapshot: second.snapshot, targets: second.targets });
    refused("TRUST_MISMATCH", { timestamp: third.timestamp, snapshot: third.snapshot, targets: second.targets });
    const otherSecond = await setOf({ version: 2, documents: { keys: org.keysEnvelope } });
    refused("TRUST_MISMATCH", { ...restOf(second), targets: otherSecond.targets });
    refused("TRUST_MISMATCH", { ...restOf(second), snapshot: otherSecond.snapshot });
    refused("TRUST_MISMATCH", { ...restOf(otherSecond), documents: { agents: held.documents.agents } });
  });

  it("T21: another targets.json of the version that the snapshot names, of the same documents, is refused", async () => {
    const { signed } = readMetadata("targets", held.targets);
    const other = { ...signed, expires: expiresText(nowMs + 2 * DAY_MS) };
    const update = { ...restOf(held), targets: await signMetadata("targets", other, [kim]) };
    expectCodeSync("TRUST_MISMATCH", () => applyTrustUpdate({ root: held.root }, update, at));
  });

  it("T21: a snapshot of another version than the timestamp names is none of the hub's rollbacks", async () => {
    const second = await setOf({ version: 2 });
    const update = { ...restOf(held), timestamp: second.timestamp };
    expect(() => applyTrustUpdate(held, update, at)).toThrow("the timestamp names snapshot 2, not 1");
  });

  it("T21: another snapshot of the version held is refused, though the timestamp names it", async () => {
    const { signed } = readMetadata("snapshot", held.snapshot);
    const twin = await signMetadata("snapshot", { ...signed, expires: expiresText(nowMs + 2 * DAY_MS) }, [kim]);
    refused("TRUST_ROLLBACK", { snapshot: twin, timestamp: await timestampOf({ snapshot: twin }) });
  });

  it("T21: another timestamp of the version held is refused by that name", async () => {
    const timestamp = await timestampOf({ version: 1, expiresMs: nowMs + DAY_MS });
    expect(() => applyTrustUpdate(held, { timestamp }, at)).toThrow("another timestamp of version 1");
  });

  it("T21: a root that leaves the keys of a role as they are forgets nothing that they signed", async () => {
    const newer = applyTrustUpdate(held, restOf(await setOf({ version: 5 })), at).set;
    const roots = [await rootOf({}, [org.root])];
    refused("TRUST_ROLLBACK", { roots, ...restOf(held) }, newer);
    const view = await openTrustUpdate(org.view, restOf(await setOf({ version: 2, documents: await keysOf(2) })), at);
    const older = restOf(await setOf({ version: 3, documents: await keysOf(1) }));
    await expectCode("KEYS_VERSION", openTrustUpdate(view, { roots, ...older }, at));
  });

  it("hashes are of exact bytes: another text of the same value is refused", () => {
    const spaced = new Uint8Array([...held.documents.keys, 0x20]);
    refused("TRUST_MISMATCH", { ...restOf(held), documents: { ...held.documents, keys: spaced } });
    refused("PAYLOAD_NOT_CANONICAL", { targets: new Uint8Array([...held.targets, 0x0a]) });
    refused("PAYLOAD_NOT_CANONICAL", { snapshot: new Uint8Array([...held.snapshot, 0x20]) });
  });

  it("T21: 10 MB of metadata and 100,000 roots are refused before they are parsed", () => {
    const big = new Uint8Array(10 * 1024 * 1024);
    refused("ENVELOPE_TOO_LARGE", { timestamp: big });
    refused("ENVELOPE_TOO_LARGE", { roots: [big] });
    refused("ENVELOPE_TOO_LARGE", { documents: { inventory: big } });
    refused("ENVELOPE_TOO_LARGE", { roots: Array.from({ length: 100_000 }, () => held.root) });
    refused("ENVELOPE_TOO_LARGE", { roots: Array.from({ length: ROOTS_MAX + 1 }, () => held.root) });
    refused("ENVELOPE_TOO_LARGE", { roots: Array.from({ length: 40 }, () => new Uint8Array(512 * 1024)) });
  });
});

/** The documents with a keys.json of that version. */
async function keysOf(version: number): Promise<TrustSetSpec["documents"]> {
  const keys: Keys = { ...org.trust.keys.document, version };
  return { ...documents, keys: await signEnvelope("farhand-keys+jws", keys, [kim]) };
}

describe("T22 fast-forward", () => {
  it("T22: versions driven to the end by a stolen hub key are recovered from by a root that names another", async () => {
    const stolen = applyTrustUpdate(held, { timestamp: await timestampOf({ version: 2 ** 31 }) }, at).set;
    const hub = await newSigner();
    const normal = restOf(await setOf({ version: 2, hub, timestampVersion: 3 }));
    refused("SIGNATURE_BAD", normal, stolen);
    const roots = [await rootOf({ hub: [hub.publicKey] }, [org.root])];
    expect(trustFacts(applyTrustUpdate(stolen, { roots, ...normal }, at).set).versions).toMatchObject({ timestamp: 3 });
  });

  it("T22: the same for the keyadmin's key, which signs snapshot and targets, inner versions included", async () => {
    const far: Keys = { ...org.trust.keys.document, version: Number.MAX_SAFE_INTEGER };
    const farKeys = await signEnvelope("farhand-keys+jws", far, [kim]);
    const stolen = await openTrustUpdate(
      org.view,
      restOf(
        await setOf({
          version: Number.MAX_SAFE_INTEGER,
          timestampVersion: 2,
          documents: { ...documents, keys: farKeys },
        }),
      ),
      at,
    );
    const lee = await newSigner();
    const leesOrg = await orgAfterKim(lee);
    const normal = restOf(await setOf({ version: 2, keyadmins: [lee], timestampVersion: 3, documents: leesOrg }));
    await expectCode("TRUST_ROLLBACK", openTrustUpdate(stolen, normal, at));
    const roots = [await rootOf({ keyadmin: { keys: [lee.publicKey], threshold: 1 } }, [org.root])];
    const recovered = await openTrustUpdate(stolen, { roots, ...normal }, at);
    expect(recovered.keys.keys.document.version).toBe(2);
    expect(recovered.facts.versions.targets).toBe(2);
  });
});

/** Lee in kim's place, everything signed anew. */
async function orgAfterKim(lee: Signer): Promise<TrustSetSpec["documents"]> {
  const keys: Keys = structuredClone(org.trust.keys.document);
  keys.version = 2;
  keys.people = keys.people.filter((person) => person.id !== "kim");
  keys.people.push({
    id: "lee" as PersonId,
    name: "Lee",
    keys: [{ kid: lee.kid, publicKey: lee.publicKey }],
    roles: [{ role: "keyadmin", sites: ["*"] }],
  });
  keys.revoked.push({ kid: kim.kid, reason: "compromised", at: org.nowSeconds });
  return {
    keys: await signEnvelope("farhand-keys+jws", keys, [lee]),
    agents: await signEnvelope("farhand-agents+jws", org.agentsDocument.document, [lee]),
    inventory: await signEnvelope("farhand-inventory+jws", org.inventory.inventory.document, [lee]),
  };
}

describe("T23 a hub that raises its own privileges", () => {
  const withPerson = (thief: Signer): Keys => {
    const keys: Keys = structuredClone(org.trust.keys.document);
    keys.version = 2;
    keys.people.push({
      id: "eve" as PersonId,
      name: "Eve",
      keys: [{ kid: thief.kid, publicKey: thief.publicKey }],
      roles: [
        { role: "keyadmin", sites: ["*"] },
        { role: "author", sites: ["*"] },
        { role: "approver", sites: ["*"] },
      ],
    });
    for (const policy of keys.policies) policy.rules.change = { approvers: 0, onePerson: true };
    return keys;
  };

  it("T23: a keys.json that adds a key and lowers thresholds, signed by the hub or by itself, is refused", async () => {
    const eve = await newSigner();
    for (const signer of [org.hub, eve]) {
      const keys = await signEnvelope("farhand-keys+jws", withPerson(eve), [signer]);
      refused(
        "SIGNATURE_BAD",
        restOf(await setOf({ version: 2, keyadmins: [signer], documents: { ...documents, keys } })),
      );
      refused("TRUST_MISMATCH", { documents: { keys: envelopeBytes(keys) } });
    }
  });

  it("T23: a root of the hub's making is refused, and so is one that the hub signs beside nobody", async () => {
    const eve = await newSigner();
    const keyadmin = { keys: [eve.publicKey], threshold: 1 };
    refused("TRUST_ROOT", { roots: [await rootOf({ keyadmin }, [org.hub])] });
    refused("TRUST_ROOT", {
      roots: [await rootOf({ keyadmin, root: { keys: [eve.publicKey], threshold: 1 } }, [eve, org.hub])],
    });
  });

  it("T23: the signed set may say so, yet the envelope inside must be a keyadmin's of the keys.json held", async () => {
    const eve = await newSigner();
    const keys = await signEnvelope("farhand-keys+jws", withPerson(eve), [eve]);
    const set = await setOf({ version: 2, documents: { ...documents, keys } });
    await expectCode("SIGNATURE_MISSING", openTrustUpdate(org.view, restOf(set), at));
  });

  it("a keyadmin whose key is revoked in keys.json writes no further one, even before root drops it", async () => {
    const lee = await newSigner();
    const both = { keys: [kim.publicKey, lee.publicKey], threshold: 1 };
    const roots = [await rootOf({ keyadmin: both }, [org.root])];
    const after = await openTrustUpdate(
      org.view,
      { roots, ...restOf(await setOf({ version: 2, keyadmins: [lee], documents: await orgAfterKim(lee) })) },
      at,
    );
    const back: Keys = { ...org.trust.keys.document, version: 3 };
    const keys = await signEnvelope("farhand-keys+jws", back, [kim]);
    const kims = restOf(await setOf({ version: 3, documents: { ...documents, keys } }));
    await expectCode("SIGNATURE_MISSING", openTrustUpdate(after, kims, at));
  });

  it("two keyadmin keys of one person are no two persons", async () => {
    const second = await newSigner();
    const keys: Keys = structuredClone(org.trust.keys.document);
    for (const person of keys.people)
      if (person.id === "kim") person.keys.push({ kid: second.kid, publicKey: second.publicKey });
    const envelope = await signEnvelope("farhand-keys+jws", keys, [kim]);
    const set = await makeTrustSet({
      org: id.org,
      root: [org.root],
      keyadmins: [kim, second],
      threshold: 2,
      hub: org.hub,
      nowSeconds: org.nowSeconds,
      documents: { keys: envelope },
    });
    await expectCode("TRUST_MISMATCH", openFirstTrust(set.root, set, at));
  });
});

describe("thresholds and signatures", () => {
  it("two of three keyadmins must sign, in any order; one of them, or one twice, is not enough", async () => {
    const [lee, mia] = await Promise.all([newSigner(), newSigner()]);
    const keyadmin = { keys: [kim, lee, mia].map((signer) => signer.publicKey), threshold: 2 };
    const root = await rootOf({ keyadmin }, [org.root]);
    const spec = { version: 2, expiresMs: nowMs + DAY_MS };
    const signed = makeTargets({ ...spec, documents: documentBytes(documents) });
    const sets = async (signers: readonly Signer[]): Promise<TrustUpdate> => {
      const targets = await signMetadata("targets", signed, signers);
      const snapshot = await signMetadata("snapshot", makeSnapshot({ ...spec, targets: signed }), signers);
      return {
        roots: [root],
        targets,
        snapshot,
        timestamp: await timestampOf({ snapshot }),
        documents: held.documents,
      };
    };
    for (const signers of [
      [kim, lee],
      [mia, lee],
      [kim, lee, mia],
    ])
      expect(applyTrustUpdate(held, await sets(signers), at).set.root).toEqual(root);
    for (const signers of [[], [kim], [kim, kim], [kim, org.hub], [kim, org.root]])
      refused("SIGNATURE_BAD", await sets(signers));
    const draft = readMetadata("targets", await signMetadata("targets", signed, [kim]));
    expect(missingSignatures(draft, readMetadata("root", root).signed.roles.targets)).toBe(1);
  });

  it("one key's signature that stands twice is refused, and so is one under another's name", async () => {
    const { signed, signatures } = readMetadata("targets", held.targets);
    refused("SCHEMA", { targets: jcs({ signed, signatures: [...signatures, ...signatures] }) });
    const renamed = signatures.map((entry) => ({ ...entry, keyid: org.root.kid }));
    refused("SIGNATURE_BAD", { targets: jcs({ signed, signatures: renamed }) });
  });

  it("signing twice with one key changes nothing; what is added later leaves the snapshot as it is", async () => {
    const again = await cosignMetadata("targets", held.targets, kim);
    expect(again).toEqual(held.targets);
    const more = await cosignMetadata("targets", held.targets, await newSigner());
    expect(signedDigest(readMetadata("targets", more).signed)).toBe(
      readMetadata("snapshot", held.snapshot).signed.meta["targets.json"].signed,
    );
    expect(applyTrustUpdate(held, { targets: more }, at).set.targets).toEqual(more);
  });

  it("what TUF allows and this product does not use is refused by its shape", async () => {
    const signed: TargetsSigned = readMetadata("targets", held.targets).signed;
    const signedBy = async (value: object) => {
      const sig = Buffer.from(await crypto.subtle.sign("Ed25519", kim.key, jcs(value))).toString("hex");
      return jcs({ signed: value, signatures: [{ keyid: kim.kid, sig }] });
    };
    refused("SCHEMA", { targets: await signedBy({ ...signed, delegations: { keys: {}, roles: [] } }) });
    refused("SCHEMA", { targets: await signedBy({ ...signed, version: 0 }) });
    refused("SCHEMA", { targets: await signedBy({ ...signed, spec_version: "2.0.0" }) });
    refused("SCHEMA", { targets: await signedBy({ ...signed, expires: "2999-13-45T99:99:99Z" }) });
    refused("SCHEMA", { targets: await signedBy({ ...signed, _type: "snapshot" }) });
    refused("SCHEMA", {
      targets: await signedBy({ ...signed, targets: { ...signed.targets, "evil.json": signed.targets["keys.json"] } }),
    });
  });

  it("a timestamp's version never goes back, on a restored hub either", () => {
    expect(nextTimestampVersion(0, 1_800_000_000_000)).toBe(1_800_000_000);
    expect(nextTimestampVersion(1_900_000_000, 1_800_000_000_000)).toBe(1_900_000_001);
    expectCodeSync("TRUST_ROLLBACK", () => nextTimestampVersion(Number.MAX_SAFE_INTEGER, 0));
  });
});
