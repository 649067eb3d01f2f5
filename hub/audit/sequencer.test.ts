import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { entryHash, markSignature } from "../../shared/audit/entry.ts";
import { Frontier, isConsistent } from "../../shared/audit/merkle.ts";
import { openCheckpoint, requireIncluded } from "../../shared/audit/proofs.ts";
import { ManualClock } from "../../shared/clock.ts";
import type { Digest } from "../../shared/ids.ts";
import { openSqlite, type SqliteStore } from "../../shared/sqlite.ts";
import { statements } from "../../shared/store.ts";
import { makeOrg, TEST_NOW_SECONDS, type TestOrg } from "../../shared/testing/org.ts";
import { silentLog } from "../log.ts";
import { audit } from "../store/audit.ts";
import { checkpointsIn, entriesFrom, lastCheckpoint, logEnd } from "../store/audit-log.ts";
import { migrations, openHubStore } from "../store/open.ts";
import { consistencyProof, signatureProof } from "./proofs.ts";
import { Sequencer } from "./sequencer.ts";

let dir: string;
let store: SqliteStore;
let clock: ManualClock;
let org: TestOrg;
let moved: number;

const sequencer = (holder: string, over: { org?: undefined } = {}): Sequencer =>
  new Sequencer({
    store,
    clock,
    signer: org.hub,
    hubId: org.trust.hubId,
    org: () => ("org" in over ? undefined : org.trust.org),
    holder,
    onCheckpoint: () => moved++,
    log: silentLog,
  });

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "farhand-audit-"));
  store = openHubStore(join(dir, "hub.db"));
  clock = new ManualClock(TEST_NOW_SECONDS * 1000);
  org = await makeOrg();
  moved = 0;
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

const write = (count: number, over: Partial<Parameters<typeof audit>[2]> = {}): Promise<void> =>
  store.tx("write", async (tx) => {
    for (let n = 0; n < count; n++) {
      const note = { actor: "token:t1", action: "job.submit", object: `j${n}`, decision: "allowed", ...over } as const;
      await audit(tx, clock.nowMs(), note);
    }
  });
const entries = () => store.read((tx) => entriesFrom(tx, 0, 100_000));
const end = () => store.read(logEnd);
const newest = () => store.read(lastCheckpoint);
const at = <T>(list: readonly T[], place: number): T => {
  const found = list[place];
  if (found === undefined) throw new Error(`nothing at ${place}`);
  return found;
};

describe("the sequencer", () => {
  it("gives rows their places in the order in which they were written, each naming the one before", async () => {
    await write(3);
    expect((await end()).size).toBe(0);
    await sequencer("a").tick();
    await write(700);
    await sequencer("a").tick();
    const all = await entries();
    expect(all).toHaveLength(703);
    all.forEach((entry, index) => {
      expect(entry.index).toBe(index);
      expect(entry.prev).toBe(index === 0 ? null : entryHash(at(all, index - 1)));
    });
    expect(await store.read((tx) => entriesFrom(tx, 500, 502))).toEqual(all.slice(500, 502));
  });

  it("signs a root that is the tree over exactly these entries", async () => {
    await write(777);
    await sequencer("a").tick(true);
    const held = await newest();
    const frontier = new Frontier();
    for (const entry of await entries()) frontier.push(entryHash(entry));
    expect(held).toMatchObject({ size: 777, root: frontier.root });
    if (!held) throw new Error("no checkpoint");
    expect(await openCheckpoint(held.envelope, org.trust)).toMatchObject({ size: 777, root: frontier.root, epoch: 1 });
  });

  it("signs within a minute when there is something new, at once when a person's signature was stored, else never", async () => {
    const own = sequencer("a");
    await write(1);
    await own.tick();
    expect((await newest())?.size).toBe(1);
    await write(1);
    await own.tick();
    expect((await newest())?.size).toBe(1);
    clock.advance(60_000);
    await own.tick();
    expect((await newest())?.size).toBe(2);
    const signature = markSignature("d".repeat(64) as Digest, org.hub.kid, "s".repeat(86));
    await write(1, { action: "job.sign", signature });
    await own.tick();
    expect((await newest())?.size).toBe(3);
    clock.advance(600_000);
    await own.tick(true);
    expect(await store.read((tx) => checkpointsIn(tx, 0, 100))).toHaveLength(3);
    expect(moved).toBe(3);
  });

  it("chains before there is an organisation, and signs when there is one", async () => {
    await write(2);
    await sequencer("a", { org: undefined }).tick(true);
    expect((await end()).size).toBe(2);
    expect(await newest()).toBeUndefined();
    await sequencer("a").tick();
    expect((await newest())?.size).toBe(2);
  });

  it("works alone: another one waits until the lease of the first has ended", async () => {
    await write(1);
    await sequencer("a").tick(true);
    await write(1);
    await sequencer("b").tick(true);
    expect((await end()).size).toBe(1);
    clock.advance(5_000);
    await sequencer("b").tick(true);
    expect((await end()).size).toBe(2);
    await write(1);
    await sequencer("a").tick(true);
    expect((await end()).size).toBe(2);
  });

  it("chains what several write at once, each row once", async () => {
    const own = sequencer("a");
    const all = Promise.all(Array.from({ length: 40 }, () => write(5)));
    await Promise.all([own.tick(), own.tick(), own.tick()]);
    await all;
    await own.tick(true);
    expect((await newest())?.size).toBe(200);
    expect(new Set((await entries()).map(({ index }) => index)).size).toBe(200);
  });

  it("says how it stops: what was written is chained and signed", async () => {
    const own = sequencer("a");
    own.start();
    await write(2);
    await own.stop();
    expect((await newest())?.size).toBe(2);
  });
});

