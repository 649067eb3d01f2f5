import { buildCommand } from "@stricli/core";
import { CommandText } from "../../../shared/documents/common.ts";
import { GrantId } from "../../../shared/ids.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { deadlineFlags, deadlinesOf, type ReadDeadlineFlags } from "../deadlines.ts";
import { EXIT } from "../exit.ts";
import { as, hubFlags, text, whole, type HubFlags } from "../flags.ts";
import { parseSelector, pick } from "../select.ts";
import { clientOf } from "../settings.ts";
import { escapeLine } from "../terminal/escape.ts";
import { loadTrust, requireInventory } from "../trust/load.ts";
import { ended, followJob } from "./follow.ts";
import { LiveOutput } from "./live.ts";
import { countsText, exitOfJob, outcomesOf } from "./outcome.ts";

interface Flags extends HubFlags, ReadDeadlineFlags {
  readonly select: string;
  readonly grant: GrantId;
  readonly wait: number;
}

export const runNow = buildCommand<Flags, string[], CliContext>({
  docs: docs(
    "Ask devices something now, under a grant",
    [
      "farhand run 'show version' --select site=ams --grant ask",
      "farhand run 'show version' 'show clock' --select tag.role=edge --grant ask --json",
    ],
    "Answers are shown as they come, each line under its device's name. The grant must name exactly these commands.\nExits 1 if any device failed.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      select: {
        kind: "parsed",
        parse: text,
        brief: "Devices: site=ams,platform=frr_linux,tag.role=edge,device=r1",
        placeholder: "SELECTOR",
      },
      grant: { kind: "parsed", parse: as(GrantId), brief: "Grant that allows it", placeholder: "GRANT" },
      ...deadlineFlags,
      wait: {
        kind: "parsed",
        parse: whole(1, 86_400),
        brief: "Seconds to wait for answers",
        default: "300",
        placeholder: "S",
      },
    },
    positional: {
      kind: "array",
      minimum: 1,
      maximum: 64,
      parameter: { parse: as(CommandText), brief: "Command, as the device takes it", placeholder: "COMMAND" },
    },
  },
  func: command(ask),
});

async function ask(cli: Cli, flags: Flags, ...commands: string[]) {
  const client = clientOf(cli, flags);
  const devices = pick(parseSelector(flags.select), requireInventory(await loadTrust(cli, flags, client)));
  const job = await client.submit({
    kind: "run",
    title: `run: ${commands.join("; ")}`.slice(0, 200),
    devices: devices.map((device) => device.id),
    grant: flags.grant,
    commands,
    ...deadlinesOf(flags),
  });
  cli.out.note(`job ${job.id}: ${devices.length} devices`);
  const live = new LiveOutput(cli);
  const view = await followJob(cli, client, {
    job: job.id,
    until: ended,
    waitMs: flags.wait * 1000,
    onEvent: (event) => {
      if (event.type === "output") live.take(event);
    },
  });
  await live.complete(client, view);
  const outcomes = outcomesOf(view);
  const failed = outcomes.filter((outcome) => outcome.state !== "DONE");
  if (cli.out.json) {
    const devicesOut = outcomes.map(({ device, state, code, detail, task }) => ({
      device,
      state,
      code,
      detail,
      output: task.output,
    }));
    cli.out.document("run", { job: view.id, state: view.state, code: view.code, devices: devicesOut });
  }
  for (const { device, state, code, detail } of failed)
    cli.out.note(`${device}: ${state} ${code ?? ""} ${escapeLine(detail ?? "")}`.trimEnd());
  cli.out.note(`job ${view.id} ${view.state}: ${countsText(view)}`);
  const exit = exitOfJob(view.state);
  return exit === EXIT.ok && failed.length > 0 ? EXIT.failure : exit;
}
