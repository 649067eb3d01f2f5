import type { AgentId } from "../../shared/ids.ts";
import { decideAssignmentIn } from "../ingest/decide.ts";
import { audit } from "../store/audit.ts";
import { unendedAssignmentsOf } from "../store/assignments.ts";
import type { LinkDeps } from "./deps.ts";

type Deps = Pick<LinkDeps, "store" | "clock" | "random" | "trust" | "effects">;

/**
 * What a banned agent was given: unserved work is withdrawn, served work is ABANDONED, because nobody will hear of its end any more.
 * Asked for when agents.json changes and again by the ticker, so that a crash in between loses nothing.
 */
export async function withdrawFromBanned(deps: Deps): Promise<void> {
  const banned = deps.trust.state?.agents?.document.agents.filter((entry) => entry.status === "banned") ?? [];
  for (const { id } of banned) await withdraw(deps, id);
}

async function withdraw({ store, clock, random, effects }: Deps, agent: AgentId): Promise<void> {
  const keys = await store.read((tx) => unendedAssignmentsOf(tx, agent));
  for (const key of keys) {
    const nowMs = clock.nowMs();
    const decided = await store.tx("agent.withdraw", async (tx) => {
      const detail = `${key.manifest} attempt ${key.attempt}`;
      await audit(tx, nowMs, { actor: "hub", action: "agent.withdraw", object: agent, decision: "allowed", detail });
      const reason = `${agent} is banned`;
      return decideAssignmentIn(tx, key, [{ type: "abandoned", reason }], { nowMs, random });
    });
    effects.perform(decided?.effects ?? []);
  }
  if (keys.length > 0) effects.moved();
}
