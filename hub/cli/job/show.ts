import { buildCommand } from "@stricli/core";
import { JobId } from "../../../shared/ids.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { as, hubFlags, type HubFlags } from "../flags.ts";
import { clientOf } from "../settings.ts";
import { escapeLine } from "../terminal/escape.ts";
import { utc } from "../terminal/time.ts";
import { countsText, outcomeTable, outcomesOf, stateText } from "./outcome.ts";

export const jobShow = buildCommand<HubFlags, [JobId], CliContext>({
  docs: docs("Show a job and each of its devices", ["farhand job show job-1234", "farhand job show job-1234 --json"]),
  parameters: {
    flags: hubFlags,
    positional: { kind: "tuple", parameters: [{ parse: as(JobId), brief: "Job", placeholder: "JOB" }] },
  },
  func: command(show),
});

async function show(cli: Cli, flags: HubFlags, id: JobId) {
  const view = await clientOf(cli, flags).call("getJob", { params: { id } });
  const { style } = cli.out;
  const planFailures = view.planning.flatMap((assignment) =>
    assignment.tasks
      .filter((task) => task.plannedDiff === null && (task.code ?? assignment.code) !== null)
      .map((task) => ({
        device: task.device,
        code: task.code ?? assignment.code,
        detail: task.detail ?? assignment.reason,
      })),
  );
  const outcomes = outcomesOf(view);
  cli.out.data("job", { ...view }, () =>
    [
      style.bold(escapeLine(view.title)),
      `job      ${view.id} (${view.kind}, risk ${view.risk}): ${stateText(view.state, style)}${view.code === null ? "" : ` ${view.code}`}`,
      `by       ${view.author ?? `grant ${view.grant ?? "?"}`}, ${utc(view.createdMs)}${view.endedMs === null ? "" : `, ended ${utc(view.endedMs)}`}`,
      ...(view.authority === "warrant"
        ? [
            `signed   ${view.signers.length} of ${view.signersNeeded}${view.signers.length > 0 ? `: ${view.signers.join(", ")}` : ""}`,
          ]
        : []),
      ...(view.breakglass === null
        ? []
        : [style.red(`BREAK-GLASS ${view.breakglass.id}: ${escapeLine(view.breakglass.reason)}`)]),
      ...(view.waiting === null ? [] : [style.yellow(`waiting  ${escapeLine(view.waiting)}`)]),
      `devices  ${countsText(view)}`,
      ...(outcomes.length > 0 ? ["", outcomeTable(outcomes, style)] : []),
      ...view.assignments
        .filter(({ late }) => late !== null)
        .map(({ agent, attempt, late, tasks }) => {
          const said = tasks.filter((task) => task.late !== null).map((task) => `${task.device} ${task.late ?? ""}`);
          return style.yellow(
            `late     ${agent}, attempt ${attempt}: ${late?.state ?? ""}${said.length > 0 ? ` (${said.join(", ")})` : ""}`,
          );
        }),
      ...planFailures.map(
        ({ device, code, detail }) => `no plan  ${device}: ${style.red(code ?? "")} ${escapeLine(detail ?? "")}`,
      ),
    ].join("\n"),
  );
  if (view.state === "PENDING_APPROVAL" || view.state === "PLANNED") cli.out.next(`farhand review ${view.id}`);
  return undefined;
}
