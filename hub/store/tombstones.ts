import type { Agents } from "../../shared/documents/agents.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { AgentId } from "../../shared/ids.ts";
import { statements, type Tx } from "../../shared/store.ts";

const sql = statements("tombstone", {
  find: "SELECT reason FROM agent_tombstone WHERE agent = :agent",
  add: `INSERT INTO agent_tombstone (agent, reason, at_ms) VALUES (:agent, :reason, :nowMs)
        ON CONFLICT (agent) DO NOTHING`,
});

type Reader = Pick<Tx, "get">;

export async function isBuried(tx: Reader, agent: AgentId): Promise<boolean> {
  return (await tx.get(sql.find, { agent })) !== undefined;
}

/** Throws ID_SPENT for the id of an agent that was banned or removed. */
export async function requireFreshId(tx: Reader, agent: AgentId): Promise<void> {
  if (await isBuried(tx, agent)) throw new FarhandError("ID_SPENT", agent);
}

/**
 * Notes the ids that a newer agents.json bans or no longer names. Throws ID_SPENT where it gives life to one that was noted before:
 * a hub cannot hinder keyadmins from signing that, but it does not hand it on.
 */
export async function bury(tx: Tx, before: Agents | undefined, after: Agents, nowMs: number): Promise<void> {
  const named = new Set<AgentId>();
  for (const { id, status } of after.agents) {
    named.add(id);
    if (status === "active") await requireFreshId(tx, id);
    else await tx.run(sql.add, { agent: id, reason: "banned", nowMs });
  }
  for (const { id } of before?.agents ?? [])
    if (!named.has(id)) await tx.run(sql.add, { agent: id, reason: "removed", nowMs });
}
