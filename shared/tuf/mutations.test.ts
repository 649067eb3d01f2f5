import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sha256, type Bytes } from "../bytes.ts";
import { FarhandError } from "../errors.ts";
import { makeTrustWorld } from "../testing/trust-world.ts";
import { applyTrustUpdate } from "./apply.ts";
import { readMetadata, signedDigest } from "./metadata.ts";
import type { TrustSet, TrustUpdate } from "./set.ts";

const { org, at, held, setOf, rootOf } = await makeTrustWorld();

describe("no other content is ever accepted", () => {
  type Parts = Record<string, Bytes>;
  const partsOf = (set: TrustSet, root: Bytes): Parts => ({
    root,
    timestamp: set.timestamp,
    snapshot: set.snapshot,
    targets: set.targets,
    keys: set.documents.keys,
    ...(set.documents.agents ? { agents: set.documents.agents } : {}),
    ...(set.documents.inventory ? { inventory: set.documents.inventory } : {}),
  });
  const updateOf = ({ root, timestamp, snapshot, targets, keys, agents, inventory }: Parts): TrustUpdate => ({
    roots: root ? [root] : [],
    timestamp,
    snapshot,
    targets,
    documents: { ...(keys ? { keys } : {}), ...(agents ? { agents } : {}), ...(inventory ? { inventory } : {}) },
  });
  /** What signatures cover. Their own bytes, and who else signed, are not content. */
  const contentOf = (set: TrustSet): string =>
    [
      signedDigest(readMetadata("root", set.root).signed),
      signedDigest(readMetadata("timestamp", set.timestamp).signed),
      signedDigest(readMetadata("snapshot", set.snapshot).signed),
      signedDigest(readMetadata("targets", set.targets).signed),
      ...[set.documents.keys, set.documents.agents, set.documents.inventory].map((bytes) => bytes && sha256(bytes)),
    ].join(" ");

  const mutation = fc.record({
    part: fc.nat(),
    where: fc.double({ min: 0, max: 1, noNaN: true }),
    kind: fc.constantFrom("flip", "cut", "insert", "swap", "drop", "double"),
    byte: fc.integer({ min: 1, max: 255 }),
  });

  it("random mutations of a valid update: the same content or a refusal with a code, in bounded time", async () => {
    const roots = await rootOf({}, [org.root]);
    const next = partsOf(await setOf({ version: 2 }), roots);
    const wanted = contentOf(applyTrustUpdate(held, updateOf(next), at).set);
    let tried = 0;
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 3 }), (mutations) => {
        const parts: Parts = { ...next };
        for (const { part, where, kind, byte } of mutations) {
          const names = Object.keys(parts);
          const name = names[part % names.length] ?? "root";
          const bytes = parts[name] ?? new Uint8Array();
          const index = Math.min(bytes.length - 1, Math.floor(where * bytes.length));
          const other = names[(part + byte) % names.length] ?? "root";
          if (kind === "flip") parts[name] = bytes.map((value, i) => (i === index ? value ^ byte : value));
          else if (kind === "cut") parts[name] = bytes.slice(0, index);
          else if (kind === "insert")
            parts[name] = new Uint8Array([...bytes.slice(0, index), byte, ...bytes.slice(index)]);
          else if (kind === "swap") [parts[name], parts[other]] = [parts[other] ?? bytes, bytes];
          else if (kind === "double") parts[name] = new Uint8Array([...bytes, ...bytes]);
          else delete parts[name];
        }
        tried++;
        let accepted: TrustSet;
        try {
          accepted = applyTrustUpdate(held, updateOf(parts), at).set;
        } catch (error) {
          expect(error).toBeInstanceOf(FarhandError);
          return;
        }
        const content = contentOf(accepted);
        // A dropped part may leave what is held in place; nothing that nobody signed may come in.
        if (content !== wanted) expect(mutations.some(({ kind }) => kind === "drop" || kind === "swap")).toBe(true);
        const known = new Set([...contentOf(held).split(" "), ...wanted.split(" ")]);
        for (const digest of content.split(" ")) expect(known).toContain(digest);
      }),
      { numRuns: 400 },
    );
    expect(tried).toBeGreaterThanOrEqual(400);
  });
});
