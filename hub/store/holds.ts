import type { Envelope } from "../../shared/envelope.ts";
import type { DeviceId, Digest, SiteId } from "../../shared/ids.ts";
import { statements, type SqlRow, type Tx } from "../../shared/store.ts";
import { int, json, named } from "./columns.ts";

type Reader = Pick<Tx, "get" | "all">;

const sql = statements("hold", {
  put: `INSERT INTO device_hold (device, site, generation, sha256, envelope, stored_ms)
        VALUES (:device, :site, :generation, :sha256, :envelope, :nowMs)
        ON CONFLICT (device) DO UPDATE SET site = excluded.site, generation = excluded.generation, sha256 = excluded.sha256,
          envelope = excluded.envelope, stored_ms = excluded.stored_ms`,
  get: "SELECT device, generation, sha256, envelope FROM device_hold WHERE device = :device",
  site: "SELECT device, generation, sha256, envelope FROM device_hold WHERE site = :site ORDER BY device",
});

export interface HoldRow {
  readonly device: DeviceId;
  readonly generation: number;
  readonly sha256: Digest;
  readonly envelope: Envelope;
}

const rowOf = (row: SqlRow): HoldRow => ({
  device: named<DeviceId>(row, "device"),
  generation: int(row, "generation"),
  sha256: named<Digest>(row, "sha256"),
  envelope: json<Envelope>(row, "envelope"),
});

export async function putHold(tx: Tx, row: HoldRow & { readonly site: SiteId }, nowMs: number): Promise<void> {
  await tx.run(sql.put, { ...row, envelope: JSON.stringify(row.envelope), nowMs });
}

/** The newest word on the device, whatever it says. */
export async function newestHold(tx: Reader, device: DeviceId): Promise<HoldRow | undefined> {
  const row = await tx.get(sql.get, { device });
  return row && rowOf(row);
}

export const holdsAt = async (tx: Reader, site: SiteId): Promise<HoldRow[]> =>
  (await tx.all(sql.site, { site })).map(rowOf);
