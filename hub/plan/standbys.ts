import type { Agents } from "../../shared/documents/agents.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { AgentId, SiteId } from "../../shared/ids.ts";
import { agentEntry } from "../../shared/trust.ts";
import type { JobRequest } from "../api/contract/views.ts";
import type { Place } from "./spread.ts";

/** After the first agent a manifest names three more. */
const STANDBYS_MAX = 3;

/** Which of the agents that were asked for stand by at a place: those of its site, in the order in which they were named. */
export function standbysFrom(
  request: Pick<Extract<JobRequest, { kind: "change" }>, "standbys" | "breakglass">,
  agents: Agents | undefined,
): (place: Place) => readonly AgentId[] {
  const bySite = new Map<SiteId, AgentId[]>();
  for (const id of new Set(request.standbys)) {
    const entry = agents && agentEntry(agents, id);
    if (entry?.status !== "active") throw new FarhandError("WRONG_AGENT", `standby ${id} is no approved agent`);
    bySite.set(entry.site, [...(bySite.get(entry.site) ?? []), id]);
  }
  if (bySite.size > 0 && request.breakglass !== undefined)
    throw new FarhandError("BREAKGLASS", "one use at one agent: it names no standby");
  return ({ agent, site }) => {
    const standbys = (bySite.get(site) ?? []).filter((id) => id !== agent);
    if (standbys.length > STANDBYS_MAX)
      throw new FarhandError("SCHEMA", `site ${site} has more than ${STANDBYS_MAX} standbys`);
    return standbys;
  };
}
