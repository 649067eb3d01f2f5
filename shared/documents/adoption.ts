import { z } from "zod";
import { DeviceId, Digest, EpochSeconds, OrgId, PersonId, SiteId } from "../ids.ts";

/** A person's word that a configuration which nobody made with Farhand is as it should be: what is compared from now on is compared with it. */
export const Adoption = z.strictObject({
  type: z.literal("adoption"),
  v: z.literal(1),
  org: OrgId,
  site: SiteId,
  device: DeviceId,
  owner: PersonId,
  reason: z.string().min(1).max(500),
  /** The public form that was collected, and what it was compared with. */
  config: Digest,
  from: Digest.nullable(),
  iat: EpochSeconds,
});
export type Adoption = z.infer<typeof Adoption>;
