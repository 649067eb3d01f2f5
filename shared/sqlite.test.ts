import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSqlite, type SqliteStore } from "./sqlite.ts";
import { statements } from "./store.ts";
import { WalSync } from "./wal-sync.ts";

const MIGRATIONS = [{ version: 1, sql: "CREATE TABLE item (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT" }];
const sql = statements("test", {
  insert: "INSERT INTO item (id, body) VALUES ($id, $body)",
  insertOne: "INSERT INTO item (id, body) VALUES ($id, $body) RETURNING id",
  synchronous: "SELECT synchronous FROM pragma_synchronous",
  count: "SELECT count(*) AS n FROM item",
  purge: "DELETE FROM item",
});

let folder: string;
let path: string;
let store: SqliteStore;
let boundaries: string[];
const open = (quotaBytes?: number) =>
  openSqlite({
    path,
    migrations: MIGRATIONS,
    onBoundary: (labels, phase) => boundaries.push(`${phase} ${labels.join("+")}`),
    ...(quotaBytes ? { quotaBytes } : {}),
  });
const count = async () => Number((await store.read((tx) => tx.get(sql.count)))?.n);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "farhand-sqlite-"));
  path = join(folder, "test.db");
  boundaries = [];
  store = open();
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const insert = (id: number, bytes = 1) =>
  store.tx(`insert-${id}`, (tx) => tx.run(sql.insert, { id, body: new Uint8Array(bytes) }));

describe("a transaction", () => {
  it("is on disk when its promise resolves", async () => {
    await insert(1);
    const other = openSqlite({ path, migrations: MIGRATIONS });
    expect((await other.read((tx) => tx.get(sql.count)))?.n).toBe(1);
    await other.close();
  });

  it("shares one commit with those that wait at the same time", async () => {
    await Promise.all([insert(1), insert(2), insert(3)]);
    expect(boundaries).toEqual(["before-commit insert-1+insert-2+insert-3", "after-commit insert-1+insert-2+insert-3"]);
  });

  it("that throws undoes its own rows and no neighbour's", async () => {
    const bad = store.tx("bad", async (tx) => {
      await tx.run(sql.insert, { id: 2, body: new Uint8Array(1) });
      throw new Error("changed my mind");
    });
    const results = await Promise.allSettled([insert(1), bad, insert(3)]);
    expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(await count()).toBe(2);
  });

  it("cannot nest", async () => {
    await expect(store.tx("outer", () => insert(1).then(() => undefined))).rejects.toMatchObject({ code: "INTERNAL" });
    expect(await count()).toBe(0);
  });

  it("is not seen by a reader before its commit", async () => {
    let seen = -1;
    await store.tx("slow", async (tx) => {
      await tx.run(sql.insert, { id: 1, body: new Uint8Array(1) });
      seen = Number((await store.read((reader) => reader.get(sql.count)))?.n);
    });
    expect(seen).toBe(0);
    expect(await count()).toBe(1);
  });

  it("over the quota fails by name, the rest stays, and deleting makes room again", async () => {
    await store.close();
    store = open(256 * 1024);
    let failure: unknown;
    let inserted = 0;
    for (let id = 1; failure === undefined && id < 100; id++) {
      await insert(id, 16 * 1024).then(
        () => inserted++,
        (error: unknown) => (failure = error),
      );
    }
    expect(failure).toMatchObject({ code: "DISK_FULL" });
    expect(await count()).toBe(inserted);
    await store.tx("purge", (tx) => tx.run(sql.purge));
    await insert(1, 16 * 1024);
    expect(await count()).toBe(1);
  });
});

describe("opening", () => {
  it("brings a full database's schema up to date: only what comes afterwards is over the quota", async () => {
    await store.close();
    store = open(64 * 1024);
    for (let id = 1; (await insert(id, 16 * 1024).catch(() => undefined)) !== undefined; id++);
    const full = await count();
    await store.close();
    const grown = [...MIGRATIONS, { version: 2, sql: "CREATE INDEX item_body ON item (body)" }];
    store = openSqlite({ path, migrations: grown, quotaBytes: 64 * 1024 });
    expect(await count()).toBe(full);
    await expect(insert(2000, 16 * 1024)).rejects.toMatchObject({ code: "DISK_FULL" });
  });

  it("refuses a file that is not a sound database", async () => {
    await store.close();
    writeFileSync(path, Buffer.alloc(8192, 7));
    rmSync(`${path}-wal`, { force: true });
    expect(() => open()).toThrow();
    rmSync(path);
    store = open();
  });

  it("brings to disk what an earlier process left in the log", async () => {
    await insert(1);
    const left = join(folder, "left.db");
    for (const suffix of ["", "-wal"]) copyFileSync(path + suffix, left + suffix);
    const heir = openSqlite({ path: left, migrations: MIGRATIONS });
    // Without its log.
    copyFileSync(left, join(folder, "alone.db"));
    const alone = openSqlite({ path: join(folder, "alone.db"), migrations: MIGRATIONS });
    expect((await alone.read((tx) => tx.get(sql.count)))?.["n"]).toBe(1);
    await Promise.all([heir.close(), alone.close()]);
  });

  it("refuses a schema newer than this version knows", async () => {
    await store.close();
    const newer = openSqlite({ path, migrations: [...MIGRATIONS, { version: 2, sql: "CREATE TABLE b (x INTEGER)" }] });
    await newer.close();
    expect(() => open()).toThrow(/schema 2/);
    rmSync(path);
    store = open();
  });
});

