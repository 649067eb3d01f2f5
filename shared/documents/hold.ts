import { z } from "zod";
import { DeviceId, EpochSeconds, OrgId, PersonId, SiteId } from "../ids.ts";

/** Hands off a device: while it stands no task but a read touches it. Signed by a person, so that a hub cannot lift it. */
export const Hold = z.strictObject({
  type: z.literal("hold"),
  v: z.literal(1),
  org: OrgId,
  site: SiteId,
  device: DeviceId,
  owner: PersonId,
  reason: z.string().min(1).max(500),
  /** The highest generation for a device decides; `held: false` lifts it. */
  generation: z.int().min(1),
  held: z.boolean(),
  iat: EpochSeconds,
  /** Null stands until it is lifted. */
  exp: EpochSeconds.nullable(),
});
export type Hold = z.infer<typeof Hold>;

/** Who, why and how long, for a person to read. */
export function holdText({ owner, reason, held, exp }: Pick<Hold, "owner" | "reason" | "held" | "exp">): string {
  if (!held) return `released by ${owner}: ${reason}`;
  return `held by ${owner} until ${exp === null ? "it is released" : new Date(exp * 1000).toISOString()}: ${reason}`;
}
