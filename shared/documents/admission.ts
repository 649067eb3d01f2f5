import { z } from "zod";
import { AgentId, Digest, EpochSeconds, OrgId, PersonId, SiteId } from "../ids.ts";

/** A site operator lets exactly this bundle in, where no hub can offer. It adds presence and, where no clock is trusted, the time; never authority. */
export const Admission = z.strictObject({
  type: z.literal("admission"),
  v: z.literal(1),
  org: OrgId,
  site: SiteId,
  agent: AgentId,
  operator: PersonId,
  /** Digest of the bundle's index payload. */
  bundle: Digest,
  iat: EpochSeconds,
  /** Whether `iat` may be taken as the time by an agent whose own clock is not trusted. */
  attestsTime: z.boolean(),
});
export type Admission = z.infer<typeof Admission>;
