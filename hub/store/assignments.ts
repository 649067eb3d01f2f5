import type {
  AssignmentAggregate,
  AssignmentIdentity,
  AssignmentRow,
  AssignmentStanding,
  TaskWord,
} from "../core/assignment-model.ts";
import type { AssignmentKey, Purpose } from "../core/model.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import type { AgentId, DeviceId, Digest, JobId, SiteId } from "../../shared/ids.ts";
import type { AssignmentState, TaskState } from "../../shared/states.ts";
import { statements, type SqlRow, type Tx } from "../../shared/store.ts";
import { int, intOrNull, named, namedOrNull, text, textOrNull } from "./columns.ts";
import { addMessage } from "./messages.ts";
import { addWatchEvent } from "./watch.ts";

const OPEN_TASKS = "('QUEUED', 'PRECHECK', 'APPLYING', 'CONFIRM_WAIT', 'UNKNOWN')";

const sql = statements("assignment", {
  get: "SELECT * FROM assignment WHERE manifest = :manifest AND attempt = :attempt",
  add: `INSERT INTO assignment (manifest, attempt, job, purpose, agent, site, wave, position, exp_ms, state, settled)
        VALUES (:manifest, :attempt, :job, :purpose, :agent, :site, :wave, :position, :expMs, 'PLANNED', 0)`,
  again: `INSERT INTO assignment (manifest, attempt, job, purpose, agent, site, wave, position, exp_ms, state, settled)
          SELECT manifest, :next, job, purpose, :agent, site, wave, position, exp_ms, 'PLANNED', 0
          FROM assignment WHERE manifest = :manifest AND attempt = :attempt`,
  againTasks: `INSERT INTO task (manifest, attempt, device, job, purpose, position, state, planned)
               SELECT manifest, :next, device, job, purpose, position, 'QUEUED', planned
               FROM task WHERE manifest = :manifest AND attempt = :attempt`,
  newest: `SELECT a.* FROM assignment AS a WHERE a.job = :job AND a.purpose = 'work'
           AND a.attempt = (SELECT max(b.attempt) FROM assignment AS b WHERE b.manifest = a.manifest)
           ORDER BY a.position`,
  addTask: `INSERT INTO task (manifest, attempt, device, job, purpose, position, state, planned)
            VALUES (:manifest, :attempt, :device, :job, :purpose, :position, 'QUEUED', :planned)`,
  save: `UPDATE assignment SET state = :state, code = :code, reason = :reason, sequence = :sequence, fence = :fence,
           cancel_generation = :cancelGeneration, cancel_reason = :cancelReason, receipt = :receipt, settled = :settled,
           late_state = :lateState, late_code = :lateCode, late_ms = :lateMs
         WHERE manifest = :manifest AND attempt = :attempt`,
  task: `SELECT device, state, step, code, detail, at_ms FROM task
         WHERE manifest = :manifest AND attempt = :attempt AND device = :device`,
  saveTask: `UPDATE task SET state = :state, step = :step, code = :code, detail = :detail, at_ms = :atMs
             WHERE manifest = :manifest AND attempt = :attempt AND device = :device`,
  lateTask: `UPDATE task SET late_state = :state
             WHERE manifest = :manifest AND attempt = :attempt AND device = :device AND late_state IS NULL`,
  closeTasks: `UPDATE task SET state = :state, code = :code, at_ms = :atMs
               WHERE manifest = :manifest AND attempt = :attempt AND state IN ${OPEN_TASKS}`,
  open: `SELECT * FROM assignment
         WHERE agent = :agent AND state IN ('DELIVERED', 'ACCEPTED', 'WAITING', 'RUNNING', 'RECONCILING')`,
  servable: `SELECT manifest, attempt FROM assignment WHERE agent = :agent AND state IN ('OFFERED', 'DELIVERED')
             ORDER BY sequence IS NULL, sequence, position LIMIT :limit`,
  unended: `SELECT manifest, attempt FROM assignment WHERE agent = :agent
            AND state IN ('PLANNED', 'OFFERED', 'DELIVERED', 'ACCEPTED', 'WAITING', 'RUNNING', 'RECONCILING')`,
  overdue: `SELECT manifest, attempt FROM assignment
            WHERE state IN ('PLANNED', 'OFFERED') AND exp_ms <= :nowMs LIMIT :limit`,
  waitingAgents: "SELECT DISTINCT agent FROM assignment WHERE state = 'OFFERED'",
  running: `SELECT agent, count(*) AS n FROM assignment
            WHERE state IN ('ACCEPTED', 'WAITING', 'RUNNING', 'RECONCILING') GROUP BY agent`,
});

export interface NewTask {
  readonly device: DeviceId;
  /** The device's part of the agent-signed plan, as JSON; null where there is none. */
  readonly planned: string | null;
}

export async function addAssignment(
  tx: Tx,
  identity: AssignmentIdentity,
  position: number,
  tasks: readonly NewTask[],
): Promise<void> {
  const { key, job, purpose, agent, site, wave, expMs } = identity;
  await tx.run(sql.add, { ...key, job, purpose, agent, site, wave, position, expMs });
  for (const [index, { device, planned }] of tasks.entries()) {
    await tx.run(sql.addTask, { ...key, device, job, purpose, position: index, planned });
  }
}

/** The same work once more, at another agent; its number. */
export async function addAttempt(tx: Tx, key: AssignmentKey, agent: AgentId): Promise<AssignmentKey> {
  const next = key.attempt + 1;
  await tx.run(sql.again, { ...key, next, agent });
  await tx.run(sql.againTasks, { ...key, next });
  return { manifest: key.manifest, attempt: next };
}

