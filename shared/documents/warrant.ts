import { z } from "zod";
import { DeviceId, Digest, EpochSeconds, JobId, OrgId, PersonId, PlatformId, PolicyId, SiteId } from "../ids.ts";
import { JobKind, Risk, Validity } from "./common.ts";

export const Wave = z.strictObject({
  /** Not before this time. */
  notBefore: EpochSeconds,
  /** Indices into `manifests`. */
  manifests: z.array(z.int().min(0).max(1999)).min(1).max(2000),
});

/** What people sign: one job, once, for all sites. Thresholds are not in it; they stand in the policy that it names. */
export const Warrant = z
  .strictObject({
    type: z.literal("warrant"),
    v: z.literal(1),
    org: OrgId,
    job: JobId,
    kind: JobKind.exclude(["plan"]),
    title: z.string().min(1).max(200),
    reason: z.string().max(2000),
    author: PersonId,
    policy: z.strictObject({ id: PolicyId, version: z.int().min(1) }),
    keysVersion: z.int().min(1),
    inventory: Digest,
    risk: Risk,
    sites: z.array(SiteId).min(1).max(2000),
    ...Validity,
    attemptsMax: z.int().min(1).max(10),
    /** Payload digest of the break-glass that lets its author, who is on call, sign alone. */
    breakglass: Digest.optional(),
    /** Accepted by name, because each weakens a promise. */
    accepts: z.strictObject({
      levelE: z.array(DeviceId).max(2000),
      simulatedEvidence: z.array(PlatformId).max(64),
    }),
    waves: z.array(Wave).min(1).max(100),
    manifests: z.array(Digest).min(1).max(2000),
  })
  .superRefine((warrant, context) => {
    const indices = warrant.waves.flatMap((wave) => wave.manifests);
    const distinct = new Set(indices);
    if (
      distinct.size !== indices.length ||
      distinct.size !== warrant.manifests.length ||
      indices.some((i) => i >= warrant.manifests.length)
    ) {
      context.addIssue({ code: "custom", path: ["waves"], message: "the waves must name each manifest exactly once" });
    }
  });
export type Warrant = z.infer<typeof Warrant>;

/** The author's leave to send this text to this device for native validation, in a session of its own, once. */
export const Stage = z.strictObject({
  type: z.literal("stage"),
  v: z.literal(1),
  org: OrgId,
  job: JobId,
  author: PersonId,
  inventory: Digest,
  manifest: Digest,
  ...Validity,
});
export type Stage = z.infer<typeof Stage>;
