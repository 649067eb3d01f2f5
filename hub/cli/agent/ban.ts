import { buildCommand } from "@stricli/core";
import { FarhandError } from "../../../shared/errors.ts";
import { AgentId } from "../../../shared/ids.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { as, hubFlags, keyFlags, text, type HubFlags, type KeyFlags } from "../flags.ts";
import { meant } from "../nearest.ts";
import { clientOf } from "../settings.ts";
import { loadTrust } from "../trust/load.ts";
import { publishAgents } from "./publish.ts";

interface Flags extends HubFlags, KeyFlags {
  readonly reason: string;
}

export const agentBan = buildCommand<Flags, [AgentId], CliContext>({
  docs: docs(
    "Ban an agent for good",
    ["farhand agent ban agent-ams --reason 'jump host stolen' --key kim.key.json"],
    "Signs agents.json with the ban. The hub closes its session and gives it no other; what it had in hand is abandoned, and nothing is sealed\nto its key any more. There is no way back: enrol a new agent under a new id. Change what its vault held.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      ...keyFlags,
      reason: { kind: "parsed", parse: text, brief: "Why; the agent and the audit log show it", placeholder: "TEXT" },
    },
    positional: { kind: "tuple", parameters: [{ parse: as(AgentId), brief: "Agent", placeholder: "AGENT" }] },
  },
  func: command(ban),
});

async function ban(cli: Cli, flags: Flags, id: AgentId) {
  const client = clientOf(cli, flags);
  const trusted = await loadTrust(cli, flags, client);
  const before = trusted.agents?.document.agents ?? [];
  const held = before.find((agent) => agent.id === id);
  if (!held) {
    const names = before.map((agent) => agent.id);
    throw new FarhandError("NOT_FOUND", `no agent ${id} in agents.json${meant(id, names)}`);
  }
  if (held.status === "banned") throw new FarhandError("CONFLICT", `${id} is banned already: ${held.reason ?? ""}`);
  const { reason } = flags;
  const entries = before.map((agent) => (agent.id === id ? { ...agent, status: "banned" as const, reason } : agent));
  const { version, inForce } = await publishAgents(cli, flags, client, trusted, entries);
  cli.out.data(
    "agent-banned",
    { agent: id, site: held.site, kid: held.kid, reason, version, inForce },
    () =>
      `${id} at ${held.site} is ${inForce ? "banned" : "banned once another keyadmin signs"}; agents.json version ${version}`,
  );
  cli.out.next(`change what its vault held, then enrol another: farhand agent invite NEW-ID --site ${held.site}`);
  return undefined;
}
