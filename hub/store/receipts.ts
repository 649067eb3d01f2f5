import type { AssignmentKey } from "../core/model.ts";
import type { PlanReceipt, Receipt, SnapshotRef } from "../../shared/documents/receipt.ts";
import type { Envelope } from "../../shared/envelope.ts";
import type { DeviceId, Digest, JobId } from "../../shared/ids.ts";
import { statements, type Store, type Tx } from "../../shared/store.ts";
import { int, intOrNull, json, named, namedOrNull, text, textOrNull } from "./columns.ts";

const sql = statements("receipt", {
  has: "SELECT sha256 FROM receipt WHERE sha256 = :sha256",
  standsTwice: "SELECT 1 AS yes FROM receipt WHERE agent = :agent AND epoch = :epoch AND number = :number LIMIT 1",
  before: "SELECT sha256 FROM receipt WHERE agent = :agent AND epoch = :epoch AND number = :number",
  add: `INSERT INTO receipt (sha256, kind, agent, epoch, number, prev, chained, job, manifest, envelope, received_ms)
        VALUES (:sha256, :kind, :agent, :epoch, :number, :prev, :chained, :job, :manifest, :envelope, :nowMs)`,
  outcome: "UPDATE task SET outcome = :outcome WHERE manifest = :manifest AND attempt = :attempt AND device = :device",
  planned: "UPDATE task SET planned = :planned WHERE manifest = :manifest AND attempt = 1 AND device = :device",
  assignmentPlan: "UPDATE assignment SET plan = :plan WHERE manifest = :manifest AND attempt = 1",
  addSnapshot: `INSERT INTO snapshot (device, taken_ms, job, public_sha256, public_bytes, key_generation, sealed, not_restorable)
                VALUES (:device, :takenMs, :job, :publicSha256, :publicBytes, :keyGeneration, :sealed, :notRestorable)
                ON CONFLICT (device, taken_ms, public_sha256) DO NOTHING`,
  lastWithin: `SELECT max(taken_ms) AS last FROM snapshot
               WHERE device = :device AND taken_ms >= :fromMs AND taken_ms < :toMs`,
  ofJob: "SELECT envelope FROM receipt WHERE job = :job AND kind = :kind ORDER BY received_ms, number",
  after: "SELECT rowid AS place, kind, envelope FROM receipt WHERE rowid > :after ORDER BY rowid LIMIT :limit",
  snapshots: `SELECT * FROM snapshot WHERE device = :device AND taken_ms < :beforeMs
              ORDER BY taken_ms DESC LIMIT :limit`,
});

async function addReceipt(
  tx: Tx,
  kind: "receipt" | "plan",
  document: Receipt | PlanReceipt,
  sha256: Digest,
  envelope: Envelope,
  nowMs: number,
): Promise<"known" | "chained" | "unchained"> {
  if (await tx.get(sql.has, { sha256 })) return "known";
  const { agent, epoch, index: number, prev, job, manifest } = document;
  const standsTwice = (await tx.get(sql.standsTwice, { agent, epoch, number })) !== undefined;
  const before = number === 1 ? undefined : await tx.get(sql.before, { agent, epoch, number: number - 1 });
  const follows = number === 1 ? prev === null : before !== undefined && prev === text(before, "sha256");
  const chained = follows && !standsTwice;
  await tx.run(sql.add, {
    sha256,
    kind,
    agent,
    epoch,
    number,
    prev,
    chained: chained ? 1 : 0,
    job,
    manifest,
    envelope: JSON.stringify(envelope),
    nowMs,
  });
  return chained ? "chained" : "unchained";
}

