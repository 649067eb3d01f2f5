import type { InclusionProof } from "../../shared/audit/proofs.ts";
import { consistencyRanges, inclusionRanges, type LeafRange } from "../../shared/audit/merkle.ts";
import type { Digest, KeyId } from "../../shared/ids.ts";
import type { Tx } from "../../shared/store.ts";
import { entriesFrom, logEnd, placeOfSignature, rangeHash } from "../store/audit-log.ts";

type Reader = Pick<Tx, "all" | "get">;

async function hashesOf(tx: Reader, ranges: readonly LeafRange[]): Promise<Digest[]> {
  const hashes: Digest[] = [];
  for (const range of ranges) hashes.push(await rangeHash(tx, range));
  return hashes;
}

/** That the log of `second` entries begins with that of `first`; undefined where there never was such a log. */
export async function consistencyProof(tx: Reader, first: number, second: number): Promise<Digest[] | undefined> {
  if (first > second || second > (await logEnd(tx)).size) return undefined;
  return hashesOf(tx, consistencyRanges(first, second));
}

/** The entry that says that this signature was stored, and its proof in the log of exactly `size` entries. */
export async function signatureProof(
  tx: Reader,
  of: { readonly document: Digest; readonly kid: KeyId },
  size: number,
): Promise<InclusionProof | undefined> {
  if (size > (await logEnd(tx)).size) return undefined;
  const place = await placeOfSignature(tx, of, size);
  const [entry] = place === undefined ? [] : await entriesFrom(tx, place, place + 1);
  return entry && { entry, size, path: await hashesOf(tx, inclusionRanges(entry.index, size)) };
}
