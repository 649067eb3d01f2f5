import { AuditFact, type SignatureMark } from "../../shared/audit/entry.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { Digest } from "../../shared/ids.ts";
import { statements, type Tx } from "../../shared/store.ts";
import { harmless } from "../ingest/sanitize.ts";

/** Law 9: no audit, no action. The row stands in the transaction of what it records; the sequencer gives it its place in the log. */
export interface AuditNote {
  /** `token:<id>`, `agent:<id>`, `hub` or `anyone`. */
  readonly actor: string;
  readonly onBehalfOf?: string;
  readonly action: string;
  readonly object: string;
  readonly digest?: Digest;
  /** One person's signature that is stored with this entry. */
  readonly signature?: SignatureMark;
  readonly decision: "allowed" | "refused";
  /** Why it was refused. */
  readonly code?: string;
  readonly detail?: string;
  readonly count?: number;
}

const sql = statements("audit", {
  add: `INSERT INTO audit (at_ms, actor, on_behalf_of, action, object, digest, signature_document, signature_kid, signature_sha256,
                           decision, code, detail, count)
        VALUES (:atMs, :actor, :onBehalfOf, :action, :object, :digest, :document, :kid, :sha256, :decision, :code, :detail, :count)`,
  again: `UPDATE audit SET count = count + :more
          WHERE id = (SELECT max(id) FROM audit WHERE place IS NULL AND decision = 'refused' AND actor = :actor
                      AND action = :action AND code = :code)`,
});

const Words = AuditFact.pick({ action: true, code: true, count: true, atMs: true });

/** What came from outside may be long, empty or not fit to be looked at; the entry takes it all the same. */
const fit = (value: string, max: number): string => harmless(value).slice(0, max).toWellFormed() || "-";
const fitOrNull = (value: string | undefined, max: number): string | null =>
  value === undefined ? null : fit(value, max);

export async function audit(tx: Tx, nowMs: number, note: AuditNote): Promise<void> {
  const { action, digest, signature, decision, code, count } = note;
  // A row that is no entry could never be chained, nor any row behind it: it is refused here, with what it was to record.
  const fits = Words.safeParse({ action, code: code ?? null, count: count ?? 1, atMs: nowMs }).success;
  if (!fits) throw new FarhandError("INTERNAL", `an audit row of action ${action.slice(0, 80)}`);
  await tx.run(sql.add, {
    atMs: nowMs,
    actor: fit(note.actor, 200),
    onBehalfOf: fitOrNull(note.onBehalfOf, 200),
    action,
    object: fit(note.object, 500),
    digest: digest ?? null,
    document: signature?.document ?? null,
    kid: signature?.kid ?? null,
    sha256: signature?.sha256 ?? null,
    decision,
    code: code ?? null,
    detail: fitOrNull(note.detail, 2000),
    count: count ?? 1,
  });
}

/** As `audit`, for what one sender may have refused many times a second: what is not chained yet is counted, not written again. */
export async function auditRefused(
  tx: Tx,
  nowMs: number,
  note: Omit<AuditNote, "decision"> & { readonly code: string },
): Promise<void> {
  const { action, code } = note;
  if ((await tx.run(sql.again, { actor: fit(note.actor, 200), action, code, more: note.count ?? 1 })) > 0) return;
  await audit(tx, nowMs, { ...note, decision: "refused" });
}
