import type { Store, Tx } from "../../shared/store.ts";

/** The process died here. Whatever it held in memory is gone; what was committed stays. */
export class Crash extends Error {
  constructor(where: string) {
    super(`crash at ${where}`);
    this.name = "Crash";
  }
}

export type CrashPoint = "statement" | "before commit" | "after commit";

/** Says at which statement or commit of a transaction the process dies, and sees what became durable. */
export interface CrashPlan {
  /** Asked before each statement, before each commit and after it. */
  dies(point: CrashPoint, where: string): boolean;
  /** Rows are on disk, and nobody has been told yet. */
  committed(label: string): void;
}

/**
 * A store whose process can die between any two statements, right before a commit and right after it, before anybody is told.
 * The rows themselves are in a real SQLite database: a crash rolls back exactly what was not committed.
 */
export class CrashingStore implements Store {
  readonly #inner: Store;
  readonly #plan: CrashPlan;

  constructor(inner: Store, plan: CrashPlan) {
    this.#inner = inner;
    this.#plan = plan;
  }

  async tx<T>(label: string, fn: (tx: Tx) => Promise<T>): Promise<T> {
    let wrote = false;
    const value = await this.#inner.tx(label, async (tx) => {
      wrote = false;
      const result = await fn(this.#watch(label, tx, () => (wrote = true)));
      this.#check("before commit", label);
      return result;
    });
    if (wrote) {
      this.#plan.committed(label);
      this.#check("after commit", label);
    }
    return value;
  }

  read<T>(fn: (tx: Pick<Tx, "all" | "get">) => Promise<T>): Promise<T> {
    return this.#inner.read(fn);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #check(point: CrashPoint, where: string): void {
    if (this.#plan.dies(point, where)) throw new Crash(`${where}, ${point}`);
  }

  #watch(label: string, tx: Tx, onWrite: () => void): Tx {
    const before = (name: string) => this.#check("statement", `${label}/${name}`);
    return {
      all: (statement, parameters) => (before(statement.name), tx.all(statement, parameters)),
      // An INSERT … RETURNING comes this way too: whatever is not plainly a question may have written.
      get: (statement, parameters) => {
        before(statement.name);
        if (!statement.sql.startsWith("SELECT")) onWrite();
        return tx.get(statement, parameters);
      },
      run: (statement, parameters) => (before(statement.name), onWrite(), tx.run(statement, parameters)),
      // Row by row, so that the process can die between two of them.
      runEach: async (statement, rows) => {
        let changes = 0;
        for (const row of rows) {
          before(statement.name);
          onWrite();
          changes += await tx.run(statement, row);
        }
        return changes;
      },
    };
  }
}
