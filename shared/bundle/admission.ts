import { Admission } from "../documents/admission.ts";
import type { InboundIndex } from "../documents/bundle.ts";
import { openEnvelope, readAs, type Envelope } from "../envelope.ts";
import { FarhandError } from "../errors.ts";
import type { Digest } from "../ids.ts";
import { holdsRole, type TrustStore } from "../trust.ts";

const SKEW_SECONDS = 120;

/**
 * A site operator's leave to take in exactly this bundle: it stands where an offer's nonce would. Throws BUNDLE_ADMISSION when
 * nobody with that role at this site gave it. The time that it attests must lie within what the bundle's own signer allowed, so
 * that no operator can age an agent out of everything that people sign.
 */
export async function openAdmission(
  envelope: Envelope,
  bundle: { readonly index: InboundIndex; readonly digest: Digest },
  trust: TrustStore,
): Promise<Admission> {
  const opened = await openEnvelope("farhand-admission+jws", envelope, trust.personKey);
  const admission = readAs(Admission, opened.value);
  const { org, site, agent, iat, exp } = bundle.index;
  if (admission.bundle !== bundle.digest) throw new FarhandError("BUNDLE_ADMISSION", "it is for another bundle");
  if (admission.org !== org || admission.site !== site || admission.agent !== agent)
    throw new FarhandError("BUNDLE_ADMISSION", "it is for another place");
  const operator = opened.kids.map((kid) => trust.personOf(kid)).find((person) => person?.id === admission.operator);
  if (!operator || !holdsRole(operator, "siteoperator", [site]))
    throw new FarhandError("BUNDLE_ADMISSION", `${admission.operator} is no site operator at ${site}`);
  if (admission.iat < iat - SKEW_SECONDS || admission.iat >= exp)
    throw new FarhandError("BUNDLE_ADMISSION", "given at a time at which the bundle was not valid");
  return admission;
}
