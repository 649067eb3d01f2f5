import { compactDecrypt, CompactEncrypt } from "jose";
import { createHmac, timingSafeEqual } from "node:crypto";
import { fromBase64url } from "./bytes.ts";
import { FarhandError } from "./errors.ts";
import {
  importBoxPrivateKey,
  importBoxPublicKey,
  SEALED_CHALLENGE_MAX,
  type BoxPublicKey,
  type PrivateJwk,
} from "./keys.ts";

/**
 * Proof of possession for a key that cannot sign: the verifier seals a secret to the X25519 key, and whoever answers with the
 * secret's HMAC over the bytes in question has opened it.
 */
const KEY_MANAGEMENT = "ECDH-ES+A256KW";
const CONTENT_ENCRYPTION = "A256GCM";

/** Throws SIGNATURE_BAD for a key of small order. */
export async function sealBoxChallenge(secret: Uint8Array, key: BoxPublicKey): Promise<string> {
  return new CompactEncrypt(secret)
    .setProtectedHeader({ alg: KEY_MANAGEMENT, enc: CONTENT_ENCRYPTION })
    .encrypt(await importBoxPublicKey(key));
}

export async function openBoxChallenge(sealed: string, key: PrivateJwk): Promise<Uint8Array> {
  if (sealed.length > SEALED_CHALLENGE_MAX) throw new FarhandError("CHALLENGE", "the hub's challenge is too long");
  try {
    const opened = await compactDecrypt(sealed, await importBoxPrivateKey(key), {
      keyManagementAlgorithms: [KEY_MANAGEMENT],
      contentEncryptionAlgorithms: [CONTENT_ENCRYPTION],
    });
    return opened.plaintext;
  } catch (error) {
    throw new FarhandError("CHALLENGE", "the hub's challenge is not sealed to this agent's key", { cause: error });
  }
}

export const boxProof = (secret: Uint8Array, bytes: Uint8Array): string =>
  createHmac("sha256", secret).update("farhand-box\0").update(bytes).digest("base64url");

export function holdsBoxKey(secret: Uint8Array, bytes: Uint8Array, proof: string): boolean {
  const wanted = fromBase64url(boxProof(secret, bytes));
  const given = fromBase64url(proof);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
