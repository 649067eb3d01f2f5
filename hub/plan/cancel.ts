import { FarhandError } from "../../shared/errors.ts";
import type { JobId } from "../../shared/ids.ts";
import { isTerminal, jobMoves } from "../../shared/states.ts";
import type { HubEffect } from "../effects.ts";
import { decideJobIn } from "../ingest/decide.ts";
import { audit } from "../store/audit.ts";
import { findJob } from "../store/jobs.ts";
import type { SubmitDeps } from "./prepared.ts";

/** Stops what has not ended. Work at an agent ends at its next safe point, and the agent says how. */
export async function cancel(
  deps: SubmitDeps,
  id: JobId,
  reason: string,
  actor: string,
): Promise<readonly HubEffect[]> {
  const nowMs = deps.clock.nowMs();
  return deps.store.tx("job.cancel", async (tx): Promise<readonly HubEffect[]> => {
    const job = await findJob(tx, id);
    if (!job) throw new FarhandError("NOT_FOUND", `job ${id}`);
    const { state } = job.standing;
    if (state === "CANCELED") return [];
    if (isTerminal(jobMoves, state)) throw new FarhandError("CONFLICT", `job ${id} has ended: ${state}`);
    await audit(tx, nowMs, { actor, action: "job.cancel", object: id, decision: "allowed", detail: reason });
    return decideJobIn(tx, id, { type: "cancelRequested", reason }, { nowMs, random: deps.random });
  });
}
