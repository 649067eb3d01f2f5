import { parseEnvelope, envelopeBytes, type Envelope } from "../../shared/envelope.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { DeviceId, Digest, GrantId } from "../../shared/ids.ts";
import { statements, type Tx } from "../../shared/store.ts";
import { blob, int, text, textOrNull } from "../journal/row.ts";

type Read = Pick<Tx, "all" | "get">;

const sql = statements("journal.schedule", {
  grants: "SELECT digest, envelope FROM standing_grant ORDER BY id",
  grant: "SELECT digest, iat FROM standing_grant WHERE id = $id",
  count: "SELECT count(*) AS n FROM standing_grant",
  putGrant: `INSERT INTO standing_grant (id, digest, iat, envelope) VALUES ($id, $digest, $iat, $envelope)
    ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, iat = excluded.iat, envelope = excluded.envelope`,
  dropGrant: "DELETE FROM standing_grant WHERE digest = $digest",
  run: "SELECT slot, after, done FROM scheduled_run WHERE grant_digest = $grant AND entry = $entry",
  putRun: `INSERT INTO scheduled_run (grant_digest, entry, slot, after, done) VALUES ($grant, $entry, $slot, $after, $done)
    ON CONFLICT (grant_digest, entry) DO UPDATE SET slot = excluded.slot, after = excluded.after, done = excluded.done`,
  dropRuns: "DELETE FROM scheduled_run WHERE grant_digest NOT IN (SELECT digest FROM standing_grant)",
});

/** A site has a handful; what a hub sends beyond this is refused. */
const GRANTS_MAX = 256;

export interface StandingGrant {
  readonly digest: Digest;
  readonly envelope: Envelope;
}

export async function standingGrants(tx: Read): Promise<StandingGrant[]> {
  return (await tx.all(sql.grants)).map((row) => ({
    digest: text(row, "digest") as Digest,
    envelope: parseEnvelope(blob(row, "envelope")),
  }));
}

/** One for each name: the one that was signed last. True when it is new here. */
export async function keepGrant(
  tx: Tx,
  grant: StandingGrant & { readonly id: GrantId; readonly iat: number },
): Promise<boolean> {
  const held = await tx.get(sql.grant, { id: grant.id });
  if (held && (text(held, "digest") === grant.digest || int(held, "iat") > grant.iat)) return false;
  const count = await tx.get(sql.count);
  if (!held && count && int(count, "n") >= GRANTS_MAX)
    throw new FarhandError("CAPACITY", `${GRANTS_MAX} grants are held`);
  const { id, digest, iat, envelope } = grant;
  await tx.run(sql.putGrant, { id, digest, iat, envelope: envelopeBytes(envelope) });
  await tx.run(sql.dropRuns);
  return true;
}

export async function dropGrant(tx: Tx, digest: Digest): Promise<void> {
  await tx.run(sql.dropGrant, { digest });
  await tx.run(sql.dropRuns);
}

/** How far the newest run of one entry of a grant has come. Devices are taken in the order of their ids. */
export interface Progress {
  readonly slot: number;
  /** The last device for which work was made; null before the first. */
  readonly after: DeviceId | null;
  readonly done: boolean;
}

export async function progressOf(tx: Read, grant: Digest, entry: number): Promise<Progress | undefined> {
  const row = await tx.get(sql.run, { grant, entry });
  if (!row) return undefined;
  return { slot: int(row, "slot"), after: textOrNull(row, "after") as DeviceId | null, done: int(row, "done") === 1 };
}

/** In the transaction that accepts the work, so that a crash makes none of it twice. CONFLICT when the progress is not what it follows. */
export async function moveProgress(
  tx: Tx,
  at: { readonly grant: Digest; readonly entry: number },
  from: Progress | undefined,
  to: Progress,
): Promise<void> {
  const held = await progressOf(tx, at.grant, at.entry);
  if (held?.slot !== from?.slot || held?.after !== from?.after || held?.done !== from?.done)
    throw new FarhandError("CONFLICT", "the schedule has moved on");
  await tx.run(sql.putRun, { grant: at.grant, entry: at.entry, slot: to.slot, after: to.after, done: to.done ? 1 : 0 });
}
