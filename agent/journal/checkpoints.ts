import { Digest } from "../../shared/ids.ts";
import { checkEnvelope, type Envelope } from "../../shared/envelope.ts";
import { quoteCheckpoint, type Checkpoint } from "../../shared/documents/checkpoint.ts";
import { statements, type SqlRow, type Tx } from "../../shared/store.ts";
import { clearMeta, putMeta } from "./meta.ts";
import { int, json, text, textOrNull } from "./row.ts";

type Read = Pick<Tx, "all" | "get">;

const sql = statements("journal.checkpoint", {
  held: "SELECT epoch, size, root, envelope, seen_ms FROM checkpoint WHERE id = 1",
  keep: `INSERT INTO checkpoint (id, epoch, size, root, envelope, seen_ms)
         VALUES (1, $epoch, $size, $root, $envelope, $seenMs)
         ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, size = excluded.size, root = excluded.root,
           envelope = excluded.envelope, seen_ms = excluded.seen_ms`,
  forget: "DELETE FROM checkpoint",
  conflicts: "SELECT kind, held, offered, proof, seen_ms, resolved FROM checkpoint_conflict ORDER BY id",
  standing: "SELECT count(*) AS n FROM checkpoint_conflict WHERE resolved IS NULL",
  addConflict: `INSERT INTO checkpoint_conflict (kind, held, offered, proof, seen_ms)
                SELECT $kind, $held, $offered, $proof, $seenMs
                WHERE (SELECT count(*) FROM checkpoint_conflict) < $max ON CONFLICT (held, offered) DO NOTHING`,
  resolve: "UPDATE checkpoint_conflict SET resolved = $reason WHERE resolved IS NULL",
});

/** One pair of signed checkpoints that contradict each other proves it; more of them are more of the same. */
const CONFLICTS_MAX = 32;

export interface HeldCheckpoint extends Pick<Checkpoint, "epoch" | "size" | "root"> {
  readonly envelope: Envelope;
  readonly seenMs: number;
}

export async function heldCheckpoint(tx: Read): Promise<HeldCheckpoint | undefined> {
  const row = await tx.get(sql.held);
  if (!row) return undefined;
  return {
    epoch: int(row, "epoch"),
    size: int(row, "size"),
    root: Digest.parse(text(row, "root")),
    envelope: checkEnvelope(json(row, "envelope")),
    seenMs: int(row, "seen_ms"),
  };
}

/** Held, and quoted by every receipt from now on. */
export async function keepCheckpoint(tx: Tx, { envelope, ...rest }: HeldCheckpoint): Promise<void> {
  await tx.run(sql.keep, { ...rest, envelope: JSON.stringify(envelope) });
  await putMeta(tx, "checkpoint", quoteCheckpoint(rest));
}

export interface Conflict {
  readonly kind: "shrunk" | "forked";
  readonly held: Envelope;
  readonly offered: Envelope;
  readonly proof: readonly Digest[];
  readonly seenMs: number;
  readonly resolved: string | null;
}

const conflictOf = (row: SqlRow): Conflict => ({
  kind: text(row, "kind") === "shrunk" ? "shrunk" : "forked",
  held: checkEnvelope(json(row, "held")),
  offered: checkEnvelope(json(row, "offered")),
  proof: Digest.array().parse(json(row, "proof")),
  seenMs: int(row, "seen_ms"),
  resolved: textOrNull(row, "resolved"),
});

export async function addConflict(tx: Tx, conflict: Omit<Conflict, "resolved">): Promise<void> {
  const { kind, held, offered, proof, seenMs } = conflict;
  await tx.run(sql.addConflict, {
    kind,
    held: JSON.stringify(held),
    offered: JSON.stringify(offered),
    proof: JSON.stringify(proof),
    seenMs,
    max: CONFLICTS_MAX,
  });
}

export const conflictsOf = async (tx: Read): Promise<Conflict[]> => (await tx.all(sql.conflicts)).map(conflictOf);

export async function isDoubted(tx: Read): Promise<boolean> {
  const row = await tx.get(sql.standing);
  return row !== undefined && int(row, "n") > 0;
}

/** A person has found out why, and begins anew with the next checkpoint. The evidence stays, with the reason. */
export async function startOver(tx: Tx, reason: string): Promise<void> {
  await tx.run(sql.resolve, { reason });
  await tx.run(sql.forget);
  await clearMeta(tx, "checkpoint");
}
