import { z } from "zod";
import { fromBase64url, jcs, parseCanonical, sha256 } from "../bytes.ts";
import { readAs, type Envelope } from "../envelope.ts";
import { Digest, KeyId } from "../ids.ts";
import { leafHash } from "./merkle.ts";

const Text = (max: number) => z.string().min(1).max(max);

/** One person's signature over one document, as it was handed over. */
export const SignatureMark = z.strictObject({
  /** Of the signed payload: a warrant, a grant, a break-glass. */
  document: Digest,
  kid: KeyId,
  /** SHA-256 of the signature's base64url text: without it a hub could log a signature that is still to be made. */
  sha256: Digest,
});
export type SignatureMark = z.infer<typeof SignatureMark>;

export const markSignature = (document: Digest, kid: KeyId, signature: string): SignatureMark => ({
  document,
  kid,
  sha256: sha256(signature),
});

/** One mark for each of the keys whose signatures hold. */
export const marksOf = (envelope: Envelope, document: Digest, kids: readonly KeyId[]): SignatureMark[] =>
  envelope.signatures.flatMap(({ protected: header, signature }) => {
    const { kid } = parseCanonical(fromBase64url(header)) as { kid: KeyId };
    return kids.includes(kid) ? [markSignature(document, kid, signature)] : [];
  });

/** Who did what to what, and whether it was allowed: what is known when it happens, before it has a place in the log. */
export const AuditFact = z.strictObject({
  /** `token:<id>`, `agent:<id>`, `hub` (it, or whoever may open its folder) or `anyone` (nobody who proved a name). */
  actor: Text(200),
  /** For whom the actor did it: the person whose signature a token handed over, for one. */
  onBehalfOf: Text(200).nullable(),
  action: z.string().regex(/^[a-z][a-z-]*(\.[a-z][a-z-]*){0,3}$/),
  /** What it was done to, by id. */
  object: Text(500),
  /** The document or text that it is about, by digest. */
  digest: Digest.nullable(),
  /** The signature whose storing this entry records. One entry each, so that one proof speaks for one signature. */
  signature: SignatureMark.nullable(),
  decision: z.enum(["allowed", "refused"]),
  /** Why it was refused. Not the enumeration of this version: a log outlives it. */
  code: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]{1,39}$/)
    .nullable(),
  detail: z.string().max(2000).nullable(),
  /** How often, where many of a kind are one entry. */
  count: z.int().min(1),
  atMs: z.int().min(0),
});
export type AuditFact = z.infer<typeof AuditFact>;

/** A fact in its place. Its canonical bytes are a leaf of the log's tree, and the next entry names their hash. */
export const AuditEntry = AuditFact.extend({
  type: z.literal("audit"),
  v: z.literal(1),
  index: z.int().min(0),
  /** Leaf hash of the entry before; null for the first. */
  prev: Digest.nullable(),
});
export type AuditEntry = z.infer<typeof AuditEntry>;

export const ENTRY_BYTES_MAX = 16 * 1024;

export const entryBytes = (entry: AuditEntry): Uint8Array => jcs(entry);

/** One hash serves as the leaf of the tree and as the link of the chain. */
export const entryHash = (entry: AuditEntry): Digest => leafHash(entryBytes(entry));

/** Caps, then the canonical form, then the schema. */
export const readEntry = (bytes: Uint8Array): AuditEntry => readAs(AuditEntry, parseCanonical(bytes));

/** What an entry proves: at its place in the log, the hub held this signature. */
export const storedSignature = (entry: AuditEntry): SignatureMark | null =>
  entry.decision === "allowed" ? entry.signature : null;
