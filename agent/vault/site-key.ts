import { fromBase64url, toBase64url } from "../../shared/bytes.ts";
import type { Agents } from "../../shared/documents/agents.ts";
import { SharedSiteKey } from "../../shared/documents/site-key.ts";
import { openEnvelope, readAs, signEnvelope, type Envelope } from "../../shared/envelope.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { AgentId, DeviceId, OrgId, SiteId } from "../../shared/ids.ts";
import { signerFrom } from "../../shared/keys.ts";
import { openConfiguration, sealConfiguration } from "../../shared/sealed.ts";
import { agentEntry } from "../../shared/trust.ts";
import type { Vault } from "./vault.ts";

interface Here {
  readonly org: OrgId;
  readonly site: SiteId;
  readonly agent: AgentId;
  readonly agents: Agents;
}

/** Bound to both ends: what was sealed for one agent says nothing as another's. No device has such a name: ids hold no `+`. */
const placeOf = (org: OrgId, site: SiteId, from: AgentId, to: AgentId) => ({
  org,
  site,
  device: `${from}+${to}` as DeviceId,
});

/** For another agent of this site, by the keys that a keyadmin countersigned for it. */
export async function shareSiteKey(vault: Vault, here: Here, to: AgentId, nowMs: number): Promise<Envelope> {
  const { org, site, agent } = here;
  const other = peer(here, to);
  const { generation, key } = await vault.siteKey();
  const sealed = await sealConfiguration(toBase64url(key), placeOf(org, site, agent, to), [other.boxKey]);
  const iat = Math.floor(nowMs / 1000);
  const document: SharedSiteKey = {
    type: "site-key",
    v: 1,
    org,
    site,
    from: agent,
    to,
    iat,
    generation,
    sealed: toBase64url(sealed),
  };
  return signEnvelope("farhand-sitekey+jws", document, [await signerFrom((await vault.identity()).sign)]);
}

/** Signed by an agent of this very site, for this very agent; whoever carried it. */
export async function takeSiteKey(vault: Vault, here: Here, envelope: Envelope): Promise<AgentId> {
  const { org, site, agent, agents } = here;
  const byKid = new Map(agents.agents.map((entry) => [entry.kid, entry]));
  const opened = await openEnvelope("farhand-sitekey+jws", envelope, (kid) => byKid.get(kid)?.signKey);
  const shared = readAs(SharedSiteKey, opened.value);
  if (shared.org !== org) throw new FarhandError("WRONG_ORG");
  if (shared.site !== site) throw new FarhandError("WRONG_SITE", shared.site);
  if (shared.to !== agent) throw new FarhandError("WRONG_AGENT", shared.to);
  const from = peer(here, shared.from);
  if (!opened.kids.includes(from.kid)) throw new FarhandError("WRONG_AGENT", `not signed by ${shared.from}`);
  const { box } = await vault.identity();
  const key = await openConfiguration(fromBase64url(shared.sealed), placeOf(org, site, shared.from, agent), box);
  await vault.setSiteKey({ generation: shared.generation, key: fromBase64url(key) });
  return shared.from;
}

function peer({ agents, site, agent }: Here, id: AgentId) {
  const entry = agentEntry(agents, id);
  if (entry?.status !== "active" || entry.site !== site || entry.id === agent)
    throw new FarhandError("WRONG_AGENT", `${id} is no other approved agent of ${site}`);
  return entry;
}
