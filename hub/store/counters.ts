import type { AgentId } from "../../shared/ids.ts";
import { statements, type Tx } from "../../shared/store.ts";
import { FarhandError } from "../../shared/errors.ts";
import { int } from "./columns.ts";

const sql = statements("counter", {
  next: `INSERT INTO counter (name, value) VALUES (:name, 1)
         ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value`,
  nextSequence: `INSERT INTO agent_contact (agent, contact, sequence) VALUES (:agent, 'DARK', 1)
                 ON CONFLICT (agent) DO UPDATE SET sequence = agent_contact.sequence + 1 RETURNING sequence AS value`,
});

async function nextOf(
  tx: Tx,
  statement: (typeof sql)[keyof typeof sql],
  parameters: Record<string, string>,
): Promise<number> {
  const row = await tx.get(statement, parameters);
  if (!row) throw new FarhandError("INTERNAL", "a counter gave nothing");
  return int(row, "value");
}

/** One counter for the whole hub: a later attempt anywhere has a higher fence. */
export const nextFence = (tx: Tx): Promise<number> => nextOf(tx, sql.next, { name: "fence" });
export const nextJobNumber = (tx: Tx): Promise<number> => nextOf(tx, sql.next, { name: "job" });
/** Gapless per agent: taken only when an offer is first served, so that what is withdrawn before uses up none. */
export const nextSequence = (tx: Tx, agent: AgentId): Promise<number> => nextOf(tx, sql.nextSequence, { agent });
