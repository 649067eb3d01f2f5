import { FarhandError } from "../../../shared/errors.ts";
import { type BerReader, oidOf, signed, TAG, unsigned } from "./ber.ts";

/** A value of RFC 3416 §3 as JSON. Counter64 is decimal text, as a number would lose its low digits; octets are lower-case hexadecimal. */
export type SnmpDatum =
  | { readonly type: "integer" | "gauge32" | "counter32"; readonly value: number }
  | { readonly type: "counter64"; readonly value: string }
  /** TimeTicks, made milliseconds. Wraps after 497 days. */
  | { readonly type: "timeticks"; readonly ms: number }
  | { readonly type: "octets" | "opaque"; readonly hex: string }
  | { readonly type: "oid" | "ip"; readonly value: string }
  | { readonly type: "null" | "noSuchObject" | "noSuchInstance" | "endOfMibView" };

export interface Varbind {
  readonly oid: string;
  readonly datum: SnmpDatum;
}

const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");

export function readDatum(reader: BerReader): SnmpDatum {
  const tag = reader.tag();
  const content = reader.content();
  const empty = <T extends "null" | "noSuchObject" | "noSuchInstance" | "endOfMibView">(type: T): { type: T } => {
    if (content.length > 0) throw new FarhandError("DEVICE_ANSWER", `${type} with a content`);
    return { type };
  };
  switch (tag) {
    case TAG.integer:
      return { type: "integer", value: Number(signed(content, -0x8000_0000n, 0x7fff_ffffn)) };
    case TAG.counter32:
      return { type: "counter32", value: Number(unsigned(content, 32)) };
    case TAG.gauge32:
      return { type: "gauge32", value: Number(unsigned(content, 32)) };
    case TAG.timeticks:
      return { type: "timeticks", ms: Number(unsigned(content, 32)) * 10 };
    case TAG.counter64:
      return { type: "counter64", value: unsigned(content, 64).toString() };
    case TAG.octets:
      return { type: "octets", hex: hex(content) };
    case TAG.opaque:
      return { type: "opaque", hex: hex(content) };
    case TAG.oid:
      return { type: "oid", value: oidOf(content) };
    case TAG.ip:
      if (content.length !== 4) throw new FarhandError("DEVICE_ANSWER", "an IP address not of four octets");
      return { type: "ip", value: content.join(".") };
    case TAG.null:
      return empty("null");
    case TAG.noSuchObject:
      return empty("noSuchObject");
    case TAG.noSuchInstance:
      return empty("noSuchInstance");
    case TAG.endOfMibView:
      return empty("endOfMibView");
    default:
      throw new FarhandError("DEVICE_ANSWER", `a value of the unknown tag 0x${tag.toString(16)}`);
  }
}

export const TEXT_CHARACTERS_MAX = 1024;

/** What a terminal or a page could obey: C0, DEL, C1, line and paragraph separators, and what turns the writing direction. */
// oxlint-disable-next-line no-control-regex -- control characters are exactly what is replaced here
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

/** Octets that a MIB calls text, as one bounded line: what is no UTF-8 becomes U+FFFD, what controls becomes `\u{…}`. */
export function textOf(octets: string): string {
  const text = new TextDecoder("utf-8").decode(Buffer.from(octets, "hex")).replace(/\0+$/u, "");
  const bounded = text.length > TEXT_CHARACTERS_MAX ? `${text.slice(0, TEXT_CHARACTERS_MAX)}…` : text;
  return bounded.toWellFormed().replace(UNSAFE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
