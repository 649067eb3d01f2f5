import { fromBase64url, parseCanonical, sha256 } from "../../shared/bytes.ts";
import { parseEnvelope, type Envelope } from "../../shared/envelope.ts";
import { Digest, KeyId } from "../../shared/ids.ts";
import { statements, type SqlRow, type Tx } from "../../shared/store.ts";
import type { TrustStore } from "../../shared/trust.ts";
import type { LogHead, RevocationMemory } from "../../shared/verify/revoked.ts";
import { heldCheckpoint } from "./checkpoints.ts";
import { blob, intOrNull, text, textOrNull } from "./row.ts";

type Read = Pick<Tx, "all" | "get">;

const sql = statements("journal.revocations", {
  add: "INSERT INTO revocation (kid, size, root) VALUES ($kid, $size, $root) ON CONFLICT (kid) DO NOTHING",
  all: "SELECT kid, size, root FROM revocation",
  addHeld: "INSERT INTO revocation_held (kid, document) VALUES ($kid, $document) ON CONFLICT DO NOTHING",
  allHeld: "SELECT kid, document FROM revocation_held",
  work: "SELECT authority, breakglass FROM work",
  grants: "SELECT envelope FROM standing_grant",
});

/**
 * In the transaction that takes a newer keys.json, or before it: what this agent has seen up to now of each key that the newer one
 * revokes. Written once: a revocation that comes again, with another reason or after a crash, is remembered from its first time.
 */
export async function rememberRevocations(tx: Tx, held: TrustStore, newer: TrustStore): Promise<void> {
  const known = new Set(held.keys.document.revoked.map(({ kid }) => kid));
  const fresh = new Set(newer.keys.document.revoked.map(({ kid }) => kid).filter((kid) => !known.has(kid)));
  if (fresh.size === 0) return;
  const seen = await heldCheckpoint(tx);
  for (const kid of fresh) await tx.run(sql.add, { kid, size: seen?.size ?? null, root: seen?.root ?? null });
  for (const envelope of await signedHere(tx)) {
    const document = sha256(fromBase64url(envelope.payload));
    for (const kid of kidsOf(envelope)) if (fresh.has(kid)) await tx.run(sql.addHeld, { kid, document });
  }
}

/** Everything that was verified and journalled: a known key's signature that does not hold would have refused it. */
async function signedHere(tx: Read): Promise<Envelope[]> {
  const work = (await tx.all(sql.work)).flatMap((row) => [
    parseEnvelope(blob(row, "authority")),
    ...(row["breakglass"] === null ? [] : [parseEnvelope(blob(row, "breakglass"))]),
  ]);
  const grants = (await tx.all(sql.grants)).map((row) => parseEnvelope(blob(row, "envelope")));
  return [...work, ...grants];
}

const kidsOf = (envelope: Envelope): KeyId[] =>
  envelope.signatures.map(({ protected: header }) => (parseCanonical(fromBase64url(header)) as { kid: KeyId }).kid);

const headOf = (row: SqlRow): LogHead | null => {
  const [size, root] = [intOrNull(row, "size"), textOrNull(row, "root")];
  return size === null || root === null ? null : { size, root: Digest.parse(root) };
};

/** By key: the head that had been seen when its revocation was taken. A key that is not here was revoked before this agent came. */
export async function revocationHeads(tx: Read): Promise<ReadonlyMap<KeyId, LogHead | null>> {
  return new Map((await tx.all(sql.all)).map((row) => [KeyId.parse(text(row, "kid")), headOf(row)]));
}

export async function loadRevocationMemory(tx: Read): Promise<RevocationMemory> {
  const heads = await revocationHeads(tx);
  const held = new Set((await tx.all(sql.allHeld)).map((row) => `${text(row, "kid")} ${text(row, "document")}`));
  return {
    lastSeen: (kid) => heads.get(kid) ?? null,
    heldBefore: (kid, document) => held.has(`${kid} ${document}`),
  };
}
