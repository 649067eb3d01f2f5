import { beforeAll, describe, expect, it } from "vitest";
import type { Revocation } from "../documents/keys.ts";
import { signEnvelope } from "../envelope.ts";
import type { Digest, KeyId } from "../ids.ts";
import { TrustStore } from "../trust.ts";
import { id, makeManifest, makeOrg, makeWarrant, NO_DIGEST, type TestOrg } from "../testing/org.ts";
import { signatureCounts, type LoggedSignature, type LogHead, type RevocationMemory } from "./revoked.ts";
import { verifyWork, type VerifierContext } from "./work.ts";

const seen: LogHead = { size: 40, root: "a".repeat(64) as Digest };
const later: LogHead = { size: 41, root: "b".repeat(64) as Digest };
const witness = (head: LogHead | null): RevocationMemory => ({ lastSeen: () => head, heldBefore: () => false });

let org: TestOrg;
let bob: KeyId;
beforeAll(async () => {
  org = await makeOrg();
  bob = org.people.bob.kid;
});

/** The same organisation once bob's key is revoked. */
function revoking(...reasons: Revocation["reason"][]): TrustStore {
  const { keys } = org.trust;
  const revoked = reasons.map((reason) => ({ kid: bob, reason, at: org.nowSeconds + 10 }));
  return new TrustStore({ ...keys, document: { ...keys.document, version: 2, revoked } });
}

describe("a signature of a revoked key", () => {
  const document = "d".repeat(64) as Digest;
  const logged = (over: Partial<LoggedSignature> = {}): LoggedSignature[] => [
    { kid: bob, document, log: seen, ...over },
  ];
  const counts = (trust: TrustStore, memory: RevocationMemory, entries: readonly LoggedSignature[]) =>
    signatureCounts(trust, { kid: bob, document }, memory, entries);

  it.each(["rotated", "left"] as const)(
    "counts when %s, where the log that this agent had seen before holds it",
    (reason) => {
      expect(counts(revoking(reason), witness(seen), logged())).toBe(true);
    },
  );

  it("T6: never counts once compromised, whatever is logged, remembered or said beside it", () => {
    const everything: RevocationMemory = { lastSeen: () => seen, heldBefore: () => true };
    expect(counts(revoking("compromised"), everything, logged())).toBe(false);
    expect(counts(revoking("rotated", "compromised"), everything, logged())).toBe(false);
    expect(counts(revoking("compromised", "left"), everything, logged())).toBe(false);
  });

  it.each<[string, RevocationMemory, () => LoggedSignature[]]>([
    ["nothing was logged", witness(seen), () => []],
    ["the agent had seen no checkpoint", witness(null), () => logged()],
    ["the entry stands only in a later log", witness(seen), () => logged({ log: later })],
    ["the log has that size and another root", witness(seen), () => logged({ log: { ...seen, root: later.root } })],
    ["the log has that root and another size", witness(seen), () => logged({ log: { ...seen, size: later.size } })],
    ["the entry is of another document", witness(seen), () => logged({ document: NO_DIGEST })],
    ["the entry is of another key", witness(seen), () => logged({ kid: org.people.ann.kid })],
  ])("T6: does not count where %s", (_, memory, entries) => {
    expect(counts(revoking("left"), memory, entries())).toBe(false);
  });

  it("counts where this agent's own journal held the document before", () => {
    const held: RevocationMemory = {
      lastSeen: () => null,
      heldBefore: (kid, held) => kid === bob && held === document,
    };
    expect(counts(revoking("rotated"), held, [])).toBe(true);
    expect(signatureCounts(revoking("rotated"), { kid: bob, document: NO_DIGEST }, held, [])).toBe(false);
  });
});

describe("a warrant whose approver has left", () => {
  const context = (trust: TrustStore, memory?: RevocationMemory): VerifierContext => ({
    trust,
    inventory: org.inventory,
    agent: id.agentAms,
    site: id.ams,
    time: { nowMs: (org.nowSeconds + 20) * 1000, errorMs: 0, floorMs: 0 },
    riskOf: () => "change",
    platformDigest: () => NO_DIGEST,
    ...(memory ? { memory } : {}),
  });
  async function signed() {
    const made = makeManifest(org);
    const warrant = makeWarrant(org, [made.digest]);
    const authority = await signEnvelope("farhand-warrant+jws", warrant, [org.people.ann, org.people.bob]);
    const documents = { authorityKind: "warrant", authority, manifest: made.bytes } as const;
    const { authority: named } = await verifyWork(documents, context(org.trust));
    const logged: LoggedSignature[] = [{ kid: bob, document: named.sha256, log: seen }];
    return { documents, logged };
  }

  it("T6: is refused without the proof, and goes on with it", async () => {
    const { documents, logged } = await signed();
    const trust = revoking("left");
    await expect(verifyWork(documents, context(trust, witness(seen)))).rejects.toMatchObject({ code: "THRESHOLD" });
    await expect(verifyWork({ ...documents, logged }, context(trust))).rejects.toMatchObject({ code: "THRESHOLD" });
    const work = await verifyWork({ ...documents, logged }, context(trust, witness(seen)));
    expect(work.signers).toEqual(["ann", "bob"]);
  });

  it("T6: is refused with the proof when the key was compromised", async () => {
    const { documents, logged } = await signed();
    await expect(
      verifyWork({ ...documents, logged }, context(revoking("compromised"), witness(seen))),
    ).rejects.toMatchObject({ code: "THRESHOLD" });
  });

  it("is refused whole when the revoked key's signature does not hold at all", async () => {
    const { documents, logged } = await signed();
    const [ann, other] = documents.authority.signatures;
    if (!ann || !other) throw new Error("two signatures");
    const forged = { ...other, signature: ann.signature };
    const authority = { ...documents.authority, signatures: [ann, forged] };
    await expect(
      verifyWork({ ...documents, authority, logged }, context(revoking("left"), witness(seen))),
    ).rejects.toMatchObject({ code: "SIGNATURE_BAD" });
  });
});
