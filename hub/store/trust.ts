import type { Bytes } from "../../shared/bytes.ts";
import { statements, type Store, type Tx } from "../../shared/store.ts";
import { ROLES, type TrustRole } from "../../shared/tuf/metadata.ts";
import { bytes, int } from "./columns.ts";

const sql = statements("trust", {
  all: "SELECT bytes FROM trust_metadata WHERE role = :role ORDER BY version",
  latest: "SELECT version, bytes FROM trust_metadata WHERE role = :role ORDER BY version DESC LIMIT 1",
  add: "INSERT INTO trust_metadata (role, version, bytes, stored_ms) VALUES (:role, :version, :bytes, :nowMs)",
  dropTimestamps: "DELETE FROM trust_metadata WHERE role = 'timestamp' AND version < :version",
});

export interface MetadataRow {
  readonly version: number;
  readonly bytes: Bytes;
}

/** Every version, oldest first: an agent that was away walks the roots one by one, and an auditor asks what was in force once. */
export async function allMetadata(store: Store, role: Exclude<TrustRole, "timestamp">): Promise<Bytes[]> {
  return (await store.read((tx) => tx.all(sql.all, { role }))).map((row) => bytes(row, "bytes"));
}

export async function latestMetadata(store: Store): Promise<Readonly<Record<TrustRole, MetadataRow>> | undefined> {
  const found = await store.read(async (tx) => {
    const rows: [TrustRole, MetadataRow][] = [];
    for (const role of ROLES) {
      const row = await tx.get(sql.latest, { role });
      if (row) rows.push([role, { version: int(row, "version"), bytes: bytes(row, "bytes") }]);
    }
    return rows;
  });
  if (found.length < ROLES.length) return undefined;
  return Object.fromEntries(found) as Record<TrustRole, MetadataRow>;
}

/** Of timestamps only the last one is kept: there is one an hour, and nobody asks for an older one. */
export async function addMetadata(tx: Tx, role: TrustRole, row: MetadataRow, nowMs: number): Promise<void> {
  await tx.run(sql.add, { role, version: row.version, bytes: row.bytes, nowMs });
  if (role === "timestamp") await tx.run(sql.dropTimestamps, { version: row.version });
}
