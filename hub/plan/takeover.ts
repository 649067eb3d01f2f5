import { fromBase64url, parseCanonical } from "../../shared/bytes.ts";
import { Manifest } from "../../shared/documents/manifest.ts";
import { Warrant } from "../../shared/documents/warrant.ts";
import { readAs } from "../../shared/envelope.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { AgentId, JobId } from "../../shared/ids.ts";
import { assignmentMoves, isTerminal, jobMoves } from "../../shared/states.ts";
import type { Tx } from "../../shared/store.ts";
import { agentEntry } from "../../shared/trust.ts";
import type { AssignmentAggregate } from "../core/assignment-model.ts";
import type { HubEffect } from "../effects.ts";
import { decideAssignmentIn, decideLoadedIn } from "../ingest/decide.ts";
import { contactOfAgent } from "../store/agents.ts";
import { addAttempt, newestAttempts } from "../store/assignments.ts";
import { audit } from "../store/audit.ts";
import { findJob } from "../store/jobs.ts";
import { findManifest, findWarrant } from "../store/work.ts";
import type { SubmitDeps } from "./prepared.ts";

/**
 * Gives what has not ended of a change to an agent that its manifests name as a standby: another attempt, with another fence. The standby
 * asks each device; what the first agent did, or still does, comes beside it. Only of an agent that is not there: one that is, is told to stop.
 */
export async function takeOver(
  deps: SubmitDeps,
  id: JobId,
  to: { readonly agent: AgentId; readonly reason: string },
  actor: string,
): Promise<readonly HubEffect[]> {
  const at = { nowMs: deps.clock.nowMs(), random: deps.random };
  const agents = deps.trust.require().agents?.document;
  const standby = agents && agentEntry(agents, to.agent);
  if (standby?.status !== "active") throw new FarhandError("WRONG_AGENT", `${to.agent} is no approved agent`);
  return deps.store.tx("job.takeover", async (tx): Promise<readonly HubEffect[]> => {
    const job = await findJob(tx, id);
    if (!job) throw new FarhandError("NOT_FOUND", `job ${id}`);
    if (isTerminal(jobMoves, job.standing.state))
      throw new FarhandError("CONFLICT", `job ${id} has ended: ${job.standing.state}`);
    if (job.kind !== "change") throw new FarhandError("CONFLICT", `a ${job.kind} is not taken over; submit it again`);
    if (job.standing.cancelReason !== null) throw new FarhandError("CONFLICT", `job ${id} is being canceled`);
    const attemptsMax = await attemptsMaxOf(tx, id);
    const taken: AssignmentAggregate[] = [];
    for (const held of await newestAttempts(tx, id)) if (await isFor(tx, held, to.agent)) taken.push(held);
    if (taken.length === 0)
      throw new FarhandError(
        "CONFLICT",
        `no manifest of job ${id} that has not ended names ${to.agent} as its standby`,
      );
    for (const { identity } of taken) {
      const contact = await contactOfAgent(tx, identity.agent);
      if (contact?.contact === "LIVE")
        throw new FarhandError(
          "CONFLICT",
          `${identity.agent} is LIVE and has it: cancel the job, it stops where it is safe`,
        );
      if (identity.key.attempt >= attemptsMax)
        throw new FarhandError("ATTEMPTS", `${attemptsMax} was signed: have a new plan signed with --attempts`);
    }
    const effects: HubEffect[] = [];
    for (const held of taken) {
      const { key, agent } = held.identity;
      const wasReleased = held.standing.state !== "PLANNED";
      const why = `taken over by ${to.agent} as attempt ${key.attempt + 1}: ${to.reason}`;
      const given = await decideLoadedIn(tx, held, [{ type: "takenOver", reason: why }], at);
      const next = await addAttempt(tx, key, to.agent);
      const made = wasReleased ? await decideAssignmentIn(tx, next, [{ type: "released" }], at) : undefined;
      effects.push(...given.effects, ...(made?.effects ?? []));
      await audit(tx, at.nowMs, {
        actor,
        action: "job.takeover",
        object: id,
        digest: key.manifest,
        decision: "allowed",
        detail: `from ${agent} to ${to.agent}, attempt ${next.attempt}: ${to.reason}`,
      });
    }
    return effects;
  });
}

async function attemptsMaxOf(tx: Tx, id: JobId): Promise<number> {
  const warrant = await findWarrant(tx, id);
  if (!warrant) throw new FarhandError("CONFLICT", `job ${id} has no warrant yet`);
  return readAs(Warrant, parseCanonical(fromBase64url(warrant.payload))).attemptsMax;
}

/** Not ended, not its own already, and signed for it. */
async function isFor(tx: Tx, { identity, standing }: AssignmentAggregate, agent: AgentId): Promise<boolean> {
  if (isTerminal(assignmentMoves, standing.state) || identity.agent === agent) return false;
  const stored = await findManifest(tx, identity.key.manifest);
  return stored !== undefined && readAs(Manifest, parseCanonical(stored.bytes)).agents.includes(agent);
}
