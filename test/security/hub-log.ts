/** What the true hub writes down when an agent refuses what somebody offered in its name. */
import { systemClock } from "../../shared/clock.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import type { AgentId } from "../../shared/ids.ts";
import type { SqliteStore } from "../../shared/sqlite.ts";
import { statements } from "../../shared/store.ts";
import type { UpHeader } from "../../shared/wire/messages.ts";
import { tellAssignment } from "../../hub/links/words.ts";
import { Refusals } from "../../hub/audit/refusals.ts";
import { heardTrust } from "../../hub/links/trust-frames.ts";
import { silentLog } from "../../hub/log.ts";
import { openHubStore } from "../../hub/store/open.ts";

const sql = statements("test", {
  refusals: `SELECT coalesce(sum(count), 0) AS n FROM audit
             WHERE actor = :actor AND action IN ('work.refuse', 'trust.serve') AND decision = 'refused' AND code = :code`,
});

/** A hub's own store and its own way of taking an agent's word; the frame is the one that the agent sent. */
export class HubLog {
  readonly #store: SqliteStore = openHubStore(":memory:");

  /** Whether the audit log then holds one more refusal of this code by this agent: as an entry, or counted in one. */
  async holds(agent: AgentId, { manifest, attempt, code, detail }: UpHeader<"reject">): Promise<boolean> {
    const before = await this.#refusals(agent, code);
    const deps = { store: this.#store, clock: systemClock, random: () => 0 };
    await tellAssignment(deps, agent, { manifest, attempt }, { kind: "reject", code, detail });
    return (await this.#refusals(agent, code)) === before + 1;
  }

  /** The same of news of the trust repository that the agent did not take. */
  async holdsTrust(agent: AgentId, said: UpHeader<"trusted">): Promise<boolean> {
    if (said.code === null) return false;
    const before = await this.#refusals(agent, said.code);
    await heardTrust({ refusals: new Refusals(this.#store, systemClock, silentLog) }, agent, said);
    return (await this.#refusals(agent, said.code)) === before + 1;
  }

  async #refusals(agent: AgentId, code: ErrorCode): Promise<number> {
    const row = await this.#store.read((tx) => tx.get(sql.refusals, { actor: `agent:${agent}`, code }));
    return Number(row?.["n"]);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
