import type { InclusionProof } from "../../shared/audit/proofs.ts";
import { fromBase64url, parseCanonical, sha256 } from "../../shared/bytes.ts";
import type { Envelope } from "../../shared/envelope.ts";
import type { KeyId } from "../../shared/ids.ts";
import type { TrustStore } from "../../shared/trust.ts";
import { signatureProof } from "../audit/proofs.ts";
import type { LinkDeps } from "./deps.ts";

/** By revoked key: how many entries of the audit log an agent had seen before it took the revocation; null where none. */
export type SeenRevocations = ReadonlyMap<KeyId, number | null>;

/** Keys whose signatures under it may still count, though they are revoked: their owners left, or have a newer one. */
export function leftIn(trust: TrustStore, envelope: Envelope): KeyId[] {
  return envelope.signatures
    .map(({ protected: header }) => (parseCanonical(fromBase64url(header)) as { kid: KeyId }).kid)
    .filter((kid) => {
      const revocations = trust.revocationsOf(kid);
      return revocations.length > 0 && revocations.every(({ reason }) => reason !== "compromised");
    });
}

/** That this hub's log held those signatures when the agent had last seen it: the agent then counts them. */
export async function proofsFor(
  deps: Pick<LinkDeps, "store" | "trust">,
  signed: { readonly authority: Envelope; readonly breakglass?: Envelope },
  seen: SeenRevocations,
): Promise<InclusionProof[]> {
  const { trust } = deps.trust.require();
  const proofs: InclusionProof[] = [];
  for (const envelope of signed.breakglass ? [signed.authority, signed.breakglass] : [signed.authority]) {
    const document = sha256(fromBase64url(envelope.payload));
    for (const kid of leftIn(trust, envelope)) {
      const size = seen.get(kid) ?? null;
      if (size === null || size === 0) continue;
      const proof = await deps.store.read((tx) => signatureProof(tx, { document, kid }, size));
      if (proof) proofs.push(proof);
    }
  }
  return proofs;
}
