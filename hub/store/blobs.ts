import { createHash } from "node:crypto";
import { sha256 as digestOf } from "../../shared/bytes.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { Digest } from "../../shared/ids.ts";
import { statements, type Store, type Tx } from "../../shared/store.ts";
import type { BlobCipher } from "./cipher.ts";
import { bytes, int, named, text } from "./columns.ts";

/**
 * Texts by content. They stand in the database and not in files: one commit then covers a text and the row that names it,
 * many small ones share one fsync, a backup is one file, and nothing is left over after a crash. A text is kept as the
 * parts in which it came (at most 256 KiB each), so that memory does not grow with it.
 */
export const BLOB_BYTES_MAX = 16 * 1024 * 1024;
/** What a device said is as large as its job allows; it is stored, checked and read in parts, and never held whole. */
export const OUTPUT_BYTES_MAX = 2 * 1024 * 1024 * 1024;
const LARGE_MEDIA: ReadonlySet<string> = new Set(["output", "transcript"]);
const bytesMaxOf = (media: string): number => (LARGE_MEDIA.has(media) ? OUTPUT_BYTES_MAX : BLOB_BYTES_MAX);
export const PART_BYTES_MAX = 256 * 1024;
/** Of one sender: room for a few of the largest at once. */
const ARRIVING_BYTES_MAX = 4 * OUTPUT_BYTES_MAX;
const ARRIVING_KEPT_MS = 7 * 86_400_000;

const sql = statements("blob", {
  find: "SELECT upload, total, media FROM blob WHERE sha256 = :sha256",
  arriving: "SELECT id, received, total FROM upload WHERE sender = :sender AND sha256 = :sha256 AND state = 'arriving'",
  arrivingBytes: "SELECT coalesce(sum(total), 0) AS n FROM upload WHERE sender = :sender AND state = 'arriving'",
  oldest: "SELECT id FROM upload WHERE sender = :sender AND state = 'arriving' ORDER BY started_ms, id LIMIT 1",
  addUpload: `INSERT INTO upload (sender, sha256, media, total, received, state, started_ms)
              VALUES (:sender, :sha256, :media, :total, 0, 'arriving', :nowMs) RETURNING id`,
  addPart: `INSERT INTO upload_part (upload, at, bytes, sealed) VALUES (:upload, :at, :bytes, :sealed)
            ON CONFLICT (upload, at) DO NOTHING`,
  received: "UPDATE upload SET received = received + :bytes WHERE id = :upload RETURNING received, total",
  setState: "UPDATE upload SET state = :state WHERE id = :upload",
  addBlob: `INSERT INTO blob (sha256, upload, total, media, stored_ms) VALUES (:sha256, :upload, :total, :media, :nowMs)
            ON CONFLICT (sha256) DO NOTHING`,
  whole: "SELECT id, sha256, media, total FROM upload WHERE state = 'whole' ORDER BY id LIMIT 16",
  parts: "SELECT at, bytes FROM upload_part WHERE upload = :upload ORDER BY at",
  part: "SELECT at, sealed FROM upload_part WHERE upload = :upload AND at = :at",
  partHolding: "SELECT at, sealed FROM upload_part WHERE upload = :upload AND at <= :at ORDER BY at DESC LIMIT 1",
  dropParts: "DELETE FROM upload_part WHERE upload = :upload",
  dropUpload: "DELETE FROM upload WHERE id = :upload",
  stale: "SELECT id FROM upload WHERE state = 'arriving' AND started_ms < :beforeMs LIMIT 100",
});

export interface SealedPart {
  readonly sha256: Digest;
  readonly media: string;
  readonly at: number;
  readonly total: number;
  readonly bytes: number;
  readonly sealed: Uint8Array;
  /** The part is the whole text and its digest was checked. */
  readonly verified: boolean;
}

/** Checks a part and seals it, before any transaction. Undefined when it cannot be part of such a text. */
export function sealPart(
  cipher: BlobCipher,
  part: { readonly sha256: Digest; readonly media: string; readonly offset: number; readonly total: number },
  body: Uint8Array,
): SealedPart | undefined {
  const { sha256, media, offset: at, total } = part;
  const isEmpty = body.length === 0 && total > 0;
  if (total > bytesMaxOf(media) || body.length > PART_BYTES_MAX || isEmpty || at + body.length > total)
    return undefined;
  const isAll = at === 0 && body.length === total;
  if (isAll && digestOf(body) !== sha256) return undefined;
  const sealed = cipher.sealPart(sha256, at, body);
  return { sha256, media, at, total, bytes: body.length, sealed, verified: isAll };
}

export type PartOutcome = "held" | "arriving" | "whole" | "stored";

/** Stores one part. `whole` asks for `checkWholeUploads`. */
export async function addPart(tx: Tx, sender: string, part: SealedPart, nowMs: number): Promise<PartOutcome> {
  const { sha256, media, total } = part;
  if (await tx.get(sql.find, { sha256 })) return "held";
  const upload = await uploadFor(tx, sender, part, nowMs);
  const added = await tx.run(sql.addPart, { upload, at: part.at, bytes: part.bytes, sealed: part.sealed });
  if (added === 0) return "arriving";
  const row = await tx.get(sql.received, { upload, bytes: part.bytes });
  if (!row || int(row, "received") < int(row, "total")) return "arriving";
  if (!part.verified) {
    await tx.run(sql.setState, { upload, state: "whole" });
    return "whole";
  }
  await tx.run(sql.setState, { upload, state: "checked" });
  await tx.run(sql.addBlob, { sha256, upload, total, media, nowMs });
  return "stored";
}

