import { buildCommand } from "@stricli/core";
import { CommandText } from "../../../shared/documents/common.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { GrantId } from "../../../shared/ids.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { deadlineFlags, deadlinesOf, type ReadDeadlineFlags } from "../deadlines.ts";
import { EXIT } from "../exit.ts";
import { as, hubFlags, text, waitFlag, type HubFlags } from "../flags.ts";
import { parseSelector, pick } from "../select.ts";
import { clientOf } from "../settings.ts";
import { escapeLine } from "../terminal/escape.ts";
import { loadTrust, requireInventory } from "../trust/load.ts";
import { ended, followJob } from "./follow.ts";
import { LiveOutput } from "./live.ts";
import { countsText, exitOfJob, outcomesOf } from "./outcome.ts";
import { packCommands, parsing } from "./parsed.ts";

interface Flags extends HubFlags, ReadDeadlineFlags {
  readonly select: string;
  readonly grant: GrantId;
  readonly wait: number;
  readonly parse: boolean;
  readonly compare?: string;
  readonly before?: string;
  readonly checks?: string;
}

export const runNow = buildCommand<Flags, string[], CliContext>({
  docs: docs(
    "Ask devices something now, under a grant",
    [
      "farhand run 'show version' --select site=ams --grant ask",
      "farhand run 'show version' 'show clock' --select tag.role=edge --grant ask --json",
      "farhand run --parse --select device=ams-r1 --grant ask",
      "farhand run --parse --select device=ams-r1 --grant ask --checks default --compare",
    ],
    "--parse shows answers as tables; without commands it asks all that the platform's pack reads (interfaces, neighbours, sessions, routes, MACs).\n" +
      "--compare shows what differs from before: from what this machine last parsed of each device, from job JOB, or from --before FILE\n" +
      "(what --parse --json printed). --checks default|FILE.yaml adds expectations, as in plan change; exits 1 where one is broken.\n" +
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
      wait: waitFlag("Seconds to wait for answers", 300),
      parse: { kind: "boolean", brief: "Show tables in place of text", default: false, withNegated: false },
      compare: {
        kind: "parsed",
        parse: text,
        brief: "What differs from job JOB; without JOB from what was last parsed here",
        placeholder: "JOB",
        optional: true,
        inferEmpty: true,
      },
      before: {
        kind: "parsed",
        parse: text,
        brief: "Compare with what --parse --json printed",
        placeholder: "FILE",
        optional: true,
      },
      checks: {
        kind: "parsed",
        parse: text,
        brief: "Expectations of the comparison",
        placeholder: "default|FILE.yaml",
        optional: true,
      },
    },
    positional: {
      kind: "array",
      minimum: 0,
      maximum: 64,
      parameter: { parse: as(CommandText), brief: "Command, as the device takes it", placeholder: "COMMAND" },
    },
  },
  func: command(ask),
});

async function ask(cli: Cli, flags: Flags, ...named: string[]) {
  if (named.length === 0 && !flags.parse) throw new FarhandError("USAGE", "give a command, or --parse");
  if (!flags.parse && (flags.compare !== undefined || flags.before !== undefined || flags.checks !== undefined))
    throw new FarhandError("USAGE", "--compare, --before and --checks go with --parse");
  const client = clientOf(cli, flags);
  const devices = pick(parseSelector(flags.select), requireInventory(await loadTrust(cli, flags, client)));
  const commands = named.length > 0 ? named : packCommands(devices);
  // Said before anything is asked.
  const parsed = flags.parse ? await parsing(cli, client, flags, devices) : undefined;
  const job = await client.submit({
    kind: "run",
    title: `run: ${commands.join("; ")}`.slice(0, 200),
    devices: devices.map((device) => device.id),
    grant: flags.grant,
    commands,
    ...(parsed && { goOn: true as const }),
    ...deadlinesOf(flags),
  });
  cli.out.note(`job ${job.id}: ${devices.length} devices`);
  const live = new LiveOutput(cli);
  const view = await followJob(cli, client, {
    job: job.id,
    until: ended,
    waitMs: flags.wait * 1000,
    onEvent: (event) => {
      if (event.type === "output" && !parsed) live.take(event);
    },
  });
  if (!parsed) await live.complete(client, view);
  const broken = parsed ? await parsed.show(view, commands) : 0;
  const outcomes = outcomesOf(view);
  const failed = outcomes.filter((outcome) => outcome.state !== "DONE");
  if (cli.out.json && !parsed) {
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
  return exit === EXIT.ok && failed.length + broken > 0 ? EXIT.failure : exit;
}
