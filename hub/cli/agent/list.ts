import { buildCommand } from "@stricli/core";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { hubFlags, type HubFlags } from "../flags.ts";
import { clientOf } from "../settings.ts";
import { ago } from "../terminal/time.ts";
import { escapeLine } from "../terminal/escape.ts";
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
          value: (agent) => (agent.quarantine ? "quarantine" : agent.status),
          paint: (agent, cell) =>
            agent.status === "active" && !agent.quarantine
              ? cell
              : style[agent.status === "banned" ? "red" : "yellow"](cell),
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
  for (const { id, quarantine } of agents) {
    if (!quarantine) continue;
    cli.out.note(
      `${id} takes no work: its state went back (${escapeLine(quarantine.detail)}). Find out who restored it.`,
    );
    cli.out.next(`farhand agent readmit ${id} --epoch ${quarantine.epoch} --reason TEXT --key KEYFILE --publish`);
  }
  const pending = agents.find((agent) => agent.status === "pending");
  if (pending)
    cli.out.next(
      `compare the fingerprint on the agent's host, then: farhand agent approve ${pending.id} --fingerprint ${pending.kid} --key KEYFILE`,
    );
  return undefined;
}
