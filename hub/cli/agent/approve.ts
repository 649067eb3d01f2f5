import { buildCommand } from "@stricli/core";
import { Agents } from "../../../shared/documents/agents.ts";
import { readAs, signEnvelope } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { AgentId, KeyId } from "../../../shared/ids.ts";
import { keyIdOf } from "../../../shared/keys.ts";
import { openAgents } from "../../../shared/trust.ts";
import { command, docs, type Cli } from "../command.ts";
import type { CliContext } from "../context.ts";
import { as, hubFlags, keyFlags, type HubFlags, type KeyFlags } from "../flags.ts";
import { signerFromFile } from "../keys/passphrase.ts";
import { meant } from "../nearest.ts";
import { clientOf } from "../settings.ts";
import { loadTrust, requireInventory } from "../trust/load.ts";

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
  const others = (before?.agents ?? []).filter((agent) => agent.id !== id);
  if (others.length < (before?.agents.length ?? 0)) cli.out.note(`${id} had a key before; it is replaced`);
  const document = readAs(Agents, {
    type: "agents",
    v: 1,
    org: trusted.store.org,
    version: (before?.version ?? 0) + 1,
    agents: [...others, entry],
  });
  const envelope = await signEnvelope("farhand-agents+jws", document, [await signerFromFile(cli, flags, flags.key)]);
  await openAgents(envelope, trusted.store);
  const stored = await client.call("putTrust", { params: { document: "agents" }, body: envelope });
  cli.out.data(
    "agent-approved",
    { agent: id, site: found.site, kid: flags.fingerprint, version: stored.version },
    () => `${id} at ${found.site} is approved; agents.json is version ${stored.version}`,
  );
  return undefined;
}
