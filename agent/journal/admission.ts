import { FarhandError } from "../../shared/errors.ts";
import type { DeviceId, Digest } from "../../shared/ids.ts";
import { statements, type Tx } from "../../shared/store.ts";
import type { AssignmentKey } from "../core/model.ts";
import { getMeta, putMeta } from "./meta.ts";
import { int } from "./row.ts";

const sql = statements("journal.admission", {
  seen: "SELECT 1 AS seen FROM sequence_seen WHERE sequence = $sequence",
  see: "INSERT INTO sequence_seen (sequence) VALUES ($sequence)",
  forget: "DELETE FROM sequence_seen WHERE sequence <= $sequence",
  byKey: "SELECT sequence FROM assignment WHERE manifest = $manifest AND attempt = $attempt",
  fence: "SELECT fence FROM device_fence WHERE device = $device",
  raiseFence: `INSERT INTO device_fence (device, fence) VALUES ($device, $fence)
    ON CONFLICT (device) DO UPDATE SET fence = excluded.fence WHERE excluded.fence > device_fence.fence`,
  bucket: "SELECT tokens, at_ms FROM grant_bucket WHERE grant_digest = $grant",
  putBucket: `INSERT INTO grant_bucket (grant_digest, tokens, at_ms) VALUES ($grant, $tokens, $atMs)
    ON CONFLICT (grant_digest) DO UPDATE SET tokens = excluded.tokens, at_ms = excluded.at_ms`,
});

export async function isHeld(tx: Pick<Tx, "get">, key: AssignmentKey): Promise<boolean> {
  return (await tx.get(sql.byKey, { manifest: key.manifest, attempt: key.attempt })) !== undefined;
}

/** Every number up to this one has been seen: the hub may tell from it what never arrived. */
export async function sequenceHighWater(tx: Pick<Tx, "get">): Promise<number> {
  return Number((await getMeta(tx, "sequence")) ?? 0);
}

/** Uses a number up: SEQUENCE when it was used before. The mark moves over everything that has no gap. */
export async function takeSequence(tx: Tx, sequence: number): Promise<void> {
  let mark = await sequenceHighWater(tx);
  if (sequence <= mark || (await tx.get(sql.seen, { sequence }))) throw new FarhandError("SEQUENCE", String(sequence));
  await tx.run(sql.see, { sequence });
  while (await tx.get(sql.seen, { sequence: mark + 1 })) mark++;
  await tx.run(sql.forget, { sequence: mark });
  await putMeta(tx, "sequence", String(mark));
}

/** A change for a device for which a newer one was seen is stale: FENCE. */
export async function checkFence(tx: Tx, fence: number, devices: readonly DeviceId[]): Promise<void> {
  for (const device of devices) {
    const row = await tx.get(sql.fence, { device });
    if (row && fence < int(row, "fence")) throw new FarhandError("FENCE", device);
  }
  for (const device of devices) await tx.run(sql.raiseFence, { device, fence });
}

export interface Bucket {
  readonly name: string;
  readonly size: number;
  /** How long an empty one takes to be full. */
  readonly fullMs: number;
}

/** In the journal, so that a restart does not refill it. */
async function tokensIn(tx: Pick<Tx, "get">, bucket: Bucket, nowMs: number): Promise<number> {
  const row = await tx.get(sql.bucket, { grant: bucket.name });
  const held = row && typeof row["tokens"] === "number" ? row["tokens"] : bucket.size;
  // A clock that went back earns nothing.
  const passedMs = row ? Math.max(0, nowMs - int(row, "at_ms")) : 0;
  return Math.min(bucket.size, held + (passedMs * bucket.size) / bucket.fullMs);
}

export async function bucketHolds(tx: Pick<Tx, "get">, bucket: Bucket, count: number, nowMs: number): Promise<boolean> {
  return (await tokensIn(tx, bucket, nowMs)) >= count;
}

/** Takes so many, or none and says no. */
export async function spendBucket(tx: Tx, bucket: Bucket, count: number, nowMs: number): Promise<boolean> {
  const tokens = await tokensIn(tx, bucket, nowMs);
  if (tokens < count) return false;
  await tx.run(sql.putBucket, { grant: bucket.name, tokens: tokens - count, atMs: nowMs });
  return true;
}

/** One minute's worth of devices. */
export async function spendGrant(
  tx: Tx,
  grant: Digest,
  spend: { devices: number; perMinute: number; nowMs: number },
): Promise<void> {
  const bucket = { name: grant, size: spend.perMinute, fullMs: 60_000 };
  if (!(await spendBucket(tx, bucket, spend.devices, spend.nowMs)))
    throw new FarhandError("GRANT_RATE", `${spend.perMinute} devices a minute`);
}
