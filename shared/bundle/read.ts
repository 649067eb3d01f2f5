import { bytesEqual, sha256, type Bytes } from "../bytes.ts";
import { BundleIndex } from "../documents/bundle.ts";
import { envelopeBytes, parseEnvelope, peekPayload, readAs, type Envelope } from "../envelope.ts";
import { FarhandError } from "../errors.ts";
import { BUNDLE_BYTES_MAX, decodeHead, ENTRY_BYTES_MAX, HEAD_BYTES } from "./format.ts";
import { chunksOf, copyPrivately, type PrivateCopy } from "./private-copy.ts";

/** A container whose layout holds. Its index is what somebody claims, until `index.ts` has seen who signed it. */
export class BundleFile {
  readonly envelope: Envelope;
  readonly claimed: BundleIndex;
  readonly #copy: PrivateCopy;
  readonly #offsets: readonly number[];

  private constructor(copy: PrivateCopy, envelope: Envelope, claimed: BundleIndex, offsets: readonly number[]) {
    this.#copy = copy;
    this.envelope = envelope;
    this.claimed = claimed;
    this.#offsets = offsets;
  }

  /** Copies the file into `privateDir` and never looks at it again. */
  static open(path: string, privateDir: string): Promise<BundleFile> {
    return BundleFile.from(chunksOf(path, BUNDLE_BYTES_MAX), privateDir);
  }

  static async from(chunks: AsyncIterable<Uint8Array>, privateDir: string): Promise<BundleFile> {
    const copy = await copyPrivately(chunks, privateDir, BUNDLE_BYTES_MAX);
    try {
      return await BundleFile.#layout(copy);
    } catch (error) {
      await copy.close();
      throw error;
    }
  }

  /** Every length is checked against the file's own before anything is made of that size. */
  static async #layout(copy: PrivateCopy): Promise<BundleFile> {
    const indexBytes = decodeHead(await readAt(copy, 0, Math.min(HEAD_BYTES, copy.size)));
    if (HEAD_BYTES + indexBytes > copy.size) throw new FarhandError("BUNDLE_SHAPE", "cut short in its index");
    const raw = await readAt(copy, HEAD_BYTES, indexBytes);
    const envelope = parseEnvelope(raw);
    // One form only, and one signature: else two files that differ would be the same bundle.
    if (!bytesEqual(envelopeBytes(envelope), raw)) throw new FarhandError("BUNDLE_SHAPE", "the index is not canonical");
    if (envelope.signatures.length !== 1) throw new FarhandError("BUNDLE_SHAPE", "an index has one signature");
    const claimed = readAs(BundleIndex, peekPayload(envelope));
    const offsets: number[] = [];
    const seen = new Set<string>();
    let at = HEAD_BYTES + indexBytes;
    for (const entry of claimed.entries) {
      if (entry.bytes > ENTRY_BYTES_MAX)
        throw new FarhandError("BUNDLE_ENTRY", `an entry claims ${entry.bytes} bytes; at most ${ENTRY_BYTES_MAX}`);
      if (seen.has(entry.sha256)) throw new FarhandError("BUNDLE_SHAPE", `${entry.sha256} stands twice`);
      seen.add(entry.sha256);
      offsets.push(at);
      at += entry.bytes;
    }
    if (at > copy.size) throw new FarhandError("BUNDLE_ENTRY", `cut short: ${copy.size} of ${at} bytes are here`);
    if (at < copy.size) throw new FarhandError("BUNDLE_SHAPE", `${copy.size - at} bytes after its end`);
    return new BundleFile(copy, envelope, claimed, offsets);
  }

  /** The bytes of one entry, or BUNDLE_ENTRY when they are not what the index says. */
  async body(position: number): Promise<Bytes> {
    const entry = this.claimed.entries[position];
    const at = this.#offsets[position];
    if (!entry || at === undefined) throw new FarhandError("INTERNAL", `no entry ${position}`);
    const bytes = await readAt(this.#copy, at, entry.bytes);
    if (sha256(bytes) !== entry.sha256)
      throw new FarhandError("BUNDLE_ENTRY", `entry ${position + 1} of ${this.claimed.entries.length}`);
    return bytes;
  }

  /** Before any of them is used: one that is bad spoils all. */
  async checkBodies(): Promise<void> {
    for (let position = 0; position < this.claimed.entries.length; position++) await this.body(position);
  }

  close(): Promise<void> {
    return this.#copy.close();
  }
}

async function readAt(copy: PrivateCopy, at: number, length: number): Promise<Bytes> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await copy.file.read(bytes, done, length - done, at + done);
    if (bytesRead === 0) throw new FarhandError("IO", "the copy ended early");
    done += bytesRead;
  }
  return bytes;
}
