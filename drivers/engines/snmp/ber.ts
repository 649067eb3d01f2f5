import { FarhandError } from "../../../shared/errors.ts";

/** The tags of SNMP's subset of BER (RFC 3417 §8, RFC 3416 §3). */
export const TAG = {
  integer: 0x02,
  octets: 0x04,
  null: 0x05,
  oid: 0x06,
  sequence: 0x30,
  ip: 0x40,
  counter32: 0x41,
  gauge32: 0x42,
  timeticks: 0x43,
  opaque: 0x44,
  counter64: 0x46,
  noSuchObject: 0x80,
  noSuchInstance: 0x81,
  endOfMibView: 0x82,
  response: 0xa2,
  report: 0xa8,
} as const;

/** RFC 2578 §3.5. */
const ARCS_MAX = 128;
const ARC_MAX = 0xffff_ffff;

const fault = (what: string): FarhandError => new FarhandError("DEVICE_ANSWER", what);

/**
 * Reads definite-length BER from bytes that nobody vouches for. Every length is held against its container before anything is taken;
 * nothing is copied. Throws DEVICE_ANSWER.
 */
export class BerReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get isDone(): boolean {
    return this.#at === this.#end;
  }

  /** The tag that comes next. */
  tag(): number {
    const tag = this.#at < this.#end ? this.#bytes[this.#at] : undefined;
    if (tag === undefined) throw fault("ends too early");
    return tag;
  }

  /** The content of the next element, whatever its tag or only of this one. */
  content(tag?: number): Uint8Array {
    const [start, end] = this.#span(tag);
    return this.#bytes.subarray(start, end);
  }

  /** A reader of what stands in the next element. */
  inside(tag: number): BerReader {
    const [start, end] = this.#span(tag);
    return new BerReader(this.#bytes, start, end);
  }

  integer(): number {
    return Number(signed(this.content(TAG.integer), -0x8000_0000n, 0x7fff_ffffn));
  }

  /** Nothing may follow. */
  end(): void {
    if (!this.isDone) throw fault("bytes after the end");
  }

  #span(tag?: number): [number, number] {
    const found = this.tag();
    if (tag !== undefined && found !== tag)
      throw fault(`tag 0x${found.toString(16)} where 0x${tag.toString(16)} belongs`);
    let at = this.#at + 1;
    let length = at < this.#end ? (this.#bytes[at] ?? 0) : -1;
    at += 1;
    if (length === 0x80) throw fault("an indefinite length");
    if (length > 0x80) {
      const octets = length & 0x7f;
      if (octets > 4 || octets > this.#end - at) throw fault("a length that is none");
      length = 0;
      for (let i = 0; i < octets; i += 1) length = length * 256 + (this.#bytes[at + i] ?? 0);
      at += octets;
    }
    if (length < 0 || length > this.#end - at) throw fault("a length beyond its container");
    this.#at = at + length;
    return [at, at + length];
  }
}

export function signed(content: Uint8Array, min: bigint, max: bigint): bigint {
  if (content.length === 0 || content.length > 9) throw fault("an integer of no size");
  const value = BigInt.asIntN(content.length * 8, unsignedOf(content));
  if (value < min || value > max) throw fault("an integer out of its range");
  return value;
}

/** Some agents leave out the zero octet that keeps a large unsigned number positive: what fits the width is taken as it is meant. */
export function unsigned(content: Uint8Array, bits: 32 | 64): bigint {
  if (content.length === 0 || content.length > bits / 8 + 1) throw fault("an unsigned integer of no size");
  const value = unsignedOf(content);
  if (value >> BigInt(bits) !== 0n) throw fault("an unsigned integer out of its range");
  return value;
}

function unsignedOf(content: Uint8Array): bigint {
  let value = 0n;
  for (const octet of content) value = (value << 8n) | BigInt(octet);
  return value;
}

/** X.690 §8.19. An empty one is what some agents send for 0.0. */
export function oidOf(content: Uint8Array): string {
  const arcs: number[] = [];
  let arc = 0;
  let isOpen = false;
  for (const octet of content) {
    arc = arc * 128 + (octet & 0x7f);
    if (arc > ARC_MAX) throw fault("an object identifier with an arc over 32 bits");
    isOpen = octet >= 0x80;
    if (isOpen) continue;
    if (arcs.length === 0) arcs.push(Math.min(2, Math.floor(arc / 40)), arc - 40 * Math.min(2, Math.floor(arc / 40)));
    else arcs.push(arc);
    if (arcs.length > ARCS_MAX) throw fault("an object identifier of too many arcs");
    arc = 0;
  }
  if (isOpen) throw fault("an object identifier that ends within an arc");
  return arcs.length === 0 ? "0.0" : arcs.join(".");
}
