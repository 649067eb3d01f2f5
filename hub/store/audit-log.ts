import { AuditEntry } from "../../shared/audit/entry.ts";
import { foldSubtrees, nodeHash, subtreesOf, type LeafRange, type Subtree } from "../../shared/audit/merkle.ts";
import { readAs, type Envelope } from "../../shared/envelope.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { Digest, KeyId } from "../../shared/ids.ts";
import { statements, type SqlRow, type Tx } from "../../shared/store.ts";
import { int, intOrNull, json, named, namedOrNull, text, textOrNull } from "./columns.ts";

type Reader = Pick<Tx, "all" | "get">;

const COLUMNS = `id, at_ms, actor, on_behalf_of, action, object, digest, signature_document, signature_kid, signature_sha256,
                 decision, code, detail, count, place, hash`;

const sql = statements("auditLog", {
  takeLease: `INSERT INTO lease (name, holder, expires_ms) VALUES (:name, :holder, :expiresMs)
              ON CONFLICT (name) DO UPDATE SET holder = :holder, expires_ms = :expiresMs
              WHERE lease.holder = :holder OR lease.expires_ms <= :nowMs`,
  isBehind: "SELECT 1 AS yes FROM audit WHERE place IS NULL LIMIT 1",
  unchained: `SELECT ${COLUMNS} FROM audit WHERE place IS NULL ORDER BY id LIMIT :limit`,
  last: "SELECT place, hash FROM audit WHERE place IS NOT NULL ORDER BY place DESC LIMIT 1",
  chain: "UPDATE audit SET place = :place, hash = :hash WHERE id = :id AND place IS NULL",
  addNode: "INSERT INTO audit_node (level, place, hash) VALUES (:level, :place, :hash)",
  leaves: "SELECT hash FROM audit WHERE place >= :from AND place < :to ORDER BY place",
  nodes: "SELECT hash FROM audit_node WHERE level = :level AND place >= :from AND place < :to ORDER BY place",
  page: `SELECT ${COLUMNS}, lag(hash) OVER (ORDER BY place) AS prev FROM audit
         WHERE place >= :from AND place < :to ORDER BY place`,
  newest: `SELECT ${COLUMNS}, (SELECT hash FROM audit AS b WHERE b.place = a.place - 1) AS prev FROM audit AS a
           WHERE place < :before AND (:actor IS NULL OR actor = :actor) AND (:action IS NULL OR action = :action)
             AND (:decision IS NULL OR decision = :decision) AND at_ms >= :sinceMs
           ORDER BY place DESC LIMIT :limit`,
  signed: `SELECT place FROM audit WHERE signature_document = :document AND signature_kid = :kid AND decision = 'allowed'
           AND place < :size ORDER BY place LIMIT 1`,
  isSignedSince: "SELECT 1 AS yes FROM audit WHERE signature_document IS NOT NULL AND place >= :from LIMIT 1",
  addCheckpoint: `INSERT INTO audit_checkpoint (epoch, size, root, at_ms, envelope) VALUES (:epoch, :size, :root, :atMs, :envelope)
                  ON CONFLICT (epoch, size) DO NOTHING`,
  lastCheckpoint:
    "SELECT epoch, size, root, at_ms, envelope FROM audit_checkpoint ORDER BY epoch DESC, size DESC LIMIT 1",
  checkpoints: `SELECT epoch, size, root, at_ms, envelope FROM audit_checkpoint
                WHERE size > :from ORDER BY size, epoch LIMIT :limit`,
});

/** True while this holder alone may do the work; it is renewed with every transaction that does some. */
export async function holdsLease(
  tx: Tx,
  lease: { readonly name: string; readonly holder: string; readonly nowMs: number; readonly expiresMs: number },
): Promise<boolean> {
  return (await tx.run(sql.takeLease, lease)) === 1;
}

export const isBehind = async (tx: Reader): Promise<boolean> => (await tx.get(sql.isBehind)) !== undefined;

export interface UnchainedRow {
  readonly id: number;
  /** The entry, once it is given its place and the hash before it. */
  at(index: number, prev: Digest | null): AuditEntry;
}

export async function unchained(tx: Reader, limit: number): Promise<UnchainedRow[]> {
  const rows = await tx.all(sql.unchained, { limit });
  return rows.map((row) => ({ id: int(row, "id"), at: (index, prev) => entryOf(row, index, prev) }));
}

/** Of rows that were checked when they were written; a row that somebody changed since may not even be an entry any more. */
function entryOf(row: SqlRow, index: number, prev: Digest | null): AuditEntry {
  const document = namedOrNull<Digest>(row, "signature_document");
  const signature = document && {
    document,
    kid: named<KeyId>(row, "signature_kid"),
    sha256: named<Digest>(row, "signature_sha256"),
  };
  return readAs(AuditEntry, {
    type: "audit",
    v: 1,
    index,
    prev,
    atMs: int(row, "at_ms"),
    actor: text(row, "actor"),
    onBehalfOf: textOrNull(row, "on_behalf_of"),
    action: text(row, "action"),
    object: text(row, "object"),
    digest: textOrNull(row, "digest"),
    signature,
    decision: text(row, "decision"),
    code: textOrNull(row, "code"),
    detail: textOrNull(row, "detail"),
    count: int(row, "count"),
  });
}