describe("on a disk", () => {
  /** The log's real sync, each held back until it is let go. */
  const slowDisk = () => {
    let real: WalSync | undefined;
    const waiting: PromiseWithResolvers<void>[] = [];
    return {
      waiting,
      close: () => real?.close(),
      sync: async () => {
        const gate = Promise.withResolvers<void>();
        waiting.push(gate);
        await gate.promise;
        real ??= new WalSync(path);
        await real.sync();
      },
    };
  };
  const state = async (promise: Promise<unknown>): Promise<string> => {
    let now = "waits";
    void promise.then(() => (now = "told"));
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    return now;
  };
  let disk: ReturnType<typeof slowDisk>;
  let refusals: string[];
  beforeEach(async () => {
    await store.close();
    disk = slowDisk();
    refusals = [];
    store = openSqlite({
      path,
      migrations: MIGRATIONS,
      wal: disk,
      onRefused: (error) => refusals.push(String(error)),
      onBoundary: (labels, phase) => boundaries.push(`${phase} ${labels.join("+")}`),
    });
  });

  it("what was committed is told, and shown to a reader, once it is there and no sooner", async () => {
    const written = insert(1);
    await expect.poll(() => disk.waiting.length).toBe(1);
    const seen = count();
    expect([await state(written), await state(seen), boundaries]).toEqual([
      "waits",
      "waits",
      ["before-commit insert-1"],
    ]);
    disk.waiting[0]?.resolve();
    await written;
    expect(await seen).toBe(1);
    expect(boundaries).toEqual(["before-commit insert-1", "after-commit insert-1"]);
  });

  it("what a query wrote waits for it as any other", async () => {
    const written = store.tx("one", (tx) => tx.get(sql.insertOne, { id: 1, body: new Uint8Array(1) }));
    await expect.poll(() => disk.waiting.length).toBe(1);
    expect(await state(written)).toBe("waits");
    disk.waiting[0]?.resolve();
    expect(await written).toEqual({ id: 1 });
  });

  it("a reader whose snapshot is older than a commit does not wait for it, however often it looks", async () => {
    const begun = Promise.withResolvers<void>();
    const committed = Promise.withResolvers<void>();
    const looked = store.read(async (tx) => {
      await tx.get(sql.count);
      begun.resolve();
      await committed.promise;
      return Number((await tx.get(sql.count))?.["n"]);
    });
    await begun.promise;
    const written = insert(1);
    await expect.poll(() => disk.waiting.length).toBe(1);
    committed.resolve();
    expect(await state(looked)).toBe("told");
    expect(await looked).toBe(0);
    disk.waiting[0]?.resolve();
    await written;
  });

  it("what comes while it is at work is one group, and a group that only read needs no disk", async () => {
    const first = insert(1);
    await expect.poll(() => disk.waiting.length).toBe(1);
    const others = [insert(2), insert(3)];
    disk.waiting[0]?.resolve();
    await first;
    await expect.poll(() => disk.waiting.length).toBe(2);
    disk.waiting[1]?.resolve();
    await Promise.all(others);
    expect(boundaries).toContain("after-commit insert-2+insert-3");
    expect(await store.tx("look", (tx) => tx.get(sql.count))).toEqual({ n: 3 });
    expect(disk.waiting).toHaveLength(2);
  });

  it("syncs within COMMIT where other processes look on, or they would see what may be lost", async () => {
    const shared = openSqlite({ path: join(folder, "shared.db"), migrations: MIGRATIONS, wal: disk, isShared: true });
    await shared.tx("one", (tx) => tx.run(sql.insert, { id: 1, body: new Uint8Array(1) }));
    expect(disk.waiting).toEqual([]);
    expect(await shared.tx("look", (tx) => tx.get(sql.synchronous))).toEqual({ synchronous: 2 });
    await shared.close();
  });

  it("that refuses nothing is promised any more: what is in the log may be lost", async () => {
    const written = insert(1);
    await expect.poll(() => disk.waiting.length).toBe(1);
    disk.waiting[0]?.reject(new Error("EIO: i/o error, fdatasync"));
    await expect(written).rejects.toThrow("EIO");
    await expect(insert(2)).rejects.toThrow("EIO");
    await expect(count()).rejects.toThrow("EIO");
    // Once, so that the process can end.
    expect(refusals).toEqual(["Error: EIO: i/o error, fdatasync"]);
  });
});
