import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sha256 } from "../bytes.ts";
import type { Digest } from "../ids.ts";
import {
  consistencyRanges,
  EMPTY_ROOT,
  foldSubtrees,
  Frontier,
  inclusionRanges,
  isConsistent,
  isIncluded,
  leafHash,
  nodeHash,
  subtreesOf,
  type LeafRange,
  type Subtree,
} from "./merkle.ts";

/** The recursive definition of RFC 6962 §2.1, word for word. */
const naive = {
  root(leaves: readonly Digest[]): Digest {
    const [only] = leaves;
    if (only === undefined) return EMPTY_ROOT;
    if (leaves.length === 1) return only;
    const k = split(leaves.length);
    return nodeHash(this.root(leaves.slice(0, k)), this.root(leaves.slice(k)));
  },
  path(m: number, leaves: readonly Digest[]): Digest[] {
    if (leaves.length <= 1) return [];
    const k = split(leaves.length);
    return m < k
      ? [...this.path(m, leaves.slice(0, k)), this.root(leaves.slice(k))]
      : [...this.path(m - k, leaves.slice(k)), this.root(leaves.slice(0, k))];
  },
  proof(m: number, leaves: readonly Digest[]): Digest[] {
    return m === 0 || m === leaves.length ? [] : this.subproof(m, leaves, true);
  },
  subproof(m: number, leaves: readonly Digest[], isWhole: boolean): Digest[] {
    if (m === leaves.length) return isWhole ? [] : [this.root(leaves)];
    const k = split(leaves.length);
    return m <= k
      ? [...this.subproof(m, leaves.slice(0, k), isWhole), this.root(leaves.slice(k))]
      : [...this.subproof(m - k, leaves.slice(k), false), this.root(leaves.slice(0, k))];
  },
};

const split = (n: number): number => 2 ** Math.floor(Math.log2(n - 1));

/** How a log answers: from subtrees that were stored when they became complete. */
class StoredTree {
  readonly #nodes = new Map<string, Digest>();
  readonly frontier = new Frontier();

  constructor(leaves: readonly Digest[]) {
    for (const leaf of leaves)
      for (const { level, index, hash } of this.frontier.push(leaf)) this.#nodes.set(`${level}/${index}`, hash);
  }

  hash({ level, index }: Subtree): Digest {
    const hash = this.#nodes.get(`${level}/${index}`);
    if (!hash) throw new Error(`subtree ${level}/${index} is not complete`);
    return hash;
  }

  hashes(ranges: readonly LeafRange[]): Digest[] {
    return ranges.map((range) => foldSubtrees(subtreesOf(range).map((part) => this.hash(part))));
  }
}

const leavesOf = (count: number): Digest[] =>
  Array.from({ length: count }, (_, n) => leafHash(new TextEncoder().encode(`leaf ${n}`)));
const at = <T>(list: readonly T[], place: number): T => {
  const found = list[place];
  if (found === undefined) throw new Error(`nothing at ${place}`);
  return found;
};

