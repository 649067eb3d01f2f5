import { buildCommand } from "@stricli/core";
import { resolve } from "node:path";
import { JobId } from "../../../shared/ids.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { as, hubFlags, text } from "../flags.ts";
import { writeBundle } from "./bundle.ts";
import { reviewDocument } from "./document.ts";
import { openReview, reviewFlags, type ReviewFlags } from "./open.ts";
import { reviewText } from "./render.ts";
import { rememberReview, sinceLastReview } from "./since.ts";

interface Flags extends ReviewFlags {
  readonly out?: string;
}

export const review = buildCommand<Flags, [JobId?], CliContext>({
  docs: docs(
    "Show what would be signed, derived from the agents' signed plans",
    [
      "farhand review job-1234",
      "farhand review job-1234 --out job-1234.bundle",
      "farhand review --file job-1234.bundle --trust trust/trust.json",
    ],
    "Opens every plan receipt with the keys of agents.json, and refuses (RECEIPT_MISMATCH) a manifest that says anything that no\nagent has signed. Nothing that the hub says by itself is believed or shown.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      ...reviewFlags,
      out: {
        kind: "parsed",
        parse: text,
        brief: "Also write everything as a bundle, to review and sign it elsewhere",
        placeholder: "BUNDLE",
        optional: true,
      },
    },
    positional: { kind: "tuple", parameters: [{ parse: as(JobId), brief: "Job", placeholder: "JOB", optional: true }] },
  },
  func: command(show),
});

async function show(cli: Cli, flags: Flags, job?: JobId) {
  const opened = await openReview(cli, flags, job);
  if (flags.out !== undefined) writeBundle(resolve(cli.cwd, flags.out), opened.bundle);
  const since = sinceLastReview(cli, opened.review);
  cli.out.data("review", { ...reviewDocument(opened.review), since }, () =>
    reviewText(opened.review, cli.out.style, since),
  );
  rememberReview(cli, opened.review, cli.clock.nowMs());
  if (!opened.review.signing.complete) {
    cli.out.next(`farhand sign ${flags.file === undefined ? opened.bundle.job : `--file ${flags.file}`} --key KEYFILE`);
  }
  return undefined;
}
