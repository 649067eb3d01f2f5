import type { Store, Tx } from "../../shared/store.ts";

/** The process died here. Whatever it held in memory is gone; what was committed stays. */
export class Crash extends Error {
  constructor(where: string) {
    super(`crash at ${where}`);
    this.name = "Crash";
  }
}

/** Says at which statement or commit of a transaction the process dies. */
export interface CrashPlan {
  /** Asked before each statement, before each commit and after it. */
  dies(where: string): boolean;
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
    const value = await this.#inner.tx(label, async (tx) => {
      const result = await fn(this.#watch(label, tx));
      this.#check(`${label} before commit`);
      return result;
    });
    this.#check(`${label} after commit`);
    return value;
  }

  read<T>(fn: (tx: Pick<Tx, "all" | "get">) => Promise<T>): Promise<T> {
    return this.#inner.read(fn);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #check(where: string): void {
    if (this.#plan.dies(where)) throw new Crash(where);
  }

  #watch(label: string, tx: Tx): Tx {
    const before = (name: string) => this.#check(`${label} at ${name}`);
    return {
      all: (statement, parameters) => (before(statement.name), tx.all(statement, parameters)),
      get: (statement, parameters) => (before(statement.name), tx.get(statement, parameters)),
      run: (statement, parameters) => (before(statement.name), tx.run(statement, parameters)),
    };
  }
}
