import { buildCommand } from "@stricli/core";
import { JobState } from "../../../shared/states.ts";
import type { JobSummary } from "../../api/client/index.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { hubFlags, whole, type HubFlags } from "../flags.ts";
import { clientOf } from "../settings.ts";
import { table } from "../terminal/table.ts";
import { ago } from "../terminal/time.ts";
import { countsText, stateText } from "./outcome.ts";

interface Flags extends HubFlags {
  readonly state?: JobState;
  readonly limit: number;
}

export const jobList = buildCommand<Flags, [], CliContext>({
  docs: docs("List jobs, newest first", ["farhand job list", "farhand job list --state PENDING_APPROVAL --json"]),
  parameters: {
    flags: {
      ...hubFlags,
      state: { kind: "enum", values: JobState.options, brief: "Only jobs in this state", optional: true },
      limit: { kind: "parsed", parse: whole(1, 1000), brief: "How many", default: "50", placeholder: "N" },
    },
  },
  func: command(list),
});

const signedText = (job: JobSummary): string => {
  if (job.authority === "grant") return "grant";
  const count = `${job.signers.length}/${job.signersNeeded}`;
  return job.breakglass === null ? count : `${count} BREAK-GLASS`;
};

async function list(cli: Cli, flags: Flags) {
  const { jobs, next } = await clientOf(cli, flags).call("listJobs", {
    query: { limit: flags.limit, ...(flags.state && { state: flags.state }) },
  });
  const { style } = cli.out;
  cli.out.data("jobs", { jobs, next }, () =>
    table(
      [
        { title: "JOB", value: (job) => job.id },
        { title: "KIND", value: (job) => job.kind },
        {
          title: "STATE",
          value: (job) => job.state,
          paint: (job, cell) => cell.replace(job.state, stateText(job.state, style)),
        },
        { title: "BY", value: (job) => job.author ?? job.grant },
        {
          title: "SIGNED",
          value: (job) => signedText(job),
        },
        { title: "CREATED", value: (job) => ago(job.createdMs, cli.clock.nowMs()) },
        { title: "DEVICES", value: (job) => countsText(job) },
        { title: "TITLE", value: (job) => job.title },
      ],
      jobs,
      style,
    ),
  );
  if (next !== null) cli.out.note(`There are more: --limit ${Math.min(1000, flags.limit * 2)}`);
  return undefined;
}
