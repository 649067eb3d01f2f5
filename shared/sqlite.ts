import { AsyncLocalStorage } from "node:async_hooks";
import { closeSync, openSync } from "node:fs";
import { Database, type SQLQueryBindings } from "bun:sqlite";
import { FarhandError } from "./errors.ts";
import type { BoundaryObserver, RefusalObserver, SqlParameters, SqlRow, Statement, Store, Tx } from "./store.ts";
import { WalSync } from "./wal-sync.ts";

export interface Migration {
  /** Numbered from 1 without a gap; never edited once released. */
  readonly version: number;
  readonly sql: string;
}

export interface SqliteOptions {
  readonly path: string;
  readonly migrations: readonly Migration[];
  /** Upper bound of the file; writes beyond it fail as DISK_FULL while deletes still work. */
  readonly quotaBytes?: number;
  readonly onBoundary?: BoundaryObserver;
  readonly onRefused?: RefusalObserver;
  /**
   * Other processes have the file open too, and see what was committed: COMMIT syncs before they do, and the whole process waits for the disk.
   * Without it they see it a moment before it is on disk.
   */
  readonly isShared?: boolean;
  /** For tests: a disk that takes its time, or refuses. */
  readonly wal?: Pick<WalSync, "sync" | "close">;
}

/** Everything else may write: INSERT … RETURNING is a query too. */
const ONLY_READS = /^\s*SELECT\b/iv;

const PAGE_BYTES = 4096;
const BATCH_MAX = 256;

/** SQLite makes a file with mode 0644 less the umask, and gives its WAL the mode of the database: others could read what is not theirs. */
export function makePrivate(path: string): void {
  closeSync(openSync(path, "a", 0o600));
}

/** Opens a database with the settings that durability needs (reliability.md §3.2), and brings its schema up to date. */
export function openSqlite(options: SqliteOptions): SqliteStore {
  if (options.path !== ":memory:") makePrivate(options.path);
  const db = new Database(options.path, { create: true, strict: true });
  db.run("PRAGMA busy_timeout = 5000");
  db.run("PRAGMA auto_vacuum = INCREMENTAL");
  db.run("PRAGMA journal_mode = WAL");
  db.run("PRAGMA synchronous = FULL");
  db.run("PRAGMA foreign_keys = ON");
  db.run("PRAGMA trusted_schema = OFF");
  db.run("PRAGMA cell_size_check = ON");
  db.run("PRAGMA secure_delete = ON");
  db.run("PRAGMA journal_size_limit = 16777216");
  // 16 MiB: what comes and goes between two checkpoints, as the outbox's bodies do, is written to the database once and synced once.
  db.run("PRAGMA wal_autocheckpoint = 4096");
  const check = db.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").get();
  if (check?.quick_check !== "ok") {
    db.close();
    throw new FarhandError("JOURNAL_CORRUPT", options.path);
  }
  // What an earlier process left in the log may be on no disk, and once a sync of it has failed no second one tells: it is written anew.
  db.run("PRAGMA wal_checkpoint(PASSIVE)");
  migrate(db, options.migrations);
  // Not before: a full journal that could not be brought up to date could never be emptied either.
  if (options.quotaBytes !== undefined)
    db.run(`PRAGMA max_page_count = ${Math.floor(options.quotaBytes / PAGE_BYTES)}`);
  return new SqliteStore(db, options);
}

function migrate(db: Database, migrations: readonly Migration[]): void {
  const current = db.query<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version ?? 0;
  const newest = migrations.length;
  if (current > newest)
    throw new FarhandError("IO", `the database has schema ${current}, this version knows ${newest}`);
  migrations.forEach((migration, index) => {
    if (migration.version !== index + 1)
      throw new FarhandError("INTERNAL", "migrations are not numbered without a gap");
    if (migration.version <= current) return;
    db.transaction(() => {
      db.run(migration.sql);
      db.run(`PRAGMA user_version = ${migration.version}`);
    }).immediate();
  });
}

