import type { Counts, JobAggregate, JobRow, JobStanding } from "../core/job.ts";
import { NONE } from "../core/job.ts";
import type { Purpose } from "../core/model.ts";
import type { JobKind, Risk } from "../../shared/documents/common.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import type { Digest, GrantId, JobId, PersonId } from "../../shared/ids.ts";
import type { AssignmentState, JobState } from "../../shared/states.ts";
import { statements, type SqlRow, type Store, type Tx } from "../../shared/store.ts";
import { int, intOrNull, json, named, namedOrNull, text, textOrNull } from "./columns.ts";
import { addMessage } from "./messages.ts";
import { addWatchEvent } from "./watch.ts";

const sql = statements("job", {
  add: `INSERT INTO job (id, number, kind, title, reason, author, risk, authority, grant_id, authority_sha256, signers,
          signers_needed, request, devices, created_ms, not_before_ms, exp_ms, waves, breakglass, state, wave, halted)
        VALUES (:id, :number, :kind, :title, :reason, :author, :risk, :authority, :grantId, :authoritySha256, :signers,
          :signersNeeded, :request, :devices, :nowMs, :notBeforeMs, :expMs, :waves, :breakglass, 'DRAFT', -1, 0)`,
  get: "SELECT * FROM job WHERE id = :id",
  list: `SELECT * FROM job WHERE number < :before AND (state = :state OR :state IS NULL)
         ORDER BY number DESC LIMIT :limit`,
  /** What was taken over counts by its last attempt alone. */
  counts: `SELECT purpose, wave, state, count(*) AS n FROM assignment AS a
           WHERE job = :job AND attempt = (SELECT max(b.attempt) FROM assignment AS b WHERE b.manifest = a.manifest)
           GROUP BY purpose, wave, state`,
  waitingForPlans: `SELECT count(*) AS n FROM assignment
                    WHERE job = :job AND purpose = 'plan' AND state = 'SUCCEEDED' AND plan IS NULL`,
  tasksDone: "SELECT count(*) AS n FROM task WHERE job = :job AND purpose = 'work' AND state = 'DONE'",
  save: `UPDATE job SET state = :state, code = :code, wave = :wave, cancel_reason = :cancelReason, halted = :halted,
           ended_ms = :endedMs WHERE id = :id`,
  detail: "UPDATE job SET detail = :detail WHERE id = :id",
  warranted: `UPDATE job SET authority_sha256 = :sha256, risk = :risk, signers_needed = :signersNeeded, waves = :waves,
                not_before_ms = :notBeforeMs, exp_ms = :expMs WHERE id = :id`,
  signers: "UPDATE job SET signers = :signers WHERE id = :id",
  due: `SELECT id FROM job WHERE state IN ('DRAFT', 'PLANNED', 'PENDING_APPROVAL', 'APPROVED', 'SCHEDULED', 'ROLLING', 'PAUSED')
        ORDER BY number LIMIT 1000`,
  underGrant: "SELECT coalesce(sum(devices), 0) AS n FROM job WHERE grant_id = :grantId AND created_ms > :sinceMs",
  idempotent: "SELECT request_sha256, job FROM idempotency WHERE token = :token AND key = :key",
  addIdempotent: `INSERT INTO idempotency (token, key, request_sha256, job, at_ms)
                  VALUES (:token, :key, :requestSha256, :job, :nowMs)`,
  taskCounts: `SELECT job, state, count(*) AS n FROM task AS t WHERE job = :job AND purpose = :purpose
               AND attempt = (SELECT max(b.attempt) FROM assignment AS b WHERE b.manifest = t.manifest) GROUP BY job, state`,
});

export interface JobWaveTimes {
  readonly notBeforeMs: number;
}

