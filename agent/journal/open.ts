import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../shared/clock.ts";
import { errorCode, FarhandError } from "../../shared/errors.ts";
import { openSqlite, type Migration } from "../../shared/sqlite.ts";
import type { BoundaryObserver, RefusalObserver, Store } from "../../shared/store.ts";
import { ensureEpoch } from "./meta.ts";
import first from "./migrations/0001_journal.sql" with { type: "text" };
import checkpoint from "./migrations/0002_checkpoint.sql" with { type: "text" };
import bundle from "./migrations/0003_bundle.sql" with { type: "text" };
import logins from "./migrations/0004_logins.sql" with { type: "text" };
import breakglass from "./migrations/0006_breakglass.sql" with { type: "text" };
import revocations from "./migrations/0007_revocations.sql" with { type: "text" };
import schedule from "./migrations/0005_schedule.sql" with { type: "text" };
import hold from "./migrations/0008_hold.sql" with { type: "text" };
import outboxSizes from "./migrations/0009_outbox_sizes.sql" with { type: "text" };

export const journalMigrations: readonly Migration[] = [
  { version: 1, sql: first },
  { version: 2, sql: checkpoint },
  { version: 3, sql: bundle },
  { version: 4, sql: logins },
  { version: 5, sql: schedule },
  { version: 6, sql: breakglass },
  { version: 7, sql: revocations },
  { version: 8, sql: hold },
  { version: 9, sql: outboxSizes },
];

/** Beyond this, writes fail as DISK_FULL; large bodies live in spool files and are counted there. */
const JOURNAL_BYTES_MAX = 2 * 1024 * 1024 * 1024;

export interface JournalOptions {
  readonly stateDir: string;
  readonly clock: Clock;
  readonly onBoundary?: BoundaryObserver;
  readonly onRefused?: RefusalObserver;
  readonly quotaBytes?: number;
  /** The epoch that the mark knows: a journal that takes the place of a damaged one names it. */
  readonly marked?: string | undefined;
}

export interface OpenedJournal {
  readonly store: Store;
  readonly epoch: string;
  /** Where a damaged journal was put aside; null when the journal was sound. */
  readonly putAside: string | null;
}

export async function openJournal(options: JournalOptions): Promise<OpenedJournal> {
  const path = join(options.stateDir, "journal.db");
  let putAside: string | null = null;
  let store: Store;
  try {
    store = open(path, options);
  } catch (error) {
    if (!isCorrupt(error)) throw error;
    putAside = `${path}.corrupt-${options.clock.nowMs()}`;
    for (const suffix of ["", "-wal", "-shm"]) {
      if (existsSync(path + suffix)) renameSync(path + suffix, putAside + suffix);
    }
    store = open(path, options);
  }
  // By what lies in the folder: a crash between putting aside and here must not make it forget.
  const isLost = readdirSync(options.stateDir).some((name) => name.startsWith("journal.db.corrupt-"));
  const lost = isLost ? { atMs: options.clock.nowMs(), epoch: options.marked ?? null } : null;
  const epoch = await ensureEpoch(store, () => randomBytes(16).toString("hex"), lost);
  return { store, epoch, putAside };
}

function open(path: string, options: JournalOptions): Store {
  return openSqlite({
    path,
    migrations: journalMigrations,
    quotaBytes: options.quotaBytes ?? JOURNAL_BYTES_MAX,
    ...(options.onBoundary ? { onBoundary: options.onBoundary } : {}),
    ...(options.onRefused ? { onRefused: options.onRefused } : {}),
  });
}

/** quick_check finds damage in a readable file; a file that is no database at all fails before that. */
function isCorrupt(error: unknown): boolean {
  if (error instanceof FarhandError) return errorCode(error) === "JOURNAL_CORRUPT";
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return code.startsWith("SQLITE_NOTADB") || code.startsWith("SQLITE_CORRUPT");
}
