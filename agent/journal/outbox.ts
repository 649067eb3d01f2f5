import { z } from "zod";
import { Envelope, envelopeBytes } from "../../shared/envelope.ts";
import { FarhandError } from "../../shared/errors.ts";
import { sha256 } from "../../shared/bytes.ts";
import type { Digest } from "../../shared/ids.ts";
import { statements, type SqlRow, type Tx } from "../../shared/store.ts";
import { Lane, LANES, laneOf, laneOfMedia, type UpRecord } from "../../shared/wire/messages.ts";
import { blob, int, text, textOrNull } from "./row.ts";

type Read = Pick<Tx, "all" | "get">;

/** A chunk and its header fit a frame's body together with their framing. */
export const CHUNK_BYTES = 192 * 1024;
/** A receipt or plan whose header would not fit a frame goes as chunks of its envelope. */
const INLINE_ENVELOPE_BYTES_MAX = 160 * 1024;
const LOSSY_BYTES_MAX: Partial<Record<Lane, number>> = { telemetry: 64 * 1024 * 1024, transcript: 512 * 1024 * 1024 };

const sql = statements("journal.outbox", {
  take: "UPDATE lane SET next = next + $count, bytes = bytes + $bytes WHERE lane = $lane RETURNING next - $count AS seq, bytes",
  add: "INSERT INTO outbox (lane, seq, header, body, spool, spool_offset, bytes) VALUES ($lane, $seq, $header, $body, NULL, NULL, $bytes)",
  // One statement for all parts of a file: a gigabyte is five thousand rows without a body.
  addSpooled: `WITH RECURSIVE part (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM part WHERE i + 1 < $count)
    INSERT INTO outbox (lane, seq, header, body, spool, spool_offset, bytes)
    SELECT $lane, $seq + i,
      json_object('type', 'blob', 'sha256', $sha256, 'media', $media, 'offset', i * $chunk, 'total', $total),
      NULL, $spool, i * $chunk, min($chunk, $total - i * $chunk)
    FROM part`,
  // Bodies are loaded only of what goes into one frame.
  next: `SELECT seq, header, body, spool, spool_offset, bytes FROM outbox WHERE lane = $lane AND seq > $after AND seq <=
      (SELECT max(seq) FROM
        (SELECT seq, row_number() OVER numbered AS n, sum(bytes + $overhead) OVER numbered AS total FROM
          (SELECT seq, bytes FROM outbox WHERE lane = $lane AND seq > $after ORDER BY seq LIMIT $limit)
          WINDOW numbered AS (ORDER BY seq))
        WHERE n = 1 OR total <= $budget)
    ORDER BY seq`,
  lanes: `SELECT lane, next, acked, released, coalesce((SELECT min(seq) FROM outbox WHERE outbox.lane = lane.lane), next) AS first FROM lane`,
  setAcked: "UPDATE lane SET acked = $acked WHERE lane = $lane",
  setReleased: "UPDATE lane SET released = max(released, $released), bytes = bytes - $bytes WHERE lane = $lane",
  upTo: "SELECT coalesce(sum(bytes), 0) AS bytes FROM outbox WHERE lane = $lane AND seq <= $seq",
  spoolsUpTo: "SELECT DISTINCT spool FROM outbox WHERE lane = $lane AND seq <= $seq AND spool IS NOT NULL",
  deleteUpTo: "DELETE FROM outbox WHERE lane = $lane AND seq <= $seq",
  spoolHeld: "SELECT 1 AS held FROM outbox WHERE spool = $spool LIMIT 1",
  spools: "SELECT DISTINCT spool FROM outbox WHERE spool IS NOT NULL",
  plans: `SELECT header FROM outbox WHERE lane = 'receipt' AND json_extract(header, '$.type') = 'plan' ORDER BY seq DESC LIMIT 200`,
  parts: `SELECT seq, header, body, spool, spool_offset, bytes FROM outbox
    WHERE lane = 'diff' AND json_extract(header, '$.sha256') = $sha256 ORDER BY seq`,
  oldest: "SELECT seq, bytes FROM outbox WHERE lane = $lane ORDER BY seq LIMIT 1024",
  marks: "SELECT next, acked, released, bytes FROM lane WHERE lane = $lane",
  gapBefore: "SELECT first FROM gap WHERE lane = $lane AND last = $last",
  addGap: `INSERT INTO gap (lane, first, last, reason) VALUES ($lane, $first, $last, $reason)
    ON CONFLICT (lane, first) DO UPDATE SET last = excluded.last`,
  gapAt: "SELECT first, last, reason FROM gap WHERE lane = $lane AND first <= $seq AND last >= $seq",
  dropGaps: "DELETE FROM gap WHERE lane = $lane AND last <= $seq",
});

