import { z } from "zod";
import { Deadlines } from "../../shared/documents/manifest.ts";
import { Authority } from "../../shared/documents/offer.ts";
import { FarhandError, isErrorCode } from "../../shared/errors.ts";
import { Digest, DeviceId, JobId, PersonId } from "../../shared/ids.ts";
import { AssignmentState, TaskState } from "../../shared/states.ts";
import { statements, type SqlRow, type Tx } from "../../shared/store.ts";
import {
  emptyAggregate,
  type Aggregate,
  type Assignment,
  type AssignmentKey,
  type Row,
  type Task,
  type TaskEvidence,
} from "../core/model.ts";
import { appendRecord } from "./outbox.ts";
import { int, intOrNull, json, text, textOrNull } from "./row.ts";

type Read = Pick<Tx, "all" | "get">;

const sql = statements("journal.assignment", {
  get: "SELECT * FROM assignment WHERE manifest = $manifest AND attempt = $attempt",
  signers: "SELECT signers FROM assignment WHERE manifest = $manifest AND attempt = $attempt",
  cancelOf: "SELECT generation, reason FROM cancel WHERE manifest = $manifest AND attempt = $attempt",
  tasks: `SELECT device, state, code, detail, applies, probes, started_at_ms, ended_at_ms
          FROM task WHERE manifest = $manifest AND attempt = $attempt ORDER BY position`,
  taskState: "SELECT state FROM task WHERE manifest = $manifest AND attempt = $attempt AND device = $device",
  evidence:
    "SELECT device, evidence FROM task WHERE manifest = $manifest AND attempt = $attempt AND evidence IS NOT NULL",
  put: `INSERT INTO assignment (manifest, attempt, sequence, fence, job, authority_kind, authority_sha256, signers, not_before_ms, exp_ms,
          deadlines, state, wait_reason, code, detail, offered_at_ms, started_at_ms, job_deadline_ms, ended_at_ms, starts, receipt, settled)
        VALUES ($manifest, $attempt, $sequence, $fence, $job, $authorityKind, $authoritySha256, $signers, $notBeforeMs, $expMs,
          $deadlines, $state, $waitReason, $code, $detail, $offeredAtMs, $startedAtMs, $jobDeadlineMs, $endedAtMs, $starts, $receipt, $settled)
        ON CONFLICT (manifest, attempt) DO UPDATE SET
          state = excluded.state, wait_reason = excluded.wait_reason, code = excluded.code, detail = excluded.detail,
          started_at_ms = excluded.started_at_ms, job_deadline_ms = excluded.job_deadline_ms, ended_at_ms = excluded.ended_at_ms,
          starts = excluded.starts, receipt = excluded.receipt, settled = excluded.settled`,
  putCancel: `INSERT INTO cancel (manifest, attempt, generation, reason) VALUES ($manifest, $attempt, $generation, $reason)
        ON CONFLICT (manifest, attempt) DO UPDATE SET generation = excluded.generation, reason = excluded.reason
        WHERE excluded.generation > cancel.generation`,
  putTask: `INSERT INTO task (manifest, attempt, position, device, state, code, detail, applies, probes, started_at_ms, ended_at_ms, evidence)
        VALUES ($manifest, $attempt, $position, $device, $state, $code, $detail, $applies, $probes, $startedAtMs, $endedAtMs, $evidence)
        ON CONFLICT (manifest, attempt, position) DO UPDATE SET
          state = excluded.state, code = excluded.code, detail = excluded.detail, applies = excluded.applies, probes = excluded.probes,
          started_at_ms = excluded.started_at_ms, ended_at_ms = excluded.ended_at_ms, evidence = coalesce(excluded.evidence, task.evidence)`,
  unsettled:
    "SELECT manifest, attempt, sequence, state FROM assignment WHERE settled = 0 ORDER BY sequence LIMIT $limit",
  recent: "SELECT * FROM assignment ORDER BY offered_at_ms DESC, sequence DESC LIMIT $limit",
  unknownDevices: "SELECT manifest, attempt, device FROM task WHERE state = 'UNKNOWN'",
  touchedDevices: "SELECT manifest, attempt, device FROM task WHERE state IN ('APPLYING', 'CONFIRM_WAIT', 'UNKNOWN')",
  // ROLLED_BACK was read back as the device was before; everything else that began to apply may still be in force.
  changedIn: `SELECT attempt FROM task WHERE manifest = $manifest AND attempt <> $attempt AND device = $device
        AND (state = 'DONE' OR (applies > 0 AND state <> 'ROLLED_BACK')) LIMIT 1`,
  openCount: `SELECT count(*) AS n FROM assignment
        WHERE state IN ('ACCEPTED', 'WAITING', 'RUNNING', 'RECONCILING')`,
});

