import { decideStream, type StreamDecision, type StreamEvent } from "../core/stream.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { AgentId, Digest, JobId } from "../../shared/ids.ts";
import { statements, type Store, type Tx } from "../../shared/store.ts";
import type { Lane, UpHeader } from "../../shared/wire/messages.ts";
import { auditRefused } from "../store/audit.ts";
import { addPart } from "../store/blobs.ts";
import type { BlobCipher } from "../store/cipher.ts";
import { named } from "../store/columns.ts";
import { addGap, addRecords, advanceStream, loadStream, moveApplied, type LoadedStream } from "../store/streams.ts";
import { addWatchEvent } from "../store/watch.ts";
import { prepareBatch, type PreparedRecord } from "./prepare.ts";

const sql = statements("ingest", {
  jobOf: "SELECT job FROM assignment WHERE manifest = :manifest AND attempt = :attempt AND agent = :agent",
});

export interface Ack {
  readonly epoch: string;
  readonly lane: Lane;
  readonly acked: number;
  readonly released: number;
}

export interface Ingested {
  readonly ack: Ack;
  readonly stream: number;
  /** There is meaning to apply, or a text to check: the pump should look. */
  readonly pump: boolean;
}

/** Lanes whose records another aggregate must act on; the rest does all it means in the transaction that stores it. */
const hasMeaning = (lane: Lane): boolean => lane === "receipt" || lane === "state";

const seldomRandom = (): number => 0;

/**
 * Stores a batch, once: what the promise's `ack` says is on disk when it resolves. Depends on nothing but its arguments.
 * Throws PROTOCOL for what cannot be true; nothing is stored then.
 */
export async function ingestEvents(
  deps: { readonly store: Store; readonly cipher: BlobCipher },
  agent: AgentId,
  header: UpHeader<"events">,
  body: Uint8Array,
  nowMs: number,
): Promise<Ingested> {
  const { epoch, lane, first, last } = header;
  const records = prepareBatch(first, last, body, deps.cipher);
  return deps.store.tx("ingest", async (tx) => {
    const stream = await loadStream(tx, agent, epoch, lane);
    const decision = decideStream(stream.aggregate, { type: "batch", first, last }, nowMs, seldomRandom);
    const after = await saveDecision(tx, stream, decision, nowMs);
    let toCheck = false;
    for (const row of decision.rows) {
      if (row.type !== "records") continue;
      const jobs = new Map<string, JobId | undefined>();
      const fresh = records.slice(row.first - first, row.last - first + 1);
      const rows = fresh.map(({ type, header: text }, index) => ({
        stream: stream.id,
        sequence: row.first + index,
        type,
        header: text,
        nowMs,
      }));
      await addRecords(tx, rows);
      const unreadable = fresh.filter(({ type }) => type === "unreadable");
      if (unreadable[0]) {
        await auditRefused(tx, nowMs, {
          actor: `agent:${agent}`,
          action: "record.read",
          object: lane,
          code: "PROTOCOL",
          detail: unreadable[0].header.slice(0, 300),
          count: unreadable.length,
        });
      }
      for (const record of fresh) {
        if ((record.part || record.output) && (await applyAtOnce(tx, agent, record, jobs, nowMs))) toCheck = true;
      }
    }
    return {
      ack: ackOf(header, after),
      stream: stream.id,
      pump: toCheck || (hasMeaning(lane) && decision.rows.length > 0),
    };
  });
}

/** True when a text is whole and its digest must be checked. */
async function applyAtOnce(
  tx: Tx,
  agent: AgentId,
  record: PreparedRecord,
  jobs: Map<string, JobId | undefined>,
  nowMs: number,
): Promise<boolean> {
  if (record.part) return (await addPart(tx, `agent:${agent}`, record.part, nowMs)) === "whole";
  if (record.output) {
    const { manifest, attempt, device, order, last, text } = record.output;
    const job = await jobOf(tx, agent, manifest, attempt, jobs);
    if (job !== undefined) await addWatchEvent(tx, nowMs, { type: "output", job, device, order, last, text });
  }
  return false;
}

async function jobOf(
  tx: Tx,
  agent: AgentId,
  manifest: Digest,
  attempt: number,
  known: Map<string, JobId | undefined>,
): Promise<JobId | undefined> {
  const key = `${manifest} ${attempt}`;
  if (known.has(key)) return known.get(key);
  const row = await tx.get(sql.jobOf, { manifest, attempt, agent });
  const job = row && named<JobId>(row, "job");
  known.set(key, job);
  return job;
}

async function saveDecision(
  tx: Tx,
  stream: LoadedStream,
  decision: StreamDecision,
  nowMs: number,
): Promise<{ acked: number; released: number }> {
  let { acked, released } = stream.aggregate;
  for (const effect of decision.effects)
    if (effect.type === "refuse") throw new FarhandError("PROTOCOL", effect.detail);
  for (const row of decision.rows) {
    switch (row.type) {
      case "stream":
        ({ acked, released } = row);
        await advanceStream(tx, stream.id, acked, released);
        if (!hasMeaning(stream.aggregate.lane)) await moveApplied(tx, stream.id, stream.applied, acked);
        break;
      case "gap":
        await addGap(tx, { stream: stream.id, first: row.first, last: row.last, reason: row.reason, nowMs });
        break;
      case "records":
        break;
      default:
        row satisfies never;
    }
  }
  return { acked, released };
}

const ackOf = (of: { epoch: string; lane: Lane }, marks: { acked: number; released: number }): Ack => ({
  epoch: of.epoch,
  lane: of.lane,
  ...marks,
});

async function decideAndSave(
  store: Store,
  agent: AgentId,
  of: { epoch: string; lane: Lane },
  event: StreamEvent,
  nowMs: number,
): Promise<Ack> {
  return store.tx(`stream.${event.type}`, async (tx) => {
    const stream = await loadStream(tx, agent, of.epoch, of.lane);
    const decision = decideStream(stream.aggregate, event, nowMs, seldomRandom);
    return ackOf(of, await saveDecision(tx, stream, decision, nowMs));
  });
}

/** The agent says that it dropped records. Throws PROTOCOL in a lane where that must not be. */
export function ingestGap(store: Store, agent: AgentId, gap: UpHeader<"gap">, nowMs: number): Promise<Ack> {
  const { first, last, reason } = gap;
  return decideAndSave(store, agent, gap, { type: "gap", first, last, reason }, nowMs);
}

/** Where each of the agent's lanes stands here; what the agent no longer holds and this hub never had becomes a named gap. */
export async function helloLanes(
  store: Store,
  agent: AgentId,
  hello: UpHeader<"hello">,
  nowMs: number,
): Promise<Ack[]> {
  const acks: Ack[] = [];
  for (const { lane, first } of hello.lanes) {
    acks.push(await decideAndSave(store, agent, { epoch: hello.epoch, lane }, { type: "hello", first }, nowMs));
  }
  return acks;
}
