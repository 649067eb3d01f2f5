import type { BreakglassUsed } from "../../shared/documents/receipt.ts";
import { FarhandError } from "../../shared/errors.ts";
import { BreakglassId, Digest } from "../../shared/ids.ts";
import { statements, type SqlRow, type Tx } from "../../shared/store.ts";
import type { AssignmentKey } from "../core/model.ts";
import { text } from "./row.ts";

const sql = statements("journal.breakglass", {
  use: `INSERT INTO breakglass_use (sha256, id, reason, manifest, attempt, at_ms)
    VALUES ($sha256, $id, $reason, $manifest, $attempt, $atMs)`,
  used: "SELECT manifest FROM breakglass_use WHERE sha256 = $sha256",
  usedFor: "SELECT id, sha256, reason FROM breakglass_use WHERE manifest = $manifest AND attempt = $attempt",
});

/** Uses it up, in the transaction that accepts the work. BREAKGLASS where it was used before, for whatever. */
export async function useBreakglass(
  tx: Tx,
  key: AssignmentKey,
  use: BreakglassUsed & { readonly atMs: number },
): Promise<void> {
  const held = await tx.get(sql.used, { sha256: use.sha256 });
  if (held)
    throw new FarhandError(
      "BREAKGLASS",
      `${use.id} was used at this agent already, for manifest ${text(held, "manifest").slice(0, 12)}`,
    );
  await tx.run(sql.use, { manifest: key.manifest, attempt: key.attempt, ...use });
}

const usedOf = (row: SqlRow): BreakglassUsed => ({
  id: BreakglassId.parse(text(row, "id")),
  sha256: Digest.parse(text(row, "sha256")),
  reason: text(row, "reason"),
});

/** What this work was accepted under; undefined for work that the policy's threshold signed. */
export async function breakglassOf(tx: Pick<Tx, "get">, key: AssignmentKey): Promise<BreakglassUsed | undefined> {
  const row = await tx.get(sql.usedFor, { manifest: key.manifest, attempt: key.attempt });
  return row && usedOf(row);
}
