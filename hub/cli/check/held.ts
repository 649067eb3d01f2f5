import type { Agents } from "../../../shared/documents/agents.ts";
import type { AgentId, SiteId } from "../../../shared/ids.ts";
import type { HubClient } from "../../api/client/index.ts";

/** Whether some agent of the site has said that it holds a secret; undefined where the site has no agent that could. */
export type Held = (site: SiteId, name: string) => boolean | undefined;

/** By what the hub tells, which is what agents last said: names, never values. */
export async function heldSecrets(client: HubClient, agents: Agents | undefined): Promise<Held> {
  const { secrets } = await client.call("listSecrets", {});
  const siteOf = new Map<AgentId, SiteId>(
    (agents?.agents ?? []).filter(({ status }) => status === "active").map(({ id, site }) => [id, site]),
  );
  const sites = new Set(siteOf.values());
  const held = new Set(
    secrets
      .filter((one) => one.kind === "secret" && one.held !== null)
      .map(({ agent, name }) => `${siteOf.get(agent) ?? ""} ${name}`),
  );
  return (site, name) => (sites.has(site) ? held.has(`${site} ${name}`) : undefined);
}
