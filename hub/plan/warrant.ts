import { jcs, sha256, type Bytes } from "../../shared/bytes.ts";
import type { Risk } from "../../shared/documents/common.ts";
import type { Policy } from "../../shared/documents/keys.ts";
import { Warrant } from "../../shared/documents/warrant.ts";
import { readAs } from "../../shared/envelope.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { Digest, JobId, PersonId, SiteId } from "../../shared/ids.ts";
import { holdsRole, withoutRole, type AuthorRole, type TrustStore } from "../../shared/trust.ts";
import { DEFAULT_ATTEMPTS_MAX, DEFAULT_LIFETIME_SECONDS, MANIFESTS_MAX } from "./defaults.ts";
import type { BuiltManifest } from "./manifests.ts";

/** The one policy that governs all of the sites. Different ones need different jobs, because people sign under one. */
export function policyOfSites(trust: TrustStore, sites: readonly SiteId[]): Policy {
  let found: { policy: Policy; site: SiteId } | undefined;
  for (const site of sites) {
    const policy = trust.policyOf(site);
    if (!policy) throw new FarhandError("POLICY_UNKNOWN", `no policy governs site ${site}`);
    if (found && (found.policy.id !== policy.id || found.policy.version !== policy.version)) {
      throw new FarhandError(
        "CONFLICT",
        `sites ${found.site} and ${site} stand under different policies: make two jobs`,
      );
    }
    found ??= { policy, site };
  }
  if (!found) throw new FarhandError("SCHEMA", "a job without a site");
  return found.policy;
}

export function requireAuthor(
  trust: TrustStore,
  author: PersonId,
  sites: readonly SiteId[],
  role: AuthorRole = "author",
): void {
  const person = trust.person(author);
  if (role !== "author" && (!person || !holdsRole(person, role, sites))) throw withoutRole(role, author, sites);
  if (!person || !holdsRole(person, role, sites)) {
    throw new FarhandError("NO_AUTHOR", `${author} is no author for ${sites.join(", ")}`);
  }
}

/** The author, and the approvers whom the policy asks for. */
export function signersNeeded(policy: Policy, risk: Risk): number {
  const rule = policy.rules[risk];
  return 1 + (rule.onePerson ? 0 : rule.approvers);
}

export interface WarrantRequest {
  readonly job: JobId;
  readonly kind: Warrant["kind"];
  readonly title: string;
  readonly reason: string;
  readonly author: PersonId;
  readonly risk: Risk;
  readonly notBefore: number | undefined;
  readonly lifetimeSeconds: number | undefined;
  readonly attemptsMax: number | undefined;
  readonly accepts: Warrant["accepts"] | undefined;
  /** The break-glass that its author, who is on call, signs alone under. */
  readonly breakglass?: Digest;
  /** Earliest time of each wave in Unix seconds, by its index. */
  readonly waves: readonly (number | undefined)[];
}

export interface BuiltWarrant {
  readonly warrant: Warrant;
  readonly bytes: Bytes;
  readonly sha256: Digest;
  readonly policy: Policy;
}

/** From when until when. Throws LIFETIME where the policy does not allow it. */
export function validityOf(
  request: { readonly notBefore?: number | undefined; readonly lifetimeSeconds?: number | undefined },
  policy: Policy,
  nowMs: number,
): { iat: number; nbf: number; exp: number } {
  const iat = Math.floor(nowMs / 1000);
  const nbf = Math.max(iat, request.notBefore ?? iat);
  const last = iat + policy.warrantLifetimeSecondsMax;
  const asked = nbf + (request.lifetimeSeconds ?? DEFAULT_LIFETIME_SECONDS);
  if (nbf >= last || (request.lifetimeSeconds !== undefined && asked > last)) {
    throw new FarhandError(
      "LIFETIME",
      `policy ${policy.id} allows ${policy.warrantLifetimeSecondsMax} seconds from now`,
    );
  }
  return { iat, nbf, exp: Math.min(asked, last) };
}

export function buildWarrant(
  trust: TrustStore,
  inventory: Digest,
  request: WarrantRequest,
  manifests: readonly BuiltManifest[],
  nowMs: number,
): BuiltWarrant {
  if (manifests.length > MANIFESTS_MAX) {
    throw new FarhandError("ENVELOPE_TOO_LARGE", `${manifests.length} manifests; a warrant names ${MANIFESTS_MAX}`);
  }
  const sites = [...new Set(manifests.map(({ manifest }) => manifest.site))].toSorted();
  const policy = policyOfSites(trust, sites);
  const { iat, nbf, exp } = validityOf(request, policy, nowMs);
  const { job, kind, title, reason, author, risk } = request;
  const warrant = readAs(Warrant, {
    type: "warrant",
    v: 1,
    org: trust.org,
    job,
    kind,
    title,
    reason,
    author,
    policy: { id: policy.id, version: policy.version },
    keysVersion: trust.keys.document.version,
    inventory,
    risk,
    sites,
    iat,
    nbf,
    exp,
    attemptsMax: request.attemptsMax ?? DEFAULT_ATTEMPTS_MAX,
    ...(request.breakglass !== undefined && { breakglass: request.breakglass }),
    accepts: request.accepts ?? { levelE: [], simulatedEvidence: [] },
    waves: request.waves.map((notBefore, wave) => ({
      notBefore: Math.max(nbf, notBefore ?? nbf),
      manifests: manifests.flatMap((built, index) => (built.wave === wave ? [index] : [])),
    })),
    manifests: manifests.map((built) => built.sha256),
  });
  const bytes = jcs(warrant);
  return { warrant, bytes, sha256: sha256(bytes), policy };
}
