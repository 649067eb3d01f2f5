import { describe, expect, it } from "vitest";
import type { Agents } from "../documents/agents.ts";
import type { Inventory } from "../documents/inventory.ts";
import type { Keys } from "../documents/keys.ts";
import { signEnvelope } from "../envelope.ts";
import { errorCode } from "../errors.ts";
import type { OrgId, PersonId } from "../ids.ts";
import { generateSigningJwk, signerFrom, type Signer } from "../keys.ts";
import { makeTrustSet, type TrustSetSpec } from "../testing/trust-set.ts";
import { makeTrustWorld } from "../testing/trust-world.ts";
import { TRUST_FILE_BYTES_MAX, TrustVersions, decodeTrustFile, encodeTrustFile, fileOfUpdate } from "./file.ts";
import { makeRoot, makeSnapshot, makeTargets, makeTimestamp, signMetadata } from "./make.ts";
import { openFirstTrust, openTrustUpdate, openUntimed, openTrustFrom, type TrustView } from "./open.ts";
import { jcs } from "../bytes.ts";

const { org, at, held, kim, documents, setOf, restOf } = await makeTrustWorld();
const [keys, agents, inventory] = [
  org.trust.keys.document,
  org.agentsDocument.document,
  org.inventory.inventory.document,
];
const signed = {
  keys: (over: Partial<Keys>) => signEnvelope("farhand-keys+jws", { ...keys, ...over }, [kim]),
  agents: (over: Partial<Agents>) => signEnvelope("farhand-agents+jws", { ...agents, ...over }, [kim]),
  inventory: (over: Partial<Inventory>) => signEnvelope("farhand-inventory+jws", { ...inventory, ...over }, [kim]),
};
/** All three of version 2, in set 2. */
const second = {
  keys: await signed.keys({ version: 2 }),
  agents: await signed.agents({ version: 2 }),
  inventory: await signed.inventory({ version: 2 }),
};
const after: TrustView = await openTrustUpdate(org.view, restOf(await setOf({ version: 2, documents: second })), at);

/** What is said of set 3, with these documents in it, by one who holds set 2. */
async function verdict(over: Partial<TrustSetSpec["documents"]>): Promise<string> {
  const set = restOf(await setOf({ version: 3, documents: { ...second, ...over } }));
  return openTrustUpdate(after, set, at).then(() => "taken", errorCode);
}

describe("what was accepted before binds what comes after", () => {
  it("the same documents, and newer ones, are taken", async () => {
    expect(await verdict({})).toBe("taken");
    expect(await verdict({ agents: await signed.agents({ version: 3 }) })).toBe("taken");
    expect(await verdict({ inventory: await signed.inventory({ version: 3 }) })).toBe("taken");
    expect(await verdict({ keys: await signed.keys({ version: 3 }) })).toBe("taken");
  });

  it("an older document, another one of the version held, and one that is gone are refused", async () => {
    expect(await verdict({ keys: documents.keys })).toBe("KEYS_VERSION");
    expect(await verdict({ keys: await signed.keys({ version: 2, exp: keys.exp + 1 }) })).toBe("TRUST_ROLLBACK");
    expect(await verdict({ agents: documents.agents })).toBe("TRUST_ROLLBACK");
    expect(await verdict({ agents: await signed.agents({ version: 2, agents: [] }) })).toBe("TRUST_ROLLBACK");
    expect(await verdict({ agents: undefined })).toBe("TRUST_ROLLBACK");
    expect(await verdict({ inventory: documents.inventory })).toBe("TRUST_ROLLBACK");
    expect(await verdict({ inventory: await signed.inventory({ version: 2, devices: [] }) })).toBe("TRUST_ROLLBACK");
    expect(await verdict({ inventory: undefined })).toBe("TRUST_ROLLBACK");
  });
});

describe("the first set", () => {
  it("is of one organisation, in root and in keys.json", async () => {
    const { root, hub, nowSeconds } = org;
    const other = await makeTrustSet({
      org: "other" as OrgId,
      root: [root],
      keyadmins: [kim],
      hub,
      nowSeconds,
      documents,
    });
    await expect(openFirstTrust(other.root, other, at)).rejects.toMatchObject({ code: "WRONG_ORG" });
  });

  it("holds each envelope in its one text", async () => {
    const { root, documents: first } = held;
    const spaced = { ...first, keys: new Uint8Array([...first.keys, 0x20]) };
    const spec = { version: 1, expiresMs: at.nowMs + 86_400_000 };
    const targets = makeTargets({ ...spec, documents: spaced });
    const snapshot = makeSnapshot({ ...spec, targets });
    const update = {
      targets: await signMetadata("targets", targets, [kim]),
      snapshot: await signMetadata("snapshot", snapshot, [kim]),
      documents: spaced,
    };
    await expect(openUntimed(root, update)).rejects.toMatchObject({ code: "PAYLOAD_NOT_CANONICAL" });
  });

  it("may have a keyadmin with a second key, as long as root names one of them", async () => {
    const { kid, publicKey } = await signerFrom(await generateSigningJwk());
    const people = keys.people.map((person) =>
      person.id === "kim" ? { ...person, keys: [...person.keys, { kid, publicKey }] } : person,
    );
    const set = await setOf({ documents: { ...documents, keys: await signed.keys({ people }) } });
    expect((await openFirstTrust(set.root, set, at)).keys.personOf(kid)?.id).toBe("kim");
  });
});

