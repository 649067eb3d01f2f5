import { SealedCredential } from "../documents/credential.ts";
import type { Role } from "../documents/keys.ts";
import { readAs, type Envelope } from "../envelope.ts";
import { FarhandError } from "../errors.ts";
import type { AgentId, Digest, KeyId, SiteId } from "../ids.ts";
import { holdsRole, type TrustStore } from "../trust.ts";
import { openSigned } from "./revoked.ts";
import { checkValidity, type TimeBound } from "./time.ts";

/** Until when a hub may keep it back: a site that is air-gapped is reached within this. */
export const CREDENTIAL_LIFETIME_SECONDS_MAX = 180 * 86_400;
/** ECDH-ES tells nothing of who sealed it: these may. */
const SENDERS: readonly Role[] = ["secrets", "keyadmin"];

export interface VerifiedCredential {
  readonly document: SealedCredential;
  readonly digest: Digest;
  /** Keys whose signatures count. */
  readonly kids: readonly KeyId[];
}

/** A sealed credential that its sender signed, who may send some to that site. `audience` is who reads it; a hub is none. */
export async function verifyCredential(
  envelope: Envelope,
  context: {
    readonly trust: TrustStore;
    readonly time: TimeBound;
    readonly audience?: { readonly site: SiteId; readonly agent: AgentId };
  },
): Promise<VerifiedCredential> {
  const { trust, time, audience } = context;
  const opened = await openSigned("farhand-credential+jws", envelope, trust);
  const document = readAs(SealedCredential, opened.value);
  const { org, site, agent, exp } = document.context;
  if (org !== trust.org) throw new FarhandError("WRONG_ORG");
  if (audience && site !== audience.site) throw new FarhandError("WRONG_SITE", site);
  if (audience && agent !== audience.agent) throw new FarhandError("WRONG_AGENT", agent);
  const sender = opened.kids.map((kid) => trust.personOf(kid)).find((person) => person?.id === document.sender);
  if (!sender) throw new FarhandError("SIGNATURE_MISSING", `${document.sender} has not signed it`);
  if (!SENDERS.some((role) => holdsRole(sender, role, [site])))
    throw new FarhandError("FORBIDDEN", `${sender.id} may not send secrets to ${site}`);
  checkValidity({ iat: document.iat, nbf: document.iat, exp }, time, CREDENTIAL_LIFETIME_SECONDS_MAX);
  return { document, digest: opened.digest, kids: opened.kids };
}
