import { z } from "zod";
import { AgentId, Digest, EpochSeconds, Nonce, OrgId } from "../ids.ts";

export const Authority = z.strictObject({ kind: z.enum(["warrant", "grant", "stage"]), sha256: Digest });
export type Authority = z.infer<typeof Authority>;

/** The hub's permission to accept one (manifest, attempt), bound to the nonce of one pull. It adds freshness, not authority. */
export const Offer = z.strictObject({
  type: z.literal("offer"),
  v: z.literal(1),
  org: OrgId,
  hub: z.string().min(1).max(63),
  agent: AgentId,
  /** Digest of the payload bytes of the warrant, grant or stage that allows it. */
  authority: Authority,
  manifest: Digest,
  attempt: z.int().min(1).max(10),
  sequence: z.int().min(1),
  fence: z.int().min(1),
  nonce: Nonce,
  iat: EpochSeconds,
  exp: EpochSeconds,
});
export type Offer = z.infer<typeof Offer>;

/** Stops work; valid even before its offer. Signed by the hub, because it can only stop. */
export const Cancel = z.strictObject({
  type: z.literal("cancel"),
  v: z.literal(1),
  org: OrgId,
  hub: z.string().min(1).max(63),
  agent: AgentId,
  manifest: Digest,
  attempt: z.int().min(1).max(10),
  generation: z.int().min(1),
  reason: z.string().max(500),
  iat: EpochSeconds,
});
export type Cancel = z.infer<typeof Cancel>;
