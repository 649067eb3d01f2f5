import type { AssignmentKey } from "../core/model.ts";
import type { HubEffect } from "../effects.ts";
import { decideLoadedIn } from "../ingest/decide.ts";
import { helloLanes, type Ack } from "../ingest/ingest.ts";
import type { AgentId } from "../../shared/ids.ts";
import type { AssignmentState } from "../../shared/states.ts";
import type { UpHeader } from "../../shared/wire/messages.ts";
import { loadAssignment, openAssignmentsOf } from "../store/assignments.ts";
import type { LinkDeps } from "./deps.ts";

export interface Synced {
  readonly lanes: readonly Ack[];
  /** To perform once the session stands. */
  readonly effects: readonly HubEffect[];
}

type SyncDeps = Pick<LinkDeps, "store" | "clock" | "random" | "pump">;

/** What a hello says of the journal, held against what this hub knows: each side's loss is found here. */
export async function syncWith(deps: SyncDeps, agent: AgentId, hello: UpHeader<"hello">): Promise<Synced> {
  const { store, clock } = deps;
  const lanes = await helloLanes(store, agent, hello, clock.nowMs());
  const listed = new Map(hello.assignments.map((entry) => [`${entry.manifest} ${entry.attempt}`, entry]));
  let open = await store.read((tx) => openAssignmentsOf(tx, agent));
  if (open.some(({ standing }) => standing.state !== "DELIVERED" && (standing.sequence ?? 0) > hello.sequence)) {
    // It looks as if a journal went backwards. What that journal said before must be known first.
    deps.pump.kick();
    await deps.pump.idle();
    open = await store.read((tx) => openAssignmentsOf(tx, agent));
  }
  const states = new Map<string, { key: AssignmentKey; listed: AssignmentState | null }>();
  for (const { identity } of open) {
    const id = `${identity.key.manifest} ${identity.key.attempt}`;
    states.set(id, { key: identity.key, listed: listed.get(id)?.state ?? null });
  }
  for (const [id, { manifest, attempt, state }] of listed) {
    if (!states.has(id)) states.set(id, { key: { manifest, attempt }, listed: state });
  }
  const decided = await Promise.all(
    [...states.values()].map((entry) => syncOne(deps, agent, entry.key, hello.sequence, entry.listed)),
  );
  return { lanes, effects: decided.flat() };
}

function syncOne(
  deps: SyncDeps,
  agent: AgentId,
  key: AssignmentKey,
  highWater: number,
  listed: AssignmentState | null,
): Promise<readonly HubEffect[]> {
  return deps.store.tx("sync", async (tx) => {
    const held = await loadAssignment(tx, key);
    if (!held || held.identity.agent !== agent) return [];
    const at = { nowMs: deps.clock.nowMs(), random: deps.random };
    return (await decideLoadedIn(tx, held, [{ type: "sync", highWater, listed }], at)).effects;
  });
}