/** A verified outcome, its tasks and the configurations that it names. A second copy changes nothing. False when the chain is broken. */
export async function storeReceipt(
  tx: Tx,
  receipt: Receipt,
  sha256: Digest,
  envelope: Envelope,
  nowMs: number,
): Promise<boolean> {
  const added = await addReceipt(tx, "receipt", receipt, sha256, envelope, nowMs);
  if (added === "known") return true;
  const key: AssignmentKey = { manifest: receipt.manifest, attempt: receipt.attempt };
  for (const task of receipt.tasks) {
    await tx.run(sql.outcome, { ...key, device: task.device, outcome: JSON.stringify(task) });
    const endedMs = (task.endedAt ?? receipt.endedAt) * 1000;
    if (task.before)
      await addSnapshot(tx, task.device, receipt.job, (task.startedAt ?? receipt.startedAt) * 1000, task.before);
    if (task.after) await addSnapshot(tx, task.device, receipt.job, endedMs, task.after);
  }
  return added === "chained";
}

/**
 * A receipt tells time in seconds, and a change takes less than one: what comes later in the agent's chain must also stand
 * later in the device's history, so within a second it takes the next millisecond.
 */
async function addSnapshot(tx: Tx, device: DeviceId, job: JobId, takenMs: number, ref: SnapshotRef): Promise<void> {
  const row = await tx.get(sql.lastWithin, { device, fromMs: takenMs, toMs: takenMs + 1000 });
  const last = row ? intOrNull(row, "last") : null;
  await tx.run(sql.addSnapshot, {
    device,
    takenMs: last === null ? takenMs : last + 1,
    job,
    publicSha256: ref.public.sha256,
    publicBytes: ref.public.bytes,
    keyGeneration: ref.keyGeneration,
    sealed: ref.sealed,
    notRestorable: ref.notRestorable,
  });
}

/** A verified plan; each device's part stands with its planning task. */
export async function storePlan(
  tx: Tx,
  plan: PlanReceipt,
  sha256: Digest,
  envelope: Envelope,
  nowMs: number,
): Promise<boolean> {
  const added = await addReceipt(tx, "plan", plan, sha256, envelope, nowMs);
  if (added === "known") return true;
  await tx.run(sql.assignmentPlan, { manifest: plan.manifest, plan: sha256 });
  for (const device of plan.devices) {
    await tx.run(sql.planned, { manifest: plan.manifest, device: device.device, planned: JSON.stringify(device) });
  }
  return added === "chained";
}

export async function envelopesOfJob(store: Store, job: JobId, kind: "receipt" | "plan"): Promise<Envelope[]> {
  const rows = await store.read((tx) => tx.all(sql.ofJob, { job, kind }));
  return rows.map((row) => json<Envelope>(row, "envelope"));
}

/** Every receipt and plan, in the order in which they were stored; `next` is where the rest begins. */
export async function receiptsAfter(
  store: Store,
  after: number,
  limit: number,
): Promise<{ receipts: { kind: "receipt" | "plan"; envelope: Envelope }[]; next: number | null }> {
  const rows = await store.read((tx) => tx.all(sql.after, { after, limit }));
  const last = rows.length === limit ? rows.at(-1) : undefined;
  return {
    receipts: rows.map((row) => ({
      kind: named<"receipt" | "plan">(row, "kind"),
      envelope: json<Envelope>(row, "envelope"),
    })),
    next: last ? int(last, "place") : null,
  };
}

export interface SnapshotRow {
  readonly device: DeviceId;
  readonly takenMs: number;
  readonly job: JobId;
  readonly public: { readonly sha256: Digest; readonly bytes: number };
  readonly keyGeneration: number;
  readonly sealed: Digest | null;
  readonly notRestorable: string | null;
}

export async function snapshotsOf(
  store: Store,
  device: DeviceId,
  beforeMs: number,
  limit: number,
): Promise<SnapshotRow[]> {
  const rows = await store.read((tx) => tx.all(sql.snapshots, { device, beforeMs, limit }));
  return rows.map((row) => ({
    device: named<DeviceId>(row, "device"),
    takenMs: int(row, "taken_ms"),
    job: named<JobId>(row, "job"),
    public: { sha256: named<Digest>(row, "public_sha256"), bytes: int(row, "public_bytes") },
    keyGeneration: int(row, "key_generation"),
    sealed: namedOrNull<Digest>(row, "sealed"),
    notRestorable: textOrNull(row, "not_restorable"),
  }));
}
