import { InclusionProof } from "../../shared/audit/proofs.ts";
import { sha256, type Bytes } from "../../shared/bytes.ts";
import { Authority } from "../../shared/documents/offer.ts";
import { envelopeBytes, parseEnvelope } from "../../shared/envelope.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { DeviceId, Digest } from "../../shared/ids.ts";
import { statements, type Tx } from "../../shared/store.ts";
import type { WorkDocuments } from "../../shared/verify/work.ts";
import type { AssignmentKey } from "../core/model.ts";
import { blob, int, json, text } from "./row.ts";

type Read = Pick<Tx, "all" | "get">;

/** What the journal holds of other people's bytes: offered work, texts by digest, sealed snapshots. */
const sql = statements("journal.holdings", {
  work: "SELECT authority_kind, authority, bytes, breakglass, proofs FROM work WHERE manifest = $manifest AND attempt = $attempt",
  putWork: `INSERT INTO work (manifest, attempt, authority_kind, authority, bytes, breakglass, proofs)
    VALUES ($manifest, $attempt, $kind, $authority, $bytes, $breakglass, $proofs)
    ON CONFLICT DO NOTHING`,
  text: "SELECT bytes FROM text WHERE sha256 = $sha256",
  hasText: "SELECT 1 AS held FROM text WHERE sha256 = $sha256",
  putText: "INSERT INTO text (sha256, bytes) VALUES ($sha256, $bytes) ON CONFLICT DO NOTHING",
  useText:
    "INSERT INTO text_use (manifest, attempt, sha256) VALUES ($manifest, $attempt, $sha256) ON CONFLICT DO NOTHING",
  releaseTexts: "DELETE FROM text_use WHERE manifest = $manifest AND attempt = $attempt",
  dropTexts: "DELETE FROM text WHERE NOT EXISTS (SELECT 1 FROM text_use WHERE text_use.sha256 = text.sha256)",
  dropWork: "DELETE FROM work WHERE manifest = $manifest AND attempt = $attempt",
  putSnapshot: `INSERT INTO snapshot (device, at_ms, public_sha256, key_generation, sealed)
    VALUES ($device, $atMs, $publicSha256, $keyGeneration, $sealed)`,
  anySnapshot: "SELECT 1 AS held FROM snapshot LIMIT 1",
  lastSnapshot: "SELECT public_sha256 FROM snapshot WHERE device = $device ORDER BY id DESC LIMIT 1",
  trimSnapshots: `DELETE FROM snapshot WHERE device = $device AND id NOT IN
    (SELECT id FROM snapshot WHERE device = $device ORDER BY id DESC LIMIT $keep)`,
  snapshotCount: "SELECT count(*) AS n FROM snapshot",
});

const SNAPSHOTS_PER_DEVICE = 3;

export async function saveWork(
  tx: Tx,
  key: AssignmentKey,
  work: WorkDocuments,
  texts: readonly Digest[],
): Promise<void> {
  const at = { manifest: key.manifest, attempt: key.attempt };
  await tx.run(sql.putWork, {
    ...at,
    kind: work.authorityKind,
    authority: envelopeBytes(work.authority),
    bytes: work.manifest,
    breakglass: work.breakglass ? envelopeBytes(work.breakglass) : null,
    proofs: work.proofs && work.proofs.length > 0 ? JSON.stringify(work.proofs) : null,
  });
  for (const digest of texts) await tx.run(sql.useText, { ...at, sha256: digest });
}

export async function loadWork(tx: Read, key: AssignmentKey): Promise<WorkDocuments | undefined> {
  const row = await tx.get(sql.work, { manifest: key.manifest, attempt: key.attempt });
  if (!row) return undefined;
  return {
    authorityKind: Authority.shape.kind.parse(text(row, "authority_kind")),
    authority: parseEnvelope(blob(row, "authority")),
    manifest: blob(row, "bytes"),
    ...(row["breakglass"] === null ? {} : { breakglass: parseEnvelope(blob(row, "breakglass")) }),
    ...(row["proofs"] === null ? {} : { proofs: InclusionProof.array().parse(json(row, "proofs")) }),
  };
}

export async function hasText(tx: Read, digest: Digest): Promise<boolean> {
  return (await tx.get(sql.hasText, { sha256: digest })) !== undefined;
}

/** Bytes are stored only under the digest that they have. */
export async function saveText(tx: Tx, bytes: Uint8Array): Promise<void> {
  await tx.run(sql.putText, { sha256: sha256(bytes), bytes });
}

export async function loadText(tx: Read, digest: Digest): Promise<Bytes> {
  const row = await tx.get(sql.text, { sha256: digest });
  if (!row) throw new FarhandError("BUNDLE_INCOMPLETE", digest);
  const bytes = blob(row, "bytes");
  if (sha256(bytes) !== digest) throw new FarhandError("JOURNAL_CORRUPT", `text ${digest}`);
  return bytes;
}

/** Once the hub holds the outcome, the offered bytes are not needed any more; the assignment's row stays. */
export async function releaseWork(tx: Tx, key: AssignmentKey): Promise<void> {
  const at = { manifest: key.manifest, attempt: key.attempt };
  await tx.run(sql.releaseTexts, at);
  await tx.run(sql.dropWork, at);
  await tx.run(sql.dropTexts);
}

export interface SealedSnapshot {
  readonly device: DeviceId;
  readonly atMs: number;
  readonly publicDigest: Digest;
  readonly keyGeneration: number;
  readonly sealed: Uint8Array;
}

export async function hasSnapshots(tx: Pick<Tx, "get">): Promise<boolean> {
  return (await tx.get(sql.anySnapshot)) !== undefined;
}

/** Keeps the newest few of each device; one that equals the newest is not stored again. */
export async function saveSnapshot(tx: Tx, snapshot: SealedSnapshot): Promise<void> {
  const { device } = snapshot;
  const last = await tx.get(sql.lastSnapshot, { device });
  if (last && text(last, "public_sha256") === snapshot.publicDigest) return;
  await tx.run(sql.putSnapshot, {
    device,
    atMs: snapshot.atMs,
    publicSha256: snapshot.publicDigest,
    keyGeneration: snapshot.keyGeneration,
    sealed: snapshot.sealed,
  });
  await tx.run(sql.trimSnapshots, { device, keep: SNAPSHOTS_PER_DEVICE });
}

export async function snapshotCount(tx: Read): Promise<number> {
  const row = await tx.get(sql.snapshotCount);
  return row ? int(row, "n") : 0;
}
