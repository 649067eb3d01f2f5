import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import { FarhandError } from "./errors.ts";
import type { Digest } from "./ids.ts";

export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const utf8 = (text: string): Bytes => encoder.encode(text);

export function sha256(bytes: Uint8Array | string): Digest {
  return createHash("sha256").update(bytes).digest("hex") as Digest;
}

export function sha256Bytes(bytes: Uint8Array): Bytes {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

export function toBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
}

/** Accepts canonical base64url only: jose and Buffer both take trailing bits and padding, which makes two texts of one value. */
export function fromBase64url(text: string): Bytes {
  const decoded = Buffer.from(text, "base64url");
  if (decoded.toString("base64url") !== text) throw new FarhandError("ENVELOPE_SHAPE", "base64url is not canonical");
  return new Uint8Array(decoded);
}

/** RFC 8785 canonical JSON, as bytes. A value that somebody else wrote may have no such form: a lone surrogate, a number that is none. */
export function jcs(value: unknown): Bytes {
  let text: string | undefined;
  try {
    text = canonicalize(value);
  } catch (error) {
    throw new FarhandError("PAYLOAD_NOT_CANONICAL", "a value without a canonical form", { cause: error });
  }
  if (text === undefined) throw new FarhandError("INTERNAL", "a value without a JSON form");
  return utf8(text);
}

const DEPTH_MAX = 32;
const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

function inspect(value: unknown, depth: number): void {
  if (depth > DEPTH_MAX) throw new FarhandError("PAYLOAD_NOT_CANONICAL", "nested too deeply");
  if (typeof value === "string") {
    if (LONE_SURROGATE.test(value)) throw new FarhandError("PAYLOAD_NOT_CANONICAL", "lone surrogate");
  } else if (typeof value === "number") {
    if (!Number.isSafeInteger(value))
      throw new FarhandError("PAYLOAD_NOT_CANONICAL", "a number that is not a safe integer");
  } else if (Array.isArray(value)) {
    for (const item of value) inspect(item, depth + 1);
  } else if (value !== null && typeof value === "object") {
    for (const [key, item] of Object.entries(value)) {
      if (key === "__proto__") throw new FarhandError("PAYLOAD_NOT_CANONICAL", "a forbidden member name");
      inspect(key, depth + 1);
      inspect(item, depth + 1);
    }
  }
}

/** Brackets that open minus those that close, ignoring strings: JSON.parse recurses, so depth is capped before it runs. */
function refuseDeepNesting(text: string): void {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (inString) {
      if (c === 0x5c) i++;
      else if (c === 0x22) inString = false;
    } else if (c === 0x22) inString = true;
    else if (c === 0x7b || c === 0x5b) {
      if (++depth > DEPTH_MAX) throw new FarhandError("PAYLOAD_NOT_CANONICAL", "nested too deeply");
    } else if (c === 0x7d || c === 0x5d) depth--;
  }
}

/**
 * Parses bytes that a signature covers. Only the canonical form of RFC 8785 is accepted, so that one value has one text:
 * duplicate members, other number forms, white space and reordered members all fail the round trip.
 */
export function parseCanonical(bytes: Uint8Array): unknown {
  let text: string;
  let value: unknown;
  try {
    text = strictDecoder.decode(bytes);
    refuseDeepNesting(text);
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof FarhandError) throw error;
    throw new FarhandError("PAYLOAD_NOT_CANONICAL", "not UTF-8 JSON", { cause: error });
  }
  inspect(value, 0);
  if (canonicalize(value) !== text) throw new FarhandError("PAYLOAD_NOT_CANONICAL");
  return value;
}

export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