async function uploadFor(tx: Tx, sender: string, part: SealedPart, nowMs: number): Promise<number> {
  const { sha256, media, total } = part;
  const arriving = await tx.get(sql.arriving, { sender, sha256 });
  if (arriving) {
    if (int(arriving, "total") === total) return int(arriving, "id");
    await drop(tx, int(arriving, "id"));
  }
  if (!part.verified) {
    // A sender that begins texts and never ends them loses its oldest.
    const waiting = await tx.get(sql.arrivingBytes, { sender });
    if (waiting && int(waiting, "n") + total > ARRIVING_BYTES_MAX) {
      const oldest = await tx.get(sql.oldest, { sender });
      if (oldest) await drop(tx, int(oldest, "id"));
    }
  }
  const made = await tx.get(sql.addUpload, { sender, sha256, media, total, nowMs });
  if (!made) throw new FarhandError("INTERNAL", "no upload row");
  return int(made, "id");
}

async function drop(tx: Tx, upload: number): Promise<void> {
  await tx.run(sql.dropParts, { upload });
  await tx.run(sql.dropUpload, { upload });
}

/** Checks the digests of texts that came in several parts. True when it did something. */
export async function checkWholeUploads(store: Store, cipher: BlobCipher, nowMs: number): Promise<boolean> {
  const rows = await store.read((tx) => tx.all(sql.whole));
  for (const row of rows) {
    const upload = int(row, "id");
    const sha256 = named<Digest>(row, "sha256");
    const total = int(row, "total");
    const media = text(row, "media");
    const good = await hasDigest(store, cipher, upload, sha256, total);
    await store.tx("blob.check", async (tx) => {
      if (!good || (await tx.get(sql.find, { sha256 }))) return drop(tx, upload);
      await tx.run(sql.setState, { upload, state: "checked" });
      await tx.run(sql.addBlob, { sha256, upload, total, media, nowMs });
    });
  }
  return rows.length > 0;
}

async function hasDigest(
  store: Store,
  cipher: BlobCipher,
  upload: number,
  sha256: Digest,
  total: number,
): Promise<boolean> {
  const hash = createHash("sha256");
  const parts = await store.read((tx) => tx.all(sql.parts, { upload }));
  let at = 0;
  for (const part of parts) {
    if (int(part, "at") !== at) return false;
    const row = await store.read((tx) => tx.get(sql.part, { upload, at }));
    if (!row) return false;
    hash.update(cipher.openPart(sha256, at, bytes(row, "sealed")));
    at += int(part, "bytes");
  }
  return at === total && hash.digest("hex") === sha256;
}

export interface BlobEntry {
  readonly sha256: Digest;
  readonly upload: number;
  readonly total: number;
  readonly media: string;
}

export async function findBlob(store: Store, sha256: Digest): Promise<BlobEntry | undefined> {
  const row = await store.read((tx) => tx.get(sql.find, { sha256 }));
  return row && { sha256, upload: int(row, "upload"), total: int(row, "total"), media: text(row, "media") };
}

/** The bytes of a stored text from `offset` to the end of the part that holds it. */
export async function readBlob(store: Store, cipher: BlobCipher, blob: BlobEntry, offset: number): Promise<Uint8Array> {
  const row = await store.read((tx) => tx.get(sql.partHolding, { upload: blob.upload, at: offset }));
  if (!row) return new Uint8Array(0);
  const at = int(row, "at");
  return cipher.openPart(blob.sha256, at, bytes(row, "sealed")).subarray(offset - at);
}

/** For texts that must be parsed as one; at most 16 MiB. */
export async function readWholeBlob(store: Store, cipher: BlobCipher, blob: BlobEntry): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < blob.total;) {
    const part = await readBlob(store, cipher, blob, at);
    if (part.length === 0) throw new FarhandError("IO", `text ${blob.sha256} has a hole`);
    parts.push(part);
    at += part.length;
  }
  return Buffer.concat(parts);
}

/** A whole text that the hub itself holds in memory, such as an author's upload. */
export async function putBlob(
  store: Store,
  cipher: BlobCipher,
  content: Uint8Array,
  from: { readonly sender: string; readonly media: string },
  nowMs: number,
): Promise<Digest> {
  if (content.length > BLOB_BYTES_MAX) throw new FarhandError("ENVELOPE_TOO_LARGE", "a text of more than 16 MiB");
  const sha256 = digestOf(content);
  const total = content.length;
  const parts: SealedPart[] = [];
  for (let at = 0; at === 0 || at < total; at += PART_BYTES_MAX) {
    const body = content.subarray(at, at + PART_BYTES_MAX);
    const sealed = cipher.sealPart(sha256, at, body);
    // The digest of the whole was computed here: the last part completes it.
    parts.push({ sha256, media: from.media, at, total, bytes: body.length, sealed, verified: true });
  }
  await store.tx("blob.put", async (tx) => {
    for (const part of parts) await addPart(tx, from.sender, part, nowMs);
  });
  return sha256;
}

export function dropStaleUploads(store: Store, nowMs: number): Promise<number> {
  return store.tx("blob.stale", async (tx) => {
    const rows = await tx.all(sql.stale, { beforeMs: nowMs - ARRIVING_KEPT_MS });
    for (const row of rows) await drop(tx, int(row, "id"));
    return rows.length;
  });
}
