import { decideAssignment } from "../core/assignment.ts";
import {
  applyAssignmentRows,
  type AssignmentAggregate,
  type AssignmentEffect,
  type AssignmentEvent,
} from "../core/assignment-model.ts";
import { decideJob, type JobEffect, type JobEvent } from "../core/job.ts";
import type { AssignmentKey, Random } from "../core/model.ts";
import { FarhandError, type ErrorCode } from "../../shared/errors.ts";
import type { DeviceId, JobId } from "../../shared/ids.ts";
import { assignmentMoves, isTerminal } from "../../shared/states.ts";
import type { Store, Tx } from "../../shared/store.ts";
import { loadAssignment, saveAssignmentRows } from "../store/assignments.ts";
import { audit } from "../store/audit.ts";
import { loadJob, saveJobRows } from "../store/jobs.ts";

export interface At {
  readonly nowMs: number;
  readonly random: Random;
}

/** Devices whose tasks the events speak of. */
function* devicesOf(events: readonly AssignmentEvent[]): Generator<DeviceId> {
  for (const event of events) {
    if (event.type === "task") yield event.word.device;
    else if (event.type === "receipt") for (const task of event.tasks) yield task.device;
  }
}

export interface Decided {
  readonly aggregate: AssignmentAggregate;
  readonly effects: readonly AssignmentEffect[];
}

/** Loads the assignment, decides each event in turn and saves, in the caller's transaction. */
export async function decideAssignmentIn(
  tx: Tx,
  key: AssignmentKey,
  events: readonly AssignmentEvent[],
  at: At,
): Promise<Decided | undefined> {
  const loaded = await loadAssignment(tx, key, devicesOf(events));
  return loaded && decideLoadedIn(tx, loaded, events, at);
}

export async function decideLoadedIn(
  tx: Tx,
  loaded: AssignmentAggregate,
  events: readonly AssignmentEvent[],
  at: At,
): Promise<Decided> {
  let aggregate = loaded;
  const effects: AssignmentEffect[] = [];
  const wasEnded = isTerminal(assignmentMoves, loaded.standing.state);
  for (const event of events) {
    const decision = decideAssignment(aggregate, event, at.nowMs, at.random);
    aggregate = applyAssignmentRows(aggregate, decision.rows);
    await saveAssignmentRows(tx, decision.rows, at.nowMs);
    effects.push(...decision.effects);
  }
  if (!wasEnded) await noteRefusal(tx, aggregate, at.nowMs);
  return { aggregate, effects };
}

/** What an agent refuses by its own authority after it has taken the work. Whatever it does not take at all it refuses as REJECTED. */
const OWN_CODES: ReadonlySet<ErrorCode> = new Set([
  "LOCAL_POLICY",
  "LOCAL_POLICY_FILE",
  "LOCAL_STOP",
  "LOCAL_WINDOW",
  "LOCAL_LIMIT",
  "HELD",
  "STATE_ROLLBACK",
]);

/** An agent's no stands in the audit log beside what people signed. */
async function noteRefusal(tx: Tx, { identity, standing }: AssignmentAggregate, nowMs: number): Promise<void> {
  const { state, code, reason } = standing;
  if (code === null || !(state === "REJECTED" || (state === "FAILED" && OWN_CODES.has(code)))) return;
  await audit(tx, nowMs, {
    actor: `agent:${identity.agent}`,
    action: "work.refuse",
    object: `job ${identity.job}`,
    digest: identity.key.manifest,
    decision: "refused",
    code,
    ...(reason === null ? {} : { detail: reason }),
  });
}

/** The same for a job. Throws NOT_FOUND. */
export async function decideJobIn(tx: Tx, id: JobId, event: JobEvent, at: At): Promise<readonly JobEffect[]> {
  const loaded = await loadJob(tx, id);
  if (!loaded) throw new FarhandError("NOT_FOUND", `job ${id}`);
  const decision = decideJob(loaded.job, event, at.nowMs, at.random);
  await saveJobRows(tx, decision.rows, at.nowMs);
  return decision.effects;
}

/** Looks first without a transaction: most ticks change nothing. */
export async function tickJob(store: Store, id: JobId, event: JobEvent, at: At): Promise<readonly JobEffect[]> {
  const loaded = await store.read((tx) => loadJob(tx, id));
  if (!loaded) return [];
  const idle = decideJob(loaded.job, event, at.nowMs, at.random);
  if (idle.rows.length === 0) return idle.effects;
  return store.tx("job.tick", (tx) => decideJobIn(tx, id, event, at));
}