const keyOf = (key: AssignmentKey) => ({ manifest: key.manifest, attempt: key.attempt });

/**
 * The aggregate from its rows. Evidence stays in the table: the core never looks inside, and a save without it keeps what is
 * stored, so that an assignment of a thousand devices is cheap to load for each of its events.
 */
export async function loadAggregate(tx: Read, key: AssignmentKey): Promise<Aggregate> {
  const row = await tx.get(sql.get, keyOf(key));
  const cancel = await tx.get(sql.cancelOf, keyOf(key));
  const tasks = row ? await tx.all(sql.tasks, keyOf(key)) : [];
  return {
    ...emptyAggregate(key),
    assignment: row ? readAssignment(row) : null,
    cancel: cancel ? { generation: int(cancel, "generation"), reason: text(cancel, "reason") } : null,
    tasks: tasks.map(readTask),
  };
}

export async function taskState(tx: Read, key: AssignmentKey, device: DeviceId): Promise<TaskState | undefined> {
  const row = await tx.get(sql.taskState, { ...keyOf(key), device });
  return row ? TaskState.parse(text(row, "state")) : undefined;
}

export async function signersOf(tx: Read, key: AssignmentKey): Promise<readonly PersonId[]> {
  const row = await tx.get(sql.signers, keyOf(key));
  return row ? z.array(PersonId).parse(json(row, "signers")) : [];
}

/** Stores what a decision changed, its records for the hub included: one transaction, one truth. */
export async function saveRows(tx: Tx, rows: readonly Row[]): Promise<void> {
  for (const row of rows) {
    switch (row.type) {
      case "assignment":
        await tx.run(sql.put, assignmentColumns(row.key, row.assignment));
        break;
      case "task":
        await tx.run(sql.putTask, taskColumns(row.key, row.order, row.task));
        break;
      case "cancel":
        await tx.run(sql.putCancel, {
          ...keyOf(row.key),
          generation: row.cancel.generation,
          reason: row.cancel.reason,
        });
        break;
      case "outbox":
        await appendRecord(tx, row.record);
        break;
      default:
        row satisfies never;
    }
  }
}

export async function loadEvidence(tx: Read, key: AssignmentKey): Promise<ReadonlyMap<DeviceId, TaskEvidence>> {
  const rows = await tx.all(sql.evidence, keyOf(key));
  return new Map(rows.map((row) => [DeviceId.parse(text(row, "device")), json(row, "evidence") as TaskEvidence]));
}

export interface OpenAssignment extends AssignmentKey {
  readonly sequence: number;
  readonly state: AssignmentState;
}

/** What the hub may not know yet, oldest first. */
export async function unsettled(tx: Read, limit: number): Promise<OpenAssignment[]> {
  return (await tx.all(sql.unsettled, { limit })).map((row) => ({
    ...readKey(row),
    sequence: int(row, "sequence"),
    state: AssignmentState.parse(text(row, "state")),
  }));
}

export async function recentAssignments(
  tx: Read,
  limit: number,
): Promise<{ key: AssignmentKey; assignment: Assignment }[]> {
  return (await tx.all(sql.recent, { limit })).map((row) => ({ key: readKey(row), assignment: readAssignment(row) }));
}

export async function unknownTasks(tx: Read): Promise<{ key: AssignmentKey; device: DeviceId }[]> {
  return (await tx.all(sql.unknownDevices)).map((row) => ({
    key: readKey(row),
    device: DeviceId.parse(text(row, "device")),
  }));
}

