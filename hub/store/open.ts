import { openSqlite, type SqliteStore } from "../../shared/sqlite.ts";
import type { BoundaryObserver } from "../../shared/store.ts";
import first from "./migrations/0001_first.sql" with { type: "text" };
import tombstone from "./migrations/0002_tombstone.sql" with { type: "text" };

/** Numbered, forward only; embedded in the binary as text. */
export const migrations = [
  { version: 1, sql: first },
  { version: 2, sql: tombstone },
] as const;

export function openHubStore(path: string, onBoundary?: BoundaryObserver): SqliteStore {
  return openSqlite({ path, migrations, ...(onBoundary && { onBoundary }) });
}
