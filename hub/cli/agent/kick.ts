import { buildCommand } from "@stricli/core";
import { AgentId } from "../../../shared/ids.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { as, hubFlags, type HubFlags } from "../flags.ts";
import { clientOf } from "../settings.ts";

export const agentKick = buildCommand<HubFlags, [AgentId], CliContext>({
  docs: docs(
    "Close an agent's session",
    ["farhand agent kick agent-ams"],
    "It comes back by itself and works on; nothing is lost. To keep it out: farhand agent ban. Needs an admin token.",
  ),
  parameters: {
    flags: hubFlags,
    positional: { kind: "tuple", parameters: [{ parse: as(AgentId), brief: "Agent", placeholder: "AGENT" }] },
  },
  func: command(kick),
});

async function kick(cli: Cli, flags: HubFlags, id: AgentId) {
  const { live } = await clientOf(cli, flags).call("kickAgent", { params: { id } });
  cli.out.data("agent-kicked", { agent: id, live }, () =>
    live ? `the session of ${id} is closed` : `${id} has no session`,
  );
  return undefined;
}