interface Waiting {
  readonly label: string;
  run(tx: Tx): Promise<unknown>;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

type Settled =
  | { readonly entry: Waiting; readonly value: unknown }
  | { readonly entry: Waiting; readonly error: unknown };

/**
 * One writer. Transactions that wait at the same time share one COMMIT and one sync of the log, each as a savepoint: those that come while the disk
 * is at it are the next group. Nobody is told of a commit, and no read returns what it saw of one, before it is on disk.
 */
export class SqliteStore implements Store {
  readonly #db: Database;
  readonly #reader: Database;
  readonly #onBoundary: BoundaryObserver | undefined;
  readonly #onRefused: RefusalObserver | undefined;
  /** None in memory. */
  readonly #wal: Pick<WalSync, "sync" | "close"> | undefined;
  readonly #inside = new AsyncLocalStorage<true>();
  #queue: Waiting[] = [];
  #draining: Promise<void> | undefined;
  #reading: Promise<unknown> = Promise.resolve();
  /** Of the last group, while it is not on disk yet. For good where the disk refused: what was committed since then is seen, and may be lost. */
  #unsynced: Promise<void> | undefined;
  #closed = false;

  constructor(db: Database, options: SqliteOptions) {
    this.#db = db;
    this.#onBoundary = options.onBoundary;
    this.#onRefused = options.onRefused;
    if (options.path === ":memory:") this.#reader = db;
    else {
      this.#reader = new Database(options.path, { readonly: true, strict: true });
      this.#reader.run("PRAGMA busy_timeout = 5000");
      this.#reader.run("PRAGMA query_only = ON");
      const wal = options.wal ?? new WalSync(options.path);
      if (options.isShared === true) wal.close();
      else {
        this.#wal = wal;
        this.#db.run("PRAGMA synchronous = NORMAL");
      }
    }
  }

