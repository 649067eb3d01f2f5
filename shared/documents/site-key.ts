import { z } from "zod";
import { AgentId, EpochSeconds, OrgId, SiteId } from "../ids.ts";

/** The key under which a site's secrets are marked, from the agent that has it to another of the same site, sealed to that agent alone. */
export const SharedSiteKey = z.strictObject({
  type: z.literal("site-key"),
  v: z.literal(1),
  org: OrgId,
  site: SiteId,
  from: AgentId,
  to: AgentId,
  iat: EpochSeconds,
  generation: z.int().min(1),
  /** Base64url of the sealed form. */
  sealed: z.string().max(8192),
});
export type SharedSiteKey = z.infer<typeof SharedSiteKey>;
