import type { Keys, Policy, Role } from "../../../shared/documents/keys.ts";
import type { OrgId, PersonId, PolicyId } from "../../../shared/ids.ts";
import type { BoxPublicKey, Signer } from "../../../shared/keys.ts";

/** A person of the first keys.json, and what they may do everywhere. */
export interface Founder {
  readonly id: PersonId;
  readonly name: string;
  readonly roles: ReadonlySet<Role>;
}

export interface FirstKeys {
  readonly org: OrgId;
  readonly people: readonly { readonly founder: Founder; readonly signer: Pick<Signer, "kid" | "publicKey"> }[];
  readonly hub: Keys["hub"];
  readonly recovery: BoxPublicKey;
  readonly onePerson: boolean;
  /** Besides the author; a team of two has one other. */
  readonly destructiveApprovers: number;
  readonly nowSeconds: number;
  readonly days: number;
}

const DAY = 86_400;
const WARRANT_DAYS_MAX = 30;

/** The design's default: an author and one other person; two others for what destroys. A read needs its author only. */
export function defaultPolicy(onePerson: boolean, destructiveApprovers: number): Policy {
  return {
    id: "default" as PolicyId,
    version: 1,
    rules: {
      read: { approvers: 0, onePerson: true },
      change: onePerson ? { approvers: 0, onePerson: true } : { approvers: 1, onePerson: false },
      destructive: onePerson
        ? { approvers: 0, onePerson: true }
        : { approvers: destructiveApprovers, onePerson: false },
    },
    warrantLifetimeSecondsMax: WARRANT_DAYS_MAX * DAY,
  };
}

export function firstKeys(made: FirstKeys): Keys {
  const policy = defaultPolicy(made.onePerson, made.destructiveApprovers);
  return {
    type: "keys",
    v: 1,
    org: made.org,
    version: 1,
    exp: made.nowSeconds + made.days * DAY,
    people: made.people.map(({ founder, signer }) => ({
      id: founder.id,
      name: founder.name,
      keys: [{ kid: signer.kid, publicKey: signer.publicKey }],
      roles: [...founder.roles].map((role) => ({ role, sites: ["*"] })),
    })),
    hub: made.hub,
    policies: [policy],
    sitePolicies: [{ site: "*", policy: policy.id }],
    revoked: [],
    recovery: made.recovery,
  };
}
