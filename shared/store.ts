/**
 * The one way to durable state. Shells load and save an aggregate inside `tx`; nothing writes outside it.
 * SQLite group-commits transactions as savepoints of one; Postgres will run each as its own.
 */

export type SqlValue = string | number | bigint | boolean | null | Uint8Array;

/** A statement with a name: what shows in a trace is the name, and a statement is prepared once. */
export interface Statement {
  readonly name: string;
  readonly sql: string;
}

export function statements<const T extends Record<string, string>>(
  scope: string,
  sql: T,
): { readonly [K in keyof T]: Statement } {
  return Object.fromEntries(
    Object.entries(sql).map(([name, text]) => [name, { name: `${scope}.${name}`, sql: text }]),
  ) as {
    readonly [K in keyof T]: Statement;
  };
}

export type SqlParameters = Readonly<Record<string, SqlValue>>;
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** The only thing that a transaction's function may await. */
export interface Tx {
  all(statement: Statement, parameters?: SqlParameters): Promise<SqlRow[]>;
  get(statement: Statement, parameters?: SqlParameters): Promise<SqlRow | undefined>;
  /** Number of rows changed. */
  run(statement: Statement, parameters?: SqlParameters): Promise<number>;
  /** One statement for many rows: a promise per row costs as much as its insert. */
  runEach(statement: Statement, rows: readonly SqlParameters[]): Promise<number>;
}

export interface Store {
  /**
   * Runs `fn` in a transaction; resolves with its value after the COMMIT that holds it is on disk.
   * `fn` may run more than once, awaits only its handle, and must not call `tx` again (throws). `label` names the boundary in
   * traces and fault points. When `fn` throws, its own writes are undone and the error is passed on.
   */
  tx<T>(label: string, fn: (tx: Tx) => Promise<T>): Promise<T>;
  /** A consistent read that sees only committed rows. */
  read<T>(fn: (tx: Pick<Tx, "all" | "get">) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Called around each durable commit; fault tests kill the process here. */
export type BoundaryObserver = (labels: readonly string[], phase: "before-commit" | "after-commit") => void;

/** Told once, when the disk refused to take a commit: the process must end, and learn at its next start what is there (reliability.md §3.2). */
export type RefusalObserver = (error: unknown) => void;
