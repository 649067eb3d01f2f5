import { z } from "zod";

/**
 * Names and digests, each with its own brand, so that a site id cannot be handed over where a device id is meant.
 * The alphabet keeps every id safe as a file name, an MQTT topic segment and a URL path segment.
 */
const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const name = <B extends string>(brand: B) =>
  z
    .string()
    .regex(NAME, `must be 1 to 63 of a-z, 0-9, '.', '_', '-', starting with a letter or digit (${brand})`)
    .brand<B>();

export const OrgId = name("OrgId");
export const SiteId = name("SiteId");
export const AgentId = name("AgentId");
export const DeviceId = name("DeviceId");
export const HopId = name("HopId");
export const PersonId = name("PersonId");
export const PlatformId = name("PlatformId");
export const CredentialName = name("CredentialName");
export const PolicyId = name("PolicyId");
export const BreakglassId = name("BreakglassId");
export const JobId = name("JobId");
export const GrantId = name("GrantId");
export type OrgId = z.infer<typeof OrgId>;
export type SiteId = z.infer<typeof SiteId>;
export type AgentId = z.infer<typeof AgentId>;
export type DeviceId = z.infer<typeof DeviceId>;
export type HopId = z.infer<typeof HopId>;
export type PersonId = z.infer<typeof PersonId>;
export type PlatformId = z.infer<typeof PlatformId>;
export type CredentialName = z.infer<typeof CredentialName>;
export type PolicyId = z.infer<typeof PolicyId>;
export type BreakglassId = z.infer<typeof BreakglassId>;
export type JobId = z.infer<typeof JobId>;
export type GrantId = z.infer<typeof GrantId>;

/** SHA-256 of exact bytes, lower-case hex. */
export const Digest = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "must be a SHA-256 digest in lower-case hex")
  .brand<"Digest">();
export type Digest = z.infer<typeof Digest>;

/** RFC 7638 thumbprint of an Ed25519 public key: names a key, never vouches for it. */
export const KeyId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{43}$/, "must be an RFC 7638 thumbprint")
  .brand<"KeyId">();
export type KeyId = z.infer<typeof KeyId>;

/** Seconds since the Unix epoch, as signed documents carry time. */
export const EpochSeconds = z.int().min(0).max(4_102_444_800);
export type EpochSeconds = z.infer<typeof EpochSeconds>;

export const Nonce = z.string().regex(/^[A-Za-z0-9_-]{43}$/, "must be 32 random bytes in base64url");
