import { Agents, type AgentEntry } from "../../../shared/documents/agents.ts";
import { readAs, signEnvelope } from "../../../shared/envelope.ts";
import { openAgents } from "../../../shared/trust.ts";
import type { HubClient } from "../../api/client/index.ts";
import type { Cli } from "../command.ts";
import type { KeyFlags, OutputFlags } from "../flags.ts";
import { signerFromFile } from "../keys/passphrase.ts";
import { handOver } from "../trust/hand-over.ts";
import type { Trusted } from "../trust/load.ts";
import { nextSet } from "../trust/next-set.ts";

export interface Published {
  readonly version: number;
  /** Not while other keyadmins have to sign it first. */
  readonly inForce: boolean;
}

/** Signs the next agents.json and the set that holds it, and hands it to the hub. */
export async function publishAgents(
  cli: Cli,
  flags: KeyFlags & OutputFlags,
  client: HubClient,
  trusted: Trusted,
  agents: readonly AgentEntry[],
): Promise<Published> {
  const document = readAs(Agents, {
    type: "agents",
    v: 1,
    org: trusted.store.org,
    version: (trusted.agents?.document.version ?? 0) + 1,
    agents,
  });
  const signer = await signerFromFile(cli, flags, flags.key);
  const envelope = await signEnvelope("farhand-agents+jws", document, [signer]);
  // Opening it again with what everyone else trusts finds a key that is no keyadmin's before the hub does.
  await openAgents(envelope, trusted.store);
  const update = await nextSet(trusted.view.set, { agents: envelope }, [signer], cli.clock.nowMs());
  return { version: document.version, inForce: await handOver(cli, client, trusted, update) };
}