describe("an anchor that a person keeps", () => {
  it("is not gone behind by what a hub shows", async () => {
    const anchor = await openUntimed(held.root, restOf(await setOf({ version: 5, documents: second })));
    const shown = async (version: number, over: Partial<TrustSetSpec> = {}) =>
      openTrustFrom(anchor, restOf(await setOf({ version, documents: second, ...over })), at).then(
        () => "taken",
        errorCode,
      );
    expect(await shown(5)).toBe("taken");
    expect(await shown(6)).toBe("taken");
    expect(await shown(4)).toBe("TRUST_ROLLBACK");
    const other = { documents: { ...second, agents: await signed.agents({ version: 3 }) } };
    expect(await shown(5, other)).toBe("TRUST_ROLLBACK");
  });
});

describe("a trust file", () => {
  const file = fileOfUpdate({ roots: [held.root], ...restOf(held) });

  it("gives back the bytes that were written", () => {
    const update = decodeTrustFile(encodeTrustFile({ roots: [held.root], ...restOf(held) }));
    expect(update).toEqual({ roots: [held.root], ...restOf(held) });
  });

  it("is closed, and no longer than it may be", () => {
    for (const odd of [
      { ...file, more: 1 },
      { ...file, documents: { ...file.documents, more: "" } },
    ])
      expect(() => decodeTrustFile(jcs(odd))).toThrow("SCHEMA");
    const versions = { root: 1, timestamp: 1, snapshot: 1, targets: 1 };
    expect(TrustVersions.safeParse(versions).success).toBe(true);
    expect(TrustVersions.safeParse({ ...versions, more: 1 }).success).toBe(false);
    expect(() => decodeTrustFile(new Uint8Array(TRUST_FILE_BYTES_MAX + 1))).toThrow("ENVELOPE_TOO_LARGE");
  });
});

describe("a root that replaces one keyadmin of several", () => {
  it("lets no older set come back that those who stay had signed: a revocation stands", async () => {
    const [lee, mia, pia] = await Promise.all(
      Array.from({ length: 3 }, async () => signerFrom(await generateSigningJwk())),
    );
    if (!lee || !mia || !pia) throw new Error("no keys");
    const entries = [lee, mia, pia].map(({ kid, publicKey }, n) => ({
      id: ["lee", "mia", "pia"][n] as PersonId,
      name: "Keeper",
      keys: [{ kid, publicKey }],
      roles: [{ role: "keyadmin" as const, sites: ["*" as const] }],
    }));
    const people = [...keys.people, ...entries];
    const of = (over: Partial<Keys>) => signed.keys({ people, ...over });
    const revoked = [{ kid: org.people.bob.kid, reason: "compromised" as const, at: org.nowSeconds }];
    const root = (version: number, keyadmins: readonly Signer[]) =>
      signMetadata(
        "root",
        makeRoot({
          org: keys.org,
          version,
          expiresMs: at.nowMs + 86_400_000,
          root: { keys: [org.root.publicKey], threshold: 1 },
          keyadmin: { keys: keyadmins.map((signer) => signer.publicKey), threshold: 2 },
          hub: [org.hub.publicKey],
        }),
        [org.root],
      );
    const three = await root(1, [kim, lee, mia]);
    const before = { keyadmins: [kim, lee], rootBytes: three };
    const old = await setOf({ ...before, version: 3, documents: { ...documents, keys: await of({ version: 3 }) } });
    const now = { ...documents, keys: await of({ version: 5, revoked }) };
    const held5 = await openFirstTrust(three, await setOf({ ...before, version: 5, documents: now }), at);
    expect(held5.keys.personOf(org.people.bob.kid)).toBeUndefined();

    const roots = [await root(2, [kim, lee, pia])];
    const stamp = { version: 9, expiresMs: at.nowMs + 86_400_000, snapshot: old.snapshot };
    const timestamp = await signMetadata("timestamp", makeTimestamp(stamp), [org.hub]);
    const attack = openTrustUpdate(held5, { ...restOf(old), roots, timestamp }, at);
    await expect(attack).rejects.toMatchObject({ code: "TRUST_ROLLBACK" });

    const next = { ...documents, keys: await of({ version: 6, revoked }) };
    const fresh = await setOf({ ...before, version: 6, timestampVersion: 10, documents: next });
    expect((await openTrustUpdate(held5, { ...restOf(fresh), roots }, at)).keys.keys.document.version).toBe(6);
  });
});
