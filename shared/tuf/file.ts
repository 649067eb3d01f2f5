import { z } from "zod";
import { jcs, parseCanonical, utf8, type Bytes } from "../bytes.ts";
import { readAs } from "../envelope.ts";
import { FarhandError } from "../errors.ts";
import { DOCUMENTS, METADATA_BYTES_MAX, ROOTS_MAX, TRUST_DOCUMENT_BYTES_MAX, type TrustDocument } from "./metadata.ts";
import type { TrustUpdate } from "./set.ts";

/** Base64 and names of the fields around what an update may hold. */
export const TRUST_FILE_BYTES_MAX = 48 * 1024 * 1024;

const Text = z.string().min(1).max(METADATA_BYTES_MAX);
const DocumentText = z.string().min(1).max(TRUST_DOCUMENT_BYTES_MAX);

/**
 * The trust repository, or the news of it, as one file: what travels to a hub, from it, on a stick, and what a person keeps as the anchor. Each
 * member is the text of one signed file, byte for byte. The file itself proves nothing.
 */
export const TrustFile = z.strictObject({
  type: z.literal("trust"),
  v: z.literal(1),
  roots: z.array(Text).max(ROOTS_MAX),
  timestamp: Text.optional(),
  snapshot: Text.optional(),
  targets: Text.optional(),
  documents: z.strictObject({
    keys: DocumentText.optional(),
    agents: DocumentText.optional(),
    inventory: DocumentText.optional(),
  }),
});
export type TrustFile = z.infer<typeof TrustFile>;

/** The versions of a set, for one who asks what is held. */
export const TrustVersions = z.strictObject({
  root: z.int().min(0),
  timestamp: z.int().min(0),
  snapshot: z.int().min(0),
  targets: z.int().min(0),
});

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function fileOfUpdate(update: TrustUpdate): TrustFile {
  const documents: TrustFile["documents"] = {};
  for (const name of DOCUMENTS) {
    const bytes = update.documents?.[name];
    if (bytes) documents[name] = decoder.decode(bytes);
  }
  return {
    type: "trust",
    v: 1,
    roots: (update.roots ?? []).map((root) => decoder.decode(root)),
    ...(update.timestamp && { timestamp: decoder.decode(update.timestamp) }),
    ...(update.snapshot && { snapshot: decoder.decode(update.snapshot) }),
    ...(update.targets && { targets: decoder.decode(update.targets) }),
    documents,
  };
}

export function updateOfFile(file: TrustFile): TrustUpdate {
  const documents: { [K in TrustDocument]?: Bytes } = {};
  for (const name of DOCUMENTS) {
    const text = file.documents[name];
    if (text !== undefined) documents[name] = utf8(text);
  }
  return {
    roots: file.roots.map((root) => utf8(root)),
    ...(file.timestamp !== undefined && { timestamp: utf8(file.timestamp) }),
    ...(file.snapshot !== undefined && { snapshot: utf8(file.snapshot) }),
    ...(file.targets !== undefined && { targets: utf8(file.targets) }),
    documents,
  };
}

export const encodeTrustFile = (update: TrustUpdate): Bytes => jcs(fileOfUpdate(update));

/** Caps, canonical form and shape. What is inside is checked by who applies it. */
export function decodeTrustFile(bytes: Uint8Array): TrustUpdate {
  if (bytes.length > TRUST_FILE_BYTES_MAX) throw new FarhandError("ENVELOPE_TOO_LARGE", "a trust file");
  return updateOfFile(readAs(TrustFile, parseCanonical(bytes)));
}
