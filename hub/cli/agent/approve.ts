import { buildCommand } from "@stricli/core";
import { FarhandError } from "../../../shared/errors.ts";
import { AgentId, KeyId } from "../../../shared/ids.ts";
import { keyIdOf } from "../../../shared/keys.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { as, hubFlags, keyFlags, type HubFlags, type KeyFlags } from "../flags.ts";
import { meant } from "../nearest.ts";
import { clientOf } from "../settings.ts";
import { loadTrust, requireInventory } from "../trust/load.ts";
import { publishAgents } from "./publish.ts";

interface Flags extends HubFlags, KeyFlags {
  readonly fingerprint: KeyId;
}

export const agentApprove = buildCommand<Flags, [AgentId], CliContext>({
  docs: docs(
    "Countersign an agent's keys",
    ["farhand agent approve agent-ams --fingerprint Jx3v… --key kim.key.json"],
    "Read the fingerprint from the agent's own host, not from the hub: it is what keeps the hub from putting its own key there.",
  ),
  parameters: {
    flags: {
      ...hubFlags,
      ...keyFlags,
      fingerprint: { kind: "parsed", parse: as(KeyId), brief: "As the agent's host shows it", placeholder: "KID" },
    },
    positional: { kind: "tuple", parameters: [{ parse: as(AgentId), brief: "Agent", placeholder: "AGENT" }] },
  },
  func: command(approve),
});

async function approve(cli: Cli, flags: Flags, id: AgentId) {
  const client = clientOf(cli, flags);
  const trusted = await loadTrust(cli, flags, client);
  const { agents: shown } = await client.call("listAgents", {});
  const found = shown.find((agent) => agent.id === id);
  if (!found)
    throw new FarhandError(
      "NOT_FOUND",
      `no agent ${id}${meant(
        id,
        shown.map((agent) => agent.id),
      )}`,
    );
  if ((await keyIdOf(found.signKey)) !== flags.fingerprint) {
    throw new FarhandError(
      "CHALLENGE",
      `the hub shows ${found.kid} for ${id}, not ${flags.fingerprint}; do not approve it before you know why`,
    );
  }
  if (!requireInventory(trusted).site(found.site))
    throw new FarhandError("WRONG_SITE", `${found.site} is not in the signed inventory`);
  const before = trusted.agents?.document;
  const entry = {
    id,
    site: found.site,
    kid: flags.fingerprint,
    signKey: found.signKey,
    boxKey: found.boxKey,
    status: "active" as const,
  };
  const held = before?.agents.find((agent) => agent.id === id);
  if (held?.status === "banned") throw new FarhandError("ID_SPENT", id);
  const others = (before?.agents ?? []).filter((agent) => agent.id !== id);
  if (held) cli.out.note(`${id} had a key before; it is replaced`);
  const { version, inForce } = await publishAgents(cli, flags, client, trusted, [...others, entry]);
  cli.out.data(
    "agent-approved",
    { agent: id, site: found.site, kid: flags.fingerprint, version, inForce },
    () =>
      `${id} at ${found.site} is ${inForce ? "approved" : "to be approved by another keyadmin"}; agents.json version ${version}`,
  );
  return undefined;
}