/** Of each manifest of a job its last attempt. */
export async function newestAttempts(tx: Reader, job: JobId): Promise<AssignmentAggregate[]> {
  return (await tx.all(sql.newest, { job })).map((row) => aggregateOf(row, []));
}

const cancelOf = (row: SqlRow): AssignmentStanding["cancel"] => {
  const generation = intOrNull(row, "cancel_generation");
  return generation === null ? null : { generation, reason: text(row, "cancel_reason") };
};

const lateOf = (row: SqlRow): AssignmentStanding["late"] => {
  const state = namedOrNull<AssignmentState>(row, "late_state");
  return state === null ? null : { state, code: namedOrNull<ErrorCode>(row, "late_code"), atMs: int(row, "late_ms") };
};

function aggregateOf(row: SqlRow, tasks: readonly TaskWord[]): AssignmentAggregate {
  return {
    identity: {
      key: { manifest: named<Digest>(row, "manifest"), attempt: int(row, "attempt") },
      job: named<JobId>(row, "job"),
      purpose: named<Purpose>(row, "purpose"),
      agent: named<AgentId>(row, "agent"),
      site: named<SiteId>(row, "site"),
      wave: int(row, "wave"),
      expMs: int(row, "exp_ms"),
    },
    standing: {
      state: named<AssignmentState>(row, "state"),
      code: namedOrNull<ErrorCode>(row, "code"),
      reason: textOrNull(row, "reason"),
      sequence: intOrNull(row, "sequence"),
      fence: intOrNull(row, "fence"),
      cancel: cancelOf(row),
      receipt: namedOrNull<Digest>(row, "receipt"),
      settled: int(row, "settled") === 1,
      late: lateOf(row),
    },
    tasks,
  };
}

type Reader = Pick<Tx, "get" | "all">;

/** The aggregate with those tasks that the events will speak of. */
export async function loadAssignment(
  tx: Reader,
  key: AssignmentKey,
  devices: Iterable<DeviceId> = [],
): Promise<AssignmentAggregate | undefined> {
  const row = await tx.get(sql.get, { ...key });
  if (!row) return undefined;
  const tasks: TaskWord[] = [];
  for (const device of new Set(devices)) {
    const task = await tx.get(sql.task, { ...key, device });
    if (!task) continue;
    tasks.push({
      device,
      state: named<TaskState>(task, "state"),
      step: textOrNull(task, "step"),
      code: namedOrNull<ErrorCode>(task, "code"),
      detail: textOrNull(task, "detail"),
      atMs: intOrNull(task, "at_ms") ?? 0,
    });
  }
  return aggregateOf(row, tasks);
}

export async function saveAssignmentRows(tx: Tx, rows: readonly AssignmentRow[], nowMs: number): Promise<void> {
  for (const row of rows) {
    switch (row.type) {
      case "assignment":
        await saveStanding(tx, row.key, row.standing);
        break;
      case "task": {
        const { device, state, step, code, detail, atMs } = row.word;
        await tx.run(sql.saveTask, { ...row.key, device, state, step, code, detail, atMs });
        break;
      }
      case "lateTask":
        await tx.run(sql.lateTask, { ...row.key, device: row.device, state: row.state });
        break;
      case "tasksClosed":
        await tx.run(sql.closeTasks, { ...row.key, state: row.state, code: row.code, atMs: nowMs });
        break;
      case "message":
        await addMessage(tx, row.message);
        break;
      case "watch":
        await addWatchEvent(tx, nowMs, row.event);
        break;
      default:
        row satisfies never;
    }
  }
}

async function saveStanding(tx: Tx, key: AssignmentKey, standing: AssignmentStanding): Promise<void> {
  const { state, code, reason, sequence, fence, cancel, receipt, settled, late } = standing;
  await tx.run(sql.save, {
    ...key,
    state,
    code,
    reason,
    sequence,
    fence,
    cancelGeneration: cancel?.generation ?? null,
    cancelReason: cancel?.reason ?? null,
    receipt,
    settled: settled ? 1 : 0,
    lateState: late?.state ?? null,
    lateCode: late?.code ?? null,
    lateMs: late?.atMs ?? null,
  });
}

const keyOf = (row: SqlRow): AssignmentKey => ({
  manifest: named<Digest>(row, "manifest"),
  attempt: int(row, "attempt"),
});

/** Those that the agent has, or may have, and has not ended. */
export async function openAssignmentsOf(tx: Reader, agent: AgentId): Promise<AssignmentAggregate[]> {
  return (await tx.all(sql.open, { agent })).map((row) => aggregateOf(row, []));
}

/** All that have not come to an end, served or not. */
export async function unendedAssignmentsOf(tx: Reader, agent: AgentId): Promise<AssignmentKey[]> {
  return (await tx.all(sql.unended, { agent })).map(keyOf);
}

/** What a pull may take, in the order of their sequence: an agent never sees a later one before an earlier one. */
export async function servableTo(tx: Reader, agent: AgentId, limit: number): Promise<AssignmentKey[]> {
  return (await tx.all(sql.servable, { agent, limit })).map(keyOf);
}

export async function overdueAssignments(tx: Reader, nowMs: number, limit: number): Promise<AssignmentKey[]> {
  return (await tx.all(sql.overdue, { nowMs, limit })).map(keyOf);
}

export async function agentsWithOffers(tx: Reader): Promise<AgentId[]> {
  return (await tx.all(sql.waitingAgents)).map((row) => named<AgentId>(row, "agent"));
}

export async function runningByAgent(tx: Reader): Promise<Map<AgentId, number>> {
  return new Map((await tx.all(sql.running)).map((row) => [named<AgentId>(row, "agent"), int(row, "n")]));
}
