import { describe, expect, it } from "vitest";
import { jcs, utf8 } from "../bytes.ts";
import { quoteCheckpoint, readQuote } from "../documents/checkpoint.ts";
import { errorCode } from "../errors.ts";
import type { Digest, KeyId, OrgId } from "../ids.ts";
import { generateSigningJwk, signerFrom } from "../keys.ts";
import { entryBytes, entryHash, markSignature, readEntry, storedSignature, type AuditEntry } from "./entry.ts";
import { Frontier, isConsistent, nodeHash } from "./merkle.ts";
import { continues, InclusionProof, openCheckpoint, requireIncluded, signCheckpoint } from "./proofs.ts";

const kid = "k".repeat(43) as KeyId;
const digest = "d".repeat(64) as Digest;
const other = "e".repeat(64) as Digest;
const org = "acme" as OrgId;

const entry = (more: Partial<AuditEntry> = {}): AuditEntry => ({
  type: "audit",
  v: 1,
  index: 0,
  prev: null,
  actor: "token:t1",
  onBehalfOf: null,
  action: "job.submit",
  object: "j1",
  digest: null,
  signature: null,
  decision: "allowed",
  code: null,
  detail: null,
  count: 1,
  atMs: 1,
  ...more,
});

describe("an audit entry", () => {
  it("is read from its canonical bytes only", () => {
    const good = entry({ detail: "ß ☃" });
    expect(readEntry(entryBytes(good))).toEqual(good);
    const reordered = JSON.stringify({ ...good, zzz: undefined }, Object.keys(good).toSorted().toReversed());
    expect(reasonOf(() => readEntry(utf8(reordered)))).toBe("PAYLOAD_NOT_CANONICAL");
  });

  it.each([
    ["a member too many", { ...entry(), more: 1 }],
    ["a version to come", { ...entry(), v: 2 }],
    ["no actor", { ...entry(), actor: "" }],
    ["a decision that is none", { ...entry(), decision: "maybe" }],
    ["a place below zero", { ...entry(), index: -1 }],
    ["a link that is no digest", { ...entry(), prev: "x" }],
    [
      "a member too many in its signature",
      { ...entry(), signature: { ...markSignature(digest, kid, "s".repeat(86)), more: 1 } },
    ],
  ])("with %s is refused", (_, value) => {
    expect(reasonOf(() => readEntry(jcs(value)))).toBe("SCHEMA");
  });

  it("proves a stored signature only when it was allowed", () => {
    const signature = markSignature(digest, kid, "s".repeat(86));
    expect(storedSignature(entry({ signature }))).toEqual(signature);
    expect(storedSignature(entry({ signature, decision: "refused" }))).toBeNull();
    expect(storedSignature(entry())).toBeNull();
  });

  it("names a signature by document, key and the hash of its text", () => {
    const made = markSignature(digest, kid, "s".repeat(86));
    expect(made).toMatchObject({ document: digest, kid });
    expect(made.sha256).not.toBe(markSignature(digest, kid, "t".repeat(86)).sha256);
  });
});

describe("an inclusion proof", () => {
  const first = entry();
  const second = entry({ index: 1, prev: entryHash(first), signature: markSignature(digest, kid, "s".repeat(86)) });
  const root = nodeHash(entryHash(first), entryHash(second));
  const proof = { entry: second, size: 2, path: [entryHash(first)] };

  it("has no member too many", () => {
    expect(InclusionProof.safeParse(proof).success).toBe(true);
    expect(InclusionProof.safeParse({ ...proof, more: 1 }).success).toBe(false);
  });

  it("gives the entry that stands in the witnessed log", () => {
    expect(requireIncluded(proof, { size: 2, root })).toEqual(second);
  });

  it("is refused for another entry, another place, another log", () => {
    for (const bad of [
      { ...proof, entry: { ...second, actor: "token:t2" } },
      { ...proof, entry: { ...second, index: 0 } },
      { ...proof, path: [] },
      { ...proof, size: 3 },
    ])
      expect(reasonOf(() => requireIncluded(bad, { size: 2, root }))).toBe("AUDIT_CHAIN");
    expect(reasonOf(() => requireIncluded(proof, { size: 2, root: other }))).toBe("AUDIT_CHAIN");
    expect(reasonOf(() => requireIncluded(proof, { size: 3, root }))).toBe("AUDIT_CHAIN");
  });
});

describe("a checkpoint", () => {
  const checkpoint = { type: "checkpoint", v: 1, org, hub: "hub", epoch: 1, size: 3, root: digest, at: 9 } as const;

  it("counts when the hub of these keys signed it for this org", async () => {
    const hub = await signerFrom(await generateSigningJwk());
    const stranger = await signerFrom(await generateSigningJwk());
    const trust = { org, hubId: "hub", hubKey: (id: KeyId) => (id === hub.kid ? hub.publicKey : undefined) };
    expect(await openCheckpoint(await signCheckpoint(checkpoint, hub), trust)).toEqual(checkpoint);
    await expect(openCheckpoint(await signCheckpoint(checkpoint, stranger), trust)).rejects.toMatchObject({
      code: "SIGNATURE_MISSING",
    });
    const foreign = { ...checkpoint, org: "other" as OrgId };
    await expect(openCheckpoint(await signCheckpoint(foreign, hub), trust)).rejects.toMatchObject({
      code: "WRONG_ORG",
    });
    const elsewhere = { ...checkpoint, hub: "hub-2" };
    await expect(openCheckpoint(await signCheckpoint(elsewhere, hub), trust)).rejects.toMatchObject({
      code: "CHECKPOINT",
    });
  });

  it("is quoted as its size and root, and read back", () => {
    expect(readQuote(quoteCheckpoint(checkpoint))).toEqual({ size: 3, root: digest });
    for (const bad of [
      "",
      "3",
      `03:${digest}`,
      `-1:${digest}`,
      `3:${digest}0`,
      `3:${"D".repeat(64)}`,
      `9999999999999999:${digest}`,
    ])
      expect(readQuote(bad)).toBeUndefined();
  });
});

describe("T48: what a checkpoint is to who witnessed another", () => {
  const frontier = new Frontier();
  const leaves = [entry(), entry({ index: 1 }), entry({ index: 2 })].map(entryHash);
  const states = leaves.map((leaf) => {
    frontier.push(leaf);
    return { epoch: 1, size: frontier.size, root: frontier.root };
  });
  const [one, two, three] = states;
  if (!one || !two || !three) throw new Error("three states");
  const [, , third] = leaves;
  if (!third) throw new Error("three leaves");

  it("the first is taken, a proved continuation is newer, the same is known", () => {
    expect(continues(undefined, two, [])).toBe("newer");
    expect(isConsistent(two, three, [third])).toBe(true);
    expect(continues(two, three, [third])).toBe("newer");
    expect(continues(two, two, [])).toBe("known");
  });

  it("a smaller log has shrunk; another root, an unproved growth and another epoch are forks", () => {
    expect(continues(two, one, [])).toBe("shrunk");
    expect(continues(two, { ...one, size: 0 }, [])).toBe("shrunk");
    expect(continues(two, { ...two, root: other }, [])).toBe("forked");
    expect(continues(two, three, [])).toBe("forked");
    expect(continues(two, { ...three, root: other }, [third])).toBe("forked");
    expect(continues(two, { ...three, epoch: 2 }, [third])).toBe("forked");
  });
});

function reasonOf(fn: () => unknown): string {
  try {
    fn();
  } catch (error) {
    return errorCode(error);
  }
  return "accepted";
}