/** How many entries are chained, and the hash of the last. */
export async function logEnd(tx: Reader): Promise<{ readonly size: number; readonly last: Digest | null }> {
  const row = await tx.get(sql.last);
  return row ? { size: int(row, "place") + 1, last: named<Digest>(row, "hash") } : { size: 0, last: null };
}

export async function chainRow(tx: Tx, id: number, place: number, hash: Digest): Promise<void> {
  if ((await tx.run(sql.chain, { id, place, hash })) !== 1)
    throw new FarhandError("INTERNAL", "a row was chained twice");
}

const STEP = 4;
export const isStored = ({ level }: Subtree): boolean => level > 0 && level % STEP === 0;

export async function addNodes(tx: Tx, nodes: readonly (Subtree & { readonly hash: Digest })[]): Promise<void> {
  await tx.runEach(
    sql.addNode,
    nodes.map(({ level, index, hash }) => ({ level, place: index, hash })),
  );
}

/** Of a complete subtree, out of at most sixteen stored hashes. */
async function subtreeHash(tx: Reader, { level, index }: Subtree): Promise<Digest> {
  const base = level - (level % STEP);
  const width = 2 ** (level - base);
  const span = { from: index * width, to: (index + 1) * width };
  const rows = base === 0 ? await tx.all(sql.leaves, span) : await tx.all(sql.nodes, { ...span, level: base });
  let hashes = rows.map((row) => named<Digest>(row, "hash"));
  if (hashes.length !== width) throw new FarhandError("AUDIT_CHAIN", `entries near ${index * 2 ** level} are missing`);
  while (hashes.length > 1) {
    const pairs: Digest[] = [];
    for (let at = 0; at + 1 < hashes.length; at += 2) {
      const [left, right] = hashes.slice(at, at + 2);
      if (left && right) pairs.push(nodeHash(left, right));
    }
    hashes = pairs;
  }
  const [hash] = hashes;
  if (!hash) throw new FarhandError("INTERNAL", "an empty subtree");
  return hash;
}

export async function subtreeHashes(tx: Reader, range: LeafRange): Promise<Digest[]> {
  const hashes: Digest[] = [];
  for (const part of subtreesOf(range)) hashes.push(await subtreeHash(tx, part));
  return hashes;
}

export const rangeHash = async (tx: Reader, range: LeafRange): Promise<Digest> =>
  foldSubtrees(await subtreeHashes(tx, range));

/** Entries `from` to `to`, in order. */
export async function entriesFrom(tx: Reader, from: number, to: number): Promise<AuditEntry[]> {
  // One row more, for the hash before the first.
  const rows = await tx.all(sql.page, { from: Math.max(0, from - 1), to });
  return rows
    .filter((row) => int(row, "place") >= from)
    .map((row) => entryOf(row, int(row, "place"), namedOrNull<Digest>(row, "prev")));
}

export interface EntryFilter {
  readonly before: number;
  readonly actor: string | null;
  readonly action: string | null;
  readonly decision: string | null;
  readonly sinceMs: number;
  readonly limit: number;
}

/** Newest first. */
export async function newestEntries(tx: Reader, filter: EntryFilter): Promise<AuditEntry[]> {
  const rows = await tx.all(sql.newest, { ...filter });
  return rows.map((row) => entryOf(row, int(row, "place"), namedOrNull<Digest>(row, "prev")));
}

/** Where it stands that this signature was stored, in the log of `size` entries. */
export async function placeOfSignature(
  tx: Reader,
  of: { readonly document: Digest; readonly kid: KeyId },
  size: number,
): Promise<number | undefined> {
  const row = await tx.get(sql.signed, { ...of, size });
  return row ? (intOrNull(row, "place") ?? undefined) : undefined;
}

export const isSignedSince = async (tx: Reader, from: number): Promise<boolean> =>
  (await tx.get(sql.isSignedSince, { from })) !== undefined;

export interface StoredCheckpoint {
  readonly epoch: number;
  readonly size: number;
  readonly root: Digest;
  readonly atMs: number;
  readonly envelope: Envelope;
}

const checkpointOf = (row: SqlRow): StoredCheckpoint => ({
  epoch: int(row, "epoch"),
  size: int(row, "size"),
  root: named<Digest>(row, "root"),
  atMs: int(row, "at_ms"),
  envelope: json<Envelope>(row, "envelope"),
});

export async function addCheckpoint(tx: Tx, { envelope, ...rest }: StoredCheckpoint): Promise<boolean> {
  return (await tx.run(sql.addCheckpoint, { ...rest, envelope: JSON.stringify(envelope) })) === 1;
}

export async function lastCheckpoint(tx: Reader): Promise<StoredCheckpoint | undefined> {
  const row = await tx.get(sql.lastCheckpoint);
  return row && checkpointOf(row);
}

/** The next ones over more than `from` entries, in order. */
export async function checkpointsIn(tx: Reader, from: number, limit: number): Promise<StoredCheckpoint[]> {
  return (await tx.all(sql.checkpoints, { from, limit })).map(checkpointOf);
}
