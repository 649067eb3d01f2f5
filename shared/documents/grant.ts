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
  inventory: Digest,
  ...Validity,
});
export type Grant = z.infer<typeof Grant>;
