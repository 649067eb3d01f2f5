import { open, type FileHandle } from "node:fs/promises";

/**
 * Brings to disk what SQLite has committed to its write-ahead log. With `synchronous = FULL` SQLite does that inside COMMIT, and the whole process waits for
 * the disk; with NORMAL it leaves it to its checkpoints, and this does the same sync on a thread of the pool, while other work goes on.
 * SQLite itself syncs the log's header, and its folder, whenever the log begins anew (sqlite.org/wal.html, walWriteFrames).
 */
export class WalSync {
  readonly #path: string;
  #file: FileHandle | undefined;

  constructor(databasePath: string) {
    this.#path = `${databasePath}-wal`;
  }

  /** Resolves once everything committed before the call is on disk. Rejects where the disk says no: what it holds is not known then. */
  async sync(): Promise<void> {
    // Not before there is one; it then stays the same file for as long as the database is open.
    this.#file ??= await open(this.#path, "r+");
    await this.#file.datasync();
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }
}
