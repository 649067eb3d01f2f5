import { z } from "zod";
import { AgentId, EpochSeconds, OrgId, PersonId, SiteId } from "../ids.ts";

/** What the JWE of a credential is bound to, as its additional authenticated data (JCS): it opens nowhere else. */
export const CredentialContext = z.strictObject({
  org: OrgId,
  site: SiteId,
  agent: AgentId,
  kind: z.enum(["credential", "secret"]),
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/),
  /** Only ever higher for a name: an old, leaked value cannot be put back. */
  version: z.int().min(1),
  exp: EpochSeconds,
});
export type CredentialContext = z.infer<typeof CredentialContext>;

/** A device credential or a template's secret, from an operator to one agent. ECDH-ES tells nothing of the sender, hence the signature around it. */
export const SealedCredential = z.strictObject({
  type: z.literal("credential"),
  v: z.literal(1),
  sender: PersonId,
  iat: EpochSeconds,
  context: CredentialContext,
  /** JWE general JSON: ECDH-ES+A256KW, A256GCM, no compression. */
  jwe: z.string().min(1).max(65_536),
});
export type SealedCredential = z.infer<typeof SealedCredential>;