  tx<T>(label: string, fn: (tx: Tx) => Promise<T>): Promise<T> {
    if (this.#inside.getStore())
      return Promise.reject(new FarhandError("INTERNAL", `transaction ${label} inside another`));
    if (this.#closed) return Promise.reject(new FarhandError("INTERNAL", "the store is closed"));
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ label, run: fn, resolve: resolve as (value: unknown) => void, reject });
      this.#draining ??= this.#drain();
    });
  }

  async read<T>(fn: (tx: Pick<Tx, "all" | "get">) => Promise<T>): Promise<T> {
    // On one connection (in memory) a read must not see rows that are not committed yet: it waits its turn as a writer does.
    if (this.#reader === this.#db) return this.tx("read", fn);
    // One reader too: a second BEGIN while a first read awaits would fail, or would show it a snapshot that is older than its call.
    let seen: { readonly unsynced: Promise<void> | undefined } | undefined;
    const mine = this.#reading.then(async () => {
      this.#reader.run("BEGIN");
      try {
        // The first query takes the snapshot: what is committed later is not in it.
        const onQuery = (): void => {
          seen ??= { unsynced: this.#unsynced };
        };
        return await fn(new Handle(this.#reader, onQuery));
      } finally {
        this.#reader.run("COMMIT");
      }
    });
    this.#reading = mine.catch(() => undefined);
    const value = await mine;
    await seen?.unsynced;
    return value;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#draining;
    await this.#reading;
    // Before SQLite removes it.
    this.#wal?.close();
    if (this.#reader !== this.#db) this.#reader.close();
    this.#db.close();
  }

  async #drain(): Promise<void> {
    // Let everything that is ready in this turn of the event loop join the first group.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const group = this.#queue.splice(0, BATCH_MAX);
      await this.#commitGroup(group);
    }
    this.#draining = undefined;
  }

  /** Commits the group. What SQLite throws out as a whole is tried again without the transaction that caused it. */
  async #commitGroup(group: readonly Waiting[]): Promise<void> {
    if (group.length === 0) return;
    const settled: Settled[] = [];
    const labels = group.map((entry) => entry.label);
    try {
      // Where the disk once refused it says so to all that follow.
      await this.#unsynced;
      let wrote = false;
      this.#db.run("BEGIN IMMEDIATE");
      const onQuery = (sql: string): void => {
        wrote ||= !ONLY_READS.test(sql);
      };
      for (const entry of group) settled.push(await this.#runSavepoint(entry, onQuery));
      this.#onBoundary?.(labels, "before-commit");
      this.#db.run("COMMIT");
      if (wrote) await this.#sync();
    } catch (error) {
      if (this.#db.inTransaction) this.#db.run("ROLLBACK");
      if (error instanceof GroupLost) {
        error.culprit.reject(sqliteError(error.cause));
        return this.#commitGroup(group.filter((entry) => entry !== error.culprit));
      }
      const failure = sqliteError(error);
      for (const entry of group) entry.reject(failure);
      return;
    }
    this.#onBoundary?.(labels, "after-commit");
    for (const outcome of settled) {
      if ("error" in outcome) outcome.entry.reject(outcome.error);
      else outcome.entry.resolve(outcome.value);
    }
  }

  async #sync(): Promise<void> {
    this.#unsynced = this.#wal?.sync();
    // Every read and every group that follows meets a refusal again.
    this.#unsynced?.catch((error: unknown) => this.#onRefused?.(error));
    await this.#unsynced;
    this.#unsynced = undefined;
  }

  async #runSavepoint(entry: Waiting, onQuery: (sql: string) => void): Promise<Settled> {
    this.#db.run("SAVEPOINT one");
    try {
      const value = await this.#inside.run(true, () => entry.run(new Handle(this.#db, onQuery)));
      this.#db.run("RELEASE one");
      return { entry, value };
    } catch (error) {
      // A full disk makes SQLite roll back everything, not this savepoint alone.
      if (!this.#db.inTransaction) throw new GroupLost(entry, error);
      this.#db.run("ROLLBACK TO one");
      this.#db.run("RELEASE one");
      return { entry, error: sqliteError(error) };
    }
  }
}

class GroupLost extends Error {
  readonly culprit: Waiting;

  constructor(culprit: Waiting, cause: unknown) {
    super("the group was rolled back", { cause });
    this.culprit = culprit;
  }
}

class Handle implements Tx {
  readonly #db: Database;
  readonly #onQuery: (sql: string) => void;

  constructor(db: Database, onQuery: (sql: string) => void) {
    this.#db = db;
    this.#onQuery = onQuery;
  }

  async all(statement: Statement, parameters: SqlParameters = {}): Promise<SqlRow[]> {
    this.#onQuery(statement.sql);
    return this.#db.query<SqlRow, SQLQueryBindings[]>(statement.sql).all(parameters as SQLQueryBindings);
  }

  async get(statement: Statement, parameters: SqlParameters = {}): Promise<SqlRow | undefined> {
    this.#onQuery(statement.sql);
    return this.#db.query<SqlRow, SQLQueryBindings[]>(statement.sql).get(parameters as SQLQueryBindings) ?? undefined;
  }

  async run(statement: Statement, parameters: SqlParameters = {}): Promise<number> {
    this.#onQuery(statement.sql);
    return this.#db.query(statement.sql).run(parameters as SQLQueryBindings).changes;
  }

  async runEach(statement: Statement, rows: readonly SqlParameters[]): Promise<number> {
    this.#onQuery(statement.sql);
    const prepared = this.#db.query(statement.sql);
    let changes = 0;
    for (const row of rows) changes += prepared.run(row as SQLQueryBindings).changes;
    return changes;
  }
}

/** A full disk or quota has a name of its own; everything else passes as it is. */
function sqliteError(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code.startsWith("SQLITE_FULL")) return new FarhandError("DISK_FULL", undefined, { cause: error });
  return error;
}
