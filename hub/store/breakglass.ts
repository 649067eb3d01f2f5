import type { Envelope } from "../../shared/envelope.ts";
import type { BreakglassId, Digest, JobId, PersonId, SiteId } from "../../shared/ids.ts";
import type { JobState } from "../../shared/states.ts";
import { statements, type SqlRow, type Store, type Tx } from "../../shared/store.ts";
import { int, json, named, namedOrNull, text } from "./columns.ts";

type Reader = Pick<Tx, "get" | "all">;

const sql = statements("breakglass", {
  add: `INSERT INTO breakglass (sha256, id, site, envelope, signers, stored_ms)
        VALUES (:sha256, :id, :site, :envelope, :signers, :nowMs) ON CONFLICT (sha256) DO NOTHING`,
  list: "SELECT sha256, id, envelope, signers FROM breakglass ORDER BY stored_ms DESC, sha256 LIMIT 1000",
  get: "SELECT sha256, id, envelope, signers FROM breakglass WHERE sha256 = :sha256",
  uses: `SELECT id, author, reason, state, signers, created_ms FROM job WHERE breakglass = :sha256 ORDER BY number DESC LIMIT 100`,
});

export interface BreakglassRow {
  readonly sha256: Digest;
  readonly id: BreakglassId;
  readonly envelope: Envelope;
  readonly signers: readonly PersonId[];
}

export async function addBreakglass(tx: Tx, row: BreakglassRow & { site: SiteId }, nowMs: number): Promise<void> {
  const { envelope, signers, ...rest } = row;
  await tx.run(sql.add, { ...rest, envelope: JSON.stringify(envelope), signers: JSON.stringify(signers), nowMs });
}

const rowOf = (row: SqlRow): BreakglassRow => ({
  sha256: named<Digest>(row, "sha256"),
  id: named<BreakglassId>(row, "id"),
  envelope: json<Envelope>(row, "envelope"),
  signers: json<PersonId[]>(row, "signers"),
});

export async function findBreakglass(tx: Reader, sha256: Digest): Promise<BreakglassRow | undefined> {
  const row = await tx.get(sql.get, { sha256 });
  return row && rowOf(row);
}

export const breakglassByDigest = (store: Store, sha256: Digest): Promise<BreakglassRow | undefined> =>
  store.read((tx) => findBreakglass(tx, sha256));

export interface BreakglassJob {
  readonly job: JobId;
  readonly person: PersonId | null;
  readonly reason: string;
  readonly state: JobState;
  /** Without its signature a job has used nothing. */
  readonly signed: boolean;
  readonly atMs: number;
}

/** Newest first, each with the jobs that name it. */
export function listBreakglass(store: Store): Promise<(BreakglassRow & { readonly jobs: BreakglassJob[] })[]> {
  return store.read(async (tx) => {
    const rows = (await tx.all(sql.list)).map(rowOf);
    return Promise.all(
      rows.map(async (row) => ({
        ...row,
        jobs: (await tx.all(sql.uses, { sha256: row.sha256 })).map((job) => ({
          job: named<JobId>(job, "id"),
          person: namedOrNull<PersonId>(job, "author"),
          reason: text(job, "reason"),
          state: named<JobState>(job, "state"),
          signed: json<PersonId[]>(job, "signers").length > 0,
          atMs: int(job, "created_ms"),
        })),
      })),
    );
  });
}
