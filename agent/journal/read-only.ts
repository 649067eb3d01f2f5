import { existsSync } from "node:fs";
import { join } from "node:path";
import { Database, type SQLQueryBindings } from "bun:sqlite";
import { FarhandError } from "../../shared/errors.ts";
import type { SqlRow, Tx } from "../../shared/store.ts";
import { WalSync } from "../../shared/wal-sync.ts";

/**
 * Looks into a journal that a running agent owns: sees what is committed, writes nothing, takes no lock that would delay it. What it saw is on
 * disk when it returns: the agent commits a moment before its disk is done, and a plan that a person carries away must stand in the journal.
 */
export async function readJournal<T>(stateDir: string, read: (tx: Pick<Tx, "all" | "get">) => Promise<T>): Promise<T> {
  const path = join(stateDir, "journal.db");
  if (!existsSync(path)) throw new FarhandError("NOT_FOUND", "this agent has not run yet");
  const db = new Database(path, { readonly: true, strict: true });
  try {
    db.run("PRAGMA busy_timeout = 5000");
    db.run("PRAGMA query_only = ON");
    db.run("BEGIN");
    const seen = await read({
      all: (statement, parameters = {}) =>
        Promise.resolve(db.query<SqlRow, SQLQueryBindings[]>(statement.sql).all(parameters as SQLQueryBindings)),
      get: (statement, parameters = {}) =>
        Promise.resolve(
          db.query<SqlRow, SQLQueryBindings[]>(statement.sql).get(parameters as SQLQueryBindings) ?? undefined,
        ),
    });
    if (existsSync(`${path}-wal`)) new WalSync(path).close();
    return seen;
  } finally {
    db.close();
  }
}
