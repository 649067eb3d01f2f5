import type { Clock } from "../../shared/clock.ts";
import type { Grant } from "../../shared/documents/grant.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { Digest, JobId, SiteId } from "../../shared/ids.ts";
import type { Store } from "../../shared/store.ts";
import type { InventoryView } from "../../shared/trust.ts";
import type { JobRequest } from "../api/contract/views.ts";
import type { NewJob } from "../store/jobs.ts";
import type { TrustHolder } from "../trust.ts";
import { DEFAULT_DEADLINES, DEFAULT_LIFETIME_SECONDS, DEFAULT_OUTPUT_BYTES_MAX } from "./defaults.ts";
import type { BuiltManifest, ManifestCommon } from "./manifests.ts";
import type { BuiltWarrant } from "./warrant.ts";

export interface SubmitDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: () => number;
  readonly randomBytes: (length: number) => Uint8Array;
  readonly trust: TrustHolder;
}

/** A request as rows to be, checked as far as it can be before any agent is asked. */
export interface Prepared {
  readonly job: Omit<NewJob, "number" | "request">;
  readonly manifests: readonly BuiltManifest[];
  readonly work: {
    readonly purpose: "work" | "plan";
    readonly authority: { readonly kind: "warrant" | "grant"; readonly sha256: Digest };
  };
  readonly warrant: BuiltWarrant | null;
  readonly grant: Grant | null;
  readonly event: { readonly type: "submitted"; readonly route: "plan" | "grant" } | { readonly type: "composed" };
}

const JOB_ID_BYTES = 6;

export function commonOf(
  of: { trust: TrustHolder; inventory: InventoryView },
  job: JobId,
  request: Pick<JobRequest, "deadlines" | "outputBytesMax">,
): ManifestCommon {
  return {
    org: of.trust.require().trust.org,
    job,
    inventory: of.inventory.digest,
    deadlines: request.deadlines ?? DEFAULT_DEADLINES,
    outputBytesMax: request.outputBytesMax ?? DEFAULT_OUTPUT_BYTES_MAX,
  };
}

export function newJobId(deps: SubmitDeps): JobId {
  return `job-${Buffer.from(deps.randomBytes(JOB_ID_BYTES)).toString("hex")}` as JobId;
}

export const sitesOf = (manifests: readonly BuiltManifest[]): SiteId[] =>
  [...new Set(manifests.map(({ manifest }) => manifest.site))].toSorted();

/** When a job under a grant may start, and when what has not started expires. */
export function timesOf(
  grant: Grant,
  request: Pick<JobRequest, "notBefore" | "lifetimeSeconds">,
  nowMs: number,
): { notBeforeMs: number; expMs: number } {
  const notBeforeMs = Math.max(nowMs, grant.nbf * 1000, (request.notBefore ?? 0) * 1000);
  const expMs = Math.min(grant.exp * 1000, notBeforeMs + (request.lifetimeSeconds ?? DEFAULT_LIFETIME_SECONDS) * 1000);
  if (expMs <= notBeforeMs) throw new FarhandError("LIFETIME", `grant ${grant.id} ends before it may start`);
  return { notBeforeMs, expMs };
}
