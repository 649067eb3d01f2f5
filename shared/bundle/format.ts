import { FarhandError } from "../errors.ts";
import { utf8, type Bytes } from "../bytes.ts";
import { ENVELOPE_BYTES_MAX } from "../envelope.ts";

/**
 * One flat container: 16 bytes of magic with the version at their end | u32 length of the index, big-endian | the index envelope |
 * bodies in the order of the index, and nothing after the last one. No names, no paths, no compression, no archive library.
 */
const NAME = "farhand-bundle";
const VERSION = 1;
export const HEAD_BYTES = 20;

/** An index is an envelope like any other; at 110 bytes an entry it names more than 3,000. */
export const INDEX_BYTES_MAX = ENVELOPE_BYTES_MAX;
export const ENTRY_BYTES_MAX = 16 * 1024 * 1024;
/** What a site says in weeks; the rest goes into the next one. */
export const BUNDLE_BYTES_MAX = 1024 * 1024 * 1024;
export const BUNDLE_LIFETIME_SECONDS_MAX = 180 * 86_400;

export function encodeHead(indexBytes: number): Bytes {
  const head = new Uint8Array(HEAD_BYTES);
  head.set(utf8(NAME));
  const view = new DataView(head.buffer);
  view.setUint16(NAME.length, VERSION);
  view.setUint32(HEAD_BYTES - 4, indexBytes);
  return head;
}

/** The claimed length of the index, within its cap: nothing is allocated for a lie. */
export function decodeHead(head: Uint8Array): number {
  if (head.length < HEAD_BYTES) throw new FarhandError("BUNDLE_SHAPE", "cut short before its index");
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (Buffer.compare(head.subarray(0, NAME.length), utf8(NAME)) !== 0)
    throw new FarhandError("BUNDLE_SHAPE", "it does not begin like one");
  const version = view.getUint16(NAME.length);
  if (version !== VERSION) throw new FarhandError("BUNDLE_SHAPE", `version ${version}; this is ${VERSION}`);
  const length = view.getUint32(HEAD_BYTES - 4);
  if (length === 0 || length > INDEX_BYTES_MAX)
    throw new FarhandError("BUNDLE_SHAPE", `the index claims ${length} bytes; at most ${INDEX_BYTES_MAX}`);
  return length;
}
