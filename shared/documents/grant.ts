import { z } from "zod";
import { DeviceId, Digest, GrantId, OrgId, PersonId, PlatformId, PolicyId, SiteId } from "../ids.ts";
import { CommandText, GrantKind, Validity } from "./common.ts";

/** Which devices of the granted sites: every member that is given must match. An empty selector is all of them. */
export const Selector = z.strictObject({
  devices: z.array(DeviceId).min(1).max(10_000).optional(),
  platforms: z.array(PlatformId).min(1).max(64).optional(),
  tags: z.record(z.string().max(63), z.string().max(255)).optional(),
});
export type Selector = z.infer<typeof Selector>;

/**
 * What an agent does under a grant by its own clock, so that a site without a line is backed up too. A run begins whenever the Unix time
 * less the offset is a multiple of the period: 86400 and 7200 is 02:00 UTC every day.
 */
export const ScheduleEntry = z
  .strictObject({
    kind: z.enum(["collect", "check"]),
    everySeconds: z
      .int()
      .min(900)
      .max(31 * 86_400),
    offsetSeconds: z.int().min(0),
  })
  .refine(({ everySeconds, offsetSeconds }) => offsetSeconds < everySeconds, "the offset must be below the period");
export type ScheduleEntry = z.infer<typeof ScheduleEntry>;

/** A signed standing permission for enumerated reads; the hub may then ask for them without a person. */
export const Grant = z.strictObject({
  type: z.literal("grant"),
  v: z.literal(1),
  org: OrgId,
  id: GrantId,
  author: PersonId,
  policy: z.strictObject({ id: PolicyId, version: z.int().min(1) }),
  keysVersion: z.int().min(1),
  sites: z.array(SiteId).min(1).max(2000),
  selectors: z.array(Selector).min(1).max(64),
  kinds: z.array(GrantKind).min(1).max(4),
  /** Exact commands that `run` may send; each must also be on the platform's own read allow-list. */
  commands: z.array(CommandText).max(1000),
  rate: z.strictObject({ devicesPerMinute: z.int().min(1).max(100_000) }),
  /** Each kind must be among `kinds`; an agent that finds another refuses it as any manifest beyond the grant. */
  schedule: z.array(ScheduleEntry).min(1).max(8).optional(),
  inventory: Digest,
  ...Validity,
});
export type Grant = z.infer<typeof Grant>;
