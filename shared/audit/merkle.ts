import { createHash } from "node:crypto";
import type { Digest } from "../ids.ts";

/**
 * The Merkle tree of RFC 6962 §2.1, as arithmetic over ranges of leaves: which subtrees a proof is made of, how they fold,
 * and how a proof is checked (RFC 9162 §2.1.3.2, §2.1.4.2). Where the hashes stand is the caller's business.
 */

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** The root of a log without entries: SHA-256 of nothing. Written out, because the console's page holds this module and has no hashes of node's. */
export const EMPTY_ROOT = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" as Digest;

/** A tree of 2^53 leaves has no longer proof. */
export const PROOF_HASHES_MAX = 54;

export const leafHash = (bytes: Uint8Array): Digest =>
  createHash("sha256").update(LEAF).update(bytes).digest("hex") as Digest;

export const nodeHash = (left: Digest, right: Digest): Digest =>
  createHash("sha256").update(NODE).update(left, "hex").update(right, "hex").digest("hex") as Digest;

/** Leaves `start` to `end`, the end not among them. */
export interface LeafRange {
  readonly start: number;
  readonly end: number;
}

/** The complete subtree over leaves `index·2^level` to `(index+1)·2^level`: its hash never changes again. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
}

/** The largest power of two below `n`, for n ≥ 2. */
function splitOf(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** The complete subtrees of a range of the tree, from the left. Every range that a proof names starts where its first subtree may. */
export function subtreesOf({ start, end }: LeafRange): Subtree[] {
  const parts: Subtree[] = [];
  let at = start;
  while (at < end) {
    let level = 0;
    while (at % 2 ** (level + 1) === 0 && at + 2 ** (level + 1) <= end) level++;
    parts.push({ level, index: at / 2 ** level });
    at += 2 ** level;
  }
  return parts;
}

/** The hash of the range whose subtrees these are. */
export function foldSubtrees(hashes: readonly Digest[]): Digest {
  return (
    hashes.reduceRight<Digest | undefined>(
      (right, left) => (right === undefined ? left : nodeHash(left, right)),
      undefined,
    ) ?? EMPTY_ROOT
  );
}

/** PATH(index, D[size]): the ranges whose hashes lead from a leaf to the root. */
export function inclusionRanges(index: number, size: number): LeafRange[] {
  const path: LeafRange[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + splitOf(end - start);
    if (index < middle) {
      path.push({ start: middle, end });
      end = middle;
    } else {
      path.push({ start, end: middle });
      start = middle;
    }
  }
  return path.toReversed();
}

/** PROOF(first, D[second]): the ranges whose hashes make both roots. Nothing is needed from an empty log or between equal ones. */
export function consistencyRanges(first: number, second: number): LeafRange[] {
  if (first === 0 || first >= second) return [];
  const path: LeafRange[] = [];
  let start = 0;
  let end = second;
  while (end !== first) {
    const middle = start + splitOf(end - start);
    if (first <= middle) {
      path.push({ start: middle, end });
      end = middle;
    } else {
      path.push({ start, end: middle });
      start = middle;
    }
  }
  // The whole of the old tree is known to the one who asks.
  if (start !== 0) path.push({ start, end });
  return path.toReversed();
}

const isOdd = (n: number): boolean => n % 2 === 1;
const half = (n: number): number => Math.floor(n / 2);

/** Whether the leaf stands at `index` in the tree of `size` leaves with that root. */
export function isIncluded(
  leaf: Digest,
  index: number,
  tree: { readonly size: number; readonly root: Digest },
  proof: readonly Digest[],
): boolean {
  if (!isPlace(index) || !isPlace(tree.size) || index >= tree.size) return false;
  let node = index;
  let last = tree.size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      hash = nodeHash(sibling, hash);
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)];
    } else hash = nodeHash(hash, sibling);
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && hash === tree.root;
}

/** Whether the second tree is the first with leaves added and none changed. */
export function isConsistent(
  first: { readonly size: number; readonly root: Digest },
  second: { readonly size: number; readonly root: Digest },
  proof: readonly Digest[],
): boolean {
  if (!isPlace(first.size) || !isPlace(second.size) || first.size > second.size) return false;
  if (first.size === 0) return proof.length === 0 && first.root === EMPTY_ROOT;
  if (first.size === second.size) return proof.length === 0 && first.root === second.root;
  let node = first.size - 1;
  let last = second.size - 1;
  while (isOdd(node)) [node, last] = [half(node), half(last)];
  // A tree of a power of two is a subtree of the later one: the one who asks holds its hash, so it is not sent.
  const hashes = node === 0 ? [first.root, ...proof] : [...proof];
  const seed = hashes.shift();
  if (seed === undefined) return false;
  let old = seed;
  let grown = seed;
  for (const hash of hashes) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      old = nodeHash(hash, old);
      grown = nodeHash(hash, grown);
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)];
    } else grown = nodeHash(grown, hash);
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && old === first.root && grown === second.root;
}

const isPlace = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;

/** The right edge of a growing tree: one hash per set bit of its size, so a root costs no look at older leaves. */
export class Frontier {
  readonly #edge: { readonly level: number; readonly hash: Digest }[] = [];
  #size = 0;

  /** Goes on where the subtrees of `size` leaves end; `hashes` are those of `subtreesOf({start: 0, end: size})`. */
  static at(size: number, hashes: readonly Digest[]): Frontier {
    const frontier = new Frontier();
    subtreesOf({ start: 0, end: size }).forEach(({ level }, place) => {
      const hash = hashes[place];
      if (hash === undefined) throw new RangeError("a subtree's hash is missing");
      frontier.#edge.push({ level, hash });
    });
    frontier.#size = size;
    return frontier;
  }

  get size(): number {
    return this.#size;
  }

  get root(): Digest {
    return foldSubtrees(this.#edge.map(({ hash }) => hash));
  }

  /** Adds a leaf; names the subtrees that it completes, smallest first, the leaf itself among them. */
  push(leaf: Digest): (Subtree & { readonly hash: Digest })[] {
    const completed = [{ level: 0, index: this.#size, hash: leaf }];
    let hash = leaf;
    let level = 0;
    this.#size++;
    for (let top = this.#edge.at(-1); top?.level === level; top = this.#edge.at(-1)) {
      this.#edge.pop();
      hash = nodeHash(top.hash, hash);
      level++;
      completed.push({ level, index: this.#size / 2 ** level - 1, hash });
    }
    this.#edge.push({ level, hash });
    return completed;
  }
}
