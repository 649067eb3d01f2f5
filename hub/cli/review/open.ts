import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { FarhandError } from "../../../shared/errors.ts";
import type { JobId } from "../../../shared/ids.ts";
import type { HubClient } from "../../api/client/index.ts";
import type { Cli } from "../command.ts";
import { text, type HubFlags } from "../flags.ts";
import { readRecord, recordPath } from "../plan/record.ts";
import { clientOf } from "../settings.ts";
import { loadAnchor } from "../trust/anchor.ts";
import { openTrust, type Trusted } from "../trust/load.ts";
import { refuseOlder } from "../trust/seen.ts";
import { fetchBundle, readBundle, type Bundle } from "./bundle.ts";
import { derive, type Review } from "./derive.ts";

/** Flags of review and sign. */
export interface ReviewFlags extends HubFlags {
  readonly file?: string;
  readonly plan?: string;
}

const optional = (brief: string, placeholder: string) =>
  ({ kind: "parsed", parse: text, brief, placeholder, optional: true }) as const;
export const reviewFlags = {
  file: optional("Work on a bundle file instead of asking the hub", "BUNDLE"),
  plan: optional(
    "The author's record of the plan (default: the one in the state folder, if this machine planned it)",
    "PLAN.json",
  ),
} as const;

export interface Opened {
  readonly bundle: Bundle;
  readonly trusted: Trusted;
  readonly review: Review;
  /** Undefined for a file: nothing is asked of the hub then. */
  readonly client: HubClient | undefined;
}

/** Fetches or reads the bundle and derives the review: the same checks for review, for sign and for files. */
export async function openReview(cli: Cli, flags: ReviewFlags, job: JobId | undefined): Promise<Opened> {
  const anchor = await loadAnchor(cli, flags);
  const client = flags.file === undefined ? clientOf(cli, flags) : undefined;
  const bundle = await bundleOf(cli, flags, client, job);
  const trusted = await openTrust(anchor, bundle.trust, cli.clock.nowMs());
  refuseOlder(cli, trusted);
  const planPath = flags.plan === undefined ? recordPath(cli, bundle.job) : resolve(cli.cwd, flags.plan);
  const record = flags.plan !== undefined || existsSync(planPath) ? readRecord(planPath) : null;
  const review = await derive(bundle, trusted, { job: bundle.job, nowMs: cli.clock.nowMs(), record });
  return { bundle, trusted, review, client };
}

async function bundleOf(
  cli: Cli,
  flags: ReviewFlags,
  client: HubClient | undefined,
  job: JobId | undefined,
): Promise<Bundle> {
  if (client) {
    if (job === undefined) throw new FarhandError("USAGE", "which job? Give JOB, or --file BUNDLE");
    return fetchBundle(client, job);
  }
  const bundle = readBundle(resolve(cli.cwd, flags.file ?? ""));
  if (job !== undefined && bundle.job !== job)
    throw new FarhandError("USAGE", `the bundle is of job ${bundle.job}, not ${job}`);
  return bundle;
}