/** Appends a record to its lane; the number that it gets is durable with the transaction. */
export async function appendRecord(tx: Tx, record: UpRecord, body: Uint8Array = new Uint8Array(0)): Promise<void> {
  if (record.type === "receipt" || record.type === "plan") {
    const bytes = envelopeBytes(record.envelope);
    if (bytes.length > INLINE_ENVELOPE_BYTES_MAX) {
      await appendBlob(tx, sha256(bytes), record.type, bytes);
      return;
    }
  }
  await append(tx, laneOf(record), JSON.stringify(record), body);
}

async function append(tx: Tx, lane: Lane, header: string, body: Uint8Array): Promise<void> {
  const bytes = header.length + body.length;
  const seq = await takeNumbers(tx, lane, 1, bytes);
  await tx.run(sql.add, { lane, seq, header, body, bytes });
}

/** Blob records of a text that is held in memory. */
export async function appendBlob(tx: Tx, digest: Digest, media: string, bytes: Uint8Array): Promise<void> {
  const lane = laneOfMedia(media);
  let offset = 0;
  do {
    const part = bytes.subarray(offset, offset + CHUNK_BYTES);
    await append(tx, lane, JSON.stringify({ type: "blob", sha256: digest, media, offset, total: bytes.length }), part);
    offset += CHUNK_BYTES;
  } while (offset < bytes.length);
}

/** Blob records of a spool file: numbered now, read from the file when they are sent. */
export async function appendSpooled(
  tx: Tx,
  spool: { digest: Digest; media: string; name: string; bytes: number },
): Promise<void> {
  const lane = laneOfMedia(spool.media);
  const count = Math.max(1, Math.ceil(spool.bytes / CHUNK_BYTES));
  const seq = await takeNumbers(tx, lane, count, spool.bytes);
  await tx.run(sql.addSpooled, {
    lane,
    seq,
    count,
    chunk: CHUNK_BYTES,
    sha256: spool.digest,
    media: spool.media,
    total: spool.bytes,
    spool: spool.name,
  });
}

async function takeNumbers(tx: Tx, lane: Lane, count: number, bytes: number): Promise<number> {
  const row = await tx.get(sql.take, { lane, count, bytes });
  if (!row) throw new FarhandError("JOURNAL_CORRUPT", `no lane ${lane}`);
  const quota = LOSSY_BYTES_MAX[lane];
  if (quota !== undefined && int(row, "bytes") > quota)
    await dropOldest(tx, lane, int(row, "bytes") - quota + Math.floor(quota / 8));
  return int(row, "seq");
}

/** Makes room in a lossy lane. What the hub does not have yet leaves a gap with a name. */
async function dropOldest(tx: Tx, lane: Lane, bytesWanted: number): Promise<void> {
  const oldest = await tx.all(sql.oldest, { lane });
  let freed = 0;
  let last = 0;
  for (const row of oldest) {
    if (freed >= bytesWanted) break;
    freed += int(row, "bytes");
    last = int(row, "seq");
  }
  const first = oldest[0];
  const marks = await tx.get(sql.marks, { lane });
  if (!first || !marks || last === 0) return;
  await tx.run(sql.deleteUpTo, { lane, seq: last });
  await tx.run(sql.setReleased, { lane, released: 0, bytes: freed });
  const unacked = Math.max(int(first, "seq"), int(marks, "acked") + 1);
  if (unacked <= last) await addGap(tx, lane, unacked, last, "quota");
}

async function addGap(tx: Tx, lane: Lane, first: number, last: number, reason: string): Promise<void> {
  const before = await tx.get(sql.gapBefore, { lane, last: first - 1 });
  await tx.run(sql.addGap, { lane, first: before ? int(before, "first") : first, last, reason });
}

export interface LaneMarks {
  readonly lane: Lane;
  /** The oldest number that is still held; `next` when none is. */
  readonly first: number;
  readonly next: number;
  readonly acked: number;
  readonly released: number;
}

