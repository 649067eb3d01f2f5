import { buildCommand } from "@stricli/core";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { hubFlags, type HubFlags } from "../flags.ts";
import { clientOf } from "../settings.ts";
import { escapeLine } from "../terminal/escape.ts";
import { table } from "../terminal/table.ts";
import { ago } from "../terminal/time.ts";

export const secretList = buildCommand<HubFlags, [], CliContext>({
  docs: docs(
    "List credentials and secrets: names, versions, agents and ages, never values",
    ["farhand secret list", "farhand secret list --json"],
    "What an agent holds is what the agent last said. A credential that is stopped was refused too often and is used nowhere.",
  ),
  parameters: { flags: hubFlags },
  func: command(list),
});

async function list(cli: Cli, flags: HubFlags) {
  const { secrets } = await clientOf(cli, flags).call("listSecrets", {});
  const { style } = cli.out;
  const nowMs = cli.clock.nowMs();
  cli.out.data("secrets", { secrets }, () =>
    table(
      [
        { title: "NAME", value: (one) => escapeLine(one.name) },
        { title: "KIND", value: (one) => one.kind },
        { title: "AGENT", value: (one) => one.agent },
        { title: "VERSION", value: (one) => (one.held ? String(one.held.version) : "-"), right: true },
        { title: "SET", value: (one) => (one.held ? ago(one.held.atMs, nowMs) : "-") },
        {
          title: "STATE",
          value: (one) => (one.held?.stopped === true ? "STOPPED" : one.held ? "held" : "-"),
          paint: (one, cell) => (one.held?.stopped === true ? style.red(cell) : cell),
        },
        {
          title: "SENT",
          value: (one) =>
            one.sent
              ? `${one.sent.state}${one.sent.code === null ? "" : ` ${one.sent.code}`} ${ago(one.sent.sentMs, nowMs)}`
              : "-",
        },
      ],
      secrets,
      style,
    ),
  );
  const stopped = secrets.find((one) => one.held?.stopped === true);
  if (stopped)
    cli.out.next(`farhand secret send ${stopped.name} --agent ${stopped.agent} --username USER --key KEYFILE`);
  return undefined;
}
