import type { Bytes } from "../bytes.ts";
import { sha256 } from "../bytes.ts";
import { openEnvelope, type Envelope, type EnvelopeType, type Opened } from "../envelope.ts";
import { FarhandError } from "../errors.ts";
import type { Digest, KeyId } from "../ids.ts";
import type { TrustStore } from "../trust.ts";

/** The audit log as one checkpoint shows it. */
export interface LogHead {
  readonly size: number;
  readonly root: Digest;
}

/** A signature that an audit entry records, which was proved to stand in the log of that head. */
export interface LoggedSignature {
  readonly kid: KeyId;
  readonly document: Digest;
  readonly log: LogHead;
}

/** What an agent knows of the time before it took a revocation. */
export interface RevocationMemory {
  /** The last audit checkpoint that it had seen when it took the revocation of this key; null where it had seen none. */
  readonly lastSeen: (kid: KeyId) => LogHead | null;
  /** Whether it had verified and journalled this very document before it took the revocation: then it is its own witness. */
  readonly heldBefore: (kid: KeyId, document: Digest) => boolean;
}

/** For whoever witnesses nothing: no signature of a revoked key counts. */
export const NO_MEMORY: RevocationMemory = { lastSeen: () => null, heldBefore: () => false };

/**
 * Whether a valid signature counts, its key's revocations considered. When it was made is whatever its maker writes, so nothing is
 * believed but what was fixed before the revocation came: the log up to the checkpoint that this agent had seen, and its own journal.
 */
export function signatureCounts(
  trust: TrustStore,
  signature: { readonly kid: KeyId; readonly document: Digest },
  memory: RevocationMemory,
  logged: readonly LoggedSignature[],
): boolean {
  const { kid, document } = signature;
  const revocations = trust.revocationsOf(kid);
  if (revocations.length === 0) return true;
  if (revocations.some((entry) => entry.reason === "compromised")) return false;
  if (memory.heldBefore(kid, document)) return true;
  const seen = memory.lastSeen(kid);
  return (
    seen !== null &&
    logged.some(
      (entry) =>
        entry.kid === kid &&
        entry.document === document &&
        entry.log.size === seen.size &&
        entry.log.root === seen.root,
    )
  );
}

export interface SignedBy extends Opened {
  readonly bytes: Bytes;
  readonly digest: Digest;
}

/** Opens what people signed; of the signatures that hold, only those that count are left. Throws SIGNATURE_MISSING when none is. */
export async function openSigned(
  type: EnvelopeType,
  envelope: Envelope,
  trust: TrustStore,
  memory: RevocationMemory = NO_MEMORY,
  logged: readonly LoggedSignature[] = [],
): Promise<SignedBy> {
  const opened = await openEnvelope(type, envelope, trust.everyPersonKey);
  const digest = sha256(opened.bytes);
  const kids = opened.kids.filter((kid) => signatureCounts(trust, { kid, document: digest }, memory, logged));
  if (kids.length === 0) throw new FarhandError("SIGNATURE_MISSING", "every key that signed it is revoked");
  return { ...opened, kids, digest };
}
