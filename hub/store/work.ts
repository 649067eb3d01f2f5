import type { Purpose } from "../core/model.ts";
import { toBase64url, type Bytes } from "../../shared/bytes.ts";
import type { Envelope } from "../../shared/envelope.ts";
import type { AgentId, Digest, JobId, KeyId, PersonId } from "../../shared/ids.ts";
import { statements, type Tx } from "../../shared/store.ts";
import { bytes, int, named, text } from "./columns.ts";

/** Signed bytes on their way: manifests, the texts that they name, warrants and their signatures. */
const sql = statements("work", {
  addManifest: `INSERT INTO manifest (sha256, job, purpose, position, authority_kind, authority_sha256, bytes)
                VALUES (:sha256, :job, :purpose, :position, :authorityKind, :authoritySha256, :bytes)`,
  addText:
    "INSERT INTO manifest_text (sha256, manifest) VALUES (:sha256, :manifest) ON CONFLICT (sha256, manifest) DO NOTHING",
  manifest: "SELECT job, authority_kind, authority_sha256, bytes FROM manifest WHERE sha256 = :sha256",
  manifestsOf: "SELECT sha256, bytes FROM manifest WHERE job = :job AND purpose = :purpose ORDER BY position",
  /** Only what a manifest that was served to this agent names. */
  mayFetch: `SELECT 1 AS yes FROM manifest_text AS t
             JOIN assignment AS a ON a.manifest = t.manifest
             WHERE t.sha256 = :sha256 AND a.agent = :agent AND a.state NOT IN ('PLANNED', 'OFFERED') LIMIT 1`,
  addWarrant: "INSERT INTO warrant (job, sha256, payload, stored_ms) VALUES (:job, :sha256, :payload, :nowMs)",
  warrant: "SELECT sha256, payload FROM warrant WHERE job = :job",
  addSignature: `INSERT INTO warrant_signature (job, kid, person, protected, signature, at_ms)
                 VALUES (:job, :kid, :person, :protected, :signature, :nowMs) ON CONFLICT (job, kid) DO NOTHING`,
  signatures: "SELECT kid, person, protected, signature FROM warrant_signature WHERE job = :job ORDER BY at_ms, kid",
});

type Reader = Pick<Tx, "get" | "all">;

export async function addManifest(
  tx: Tx,
  manifest: {
    sha256: Digest;
    job: JobId;
    purpose: Purpose;
    position: number;
    authorityKind: "warrant" | "grant";
    authoritySha256: Digest;
    bytes: Bytes;
  },
  texts: Iterable<Digest>,
): Promise<void> {
  await tx.run(sql.addManifest, manifest);
  for (const sha256 of new Set(texts)) await tx.run(sql.addText, { sha256, manifest: manifest.sha256 });
}

export interface StoredManifest {
  readonly job: JobId;
  readonly authority: { readonly kind: "warrant" | "grant"; readonly sha256: Digest };
  readonly bytes: Bytes;
}

export async function findManifest(tx: Reader, sha256: Digest): Promise<StoredManifest | undefined> {
  const row = await tx.get(sql.manifest, { sha256 });
  return (
    row && {
      job: named<JobId>(row, "job"),
      authority: {
        kind: named<"warrant" | "grant">(row, "authority_kind"),
        sha256: named<Digest>(row, "authority_sha256"),
      },
      bytes: bytes(row, "bytes"),
    }
  );
}

export async function manifestsOf(
  tx: Reader,
  job: JobId,
  purpose: Purpose,
): Promise<{ sha256: Digest; bytes: Bytes }[]> {
  return (await tx.all(sql.manifestsOf, { job, purpose })).map((row) => ({
    sha256: named<Digest>(row, "sha256"),
    bytes: bytes(row, "bytes"),
  }));
}

export async function mayFetch(tx: Reader, agent: AgentId, sha256: Digest): Promise<boolean> {
  const row = await tx.get(sql.mayFetch, { agent, sha256 });
  return row !== undefined && int(row, "yes") === 1;
}

export interface StoredWarrant {
  readonly sha256: Digest;
  /** base64url of the canonical bytes, as it stands in the envelope. */
  readonly payload: string;
}

export async function addWarrant(tx: Tx, job: JobId, sha256: Digest, payload: Bytes, nowMs: number): Promise<void> {
  await tx.run(sql.addWarrant, { job, sha256, payload: toBase64url(payload), nowMs });
}

export async function findWarrant(tx: Reader, job: JobId): Promise<StoredWarrant | undefined> {
  const row = await tx.get(sql.warrant, { job });
  return row && { sha256: named<Digest>(row, "sha256"), payload: text(row, "payload") };
}

export interface StoredSignature {
  readonly kid: KeyId;
  readonly person: PersonId;
  readonly entry: Envelope["signatures"][number];
}

export async function addSignature(tx: Tx, job: JobId, signature: StoredSignature, nowMs: number): Promise<void> {
  const { kid, person, entry } = signature;
  await tx.run(sql.addSignature, { job, kid, person, protected: entry.protected, signature: entry.signature, nowMs });
}

export async function signaturesOf(tx: Reader, job: JobId): Promise<StoredSignature[]> {
  return (await tx.all(sql.signatures, { job })).map((row) => ({
    kid: named<KeyId>(row, "kid"),
    person: named<PersonId>(row, "person"),
    entry: { protected: text(row, "protected"), signature: text(row, "signature") },
  }));
}

export async function warrantEnvelope(tx: Reader, job: JobId): Promise<Envelope | undefined> {
  const warrant = await findWarrant(tx, job);
  if (!warrant) return undefined;
  return { payload: warrant.payload, signatures: (await signaturesOf(tx, job)).map(({ entry }) => entry) };
}
