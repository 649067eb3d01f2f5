import type { Envelope } from "../../shared/envelope.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { Digest, GrantId, PersonId } from "../../shared/ids.ts";
import { statements, type Store, type Tx } from "../../shared/store.ts";
import type { TrustDocument } from "../../shared/tuf/metadata.ts";
import { int, json, named } from "./columns.ts";

export type DocumentKind = TrustDocument;

const sql = statements("document", {
  latest: "SELECT version, sha256, envelope FROM document WHERE kind = :kind ORDER BY version DESC LIMIT 1",
  all: "SELECT version, sha256, envelope FROM document WHERE kind = :kind ORDER BY version",
  add: `INSERT INTO document (kind, version, sha256, envelope, stored_ms)
        VALUES (:kind, :version, :sha256, :envelope, :nowMs)
        ON CONFLICT (kind, version) DO UPDATE SET envelope = excluded.envelope WHERE sha256 = excluded.sha256`,
  addGrant: `INSERT INTO standing_grant (sha256, id, envelope, signers, stored_ms)
             VALUES (:sha256, :id, :envelope, :signers, :nowMs) ON CONFLICT (sha256) DO NOTHING`,
  grants: "SELECT sha256, envelope, signers FROM standing_grant ORDER BY stored_ms DESC LIMIT 1000",
  grant: `SELECT sha256, envelope, signers FROM standing_grant WHERE id = :id
          ORDER BY stored_ms DESC, sha256 LIMIT 1`,
  grantByDigest: "SELECT sha256, envelope, signers FROM standing_grant WHERE sha256 = :sha256",
});

export interface DocumentRow {
  readonly version: number;
  readonly sha256: Digest;
  readonly envelope: Envelope;
}

export async function latestDocument(store: Store, kind: DocumentKind): Promise<DocumentRow | undefined> {
  const row = await store.read((tx) => tx.get(sql.latest, { kind }));
  return (
    row && {
      version: int(row, "version"),
      sha256: named<Digest>(row, "sha256"),
      envelope: json<Envelope>(row, "envelope"),
    }
  );
}

/** Every version, oldest first: a newer keys.json is trusted because the one before it says who may sign it. */
export async function allDocuments(store: Store, kind: DocumentKind): Promise<DocumentRow[]> {
  const rows = await store.read((tx) => tx.all(sql.all, { kind }));
  return rows.map((row) => ({
    version: int(row, "version"),
    sha256: named<Digest>(row, "sha256"),
    envelope: json<Envelope>(row, "envelope"),
  }));
}

/** A version says one thing, whoever else signs it later. Throws CONFLICT where a higher version was held before. */
export async function addDocument(tx: Tx, kind: DocumentKind, row: DocumentRow, nowMs: number): Promise<void> {
  const { version, sha256, envelope } = row;
  const last = await tx.get(sql.latest, { kind });
  if (last && (int(last, "version") > version || (int(last, "version") === version && last["sha256"] !== sha256)))
    throw new FarhandError("CONFLICT", `${kind}.json version ${int(last, "version")} was held; this is ${version}`);
  await tx.run(sql.add, { kind, version, sha256, envelope: JSON.stringify(envelope), nowMs });
}

export interface GrantRow {
  readonly sha256: Digest;
  readonly envelope: Envelope;
  readonly signers: readonly PersonId[];
}

export async function addGrant(tx: Tx, id: GrantId, row: GrantRow, nowMs: number): Promise<void> {
  const { sha256, envelope, signers } = row;
  await tx.run(sql.addGrant, {
    sha256,
    id,
    envelope: JSON.stringify(envelope),
    signers: JSON.stringify(signers),
    nowMs,
  });
}

const grantOf = (row: Parameters<typeof int>[0]): GrantRow => ({
  sha256: named<Digest>(row, "sha256"),
  envelope: json<Envelope>(row, "envelope"),
  signers: json<PersonId[]>(row, "signers"),
});

export async function listGrants(store: Store): Promise<GrantRow[]> {
  return (await store.read((tx) => tx.all(sql.grants))).map(grantOf);
}

/** The newest grant of that name. */
export async function grantNamed(store: Store, id: GrantId): Promise<GrantRow | undefined> {
  const row = await store.read((tx) => tx.get(sql.grant, { id }));
  return row && grantOf(row);
}

export const grantByDigest = (store: Store, sha256: Digest): Promise<GrantRow | undefined> =>
  store.read((tx) => grantByDigestIn(tx, sha256));

export async function grantByDigestIn(tx: Pick<Tx, "get">, sha256: Digest): Promise<GrantRow | undefined> {
  const row = await tx.get(sql.grantByDigest, { sha256 });
  return row && grantOf(row);
}
