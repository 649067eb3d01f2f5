import type { Clock } from "../../../shared/clock.ts";
import { FarhandError } from "../../../shared/errors.ts";
import type { AgentId, JobId } from "../../../shared/ids.ts";
import { isTerminal, assignmentMoves, TaskState } from "../../../shared/states.ts";
import type { Store, Tx } from "../../../shared/store.ts";
import type { Purpose } from "../../core/model.ts";
import { listContacts } from "../../store/agents.ts";
import { findBreakglass } from "../../store/breakglass.ts";
import { findJob, listJobs, taskCounts, type JobRecord } from "../../store/jobs.ts";
import { assignmentsOfJob, tasksOfJob, type TaskRowView } from "../../store/views.ts";
import type { AssignmentView, JobSummary, JobView, TaskView } from "../contract/views.ts";

type Reader = Pick<Tx, "get" | "all">;

export async function jobView(deps: { store: Store; clock: Clock }, id: JobId): Promise<JobView> {
  const live = new Set(
    (await listContacts(deps.store)).filter((row) => row.contact === "LIVE").map((row) => row.agent),
  );
  return deps.store.read(async (tx) => {
    const record = await findJob(tx, id);
    if (!record) throw new FarhandError("NOT_FOUND", `no job ${id}`);
    const assignments = await assignmentViews(tx, id, "work");
    const planning = await assignmentViews(tx, id, "plan");
    return {
      ...(await summaryOf(tx, record)),
      reason: record.reason,
      warrant: record.authority === "warrant" ? record.authoritySha256 : null,
      waiting: waitingText(record, assignments, planning, { live, nowMs: deps.clock.nowMs() }),
      assignments,
      planning,
    };
  });
}

const CURSOR_MAX = Number.MAX_SAFE_INTEGER;

/** Newest first; the cursor is the job's number. */
export async function jobPage(
  store: Store,
  query: {
    readonly limit: number;
    readonly after: string | undefined;
    readonly state: JobRecord["standing"]["state"] | undefined;
  },
): Promise<{ jobs: JobSummary[]; next: string | null }> {
  const before = query.after === undefined ? CURSOR_MAX : cursorOf(query.after);
  const records = await listJobs(store, { before, state: query.state ?? null, limit: query.limit });
  const jobs = await store.read(async (tx) => {
    const summaries: JobSummary[] = [];
    for (const record of records) summaries.push(await summaryOf(tx, record));
    return summaries;
  });
  const last = records.at(-1);
  return { jobs, next: last && records.length === query.limit ? String(last.number) : null };
}

export function cursorOf(after: string): number {
  const value = Number(after);
  if (!Number.isSafeInteger(value) || value < 0) throw new FarhandError("SCHEMA", "after: not a cursor of this list");
  return value;
}

async function summaryOf(tx: Reader, record: JobRecord): Promise<JobSummary> {
  const { id, kind, title, author, createdMs, risk, devices, authority, grantId, signers, standing } = record;
  const used = record.breakglass === null ? undefined : await findBreakglass(tx, record.breakglass);
  const work = await taskCounts(tx, id, "work");
  const counted = Object.keys(work).length > 0 ? work : await taskCounts(tx, id, "plan");
  const counts = Object.fromEntries(TaskState.options.map((state) => [state, counted[state] ?? 0]));
  return {
    id,
    kind,
    title,
    state: standing.state,
    author,
    createdMs,
    endedMs: standing.endedMs,
    risk,
    devices,
    counts: counts as JobSummary["counts"],
    authority,
    // A change's grant only made its plan; what allows the work is the warrant.
    grant: authority === "grant" ? grantId : null,
    signers: [...signers],
    signersNeeded: record.signersNeeded,
    breakglass: used ? { id: used.id, sha256: used.sha256, reason: record.reason } : null,
    code: standing.code,
  };
}

