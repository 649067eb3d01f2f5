import { Database } from "bun:sqlite";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ingestEvents } from "../../hub/ingest/ingest.ts";
import { BlobCipher } from "../../hub/store/cipher.ts";
import { migrations, openHubStore } from "../../hub/store/open.ts";
import { utf8 } from "../../shared/bytes.ts";
import type { AgentId, DeviceId, Digest } from "../../shared/ids.ts";
import { NO_BODY, encodeRecords } from "../../shared/wire/frame.ts";
import type { UpRecord } from "../../shared/wire/messages.ts";
import type { BenchOptions } from "./main.ts";
import { ratios, spread } from "./statistics.ts";

const AGENTS = 8;
const BATCHES = 32;
const BATCH_EVENTS = 200;
const EVENTS = AGENTS * BATCHES * BATCH_EVENTS;
const EPOCH = "0123456789abcdef".repeat(2);
const NOW_MS = Date.UTC(2026, 10, 24);

const eventAt = (number: number): UpRecord => ({
  type: "task",
  manifest: "ab".repeat(32) as Digest,
  attempt: 1,
  device: `ams-r${number % 1000}` as DeviceId,
  state: "APPLYING",
  step: "apply",
  code: null,
  detail: `line ${number} of the change was accepted by the device`,
  atMs: NOW_MS + number,
});

interface Batch {
  readonly agent: AgentId;
  readonly first: number;
  readonly last: number;
  readonly body: Uint8Array;
  readonly headers: readonly string[];
}

function makeBatches(): Batch[] {
  const batches: Batch[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    for (let agent = 0; agent < AGENTS; agent++) {
      const first = batch * BATCH_EVENTS + 1;
      const records = Array.from({ length: BATCH_EVENTS }, (_, index) => eventAt(first + index));
      batches.push({
        agent: `agent-${agent}` as AgentId,
        first,
        last: first + BATCH_EVENTS - 1,
        body: encodeRecords(records.map((header) => ({ header, body: NO_BODY }))),
        headers: records.map((header) => JSON.stringify(header)),
      });
    }
  }
  return batches;
}

async function inFolder<T>(work: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "farhand-bench-"));
  try {
    return await work(join(folder, "hub.db"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The product's path: parse, check, decide, store; one acknowledgement in flight per agent, group commits of what waits. */
const ours = (batches: readonly Batch[]) =>
  inFolder(async (path) => {
    const store = openHubStore(path);
    const deps = { store, cipher: new BlobCipher(BlobCipher.newKey()) };
    const started = performance.now();
    const lanes = Map.groupBy(batches, (batch) => batch.agent);
    await Promise.all(
      [...lanes].map(async ([agent, own]) => {
        for (const { first, last, body } of own)
          await ingestEvents(deps, agent, { epoch: EPOCH, lane: "state", first, last }, body, NOW_MS);
      }),
    );
    const seconds = (performance.now() - started) / 1000;
    await store.close();
    const stored = count(path);
    if (stored !== EVENTS) throw new Error(`the hub holds ${stored} of ${EVENTS} events`);
    return EVENTS / seconds;
  });

/** The bound: the same rows into the same table by prepared inserts, the same number of them to a FULL commit. */
const raw = (batches: readonly Batch[]) =>
  inFolder((path) => {
    const db = new Database(path, { create: true, strict: true });
    db.run("PRAGMA journal_mode = WAL");
    db.run("PRAGMA synchronous = FULL");
    for (const migration of migrations) db.run(migration.sql);
    const insert = db.prepare(
      "INSERT INTO record (stream, sequence, type, header, received_ms) VALUES ($stream, $sequence, 'task', $header, $now)",
    );
    const started = performance.now();
    for (let at = 0; at < batches.length; at += AGENTS) {
      const group = batches.slice(at, at + AGENTS);
      db.transaction(() => {
        group.forEach((batch, stream) => {
          batch.headers.forEach((header, index) =>
            insert.run({ stream: stream + 1, sequence: batch.first + index, header, now: NOW_MS }),
          );
        });
      }).immediate();
    }
    const seconds = (performance.now() - started) / 1000;
    db.close();
    return Promise.resolve(EVENTS / seconds);
  });

function count(path: string): number {
  const db = new Database(path, { readonly: true });
  const row = db.query<{ n: number }, []>("SELECT count(*) AS n FROM record").get();
  db.close();
  return row?.n ?? 0;
}

export async function benchIngest(options: BenchOptions): Promise<object> {
  const rounds = Number(options.rounds ?? 5);
  const batches = makeBatches();
  await ours(batches);
  await raw(batches);
  const [oursPerSecond, rawPerSecond]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    oursPerSecond.push(await ours(batches));
    rawPerSecond.push(await raw(batches));
  }
  return {
    schema: "farhand.bench-ingest/1",
    events: EVENTS,
    eventBytes: utf8(JSON.stringify(eventAt(1))).length,
    agents: AGENTS,
    eventsPerFrame: BATCH_EVENTS,
    rounds,
    committedEventsPerSecond: spread(oursPerSecond),
    rawInsertsPerSecond: spread(rawPerSecond),
    ratio: ratios(oursPerSecond, rawPerSecond),
    budget: { ratio: 0.5 },
  };
}
