import { flattenedVerify, FlattenedSign } from "jose";
import { z } from "zod";
import { bytesEqual, fromBase64url, jcs, parseCanonical, toBase64url, type Bytes } from "./bytes.ts";
import { FarhandError } from "./errors.ts";
import { KeyId } from "./ids.ts";
import { importSigningKey, type Signer, type SigningPublicKey } from "./keys.ts";

/**
 * JWS JSON serialisation (RFC 7515 §7.2.1) with every option removed: the exact bytes are signed, each signature is checked
 * on its own, and a quorum is counted by us, because jose stops at the first signature that holds.
 */
export const EnvelopeType = z.enum([
  "farhand-warrant+jws",
  "farhand-grant+jws",
  "farhand-stage+jws",
  "farhand-offer+jws",
  "farhand-cancel+jws",
  "farhand-plan+jws",
  "farhand-receipt+jws",
  "farhand-keys+jws",
  "farhand-agents+jws",
  "farhand-inventory+jws",
  "farhand-breakglass+jws",
  "farhand-hold+jws",
  "farhand-adoption+jws",
  "farhand-readmission+jws",
  "farhand-credential+jws",
  "farhand-checkpoint+jws",
  "farhand-bundle+jws",
  "farhand-admission+jws",
  "farhand-sitekey+jws",
]);
export type EnvelopeType = z.infer<typeof EnvelopeType>;

export const ENVELOPE_BYTES_MAX = 512 * 1024;
const SIGNATURES_MAX = 16;

const SignatureEntry = z.strictObject({ protected: z.string().max(512), signature: z.string().length(86) });
export const Envelope = z.strictObject({
  payload: z.string(),
  signatures: z.array(SignatureEntry).min(1).max(SIGNATURES_MAX),
});
export type Envelope = z.infer<typeof Envelope>;

const ProtectedHeader = z.strictObject({ alg: z.literal("Ed25519"), kid: KeyId, typ: EnvelopeType });

/** Finds a trusted public key by its id; undefined when the trust store does not hold it as valid. */
export type KeyLookup = (kid: KeyId) => SigningPublicKey | undefined;

export interface Opened {
  /** The exact bytes that the signatures cover. */
  readonly bytes: Bytes;
  /** Those bytes, parsed as canonical JSON; not yet checked against a schema. */
  readonly value: unknown;
  /** Ids of the trusted keys whose signatures hold, each once. */
  readonly kids: readonly KeyId[];
}

export async function signEnvelope(
  type: EnvelopeType,
  payload: unknown,
  signers: readonly Signer[],
): Promise<Envelope> {
  const bytes = jcs(payload);
  const signatures = await Promise.all(signers.map((signer) => signBytes(type, bytes, signer)));
  return { payload: toBase64url(bytes), signatures };
}

async function signBytes(type: EnvelopeType, bytes: Bytes, signer: Signer): Promise<Envelope["signatures"][number]> {
  const header = { alg: "Ed25519", kid: signer.kid, typ: type };
  const signed = await new FlattenedSign(bytes).setProtectedHeader(header).sign(signer.key);
  if (signed.protected === undefined) throw new FarhandError("INTERNAL", "jose made no protected header");
  return { protected: signed.protected, signature: signed.signature };
}

/** Adds one more signature over the same bytes. Signing twice with one key changes nothing. */
export async function cosignEnvelope(type: EnvelopeType, envelope: Envelope, signer: Signer): Promise<Envelope> {
  const added = await signBytes(type, fromBase64url(envelope.payload), signer);
  const others = envelope.signatures.filter((entry) => headerOf(entry.protected, type).kid !== signer.kid);
  return { payload: envelope.payload, signatures: [...others, added] };
}

export function envelopeBytes(envelope: Envelope): Bytes {
  return jcs(envelope);
}

/** Caps and shape, before any cryptography. `bytesMax` is another only for what is large by its nature and named by a signed digest. */
export function parseEnvelope(raw: Uint8Array, bytesMax = ENVELOPE_BYTES_MAX): Envelope {
  if (raw.length > bytesMax) throw new FarhandError("ENVELOPE_TOO_LARGE");
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(raw));
  } catch (error) {
    throw new FarhandError("ENVELOPE_SHAPE", "not JSON", { cause: error });
  }
  return checkEnvelope(value, bytesMax);
}

export function checkEnvelope(value: unknown, bytesMax = ENVELOPE_BYTES_MAX): Envelope {
  const parsed = Envelope.safeParse(value);
  if (!parsed.success) throw new FarhandError("ENVELOPE_SHAPE", parsed.error.issues[0]?.message);
  if (parsed.data.payload.length > bytesMax) throw new FarhandError("ENVELOPE_TOO_LARGE");
  return parsed.data;
}

function headerOf(encoded: string, type: EnvelopeType): z.infer<typeof ProtectedHeader> {
  const parsed = ProtectedHeader.safeParse(parseHeader(fromBase64url(encoded)));
  if (!parsed.success) throw new FarhandError("ENVELOPE_SHAPE", "protected header");
  if (parsed.data.typ !== type) throw new FarhandError("ENVELOPE_TYPE", `${parsed.data.typ}, wanted ${type}`);
  return parsed.data;
}

function parseHeader(bytes: Bytes): unknown {
  try {
    return parseCanonical(bytes);
  } catch (error) {
    throw new FarhandError("ENVELOPE_SHAPE", "protected header", { cause: error });
  }
}

/**
 * Opens an envelope of exactly this type. Every signature by a key that `lookup` knows must hold, or all is refused;
 * signatures by unknown keys count for nothing. Throws SIGNATURE_MISSING when no trusted key signed.
 */
export async function openEnvelope(type: EnvelopeType, envelope: Envelope, lookup: KeyLookup): Promise<Opened> {
  const bytes = fromBase64url(envelope.payload);
  const kids = new Set<KeyId>();
  for (const entry of envelope.signatures) {
    const { kid } = headerOf(entry.protected, type);
    fromBase64url(entry.signature);
    const publicKey = lookup(kid);
    if (publicKey === undefined) continue;
    const verified = await verifyOne(envelope.payload, entry, publicKey);
    if (!bytesEqual(verified, bytes)) throw new FarhandError("SIGNATURE_BAD");
    kids.add(kid);
  }
  if (kids.size === 0) throw new FarhandError("SIGNATURE_MISSING");
  return { bytes, value: parseCanonical(bytes), kids: [...kids] };
}

async function verifyOne(
  payload: string,
  entry: Envelope["signatures"][number],
  publicKey: SigningPublicKey,
): Promise<Uint8Array> {
  try {
    const result = await flattenedVerify({ payload, ...entry }, await importSigningKey(publicKey), {
      algorithms: ["Ed25519"],
    });
    return result.payload;
  } catch (error) {
    if (error instanceof FarhandError) throw error;
    throw new FarhandError("SIGNATURE_BAD", undefined, { cause: error });
  }
}

/** The payload, unverified: only for showing what a document claims before its keys are known. */
export function peekPayload(envelope: Envelope): unknown {
  return parseCanonical(fromBase64url(envelope.payload));
}

/** Checks an opened value against its schema; the first fault is named by its path. */
export function readAs<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new FarhandError("SCHEMA", issue ? `${issue.path.join(".")}: ${issue.message}` : undefined);
}
