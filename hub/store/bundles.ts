import type { Mark } from "../../shared/bundle/index.ts";
import type { AgentId, Digest } from "../../shared/ids.ts";
import { statements, type Tx } from "../../shared/store.ts";
import type { Lane, UpHeader } from "../../shared/wire/messages.ts";
import { int, json, named, text } from "./columns.ts";

type Witnessed = UpHeader<"witnessed">["checkpoint"];
type Reader = Pick<Tx, "get" | "all">;

const sql = statements("bundle", {
  lastNumber: "SELECT max(number) AS number FROM bundle WHERE agent = :agent AND direction = 'in'",
  last: `SELECT number, sha256 FROM bundle
         WHERE agent = :agent AND direction = :direction AND epoch = :epoch AND sha256 IS NOT NULL
         ORDER BY number DESC LIMIT 1`,
  digest: `SELECT sha256 FROM bundle
           WHERE agent = :agent AND direction = 'in' AND epoch = '' AND number = :number AND sha256 IS NOT NULL`,
  add: `INSERT INTO bundle (agent, direction, epoch, number, sha256, at_ms)
        VALUES (:agent, :direction, :epoch, :number, :sha256, :nowMs) ON CONFLICT DO NOTHING`,
  made: "UPDATE bundle SET sha256 = :sha256 WHERE agent = :agent AND direction = 'in' AND epoch = '' AND number = :number",
  epoch: `SELECT epoch FROM bundle WHERE agent = :agent AND direction = 'out' ORDER BY at_ms DESC, number DESC LIMIT 1`,
  take: `INSERT INTO bundle (agent, direction, epoch, number, sha256, at_ms, witnessed)
         VALUES (:agent, 'out', :epoch, :number, :sha256, :nowMs, :witnessed) ON CONFLICT DO NOTHING`,
  witnessed: `SELECT witnessed FROM bundle WHERE agent = :agent AND direction = 'out' ORDER BY at_ms DESC, number DESC LIMIT 1`,
  marks: "SELECT lane, acked, released FROM stream WHERE agent = :agent AND epoch = :epoch ORDER BY lane",
  texts: "SELECT sha256 FROM manifest_text WHERE manifest = :manifest ORDER BY sha256",
});

/** Of the hub's own bundles to this agent: the highest number that was ever given. */
export async function lastNumberTo(tx: Reader, agent: AgentId): Promise<number> {
  const row = await tx.get(sql.lastNumber, { agent });
  return row?.["number"] === null || row === undefined ? 0 : int(row, "number");
}

async function last(tx: Reader, at: { agent: AgentId; direction: "in" | "out"; epoch: string }): Promise<Mark | null> {
  const row = await tx.get(sql.last, at);
  return row ? { number: int(row, "number"), sha256: named<Digest>(row, "sha256") } : null;
}

/** The last that was made for the agent. */
export const lastTo = (tx: Reader, agent: AgentId): Promise<Mark | null> =>
  last(tx, { agent, direction: "in", epoch: "" });
/** The last that came from this journal of the agent. */
export const lastFrom = (tx: Reader, agent: AgentId, epoch: string): Promise<Mark | null> =>
  last(tx, { agent, direction: "out", epoch });

export async function digestTo(tx: Reader, agent: AgentId, number: number): Promise<Digest | undefined> {
  const row = await tx.get(sql.digest, { agent, number });
  return row && named<Digest>(row, "sha256");
}

/** Gives a number; the file comes after. Also how the floor rises when an agent proves that it holds a later one. */
export async function giveNumber(
  tx: Tx,
  agent: AgentId,
  given: { number: number; sha256: Digest | null },
  nowMs: number,
): Promise<void> {
  await tx.run(sql.add, { agent, direction: "in", epoch: "", ...given, nowMs });
}

export async function noteMade(tx: Tx, agent: AgentId, mark: Mark): Promise<void> {
  await tx.run(sql.made, { agent, ...mark });
}

export async function noteTaken(
  tx: Tx,
  agent: AgentId,
  taken: Mark & { readonly epoch: string; readonly witnessed: Witnessed },
  nowMs: number,
): Promise<void> {
  const { epoch, number, sha256, witnessed } = taken;
  await tx.run(sql.take, { agent, epoch, number, sha256, nowMs, witnessed: JSON.stringify(witnessed) });
}

/** What the agent's last bundle said that it holds of the audit log. */
export async function lastWitnessed(tx: Reader, agent: AgentId): Promise<Witnessed> {
  const row = await tx.get(sql.witnessed, { agent });
  return row && row["witnessed"] !== null ? json<Witnessed>(row, "witnessed") : null;
}

/** The journal that the agent's last bundle came from. */
export async function lastEpochFrom(tx: Reader, agent: AgentId): Promise<string | undefined> {
  const row = await tx.get(sql.epoch, { agent });
  return row && text(row, "epoch");
}

export async function laneMarksOf(
  tx: Reader,
  agent: AgentId,
  epoch: string,
): Promise<{ lane: Lane; acked: number; released: number }[]> {
  const rows = await tx.all(sql.marks, { agent, epoch });
  return rows.map((row) => ({
    lane: named<Lane>(row, "lane"),
    acked: int(row, "acked"),
    released: int(row, "released"),
  }));
}

/** The texts that a manifest names. */
export async function textsOf(tx: Reader, manifest: Digest): Promise<Digest[]> {
  return (await tx.all(sql.texts, { manifest })).map((row) => named<Digest>(row, "sha256"));
}
