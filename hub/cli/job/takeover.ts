import { buildCommand } from "@stricli/core";
import { AgentId, JobId } from "../../../shared/ids.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { as, hubFlags, text, type HubFlags } from "../flags.ts";
import { clientOf } from "../settings.ts";

interface Flags extends HubFlags {
  readonly agent: AgentId;
  readonly reason: string;
}

export const jobTakeover = buildCommand<Flags, [JobId], CliContext>({
  docs: docs(
    "Let a standby go on with a change whose agent is gone",
    ["farhand job takeover job-1234 --agent agent-ams-2 --reason 'jump host died'"],
    "The signed manifests must name the agent: farhand plan change --standby. It works only on devices that prove that nothing was applied:\n" +
      "the running configuration is the reviewed one and no change is pending. All others it leaves alone and says so. The first agent is told to\n" +
      "stop as soon as it is heard of again, and what it did is kept beside: farhand job show.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      agent: { kind: "parsed", parse: as(AgentId), brief: "The standby", placeholder: "AGENT" },
      reason: { kind: "parsed", parse: text, brief: "Why: it stands in the audit", placeholder: "TEXT" },
    },
    positional: { kind: "tuple", parameters: [{ parse: as(JobId), brief: "Job", placeholder: "JOB" }] },
  },
  func: command(takeOver),
});

async function takeOver(cli: Cli, { agent, reason, ...flags }: Flags, id: JobId) {
  const view = await clientOf(cli, flags).call("takeOver", { params: { id }, body: { agent, reason } });
  const taken = view.assignments.filter((entry) => entry.agent === agent && entry.attempt > 1);
  const devices = taken.reduce((sum, entry) => sum + entry.tasks.length, 0);
  cli.out.data(
    "job-taken-over",
    {
      job: view.id,
      state: view.state,
      agent,
      manifests: taken.map(({ manifest, attempt }) => ({ manifest, attempt })),
    },
    () => `${agent} has ${taken.length} manifests of job ${view.id}, ${devices} devices`,
  );
  cli.out.next(`farhand job watch ${view.id}`);
  return undefined;
}
