import { decideAssignment } from "../core/assignment.ts";
import {
  applyAssignmentRows,
  type AssignmentAggregate,
  type AssignmentEffect,
  type AssignmentEvent,
} from "../core/assignment-model.ts";
import { decideJob, type JobEffect, type JobEvent } from "../core/job.ts";
import type { AssignmentKey, Random } from "../core/model.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { DeviceId, JobId } from "../../shared/ids.ts";
import type { Store, Tx } from "../../shared/store.ts";
import { loadAssignment, saveAssignmentRows } from "../store/assignments.ts";
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
  for (const event of events) {
    const decision = decideAssignment(aggregate, event, at.nowMs, at.random);
    aggregate = applyAssignmentRows(aggregate, decision.rows);
    await saveAssignmentRows(tx, decision.rows, at.nowMs);
    effects.push(...decision.effects);
  }
  return { aggregate, effects };
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