/** What does not change by a decision; some of it is completed when the warrant is composed. */
export interface JobRecord {
  readonly id: JobId;
  readonly number: number;
  readonly kind: Exclude<JobKind, "plan">;
  readonly title: string;
  readonly reason: string;
  readonly author: PersonId | null;
  readonly risk: Risk;
  readonly authority: "warrant" | "grant";
  readonly grantId: GrantId | null;
  /** Digest of the warrant, or of the grant, that allows the work. */
  readonly authoritySha256: Digest | null;
  readonly signers: readonly PersonId[];
  readonly signersNeeded: number;
  /** The request as JSON. */
  readonly request: string;
  readonly devices: number;
  readonly createdMs: number;
  readonly notBeforeMs: number;
  readonly expMs: number;
  readonly waves: readonly JobWaveTimes[];
  /** The break-glass that its author signs alone under. */
  readonly breakglass: Digest | null;
  readonly detail: string | null;
  readonly standing: JobStanding;
}

export type NewJob = Omit<JobRecord, "detail" | "standing" | "createdMs" | "breakglass"> & {
  readonly breakglass?: Digest;
};

export async function addJob(tx: Tx, job: NewJob, nowMs: number): Promise<void> {
  const { signers, waves, breakglass = null, ...rest } = job;
  const lists = { signers: JSON.stringify(signers), waves: JSON.stringify(waves) };
  await tx.run(sql.add, { ...rest, ...lists, breakglass, nowMs });
}

function recordOf(row: SqlRow): JobRecord {
  return {
    id: named<JobId>(row, "id"),
    number: int(row, "number"),
    kind: named<JobRecord["kind"]>(row, "kind"),
    title: text(row, "title"),
    reason: text(row, "reason"),
    author: namedOrNull<PersonId>(row, "author"),
    risk: named<Risk>(row, "risk"),
    authority: named<JobRecord["authority"]>(row, "authority"),
    grantId: namedOrNull<GrantId>(row, "grant_id"),
    authoritySha256: namedOrNull<Digest>(row, "authority_sha256"),
    signers: json<PersonId[]>(row, "signers"),
    signersNeeded: int(row, "signers_needed"),
    request: text(row, "request"),
    devices: int(row, "devices"),
    createdMs: int(row, "created_ms"),
    notBeforeMs: int(row, "not_before_ms"),
    expMs: int(row, "exp_ms"),
    waves: json<JobWaveTimes[]>(row, "waves"),
    breakglass: namedOrNull<Digest>(row, "breakglass"),
    detail: textOrNull(row, "detail"),
    standing: {
      state: named<JobState>(row, "state"),
      code: namedOrNull<ErrorCode>(row, "code"),
      wave: int(row, "wave"),
      cancelReason: textOrNull(row, "cancel_reason"),
      halted: int(row, "halted") === 1,
      endedMs: intOrNull(row, "ended_ms"),
    },
  };
}

type Reader = Pick<Tx, "get" | "all">;

export async function findJob(tx: Reader, id: JobId): Promise<JobRecord | undefined> {
  const row = await tx.get(sql.get, { id });
  return row && recordOf(row);
}

export async function listJobs(
  store: Store,
  query: { before: number; state: JobState | null; limit: number },
): Promise<JobRecord[]> {
  return (await store.read((tx) => tx.all(sql.list, query))).map(recordOf);
}

const bucketOf: Record<AssignmentState, keyof Counts> = {
  PLANNED: "planned",
  OFFERED: "open",
  DELIVERED: "open",
  ACCEPTED: "open",
  WAITING: "open",
  RUNNING: "open",
  RECONCILING: "open",
  SUCCEEDED: "succeeded",
  CANCELED: "canceled",
  SUPERSEDED: "canceled",
  EXPIRED: "expired",
  REJECTED: "failed",
  FAILED: "failed",
  TIMED_OUT: "failed",
  UNKNOWN_FINAL: "failed",
  ABANDONED: "failed",
};

