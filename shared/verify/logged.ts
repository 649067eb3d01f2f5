import { storedSignature } from "../audit/entry.ts";
import { requireIncluded, type InclusionProof } from "../audit/proofs.ts";
import { fromBase64url, parseCanonical, sha256 } from "../bytes.ts";
import type { Envelope } from "../envelope.ts";
import { FarhandError } from "../errors.ts";
import type { KeyId } from "../ids.ts";
import type { LoggedSignature, RevocationMemory } from "./revoked.ts";

/** With one signature each: no more than two envelopes have. */
export const LOGGED_PROOFS_MAX = 32;

/**
 * What of the proofs holds: the entry stands in the log that this agent had seen, and records this very signature over this very
 * document. A hub that logged a digest to be filled in later proves nothing by it. What does not hold is passed over: it only does not count.
 */
export function loggedFrom(
  proofs: readonly InclusionProof[],
  envelopes: readonly Envelope[],
  memory: RevocationMemory,
): LoggedSignature[] {
  const signed = envelopes.flatMap((envelope) => {
    const document = sha256(fromBase64url(envelope.payload));
    return envelope.signatures.map(({ protected: header, signature }) => {
      const { kid } = parseCanonical(fromBase64url(header)) as { kid: KeyId };
      return { document, kid, sha256: sha256(signature) };
    });
  });
  return proofs.flatMap((proof): LoggedSignature[] => {
    const mark = storedSignature(proof.entry);
    const seen = mark && memory.lastSeen(mark.kid);
    if (!mark || !seen || !isIn(proof, seen)) return [];
    const isIts = signed.some(
      (one) => one.document === mark.document && one.kid === mark.kid && one.sha256 === mark.sha256,
    );
    return isIts ? [{ kid: mark.kid, document: mark.document, log: seen }] : [];
  });
}

function isIn(proof: InclusionProof, seen: Parameters<typeof requireIncluded>[1]): boolean {
  try {
    requireIncluded(proof, seen);
    return true;
  } catch (error) {
    if (error instanceof FarhandError && error.code === "AUDIT_CHAIN") return false;
    throw error;
  }
}
