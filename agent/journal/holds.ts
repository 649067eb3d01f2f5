import { fromBase64url, parseCanonical, sha256 } from "../../shared/bytes.ts";
import { Hold } from "../../shared/documents/hold.ts";
import { envelopeBytes, parseEnvelope, readAs, type Envelope } from "../../shared/envelope.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { DeviceId } from "../../shared/ids.ts";
import { statements, type SqlRow, type Tx } from "../../shared/store.ts";
import { blob, int, text } from "./row.ts";

const sql = statements("journal.holds", {
  get: "SELECT generation, digest, envelope FROM device_hold WHERE device = $device",
  all: "SELECT envelope FROM device_hold ORDER BY device",
  put: `INSERT INTO device_hold (device, generation, digest, envelope) VALUES ($device, $generation, $digest, $envelope)
    ON CONFLICT (device) DO UPDATE SET generation = excluded.generation, digest = excluded.digest, envelope = excluded.envelope`,
});

/** What was verified when it was taken: read again, not trusted again. */
const holdOf = (row: SqlRow): Hold =>
  readAs(Hold, parseCanonical(fromBase64url(parseEnvelope(blob(row, "envelope")).payload)));

/**
 * Keeps it where it is newer than what is held for its device. False where it is held already; REPLAY for one that something newer, or
 * another of the same generation, has taken the place of.
 */
export async function putHold(tx: Tx, hold: Hold, envelope: Envelope): Promise<boolean> {
  const { device, generation } = hold;
  const digest = sha256(fromBase64url(envelope.payload));
  const row = await tx.get(sql.get, { device });
  if (row && text(row, "digest") === digest) return false;
  if (row && generation <= int(row, "generation"))
    throw new FarhandError("REPLAY", `generation ${generation} for ${device}; ${int(row, "generation")} is known`);
  await tx.run(sql.put, { device, generation, digest, envelope: envelopeBytes(envelope) });
  return true;
}

/** The newest word on the device, whatever it says. */
export async function newestHold(tx: Pick<Tx, "get">, device: DeviceId): Promise<Hold | undefined> {
  const row = await tx.get(sql.get, { device });
  return row && holdOf(row);
}

export const allHolds = async (tx: Pick<Tx, "all">): Promise<Hold[]> => (await tx.all(sql.all)).map(holdOf);