/** The vectors that every implementation of Certificate Transparency carries. */
const CT_LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const CT_ROOTS = [
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
const CT_PATHS: [number, number, string[]][] = [
  [
    0,
    8,
    [
      "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
  ],
  [
    5,
    8,
    [
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
  ],
];
const CT_PROOFS: [number, number, string[]][] = [
  [
    1,
    8,
    [
      "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
  ],
  [
    6,
    8,
    [
      "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
  ],
  [
    2,
    5,
    [
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
  ],
];

it("has the root of an empty log written out", () => {
  expect(EMPTY_ROOT).toBe(sha256(""));
});

describe("the tree of RFC 6962", () => {
  const leaves = CT_LEAVES.map((hex) => leafHash(Buffer.from(hex, "hex")));

  it("has the known roots", () => {
    const frontier = new Frontier();
    expect(frontier.root).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    const roots = leaves.map((leaf) => {
      frontier.push(leaf);
      return frontier.root;
    });
    expect(roots).toEqual(CT_ROOTS);
  });

  it.each(CT_PATHS)("has the known path of leaf %i in a tree of %i", (index, size, path) => {
    expect(new StoredTree(leaves.slice(0, size)).hashes(inclusionRanges(index, size))).toEqual(path);
  });

  it.each(CT_PROOFS)("has the known proof from %i to %i", (first, second, proof) => {
    expect(new StoredTree(leaves.slice(0, second)).hashes(consistencyRanges(first, second))).toEqual(proof);
  });
});

const sizes = fc.integer({ min: 1, max: 300 });
const pair = sizes.chain((size) => fc.tuple(fc.integer({ min: 0, max: size - 1 }), fc.constant(size)));

describe("proofs out of stored subtrees", () => {
  const all = leavesOf(300);

  it("are those of the recursive definition", () => {
    fc.assert(
      fc.property(pair, ([index, size]) => {
        const leaves = all.slice(0, size);
        const tree = new StoredTree(leaves);
        expect(tree.frontier.root).toBe(naive.root(leaves));
        expect(tree.hashes(inclusionRanges(index, size))).toEqual(naive.path(index, leaves));
        expect(tree.hashes(consistencyRanges(index, size))).toEqual(naive.proof(index, leaves));
      }),
      { numRuns: 60 },
    );
  });

  it("hold for every leaf and every earlier tree", () => {
    for (let size = 1; size <= 70; size++) {
      const tree = new StoredTree(all.slice(0, size));
      const { root } = tree.frontier;
      for (let index = 0; index < size; index++)
        expect(isIncluded(at(all, index), index, { size, root }, tree.hashes(inclusionRanges(index, size)))).toBe(true);
      for (let first = 0; first <= size; first++) {
        const old = { size: first, root: naive.root(all.slice(0, first)) };
        expect(isConsistent(old, { size, root }, tree.hashes(consistencyRanges(first, size)))).toBe(true);
      }
    }
  });

  it("hold for no other leaf, place, size, root or proof", () => {
    const other = leafHash(Uint8Array.of(255));
    fc.assert(
      fc.property(pair, fc.nat(60), fc.integer({ min: 1, max: 5 }), ([index, size], spot, by) => {
        const tree = new StoredTree(all.slice(0, size));
        const { root } = tree.frontier;
        const leaf = at(all, index);
        const path = tree.hashes(inclusionRanges(index, size));
        expect(isIncluded(other, index, { size, root }, path)).toBe(false);
        expect(isIncluded(leaf, index + by, { size, root }, path)).toBe(false);
        expect(isIncluded(leaf, index, { size, root: other }, path)).toBe(false);
        expect(isIncluded(leaf, index, { size, root }, [...path, other])).toBe(false);
        expect(isIncluded(leaf, index, { size, root }, damaged(path, spot, other))).toBe(path.length === 0);

        const first = Math.max(1, index);
        const old = { size: first, root: naive.root(all.slice(0, first)) };
        const proof = tree.hashes(consistencyRanges(first, size));
        expect(isConsistent({ ...old, root: other }, { size, root }, proof)).toBe(false);
        expect(isConsistent(old, { size, root: other }, proof)).toBe(false);
        expect(isConsistent(old, { size, root }, [...proof, other])).toBe(false);
        if (proof.length > 0) {
          expect(isConsistent(old, { size, root }, damaged(proof, spot, other))).toBe(false);
          expect(isConsistent(old, { size, root }, proof.slice(1))).toBe(false);
          expect(isConsistent(old, { size, root }, proof.slice(0, -1))).toBe(false);
        }
      }),
      { numRuns: 80 },
    );
  });

  it("need a number of hashes that grows with the logarithm of the log, far beyond 2^31 entries too", () => {
    const size = 2 ** 40 + 12_345;
    expect(inclusionRanges(2 ** 39 + 7, size).length).toBeLessThanOrEqual(41);
    const ranges = consistencyRanges(2 ** 33 + 5, size);
    expect(ranges.length).toBeLessThanOrEqual(42);
    expect(ranges.flatMap((range) => subtreesOf(range)).length).toBeLessThanOrEqual(90);
  });

  it("refuse places that are no numbers", () => {
    const root = at(all, 0);
    expect(isIncluded(root, 0, { size: 1, root }, [])).toBe(true);
    for (const bad of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect(isIncluded(root, bad, { size: 1, root }, [])).toBe(false);
      expect(isConsistent({ size: bad, root }, { size: 1, root }, [])).toBe(false);
    }
    expect(isIncluded(root, 0, { size: Number.NaN, root }, [])).toBe(false);
  });
});

const damaged = (proof: readonly Digest[], spot: number, by: Digest): Digest[] =>
  proof.map((hash, place) => (place === spot % proof.length ? by : hash));

describe("a frontier", () => {
  it("goes on from stored subtrees as if it had seen every leaf", () => {
    const all = leavesOf(120);
    for (const size of [0, 1, 2, 3, 7, 64, 65, 100]) {
      const tree = new StoredTree(all.slice(0, size));
      const hashes = subtreesOf({ start: 0, end: size }).map((part) => tree.hash(part));
      const resumed = Frontier.at(size, hashes);
      expect(resumed.root).toBe(tree.frontier.root);
      for (const leaf of all.slice(size)) expect(resumed.push(leaf)).toEqual(tree.frontier.push(leaf));
      expect(resumed.size).toBe(120);
      expect(resumed.root).toBe(naive.root(all));
    }
  });
});
