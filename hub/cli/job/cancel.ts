import { buildCommand } from "@stricli/core";
import { JobId } from "../../../shared/ids.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { as, hubFlags, text, type HubFlags } from "../flags.ts";
import { clientOf } from "../settings.ts";

interface Flags extends HubFlags {
  readonly reason: string;
}

export const jobCancel = buildCommand<Flags, [JobId], CliContext>({
  docs: docs(
    "Cancel a job",
    ["farhand job cancel job-1234 --reason 'wrong window'"],
    "What runs stops at a safe point, never inside a commit. Canceling twice changes nothing.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      reason: {
        kind: "parsed",
        parse: text,
        brief: "Why: it stands in the audit and on every agent",
        placeholder: "TEXT",
      },
    },
    positional: { kind: "tuple", parameters: [{ parse: as(JobId), brief: "Job", placeholder: "JOB" }] },
  },
  func: command(cancel),
});

async function cancel(cli: Cli, flags: Flags, id: JobId) {
  const view = await clientOf(cli, flags).call("cancelJob", { params: { id }, body: { reason: flags.reason } });
  cli.out.data("job-canceled", { job: view.id, state: view.state }, () => `job ${view.id} is ${view.state}`);
  if (view.state !== "CANCELED") cli.out.next(`farhand job watch ${view.id}`);
  return undefined;
}