export async function laneMarks(tx: Read): Promise<LaneMarks[]> {
  const rows = await tx.all(sql.lanes);
  return rows
    .map((row) => ({
      lane: Lane.parse(text(row, "lane")),
      first: int(row, "first"),
      next: int(row, "next"),
      acked: int(row, "acked"),
      released: int(row, "released"),
    }))
    .toSorted((a, b) => LANES.indexOf(a.lane) - LANES.indexOf(b.lane));
}

export interface OutboxRow {
  readonly seq: number;
  readonly header: unknown;
  readonly bytes: number;
  /** In the row, or in a part of a spool file. */
  readonly body:
    | { readonly kind: "inline"; readonly bytes: Uint8Array }
    | { readonly kind: "spool"; readonly name: string; readonly offset: number };
}

/** What a record costs in a frame beyond its bytes. */
const RECORD_OVERHEAD_BYTES = 512;

/** The next records, at most so many and so large together; the first in any case. */
export async function recordsAfter(
  tx: Read,
  lane: Lane,
  after: number,
  limit: number,
  bytesMax = 2 ** 40,
): Promise<OutboxRow[]> {
  return (await tx.all(sql.next, { lane, after, limit, budget: bytesMax, overhead: RECORD_OVERHEAD_BYTES })).map(
    readRow,
  );
}

function readRow(row: SqlRow): OutboxRow {
  const spool = textOrNull(row, "spool");
  return {
    seq: int(row, "seq"),
    header: JSON.parse(text(row, "header")) as unknown,
    bytes: int(row, "bytes"),
    body:
      spool === null
        ? { kind: "inline", bytes: blob(row, "body") }
        : { kind: "spool", name: spool, offset: int(row, "spool_offset") },
  };
}

export interface Gap {
  readonly first: number;
  readonly last: number;
  readonly reason: string;
}

export async function gapAt(tx: Read, lane: Lane, seq: number): Promise<Gap | undefined> {
  const row = await tx.get(sql.gapAt, { lane, seq });
  return row ? { first: int(row, "first"), last: int(row, "last"), reason: text(row, "reason") } : undefined;
}

/**
 * Takes the hub's marks: nothing up to `acked` is sent again, everything up to `released` is deleted. A hub that went
 * backwards gets what is still held once more, and the rest by name as a gap. Returns spool files that nothing needs now.
 */
export async function takeMarks(tx: Tx, lane: Lane, marks: { acked: number; released: number }): Promise<string[]> {
  const held = await tx.get(sql.marks, { lane });
  if (!held) return [];
  const acked = Math.min(marks.acked, int(held, "next") - 1);
  const released = Math.min(marks.released, acked);
  if (acked < int(held, "released"))
    await addGap(tx, lane, acked + 1, int(held, "released"), "released before the hub went backwards");
  await tx.run(sql.setAcked, { lane, acked });
  await tx.run(sql.dropGaps, { lane, seq: acked });
  if (released <= int(held, "released")) return [];
  const freed = await tx.get(sql.upTo, { lane, seq: released });
  const spools = await tx.all(sql.spoolsUpTo, { lane, seq: released });
  await tx.run(sql.deleteUpTo, { lane, seq: released });
  await tx.run(sql.setReleased, { lane, released, bytes: freed ? int(freed, "bytes") : 0 });
  const free: string[] = [];
  for (const row of spools) {
    const spool = text(row, "spool");
    if (!(await tx.get(sql.spoolHeld, { spool }))) free.push(spool);
  }
  return free;
}

/** Every spool file that an unsent or unreleased record still needs. */
export async function neededSpools(tx: Read): Promise<ReadonlySet<string>> {
  return new Set((await tx.all(sql.spools)).map((row) => text(row, "spool")));
}

/** Plans that the hub has not taken yet, newest first: where it is dead they are read here. */
export async function waitingPlans(tx: Read): Promise<Envelope[]> {
  return (await tx.all(sql.plans)).map((row) => PlanHeader.parse(JSON.parse(text(row, "header"))).envelope);
}

const PlanHeader = z.looseObject({ envelope: Envelope });

/** The records of one text in their order, twice where it was put twice. */
export async function partsOf(tx: Read, digest: Digest): Promise<OutboxRow[]> {
  return (await tx.all(sql.parts, { sha256: digest })).map(readRow);
}
