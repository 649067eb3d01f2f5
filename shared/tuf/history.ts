import { Metadata, MetadataKind } from "@tufjs/models";
import { sha256, type Bytes } from "../bytes.ts";
import { FarhandError } from "../errors.ts";
import { jsonOf, walkRoots, storeAt } from "./apply.ts";
import { readMetadata, ROOTS_MAX } from "./metadata.ts";

/**
 * What the repository said over the years, for one who checks an old record: every root that follows from the first, and which keys.json a
 * targets.json of theirs ever named. What was in force once is not what is in force now; nothing is authorised by this.
 */
export class TrustHistory {
  readonly #roots: Bytes[];
  readonly #keys = new Set<string>();

  constructor(first: Bytes) {
    readMetadata("root", first);
    storeAt(first, 0);
    this.#roots = [first];
  }

  /** The next root; one that is known already, or stands before the first, is passed over. Throws TRUST_ROOT. */
  addRoot(bytes: Bytes): void {
    const last = this.#roots.at(-1) ?? bytes;
    if (readMetadata("root", bytes).signed.version <= readMetadata("root", last).signed.version) return;
    if (this.#roots.length >= ROOTS_MAX) throw new FarhandError("ENVELOPE_TOO_LARGE", "roots");
    this.#roots.push(walkRoots(storeAt(last, 0), last, [bytes]).root);
  }

  /** A targets.json that some root's keyadmins signed. False where none of these roots' did: it is older than the first, or no such thing. */
  addTargets(bytes: Bytes): boolean {
    const { signed } = readMetadata("targets", bytes);
    const targets = Metadata.fromJSON(MetadataKind.Targets, jsonOf(bytes));
    const held = this.#roots.some((root) => {
      try {
        Metadata.fromJSON(MetadataKind.Root, jsonOf(root)).verifyDelegate("targets", targets);
        return true;
      } catch {
        return false;
      }
    });
    if (held) this.#keys.add(signed.targets["keys.json"].hashes.sha256);
    return held;
  }

  /** Whether these bytes were keys.json once. */
  hasNamed(keys: Bytes): boolean {
    return this.#keys.has(sha256(keys));
  }
}
