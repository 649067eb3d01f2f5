import { z } from "zod";
import { EpochSeconds, KeyId, OrgId, PersonId, PolicyId, SiteId } from "../ids.ts";
import { BoxPublicKey, SigningPublicKey } from "../keys.ts";
import type { Risk } from "./common.ts";

/**
 * What a person may sign: `author` and `approver` warrants and grants, `keyadmin` trust documents, `oncall` a change under a break-glass that was
 * signed before, `siteoperator` the admission of a bundle, `secrets` credentials on their way to an agent, `reveal` the opening of a sealed text.
 */
export const Role = z.enum(["author", "approver", "keyadmin", "oncall", "siteoperator", "secrets", "reveal"]);
export type Role = z.infer<typeof Role>;

/** A role holds at the named sites only; `*` is every site. Role and scope are read together, never unioned across entries. */
export const RoleGrant = z.strictObject({
  role: Role,
  sites: z
    .array(z.union([SiteId, z.literal("*")]))
    .min(1)
    .max(5000),
});

export const SigningKeyEntry = z.strictObject({ kid: KeyId, publicKey: SigningPublicKey });

export const Person = z.strictObject({
  id: PersonId,
  name: z.string().min(1).max(120),
  keys: z.array(SigningKeyEntry).min(1).max(8),
  roles: z.array(RoleGrant).max(64),
});
export type Person = z.infer<typeof Person>;

export const RiskRule = z.strictObject({
  /** Distinct persons with the approver role in scope who must sign, the author not among them. */
  approvers: z.int().min(0).max(8),
  /** A smaller team's signed choice: the author alone may do. Every receipt then says "1 person". */
  onePerson: z.boolean(),
});

/** How long a revocation may go unheard bounds how long a warrant may live: where a courier brings the news, longer. */
const ONLINE_SECONDS_MAX = 45 * 86_400;
const AIR_GAPPED_SECONDS_MAX = 180 * 86_400;

export const Policy = z
  .strictObject({
    id: PolicyId,
    version: z.int().min(1),
    rules: z.strictObject({ read: RiskRule, change: RiskRule, destructive: RiskRule }),
    warrantLifetimeSecondsMax: z.int().min(60).max(AIR_GAPPED_SECONDS_MAX),
    /** Its sites have no line: only there may a warrant live for more than 45 days. */
    airGapped: z.literal(true).optional(),
    /** Refused logins of one credential, all devices of an agent together, after which it is used nowhere. Three when it is not said. */
    refusedLoginsMax: z.int().min(1).max(100).optional(),
  })
  .refine((policy) => policy.airGapped === true || policy.warrantLifetimeSecondsMax <= ONLINE_SECONDS_MAX, {
    path: ["warrantLifetimeSecondsMax"],
    message: "more than 45 days is for an air-gapped policy",
  });
export type Policy = z.infer<typeof Policy>;

/**
 * `compromised` voids every signature of the key. What a key that was `rotated`, or whose owner `left`, had approved before still counts
 * where an agent witnessed it before the revocation (verify/revoked.ts): so its person and roles stay listed.
 */
export const Revocation = z.strictObject({
  kid: KeyId,
  reason: z.enum(["rotated", "left", "compromised"]),
  at: EpochSeconds,
});
export type Revocation = z.infer<typeof Revocation>;

/** keys.json: who may sign what, where. The agent's root of trust after enrolment. */
export const Keys = z.strictObject({
  type: z.literal("keys"),
  v: z.literal(1),
  org: OrgId,
  version: z.int().min(1),
  exp: EpochSeconds,
  people: z.array(Person).min(1).max(2000),
  hub: z.strictObject({
    id: z.string().min(1).max(63),
    keys: z.array(SigningKeyEntry).min(1).max(4),
    /** What agents without a line encrypt their evidence to; absent in a keys.json that is older than bundles. */
    evidence: BoxPublicKey.optional(),
  }),
  policies: z.array(Policy).min(1).max(256),
  /** Which policy governs a site; `*` for those not named. */
  sitePolicies: z
    .array(z.strictObject({ site: z.union([SiteId, z.literal("*")]), policy: PolicyId }))
    .min(1)
    .max(5000),
  revoked: z.array(Revocation).max(10_000),
  /** Opens sealed configurations when every agent of a site is lost. Its private half is kept offline. */
  recovery: BoxPublicKey,
});
export type Keys = z.infer<typeof Keys>;

export type RiskRules = Record<Risk, z.infer<typeof RiskRule>>;
