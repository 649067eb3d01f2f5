import { FarhandError } from "../../shared/errors.ts";
import { decodeRecords, type ReadRecord } from "../../shared/wire/frame.ts";
import { UpRecord } from "../../shared/wire/messages.ts";
import { sealPart, type SealedPart } from "../store/blobs.ts";
import type { BlobCipher } from "../store/cipher.ts";
import { harmless, harmlessText } from "./sanitize.ts";

/** Records per events frame; an agent sends fewer. */
export const BATCH_RECORDS_MAX = 5_000;
const UNREADABLE_CHARS_MAX = 2_000;

/** A record, ready to be stored: everything that needs no transaction is done. */
export interface PreparedRecord {
  /** The type, or `unreadable`: kept and counted, but without meaning. */
  readonly type: UpRecord["type"] | "unreadable";
  readonly header: string;
  readonly part?: SealedPart;
  readonly output?: Extract<UpRecord, { type: "output" }> & { readonly text: string };
}

/** Takes a frame's body apart. A frame that does not hold what it says is the sender's fault and closes the link. */
export function prepareBatch(first: number, last: number, body: Uint8Array, cipher: BlobCipher): PreparedRecord[] {
  const records = decodeRecords(body, BATCH_RECORDS_MAX);
  if (records.length !== last - first + 1) {
    throw new FarhandError("PROTOCOL", `${records.length} records as ${first} to ${last}`);
  }
  return records.map((record) => prepare(record, cipher));
}

function prepare(wire: ReadRecord, cipher: BlobCipher): PreparedRecord {
  const parsed = UpRecord.safeParse(wire.header);
  if (!parsed.success) return unreadable(wire, parsed.error.issues[0]?.message ?? "header");
  const record = parsed.data;
  switch (record.type) {
    case "blob": {
      const part = sealPart(cipher, record, wire.body);
      if (!part) return unreadable(wire, "not a part of such a text");
      return { type: "blob", header: wire.text, part };
    }
    case "output":
      return { type: "output", header: wire.text, output: { ...record, text: harmlessText(wire.body) } };
    case "task": {
      const step = record.step && harmless(record.step);
      const detail = record.detail && harmless(record.detail);
      // The text as it came says the same, unless something had to be made harmless.
      const isAsItCame = step === record.step && detail === record.detail;
      return { type: "task", header: isAsItCame ? wire.text : JSON.stringify({ ...record, step, detail }) };
    }
    case "assignment": {
      const reason = record.reason && harmless(record.reason);
      return {
        type: "assignment",
        header: reason === record.reason ? wire.text : JSON.stringify({ ...record, reason }),
      };
    }
    case "receipt":
    case "plan":
    case "own":
    case "breakglass":
    case "metric":
      return { type: record.type, header: wire.text };
    default:
      return record satisfies never;
  }
}

function unreadable(wire: ReadRecord, why: string): PreparedRecord {
  const shown = (JSON.stringify(wire.header) ?? "").slice(0, UNREADABLE_CHARS_MAX);
  return { type: "unreadable", header: JSON.stringify({ why, shown }) };
}
