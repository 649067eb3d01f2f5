import { Agents, type AgentEntry } from "../../../shared/documents/agents.ts";
import { readAs, signEnvelope } from "../../../shared/envelope.ts";
import { openAgents } from "../../../shared/trust.ts";
import type { HubClient } from "../../api/client/index.ts";
import type { Cli } from "../command.ts";
import type { KeyFlags, OutputFlags } from "../flags.ts";
import { signerFromFile } from "../keys/passphrase.ts";
import type { Trusted } from "../trust/load.ts";

/** Signs the next agents.json and hands it to the hub. Returns its version. */
export async function publishAgents(
  cli: Cli,
  flags: KeyFlags & OutputFlags,
  client: HubClient,
  trusted: Trusted,
  agents: readonly AgentEntry[],
): Promise<number> {
  const document = readAs(Agents, {
    type: "agents",
    v: 1,
    org: trusted.store.org,
    version: (trusted.agents?.document.version ?? 0) + 1,
    agents,
  });
  const envelope = await signEnvelope("farhand-agents+jws", document, [await signerFromFile(cli, flags, flags.key)]);
  // Opening it again with what everyone else trusts finds a key that is no keyadmin's before the hub does.
  await openAgents(envelope, trusted.store);
  return (await client.call("putTrust", { params: { document: "agents" }, body: envelope })).version;
}
