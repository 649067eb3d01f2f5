import { buildCommand } from "@stricli/core";
import { CommandText } from "../../../shared/documents/common.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { GrantId, PersonId } from "../../../shared/ids.ts";
import type { HubClient, InputOf } from "../../api/client/index.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { deadlineFlags, deadlinesOf, type ReadDeadlineFlags } from "../deadlines.ts";
import { as, hubFlags, text, type HubFlags } from "../flags.ts";
import { timeOf } from "../plan/inputs.ts";
import { parseSelector, pick } from "../select.ts";
import { clientOf } from "../settings.ts";
import { loadTrust, requireInventory } from "../trust/load.ts";
import { watchToEnd } from "./watch.ts";

interface Flags extends HubFlags, ReadDeadlineFlags {
  readonly select: string;
  readonly grant?: GrantId;
  readonly author?: PersonId;
  readonly title?: string;
  readonly reason?: string;
  readonly notBefore?: number;
  readonly watch: boolean;
}

const optional = (brief: string, placeholder: string) =>
  ({ kind: "parsed", parse: text, brief, placeholder, optional: true }) as const;

const submitFlags = {
  ...hubFlags,
  ...deadlineFlags,
  select: {
    kind: "parsed",
    parse: text,
    brief: "Devices: site=ams,platform=frr_linux,tag.role=edge,device=r1",
    placeholder: "SELECTOR",
  },
  grant: {
    kind: "parsed",
    parse: as(GrantId),
    brief: "Grant that allows it: it starts at once",
    placeholder: "GRANT",
    optional: true,
  },
  author: {
    kind: "parsed",
    parse: as(PersonId),
    brief: "Without a grant: you; it waits for signatures",
    placeholder: "P",
    optional: true,
  },
  title: optional("What it is, in one line", "TEXT"),
  reason: optional("Why", "TEXT"),
  notBefore: {
    kind: "parsed",
    parse: timeOf,
    brief: "Earliest start, as 2026-11-25T02:00Z",
    placeholder: "TIME",
    optional: true,
  },
  watch: { kind: "boolean", brief: "Stay and watch it to its end", default: false, withNegated: false },
} as const;

type Read = Extract<InputOf<"submitJob">["body"], { kind: "collect" | "check" | "run" }>;

async function submit(
  cli: Cli,
  flags: Flags,
  make: (common: Omit<Extract<Read, { kind: "collect" }>, "kind">) => Read,
) {
  if ((flags.grant === undefined) === (flags.author === undefined))
    throw new FarhandError("USAGE", "give --grant GRANT, or --author P to have it signed");
  const client: HubClient = clientOf(cli, flags);
  const devices = pick(parseSelector(flags.select), requireInventory(await loadTrust(cli, flags, client)));
  const body = make({
    title: flags.title ?? "",
    devices: devices.map((device) => device.id),
    ...(flags.reason !== undefined && { reason: flags.reason }),
    ...(flags.grant !== undefined && { grant: flags.grant }),
    ...(flags.author !== undefined && { author: flags.author }),
    ...(flags.notBefore !== undefined && { notBefore: flags.notBefore }),
    ...deadlinesOf(flags),
  });
  const job = await client.submit({
    ...body,
    title: body.title === "" ? `${body.kind}: ${flags.select}`.slice(0, 200) : body.title,
  });
  if (flags.watch && flags.grant !== undefined) return watchToEnd(cli, client, job.id, 0);
  cli.out.data(
    "job-submitted",
    { job: job.id, kind: job.kind, state: job.state, devices: devices.length },
    () => job.id,
  );
  cli.out.next(flags.grant === undefined ? `farhand sign ${job.id} --key KEYFILE` : `farhand job watch ${job.id}`);
  return undefined;
}

export const submitCollect = buildCommand<Flags, [], CliContext>({
  docs: docs("Back up the configuration of devices", [
    "farhand job submit collect --select site=ams --grant nightly",
    "farhand job submit collect --select tag.role=edge --grant nightly --watch",
  ]),
  parameters: { flags: submitFlags },
  func: command((cli: Cli, flags: Flags) => submit(cli, flags, (common) => ({ kind: "collect", ...common }))),
});

export const submitCheck = buildCommand<Flags, [], CliContext>({
  docs: docs("Check reach, host key, login, privilege and what blocks a better level", [
    "farhand job submit check --select device=ams-r1 --grant nightly --watch",
  ]),
  parameters: { flags: submitFlags },
  func: command((cli: Cli, flags: Flags) => submit(cli, flags, (common) => ({ kind: "check", ...common }))),
});

export const submitRun = buildCommand<Flags, string[], CliContext>({
  docs: docs("Run read commands on devices; farhand run shows the answers live", [
    "farhand job submit run 'show version' --select site=ams --grant ask",
    "farhand job submit run 'show tech' --select device=r1 --author ann",
  ]),
  parameters: {
    flags: submitFlags,
    positional: {
      kind: "array",
      minimum: 1,
      maximum: 64,
      parameter: { parse: as(CommandText), brief: "Command, as the device takes it", placeholder: "COMMAND" },
    },
  },
  func: command((cli: Cli, flags: Flags, ...commands: string[]) =>
    submit(cli, flags, (common) => ({ kind: "run", commands, ...common })),
  ),
});