describe("a row that could never be an entry", () => {
  it.each([{ action: "Job Submit" }, { action: "" }, { code: "not-a-code" }, { count: 0 }])(
    "%j is refused where it is written, with what it was to record",
    async (over) => {
      await expect(write(1, over)).rejects.toMatchObject({ code: "INTERNAL" });
      await write(1);
      await sequencer("a").tick(true);
      expect((await end()).size).toBe(1);
    },
  );
});

describe("proofs out of stored hashes", () => {
  it("a signature's entry is in every later log, and an older log is the beginning of each newer one", async () => {
    const document = "d".repeat(64) as Digest;
    const signature = markSignature(document, org.hub.kid, "s".repeat(86));
    const own = sequencer("a");
    await write(37);
    await write(1, { action: "job.sign", signature });
    await write(1000);
    for (const more of [1, 7, 300]) {
      await own.tick(true);
      await write(more);
    }
    await own.tick(true);
    const checkpoints = await store.read((tx) => checkpointsIn(tx, 0, 100));
    expect(checkpoints.map(({ size }) => size)).toEqual([1038, 1039, 1046, 1346]);
    for (const checkpoint of checkpoints) {
      const proof = await store.read((tx) => signatureProof(tx, { document, kid: org.hub.kid }, checkpoint.size));
      if (!proof) throw new Error("no proof");
      expect(requireIncluded(proof, checkpoint)).toMatchObject({ index: 37, signature });
      for (const later of checkpoints.filter(({ size }) => size >= checkpoint.size)) {
        const hashes = await store.read((tx) => consistencyProof(tx, checkpoint.size, later.size));
        expect(isConsistent(checkpoint, later, hashes ?? [])).toBe(true);
      }
    }
    expect(await store.read((tx) => signatureProof(tx, { document, kid: org.hub.kid }, 37))).toBeUndefined();
    expect(await store.read((tx) => signatureProof(tx, { document, kid: org.hub.kid }, 9999))).toBeUndefined();
    expect(await store.read((tx) => consistencyProof(tx, 1, 9999))).toBeUndefined();
  });
});

describe("a database of the first schema", () => {
  it("keeps its rows, in their order, and they are chained", async () => {
    const sql = statements("old", {
      add: `INSERT INTO audit (at_ms, actor, action, object, decision, detail, prev, hash)
            VALUES (:at, 'hub', 'token.create', :object, 'allowed', 'admin', NULL, 'x')`,
    });
    const path = join(dir, "old.db");
    const old = openSqlite({ path, migrations: migrations.slice(0, 2) });
    await old.tx("old", async (tx) => {
      for (let n = 0; n < 3; n++) await tx.run(sql.add, { at: n, object: `o${n}` });
    });
    await old.close();
    await store.close();
    store = openHubStore(path);
    await sequencer("a").tick(true);
    expect((await entries()).map(({ object, count }) => `${object} ${count}`)).toEqual(["o0 1", "o1 1", "o2 1"]);
    expect((await newest())?.size).toBe(3);
  });
});
