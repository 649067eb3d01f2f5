import { buildCommand } from "@stricli/core";
import { JobId } from "../../../shared/ids.ts";
import type { HubClient, StreamEvent } from "../../api/client/index.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { as, hubFlags, whole, type HubFlags } from "../flags.ts";
import { clientOf } from "../settings.ts";
import { utc } from "../terminal/time.ts";
import { ended, followJob } from "./follow.ts";
import { countsText, exitOfJob, outcomeTable, outcomesOf, stateText } from "./outcome.ts";

interface Flags extends HubFlags {
  readonly after: number;
}

export const jobWatch = buildCommand<Flags, [JobId], CliContext>({
  docs: docs(
    "Watch a job to its end",
    ["farhand job watch job-1234", "farhand job watch job-1234 --after 4711 --json"],
    "Shows what happened so far, then what happens. A cut line is resumed where it broke. With --json each event carries its id:\ngive the last one back as --after to go on there.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      after: {
        kind: "parsed",
        parse: whole(0, Number.MAX_SAFE_INTEGER),
        brief: "Only events after this id",
        default: "0",
        placeholder: "ID",
      },
    },
    positional: { kind: "tuple", parameters: [{ parse: as(JobId), brief: "Job", placeholder: "JOB" }] },
  },
  func: command(async (cli: Cli, flags: Flags, job: JobId) => {
    const client = clientOf(cli, flags);
    // A job that does not exist is an error at once, not an empty stream.
    await client.call("getJob", { params: { id: job } });
    return watchToEnd(cli, client, job, flags.after);
  }),
});

export async function watchToEnd(cli: Cli, client: HubClient, job: JobId, after: number) {
  const view = await followJob(cli, client, { job, after, until: ended, onEvent: (event) => show(cli, event) });
  cli.out.data("job", { ...view }, () =>
    [
      outcomeTable(outcomesOf(view), cli.out.style),
      `job ${view.id} ${stateText(view.state, cli.out.style)}: ${countsText(view)}`,
    ].join("\n"),
  );
  return exitOfJob(view.state);
}

function show(cli: Cli, event: StreamEvent): void {
  if (cli.out.json) {
    cli.out.document("job-event", { ...event });
    return;
  }
  const text = lineOf(cli, event);
  if (text !== undefined) cli.out.text(`${cli.out.style.dim(utc(event.atMs))} ${text}\n`);
}

function lineOf(cli: Cli, event: StreamEvent): string | undefined {
  const state = (name: string) => stateText(name, cli.out.style);
  switch (event.type) {
    case "job":
      return `job ${event.job} ${state(event.state)}`;
    case "assignment":
      return `${event.agent} ${state(event.state)}${event.code === null ? "" : ` ${event.code}`}`;
    case "task":
      return `${event.device} ${state(event.state)}${event.step === null ? "" : ` ${event.step}`}${event.code === null ? "" : ` ${event.code}`}`;
    case "agent":
      return `${event.agent} is ${event.contact}`;
    case "output":
      return undefined;
    default:
      return event satisfies never;
  }
}
