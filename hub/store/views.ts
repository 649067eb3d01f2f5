import type { Purpose } from "../core/model.ts";
import type { PlannedDevice, PlanReceipt, TaskOutcome } from "../../shared/documents/receipt.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import type { AgentId, DeviceId, Digest, JobId, SiteId } from "../../shared/ids.ts";
import type { AssignmentState, TaskState } from "../../shared/states.ts";
import { statements, type SqlRow, type Tx } from "../../shared/store.ts";
import { int, intOrNull, json, named, namedOrNull, textOrNull } from "./columns.ts";

/** Rows as people look at them: read only. */
const sql = statements("view", {
  assignments: `SELECT manifest, attempt, agent, site, wave, state, code, reason, receipt, plan, late_state, late_code
                FROM assignment
                WHERE job = :job AND purpose = :purpose ORDER BY position, attempt`,
  tasks: `SELECT manifest, attempt, device, state, step, code, detail, at_ms, planned, outcome, late_state FROM task
          WHERE job = :job AND purpose = :purpose ORDER BY manifest, attempt, position`,
  newest: `SELECT public_sha256, taken_ms FROM snapshot WHERE device = :device ORDER BY taken_ms DESC LIMIT 1`,
  lastTask: `SELECT t.job, t.state FROM task AS t JOIN job AS j ON j.id = t.job
             WHERE t.device = :device AND t.purpose = 'work' ORDER BY j.number DESC, t.attempt DESC LIMIT 1`,
});

type Reader = Pick<Tx, "get" | "all">;
type UnplannedDevice = Extract<PlanReceipt["devices"][number], { ok: false }>;

export interface AssignmentRowView {
  readonly manifest: Digest;
  readonly attempt: number;
  readonly agent: AgentId;
  readonly site: SiteId;
  readonly wave: number;
  readonly state: AssignmentState;
  readonly code: ErrorCode | null;
  readonly reason: string | null;
  readonly receipt: Digest | null;
  /** What its agent said after it had been given up. */
  readonly late: { readonly state: AssignmentState; readonly code: ErrorCode | null } | null;
  /** Digest of the agent's signed plan, of planning work. */
  readonly plan: Digest | null;
}

export interface TaskRowView {
  readonly manifest: Digest;
  readonly attempt: number;
  readonly device: DeviceId;
  readonly state: TaskState;
  readonly step: string | null;
  readonly code: ErrorCode | null;
  readonly detail: string | null;
  readonly atMs: number | null;
  readonly planned: PlannedDevice | UnplannedDevice | null;
  readonly outcome: TaskOutcome | null;
  readonly late: TaskState | null;
}

function lateOf(row: SqlRow): AssignmentRowView["late"] {
  const state = namedOrNull<AssignmentState>(row, "late_state");
  return state === null ? null : { state, code: namedOrNull<ErrorCode>(row, "late_code") };
}

export async function assignmentsOfJob(tx: Reader, job: JobId, purpose: Purpose): Promise<AssignmentRowView[]> {
  return (await tx.all(sql.assignments, { job, purpose })).map((row) => ({
    manifest: named<Digest>(row, "manifest"),
    attempt: int(row, "attempt"),
    agent: named<AgentId>(row, "agent"),
    site: named<SiteId>(row, "site"),
    wave: int(row, "wave"),
    state: named<AssignmentState>(row, "state"),
    code: namedOrNull<ErrorCode>(row, "code"),
    reason: textOrNull(row, "reason"),
    receipt: namedOrNull<Digest>(row, "receipt"),
    plan: namedOrNull<Digest>(row, "plan"),
    late: lateOf(row),
  }));
}

export async function tasksOfJob(tx: Reader, job: JobId, purpose: Purpose): Promise<TaskRowView[]> {
  return (await tx.all(sql.tasks, { job, purpose })).map((row) => ({
    manifest: named<Digest>(row, "manifest"),
    attempt: int(row, "attempt"),
    device: named<DeviceId>(row, "device"),
    state: named<TaskState>(row, "state"),
    step: textOrNull(row, "step"),
    code: namedOrNull<ErrorCode>(row, "code"),
    detail: textOrNull(row, "detail"),
    atMs: intOrNull(row, "at_ms"),
    planned: row["planned"] === null ? null : json<PlannedDevice | UnplannedDevice>(row, "planned"),
    outcome: row["outcome"] === null ? null : json<TaskOutcome>(row, "outcome"),
    late: namedOrNull<TaskState>(row, "late_state"),
  }));
}

export interface DeviceStanding {
  readonly config: Digest | null;
  readonly collectedMs: number | null;
  readonly lastJob: JobId | null;
  readonly lastState: TaskState | null;
}

export async function deviceStanding(tx: Reader, device: DeviceId): Promise<DeviceStanding> {
  const newest = await tx.get(sql.newest, { device });
  const last = await tx.get(sql.lastTask, { device });
  return {
    config: newest ? named<Digest>(newest, "public_sha256") : null,
    collectedMs: newest ? int(newest, "taken_ms") : null,
    lastJob: last ? named<JobId>(last, "job") : null,
    lastState: last ? named<TaskState>(last, "state") : null,
  };
}
