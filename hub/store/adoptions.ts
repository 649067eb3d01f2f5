import type { Envelope } from "../../shared/envelope.ts";
import type { DeviceId, Digest, PersonId } from "../../shared/ids.ts";
import { statements, type SqlRow, type Tx } from "../../shared/store.ts";
import { int, named, text } from "./columns.ts";

type Reader = Pick<Tx, "get" | "all">;

const sql = statements("adoption", {
  add: `INSERT INTO device_adoption (sha256, device, config, owner, reason, iat, envelope, adopted_ms)
        VALUES (:sha256, :device, :config, :owner, :reason, :iat, :envelope, :nowMs)`,
  has: "SELECT 1 AS yes FROM device_adoption WHERE sha256 = :sha256",
  collected: "SELECT 1 AS yes FROM snapshot WHERE device = :device AND public_sha256 = :config LIMIT 1",
  newest: "SELECT max(iat) AS iat FROM device_adoption WHERE device = :device",
  list: `SELECT config, owner, reason, adopted_ms FROM device_adoption WHERE device = :device ORDER BY iat DESC LIMIT 100`,
  left: `SELECT s.public_sha256, s.taken_ms FROM snapshot AS s
         JOIN task AS t ON t.device = s.device AND t.job = s.job AND t.purpose = 'work' AND t.state = 'DONE'
         JOIN job AS j ON j.id = s.job AND j.kind IN ('change', 'rotate')
         WHERE s.device = :device ORDER BY s.taken_ms DESC LIMIT 1`,
});

export interface AdoptionRow {
  readonly sha256: Digest;
  readonly device: DeviceId;
  readonly config: Digest;
  readonly owner: PersonId;
  readonly reason: string;
  readonly iat: number;
  readonly envelope: Envelope;
}

export async function addAdoption(tx: Tx, row: AdoptionRow, nowMs: number): Promise<void> {
  await tx.run(sql.add, { ...row, envelope: JSON.stringify(row.envelope), nowMs });
}

export const hasAdoption = async (tx: Reader, sha256: Digest): Promise<boolean> =>
  (await tx.get(sql.has, { sha256 })) !== undefined;

export const wasCollected = async (tx: Reader, device: DeviceId, config: Digest): Promise<boolean> =>
  (await tx.get(sql.collected, { device, config })) !== undefined;

/** When the newest was signed; 0 where there is none. */
export async function lastAdoptedAt(tx: Reader, device: DeviceId): Promise<number> {
  const row = await tx.get(sql.newest, { device });
  return row && row["iat"] !== null ? int(row, "iat") : 0;
}

export interface Baseline {
  readonly config: Digest;
  readonly atMs: number;
  /** Null where a signed change left it. */
  readonly by: PersonId | null;
  readonly reason: string | null;
}

const adopted = (row: SqlRow): Baseline => ({
  config: named<Digest>(row, "config"),
  atMs: int(row, "adopted_ms"),
  by: named<PersonId>(row, "owner"),
  reason: text(row, "reason"),
});

/** Newest first. */
export const adoptionsOf = async (tx: Reader, device: DeviceId): Promise<Baseline[]> =>
  (await tx.all(sql.list, { device })).map(adopted);

/** What the device is compared with: what a person adopted, or what a change that people signed left there, whichever is later. */
export async function baselineOf(tx: Reader, device: DeviceId): Promise<Baseline | undefined> {
  const [newest] = await adoptionsOf(tx, device);
  const row = await tx.get(sql.left, { device });
  const left = row && {
    config: named<Digest>(row, "public_sha256"),
    atMs: int(row, "taken_ms"),
    by: null,
    reason: null,
  };
  if (!newest || !left) return newest ?? left;
  return newest.atMs >= left.atMs ? newest : left;
}
