import { openSqlite, type SqliteStore } from "../../shared/sqlite.ts";
import type { BoundaryObserver, RefusalObserver } from "../../shared/store.ts";
import first from "./migrations/0001_first.sql" with { type: "text" };
import tombstone from "./migrations/0002_tombstone.sql" with { type: "text" };
import adoption from "./migrations/0011_adoption.sql" with { type: "text" };
import auditLog from "./migrations/0003_audit.sql" with { type: "text" };
import bundle from "./migrations/0004_bundle.sql" with { type: "text" };
import bundleWitness from "./migrations/0006_bundle_witness.sql" with { type: "text" };
import breakglass from "./migrations/0007_breakglass.sql" with { type: "text" };
import credentials from "./migrations/0005_credentials.sql" with { type: "text" };
import ending from "./migrations/0009_ending.sql" with { type: "text" };
import hold from "./migrations/0010_hold.sql" with { type: "text" };
import readmission from "./migrations/0012_readmission.sql" with { type: "text" };
import trust from "./migrations/0008_trust.sql" with { type: "text" };

/** Numbered, forward only; embedded in the binary as text. */
export const migrations = [
  { version: 1, sql: first },
  { version: 2, sql: tombstone },
  { version: 3, sql: auditLog },
  { version: 4, sql: bundle },
  { version: 5, sql: credentials },
  { version: 6, sql: bundleWitness },
  { version: 7, sql: breakglass },
  { version: 8, sql: trust },
  { version: 9, sql: ending },
  { version: 10, sql: hold },
  { version: 11, sql: adoption },
  { version: 12, sql: readmission },
] as const;

/** Beyond `quotaBytes` writes fail as DISK_FULL; without it the disk is the bound. */
export function openHubStore(
  path: string,
  onBoundary?: BoundaryObserver,
  quotaBytes?: number,
  onRefused?: RefusalObserver,
): SqliteStore {
  return openSqlite({
    path,
    migrations,
    ...(onBoundary && { onBoundary }),
    ...(quotaBytes && { quotaBytes }),
    ...(onRefused && { onRefused }),
  });
}
