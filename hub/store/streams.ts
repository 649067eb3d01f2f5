import type { StreamAggregate } from "../core/stream.ts";
import type { AgentId } from "../../shared/ids.ts";
import { FarhandError } from "../../shared/errors.ts";
import { statements, type Store, type Tx } from "../../shared/store.ts";
import type { Lane } from "../../shared/wire/messages.ts";
import { int, named, text } from "./columns.ts";

const sql = statements("stream", {
  find: "SELECT id, acked, released, applied FROM stream WHERE agent = :agent AND epoch = :epoch AND lane = :lane",
  add: `INSERT INTO stream (agent, epoch, lane, acked, released, applied)
        VALUES (:agent, :epoch, :lane, 0, 0, 0) RETURNING id`,
  advance: "UPDATE stream SET acked = :acked, released = :released WHERE id = :id",
  applied: "UPDATE stream SET applied = :applied WHERE id = :id AND applied = :expected",
  addRecord: `INSERT INTO record (stream, sequence, type, header, received_ms)
              VALUES (:stream, :sequence, :type, :header, :nowMs)`,
  addGap: `INSERT INTO stream_gap (stream, first, last, reason, at_ms)
           VALUES (:stream, :first, :last, :reason, :nowMs) ON CONFLICT (stream, first) DO NOTHING`,
  behind: "SELECT id, lane FROM stream WHERE applied < acked",
  get: "SELECT agent, lane, acked, applied FROM stream WHERE id = :id",
  records: `SELECT sequence, type, header FROM record
            WHERE stream = :stream AND sequence > :after AND sequence <= :last ORDER BY sequence`,
});

export interface LoadedStream {
  readonly id: number;
  readonly applied: number;
  readonly aggregate: StreamAggregate;
}

/** The stream, made on first sight. */
export async function loadStream(tx: Tx, agent: AgentId, epoch: string, lane: Lane): Promise<LoadedStream> {
  const row = await tx.get(sql.find, { agent, epoch, lane });
  if (row) {
    const acked = int(row, "acked");
    const released = int(row, "released");
    return {
      id: int(row, "id"),
      applied: int(row, "applied"),
      aggregate: { agent, epoch, lane, acked, released },
    };
  }
  const made = await tx.get(sql.add, { agent, epoch, lane });
  if (!made) throw new FarhandError("INTERNAL", "no stream row");
  return { id: int(made, "id"), applied: 0, aggregate: { agent, epoch, lane, acked: 0, released: 0 } };
}

export async function advanceStream(tx: Tx, id: number, acked: number, released: number): Promise<void> {
  await tx.run(sql.advance, { id, acked, released });
}

/** Exactly the parameters of the statement: rows go to it as they are. */
export type NewRecord = Readonly<Record<"stream" | "sequence" | "nowMs", number> & Record<"type" | "header", string>>;

export async function addRecords(tx: Tx, records: readonly NewRecord[]): Promise<void> {
  await tx.runEach(sql.addRecord, records);
}

export async function addGap(
  tx: Tx,
  gap: { stream: number; first: number; last: number; reason: string; nowMs: number },
): Promise<void> {
  await tx.run(sql.addGap, gap);
}

/** False when another run has moved it: then nothing of this one may count. */
export async function moveApplied(tx: Tx, id: number, expected: number, applied: number): Promise<boolean> {
  return (await tx.run(sql.applied, { id, expected, applied })) === 1;
}

export async function streamsBehind(store: Store): Promise<{ readonly id: number; readonly lane: Lane }[]> {
  return (await store.read((tx) => tx.all(sql.behind))).map((row) => ({
    id: int(row, "id"),
    lane: named<Lane>(row, "lane"),
  }));
}

export interface StoredRecord {
  readonly sequence: number;
  readonly type: string;
  readonly header: string;
}

export interface Backlog {
  readonly agent: AgentId;
  readonly lane: Lane;
  readonly applied: number;
  readonly acked: number;
  readonly records: readonly StoredRecord[];
}

/** The next records that have not done what they mean. Numbers may be missing where a gap is named. */
export async function backlogOf(store: Store, id: number, limit: number): Promise<Backlog | undefined> {
  return store.read(async (tx) => {
    const row = await tx.get(sql.get, { id });
    if (!row) return undefined;
    const applied = int(row, "applied");
    const acked = int(row, "acked");
    const last = Math.min(acked, applied + limit);
    const rows = await tx.all(sql.records, { stream: id, after: applied, last });
    return {
      agent: named<AgentId>(row, "agent"),
      lane: named<Lane>(row, "lane"),
      applied,
      acked: last,
      records: rows.map((record) => ({
        sequence: int(record, "sequence"),
        type: text(record, "type"),
        header: text(record, "header"),
      })),
    };
  });
}