/** The aggregate: its own row, and the counts of its assignments as they stand committed. */
export async function loadJob(tx: Reader, id: JobId): Promise<{ job: JobAggregate; record: JobRecord } | undefined> {
  const record = await findJob(tx, id);
  if (!record) return undefined;
  const counts = new Map<string, Counts>();
  for (const row of await tx.all(sql.counts, { job: id })) {
    const where = text(row, "purpose") === "plan" ? "plan" : `work ${int(row, "wave")}`;
    const held = counts.get(where) ?? NONE;
    const bucket = bucketOf[named<AssignmentState>(row, "state")];
    counts.set(where, { ...held, [bucket]: held[bucket] + int(row, "n") });
  }
  const planning = counts.get("plan");
  const waiting = planning ? await tx.get(sql.waitingForPlans, { job: id }) : undefined;
  const done = await tx.get(sql.tasksDone, { job: id });
  const { standing, notBeforeMs, expMs, waves } = record;
  return {
    record,
    job: {
      id,
      standing,
      notBeforeMs,
      expMs,
      waves: waves.map((wave, index) => ({ ...wave, counts: counts.get(`work ${index}`) ?? NONE })),
      planning: planning ? { counts: planning, waitingForPlans: waiting ? int(waiting, "n") : 0 } : null,
      tasksDone: done ? int(done, "n") : 0,
    },
  };
}

export async function saveJobRows(tx: Tx, rows: readonly JobRow[], nowMs: number): Promise<void> {
  for (const row of rows) {
    switch (row.type) {
      case "job": {
        const { state, code, wave, cancelReason, halted, endedMs } = row.standing;
        await tx.run(sql.save, { id: row.id, state, code, wave, cancelReason, halted: halted ? 1 : 0, endedMs });
        break;
      }
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

/** Why it stands as it does, in words. */
export async function setJobDetail(tx: Tx, id: JobId, detail: string): Promise<void> {
  await tx.run(sql.detail, { id, detail: detail.slice(0, 2000) });
}

export async function setJobWarrant(
  tx: Tx,
  id: JobId,
  warrant: {
    sha256: Digest;
    risk: Risk;
    signersNeeded: number;
    waves: readonly JobWaveTimes[];
    notBeforeMs: number;
    expMs: number;
  },
): Promise<void> {
  await tx.run(sql.warranted, { id, ...warrant, waves: JSON.stringify(warrant.waves) });
}

export async function setJobSigners(tx: Tx, id: JobId, signers: readonly PersonId[]): Promise<void> {
  await tx.run(sql.signers, { id, signers: JSON.stringify(signers) });
}

/** Jobs that have not ended: each is looked at again now and then, because time moves them too. */
export async function unendedJobs(store: Store): Promise<JobId[]> {
  return (await store.read((tx) => tx.all(sql.due))).map((row) => named<JobId>(row, "id"));
}

export async function devicesAskedUnder(tx: Reader, grantId: GrantId, sinceMs: number): Promise<number> {
  const row = await tx.get(sql.underGrant, { grantId, sinceMs });
  return row ? int(row, "n") : 0;
}

export async function taskCounts(tx: Reader, job: JobId, purpose: Purpose): Promise<Record<string, number>> {
  const rows = await tx.all(sql.taskCounts, { job, purpose });
  return Object.fromEntries(rows.map((row) => [text(row, "state"), int(row, "n")]));
}

export async function findIdempotent(
  tx: Reader,
  token: string,
  key: string,
): Promise<{ requestSha256: Digest; job: JobId } | undefined> {
  const row = await tx.get(sql.idempotent, { token, key });
  return row && { requestSha256: named<Digest>(row, "request_sha256"), job: named<JobId>(row, "job") };
}

export async function addIdempotent(
  tx: Tx,
  entry: { token: string; key: string; requestSha256: Digest; job: JobId },
  nowMs: number,
): Promise<void> {
  await tx.run(sql.addIdempotent, { ...entry, nowMs });
}
