import { buildCommand } from "@stricli/core";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { hubFlags, type HubFlags } from "../flags.ts";
import { clientOf } from "../settings.ts";
import { ago } from "../terminal/time.ts";
import { table } from "../terminal/table.ts";

export const agentList = buildCommand<HubFlags, [], CliContext>({
  docs: docs("List agents, their fingerprints and when they were last seen", [
    "farhand agent list",
    "farhand agent list --json",
  ]),
  parameters: { flags: hubFlags },
  func: command(list),
});

async function list(cli: Cli, flags: HubFlags) {
  const { agents } = await clientOf(cli, flags).call("listAgents", {});
  const { style } = cli.out;
  cli.out.data("agents", { agents }, () =>
    table(
      [
        { title: "AGENT", value: (agent) => agent.id },
        { title: "SITE", value: (agent) => agent.site },
        {
          title: "STATUS",
          value: (agent) => agent.status,
          paint: (agent, cell) =>
            agent.status === "active" ? cell : style[agent.status === "banned" ? "red" : "yellow"](cell),
        },
        {
          title: "CONTACT",
          value: (agent) => agent.contact,
          paint: (agent, cell) => (agent.contact === "LIVE" ? style.green(cell) : style.red(cell)),
        },
        { title: "SEEN", value: (agent) => ago(agent.lastSeenMs, cli.clock.nowMs()) },
        { title: "RUNNING", value: (agent) => agent.running, right: true },
        { title: "FINGERPRINT", value: (agent) => agent.kid },
      ],
      agents,
      style,
    ),
  );
  const pending = agents.find((agent) => agent.status === "pending");
  if (pending)
    cli.out.next(
      `compare the fingerprint on the agent's host, then: farhand agent approve ${pending.id} --fingerprint ${pending.kid} --key KEYFILE`,
    );
  return undefined;
}
