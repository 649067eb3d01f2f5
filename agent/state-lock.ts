import { join } from "node:path";
import { Database } from "bun:sqlite";
import { FarhandError } from "../shared/errors.ts";
import { makePrivate } from "../shared/sqlite.ts";

/**
 * One process for one state folder. The lock is SQLite's own exclusive lock on a file that holds nothing: the kernel drops it
 * with the process, so that a crash leaves no stale lock behind.
 */
export function lockStateDir(stateDir: string): () => void {
  const path = join(stateDir, "lock.db");
  // Whoever may read it could hold it, and the agent would not start.
  makePrivate(path);
  const db = new Database(path, { create: true, strict: true });
  try {
    db.run("PRAGMA busy_timeout = 0");
    db.run("PRAGMA locking_mode = EXCLUSIVE");
    db.run("BEGIN EXCLUSIVE");
  } catch (error) {
    db.close();
    throw new FarhandError("ALREADY_RUNNING", stateDir, { cause: error });
  }
  return () => db.close();
}
