import { utf8, type Bytes } from "../bytes.ts";
import { FarhandError } from "../errors.ts";

/**
 * One binary message: u8 version, u8 type, u32 header length (big-endian), JSON header, body.
 * The same on every carrier; a reader checks the caps before it parses.
 */
export const FRAME_VERSION = 1;
export const FRAME_BYTES_MAX = 320 * 1024;
export const BODY_BYTES_MAX = 256 * 1024;
const PREFIX_BYTES = 6;
const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

export interface Frame {
  readonly type: number;
  readonly header: unknown;
  readonly body: Bytes;
}

export const NO_BODY: Bytes = new Uint8Array(0);

export function encodeFrame(type: number, header: unknown, body: Uint8Array = NO_BODY): Bytes {
  const head = utf8(JSON.stringify(header));
  const frame = new Uint8Array(PREFIX_BYTES + head.length + body.length);
  if (frame.length > FRAME_BYTES_MAX) throw new FarhandError("PROTOCOL", "frame too large");
  const view = new DataView(frame.buffer);
  view.setUint8(0, FRAME_VERSION);
  view.setUint8(1, type);
  view.setUint32(2, head.length);
  frame.set(head, PREFIX_BYTES);
  frame.set(body, PREFIX_BYTES + head.length);
  return frame;
}

export function decodeFrame(message: Uint8Array): Frame {
  if (message.length > FRAME_BYTES_MAX || message.length < PREFIX_BYTES)
    throw new FarhandError("PROTOCOL", "frame size");
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (view.getUint8(0) !== FRAME_VERSION) throw new FarhandError("PROTOCOL", `frame version ${view.getUint8(0)}`);
  const headEnd = PREFIX_BYTES + view.getUint32(2);
  if (headEnd > message.length) throw new FarhandError("PROTOCOL", "header length");
  try {
    const header: unknown = JSON.parse(strictUtf8.decode(message.subarray(PREFIX_BYTES, headEnd)));
    return { type: view.getUint8(1), header, body: message.slice(headEnd) as Bytes };
  } catch (error) {
    throw new FarhandError("PROTOCOL", "header", { cause: error });
  }
}

/** Records of a batch, one after the other: u32 header length, JSON header, u32 body length, body. */
export interface WireRecord {
  readonly header: unknown;
  readonly body: Uint8Array;
}

export function encodeRecords(records: readonly WireRecord[]): Bytes {
  const parts = records.map((record) => ({ head: utf8(JSON.stringify(record.header)), body: record.body }));
  const out = new Uint8Array(parts.reduce((sum, part) => sum + 8 + part.head.length + part.body.length, 0));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const part of parts) {
    for (const bytes of [part.head, part.body]) {
      view.setUint32(at, bytes.length);
      out.set(bytes, at + 4);
      at += 4 + bytes.length;
    }
  }
  return out;
}

/**
 * A frame of records laid out in a buffer that the sender keeps, with room for each body: a gigabyte that is sent through it
 * leaves no garbage behind. The views are good until the next frame is laid there.
 */
export function layFrame(
  scratch: Uint8Array<ArrayBuffer>,
  type: number,
  header: unknown,
  records: readonly { readonly header: unknown; readonly bytes: number }[],
): { frame: Uint8Array<ArrayBuffer>; bodies: readonly Uint8Array<ArrayBuffer>[] } {
  const head = utf8(JSON.stringify(header));
  const heads = records.map((record) => utf8(JSON.stringify(record.header)));
  const length = records.reduce(
    (sum, record, index) => sum + 8 + (heads[index]?.length ?? 0) + record.bytes,
    PREFIX_BYTES + head.length,
  );
  if (length > FRAME_BYTES_MAX || length > scratch.length) throw new FarhandError("PROTOCOL", "frame too large");
  const view = new DataView(scratch.buffer, scratch.byteOffset, scratch.byteLength);
  view.setUint8(0, FRAME_VERSION);
  view.setUint8(1, type);
  view.setUint32(2, head.length);
  scratch.set(head, PREFIX_BYTES);
  let at = PREFIX_BYTES + head.length;
  const bodies = records.map((record, index) => {
    const recordHead = heads[index] ?? NO_BODY;
    view.setUint32(at, recordHead.length);
    scratch.set(recordHead, at + 4);
    at += 4 + recordHead.length;
    view.setUint32(at, record.bytes);
    const body = scratch.subarray(at + 4, at + 4 + record.bytes);
    at += 4 + record.bytes;
    return body;
  });
  return { frame: scratch.subarray(0, length), bodies };
}

/** A record as it came: `text` is its header's JSON, so that who stores it need not write it again. */
export interface ReadRecord extends WireRecord {
  readonly text: string;
}

export function decodeRecords(bytes: Uint8Array, countMax: number): ReadRecord[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: ReadRecord[] = [];
  let at = 0;
  const take = (): Uint8Array => {
    if (at + 4 > bytes.length) throw new FarhandError("PROTOCOL", "record length");
    const end = at + 4 + view.getUint32(at);
    if (end > bytes.length) throw new FarhandError("PROTOCOL", "record length");
    const part = bytes.subarray(at + 4, end);
    at = end;
    return part;
  };
  while (at < bytes.length) {
    if (records.length >= countMax) throw new FarhandError("PROTOCOL", "too many records");
    const head = take();
    try {
      const text = strictUtf8.decode(head);
      const header: unknown = JSON.parse(text);
      const body = take();
      // A copy: a view would keep the whole batch alive.
      records.push({ text, header, body: body.length === 0 ? NO_BODY : body.slice() });
    } catch (error) {
      if (error instanceof FarhandError) throw error;
      throw new FarhandError("PROTOCOL", "record header", { cause: error });
    }
  }
  return records;
}