async function assignmentViews(tx: Reader, job: JobId, purpose: Purpose): Promise<AssignmentView[]> {
  const tasks = new Map<string, TaskView[]>();
  for (const row of await tasksOfJob(tx, job, purpose)) {
    const key = `${row.manifest} ${row.attempt}`;
    const held = tasks.get(key);
    if (held) held.push(taskView(row));
    else tasks.set(key, [taskView(row)]);
  }
  return (await assignmentsOfJob(tx, job, purpose)).map(({ plan: _plan, wave, ...row }) => ({
    ...row,
    wave: wave + 1,
    tasks: tasks.get(`${row.manifest} ${row.attempt}`) ?? [],
  }));
}

function taskView(row: TaskRowView): TaskView {
  const { device, state, late, step, atMs, outcome } = row;
  const planned = row.planned?.ok ? row.planned : null;
  const unplanned = row.planned && !row.planned.ok ? row.planned : null;
  return {
    device,
    state,
    late,
    step,
    code: row.code ?? unplanned?.code ?? null,
    detail: row.detail ?? unplanned?.detail ?? null,
    atMs,
    level: outcome?.level ?? planned?.level ?? null,
    before: outcome?.before ?? planned?.preImage ?? null,
    after: outcome?.after ?? null,
    plannedDiff: planned?.diff.sha256 ?? null,
    plannedCommands: planned?.commands.sha256 ?? null,
    diff: outcome?.diff?.sha256 ?? null,
    output: outcome?.output?.sha256 ?? null,
    transcript: outcome?.transcript?.sha256 ?? null,
    warnings: planned?.warnings ?? [],
    hints: planned?.hints ?? [],
  };
}

const utc = (ms: number): string => new Date(ms).toISOString();

/** Why it stands where it stands, in words that a person can act on. */
function waitingText(
  record: JobRecord,
  assignments: readonly AssignmentView[],
  planning: readonly AssignmentView[],
  at: { readonly live: ReadonlySet<AgentId>; readonly nowMs: number },
): string | null {
  switch (record.standing.state) {
    case "DRAFT":
      return absent(planning, at.live) ?? "the agents are planning";
    case "PLANNED":
    case "PENDING_APPROVAL":
      return signaturesText(record);
    case "APPROVED":
    case "SCHEDULED":
      return `it starts at ${utc(record.notBeforeMs)}`;
    case "ROLLING":
    case "PAUSED":
      return absent(assignments, at.live) ?? nextWaveText(record, at.nowMs);
    case "SUCCEEDED":
    case "PARTIAL":
    case "FAILED":
    case "CANCELED":
    case "EXPIRED":
      return record.detail;
    default:
      return record.standing.state satisfies never;
  }
}

function signaturesText(record: JobRecord): string {
  const { author, signers, signersNeeded } = record;
  const authorSigned = author !== null && signers.includes(author);
  const approvers = Math.max(0, signersNeeded - 1 - signers.filter((person) => person !== author).length);
  const wanted = [
    ...(authorSigned ? [] : [`its author ${author ?? ""} must sign`]),
    ...(approvers > 0 ? [`${approvers} more with the approver role for its sites must review and sign`] : []),
  ];
  return `${wanted.join("; ")} before ${utc(record.expMs)}: farhand sign ${record.id}`;
}

/** Agents that are to work and cannot be reached. */
function absent(views: readonly AssignmentView[], live: ReadonlySet<AgentId>): string | null {
  const open = views.filter((view) => !isTerminal(assignmentMoves, view.state) && view.state !== "PLANNED");
  const dark = [...new Set(open.map((view) => view.agent))].filter((agent) => !live.has(agent));
  return dark.length === 0
    ? null
    : `no contact with ${dark.slice(0, 8).join(", ")}${dark.length > 8 ? " and others" : ""}`;
}

function nextWaveText(record: JobRecord, nowMs: number): string | null {
  const next = record.standing.wave + 1;
  const wave = record.waves[next];
  return wave && wave.notBeforeMs > nowMs ? `wave ${next + 1} starts at ${utc(wave.notBeforeMs)}` : null;
}