/** Devices that a change may have left in any state: no other change may have them before they are asked. */
export async function touchedTasks(tx: Read): Promise<{ key: AssignmentKey; device: DeviceId }[]> {
  return (await tx.all(sql.touchedDevices)).map((row) => ({
    key: readKey(row),
    device: DeviceId.parse(text(row, "device")),
  }));
}

/** Another attempt at the same manifest that changed this device, or may have: an attempt is only for devices that none has changed. */
export async function changedIn(tx: Read, key: AssignmentKey, device: DeviceId): Promise<number | undefined> {
  const row = await tx.get(sql.changedIn, { ...keyOf(key), device });
  return row ? int(row, "attempt") : undefined;
}

export async function openCount(tx: Read): Promise<number> {
  const row = await tx.get(sql.openCount);
  return row ? int(row, "n") : 0;
}

const readKey = (row: SqlRow): AssignmentKey => ({
  manifest: Digest.parse(text(row, "manifest")),
  attempt: int(row, "attempt"),
});

const codeOrNull = (row: SqlRow, column: string) => {
  const value = textOrNull(row, column);
  if (value !== null && !isErrorCode(value)) throw new FarhandError("JOURNAL_CORRUPT", `code ${value}`);
  return value;
};

const WaitReason = z.enum(["window", "lock", "clock", "admission"]);

function readAssignment(row: SqlRow): Assignment {
  const job = textOrNull(row, "job");
  const deadlines = textOrNull(row, "deadlines");
  const waitReason = textOrNull(row, "wait_reason");
  const receipt = textOrNull(row, "receipt");
  return {
    sequence: int(row, "sequence"),
    fence: int(row, "fence"),
    job: job === null ? null : JobId.parse(job),
    authority: Authority.parse({ kind: text(row, "authority_kind"), sha256: text(row, "authority_sha256") }),
    signers: z.array(PersonId).parse(json(row, "signers")),
    notBeforeMs: int(row, "not_before_ms"),
    expMs: int(row, "exp_ms"),
    deadlines: deadlines === null ? null : Deadlines.parse(JSON.parse(deadlines)),
    state: AssignmentState.parse(text(row, "state")),
    waitReason: waitReason === null ? null : WaitReason.parse(waitReason),
    code: codeOrNull(row, "code"),
    detail: textOrNull(row, "detail"),
    offeredAtMs: int(row, "offered_at_ms"),
    startedAtMs: intOrNull(row, "started_at_ms"),
    jobDeadlineMs: intOrNull(row, "job_deadline_ms"),
    endedAtMs: intOrNull(row, "ended_at_ms"),
    starts: int(row, "starts"),
    receipt: receipt === null ? null : Digest.parse(receipt),
    settled: int(row, "settled") === 1,
  };
}

function assignmentColumns(key: AssignmentKey, assignment: Assignment) {
  const { authority, signers, deadlines, settled, ...rest } = assignment;
  return {
    ...keyOf(key),
    ...rest,
    authorityKind: authority.kind,
    authoritySha256: authority.sha256,
    signers: JSON.stringify(signers),
    deadlines: deadlines === null ? null : JSON.stringify(deadlines),
    settled: settled ? 1 : 0,
  };
}

const TASK_STATES: ReadonlySet<string> = new Set(TaskState.options);

/** Without a schema per column: an assignment of a thousand devices is read for each of its events, and this file wrote it. */
function readTask(row: SqlRow): Task {
  const state = text(row, "state");
  if (!TASK_STATES.has(state)) throw new FarhandError("JOURNAL_CORRUPT", `task state ${state}`);
  return {
    device: text(row, "device") as DeviceId,
    state: state as TaskState,
    code: codeOrNull(row, "code"),
    detail: textOrNull(row, "detail"),
    applies: int(row, "applies"),
    probes: int(row, "probes"),
    startedAtMs: intOrNull(row, "started_at_ms"),
    endedAtMs: intOrNull(row, "ended_at_ms"),
    evidence: null,
  };
}

function taskColumns(key: AssignmentKey, position: number, task: Task) {
  const { evidence, ...rest } = task;
  return { ...keyOf(key), ...rest, position, evidence: evidence === null ? null : JSON.stringify(evidence) };
}
