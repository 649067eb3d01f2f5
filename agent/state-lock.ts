import { join } from "node:path";
import { Database } from "bun:sqlite";
import { FarhandError } from "../shared/errors.ts";

/**
 * One process for one state folder. The lock is SQLite's own exclusive lock on a file that holds nothing: the kernel drops it
 * with the process, so that a crash leaves no stale lock behind.
 */
export function lockStateDir(stateDir: string): () => void {
  const db = new Database(join(stateDir, "lock.db"), { create: true, strict: true });
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
