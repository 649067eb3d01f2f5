import { closeSync, fdatasync, fdatasyncSync, openSync } from "node:fs";
import { promisify } from "node:util";

const sync = promisify(fdatasync);

/**
 * Brings to disk what SQLite has committed to its write-ahead log. With `synchronous = FULL` SQLite does that inside COMMIT, and the whole process waits for
 * the disk; with NORMAL it leaves it to its checkpoints, and this does the same sync on a thread of the pool, while other work goes on.
 * SQLite itself syncs the log's header, and its folder, whenever the log begins anew (sqlite.org/wal.html, walWriteFrames).
 */
export class WalSync {
  #file: number | undefined;

  /** Of a database that is open: its log is there then, and stays the same file until the last who has it open closes. */
  constructor(databasePath: string) {
    const file = openSync(`${databasePath}-wal`, "r+");
    try {
      // A process that was killed between COMMIT and its sync leaves rows that are seen, and would be acted upon.
      fdatasyncSync(file);
    } catch (error) {
      closeSync(file);
      throw error;
    }
    this.#file = file;
  }

  /** Resolves once everything committed before the call is on disk. Rejects where the disk says no: what it holds is not known then. */
  async sync(): Promise<void> {
    if (this.#file === undefined) throw new Error("the log is closed");
    await sync(this.#file);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
