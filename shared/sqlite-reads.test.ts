import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openSqlite } from "./sqlite.ts";
import { statements } from "./store.ts";

const sql = statements("test", { add: "INSERT INTO t (n) VALUES ($n)", count: "SELECT count(*) AS n FROM t" });

it("reads that overlap neither fail nor see less than was committed before they were asked for", async () => {
  const folder = mkdtempSync(join(tmpdir(), "farhand-reads-"));
  const store = openSqlite({
    path: join(folder, "t.db"),
    migrations: [{ version: 1, sql: "CREATE TABLE t (n INTEGER NOT NULL) STRICT" }],
  });
  const count = (): Promise<unknown> => store.read(async (tx) => (await tx.get(sql.count))?.["n"]);
  const held = Promise.withResolvers<void>();
  const slow = store.read(async (tx) => {
    await held.promise;
    return (await tx.get(sql.count))?.["n"];
  });
  await store.tx("add", (tx) => tx.run(sql.add, { n: 1 }));
  const later = count();
  held.resolve();
  await slow;
  expect(await later).toBe(1);
  expect(await Promise.all([count(), count(), count()])).toEqual([1, 1, 1]);
  await store.close();
  rmSync(folder, { recursive: true });
});
