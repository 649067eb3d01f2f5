import { Database } from "bun:sqlite";
import { SqliteStore, type Migration } from "../../shared/sqlite.ts";

/** The empty schema as an image: migrating four databases for each of hundreds of seeds would be most of the run. */
const images = new WeakMap<readonly Migration[], Uint8Array>();

function imageOf(migrations: readonly Migration[]): Uint8Array {
  const held = images.get(migrations);
  if (held) return held;
  const db = new Database(":memory:", { strict: true });
  for (const migration of migrations) db.run(migration.sql);
  const image = db.serialize();
  db.close();
  images.set(migrations, image);
  return image;
}

export interface SimDatabase {
  /** For the ledger alone: it looks past the product's own statements. */
  readonly db: Database;
  readonly store: SqliteStore;
}

/** A machine's disk: outlives every process that uses it. */
export function openDisk(migrations: readonly Migration[]): SimDatabase {
  const db = Database.deserialize(imageOf(migrations), { strict: true });
  return { db, store: new SqliteStore(db, { path: ":memory:", migrations }) };
}
