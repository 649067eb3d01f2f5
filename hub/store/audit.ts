import { jcs, sha256 } from "../../shared/bytes.ts";
import { statements, type Tx } from "../../shared/store.ts";
import { textOrNull } from "./columns.ts";

/** Law 9: no audit, no action. The row stands in the transaction of what it records. */
export interface AuditEntry {
  /** `token:<id>`, `agent:<id>` or `hub`. */
  readonly actor: string;
  readonly action: string;
  readonly object: string;
  readonly decision: "allowed" | "refused";
  readonly detail?: string;
}

const sql = statements("audit", {
  last: "SELECT hash FROM audit ORDER BY id DESC LIMIT 1",
  add: `INSERT INTO audit (at_ms, actor, action, object, decision, detail, prev, hash)
        VALUES (:atMs, :actor, :action, :object, :decision, :detail, :prev, :hash)`,
});

/** Chained where it is written: one writer serialises SQLite. With replicas a leased sequencer will do it. */
export async function audit(tx: Tx, nowMs: number, entry: AuditEntry): Promise<void> {
  const last = await tx.get(sql.last);
  const prev = last ? textOrNull(last, "hash") : null;
  const { actor, action, object, decision } = entry;
  const detail = entry.detail ?? null;
  const hash = sha256(jcs({ atMs: nowMs, actor, action, object, decision, detail, prev }));
  await tx.run(sql.add, { atMs: nowMs, actor, action, object, decision, detail, prev, hash });
}
