import { beforeAll, describe, expect, it } from "vitest";
import { markSignature, type AuditEntry } from "../audit/entry.ts";
import { inclusionRanges, subtreesOf, type LeafRange } from "../audit/merkle.ts";
import type { InclusionProof } from "../audit/proofs.ts";
import { fromBase64url, sha256 } from "../bytes.ts";
import { signEnvelope, type Envelope } from "../envelope.ts";
import type { Digest, KeyId } from "../ids.ts";
import { makeEntries, stateOf } from "../testing/audit.ts";
import { makeManifest, makeOrg, makeWarrant, type TestOrg } from "../testing/org.ts";
import { loggedFrom } from "./logged.ts";
import type { LogHead, RevocationMemory } from "./revoked.ts";

const PLACE = 7;
const SIZE = 12;
let org: TestOrg;
let bob: KeyId;
let envelope: Envelope;
let document: Digest;
let signature: string;

beforeAll(async () => {
  org = await makeOrg();
  bob = org.people.bob.kid;
  const warrant = makeWarrant(org, [makeManifest(org).digest]);
  envelope = await signEnvelope("farhand-warrant+jws", warrant, [org.people.bob]);
  document = sha256(fromBase64url(envelope.payload));
  signature = envelope.signatures[0]?.signature ?? "";
});

/** A log in which one entry records a signature, and its proof at some size. */
function logWith(over: Partial<AuditEntry>, size = SIZE): { proof: InclusionProof; seen: LogHead } {
  const entries = makeEntries(20, (index) => (index === PLACE ? over : {}));
  // Of a range of whole subtrees: the root of the log that is made of those entries alone.
  const hashOf = ({ start, end }: LeafRange): Digest => {
    expect(subtreesOf({ start, end }).length).toBeGreaterThan(0);
    return stateOf(entries.slice(start, end), end - start).root;
  };
  const entry = entries[PLACE];
  if (!entry) throw new Error("no entry");
  return { proof: { entry, size, path: inclusionRanges(PLACE, size).map(hashOf) }, seen: stateOf(entries, size) };
}

const memory = (seen: LogHead | null): RevocationMemory => ({ lastSeen: () => seen, heldBefore: () => false });
const mark = () => ({ action: "job.sign", signature: markSignature(document, bob, signature) });

describe("what a proof from the audit log is worth", () => {
  it("the very signature in the log that was seen counts as logged", () => {
    const { proof, seen } = logWith(mark());
    expect(loggedFrom([proof], [envelope], memory(seen))).toEqual([{ kid: bob, document, log: seen }]);
  });

  it.each<[string, () => { proof: InclusionProof; seen: LogHead | null }]>([
    ["of a log that was not seen", () => ({ ...logWith(mark()), seen: null })],
    ["of a later log than was seen", () => ({ proof: logWith(mark(), 16).proof, seen: logWith(mark()).seen })],
    [
      "with another entry",
      () => ({ proof: { ...logWith(mark()).proof, entry: logWith({}).proof.entry }, seen: logWith(mark()).seen }),
    ],
    [
      "of another signature by that key over that document, made later",
      () => logWith({ signature: markSignature(document, bob, "A".repeat(86)) }),
    ],
    ["of another document", () => logWith({ signature: markSignature("d".repeat(64) as Digest, bob, signature) })],
    ["of another key", () => logWith({ signature: markSignature(document, org.people.ann.kid, signature) })],
    ["of a signature that was refused", () => logWith({ ...mark(), decision: "refused", code: "FORBIDDEN" })],
    ["of no signature", () => logWith({})],
    [
      "whose path leads elsewhere",
      () => {
        const { proof, seen } = logWith(mark());
        return { proof: { ...proof, path: proof.path.toReversed() }, seen };
      },
    ],
  ])("T6: one %s counts for nothing", (_, make) => {
    const { proof, seen } = make();
    expect(loggedFrom([proof], [envelope], memory(seen))).toEqual([]);
  });
});
