import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { utf8 } from "../../shared/bytes.ts";
import { FarhandError } from "../../shared/errors.ts";

/** What a sealed value is bound to: it opens only in the place where it was put. */
export interface SealContext {
  readonly org: string;
  readonly agent: string;
  readonly name: string;
  readonly version: number;
}

export interface Sealed {
  readonly wrappedKey: Uint8Array;
  readonly sealed: Uint8Array;
  readonly commitment: Uint8Array;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const aadOf = (context: SealContext): Uint8Array =>
  utf8([context.org, context.agent, context.name, String(context.version)].join("|"));

function encrypt(key: Uint8Array, plain: Uint8Array, aad: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(aad);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Buffer {
  const tagAt = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  }).setAAD(aad);
  decipher.setAuthTag(sealed.subarray(tagAt));
  return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, tagAt)), decipher.final()]);
}

/** AES-GCM does not commit to its key: without this, one text could open under two keys to two values. */
export const commitmentOf = (key: Uint8Array, aad: Uint8Array): Buffer =>
  createHmac("sha256", key).update("commit").update(aad).digest();

/** A fresh data key for each value, so that no key ever meets two nonces. */
export function seal(kek: Uint8Array, plain: Uint8Array, context: SealContext): Sealed {
  const aad = aadOf(context);
  const dataKey = randomBytes(32);
  try {
    return {
      wrappedKey: encrypt(kek, dataKey, aad),
      sealed: encrypt(dataKey, plain, aad),
      commitment: commitmentOf(dataKey, aad),
    };
  } finally {
    dataKey.fill(0);
  }
}

export function unseal(kek: Uint8Array, value: Sealed, context: SealContext): Buffer {
  const aad = aadOf(context);
  try {
    const dataKey = decrypt(kek, value.wrappedKey, aad);
    try {
      if (!timingSafeEqual(commitmentOf(dataKey, aad), value.commitment))
        throw new FarhandError("VAULT_LOCKED", "key commitment");
      return decrypt(dataKey, value.sealed, aad);
    } finally {
      dataKey.fill(0);
    }
  } catch (error) {
    if (error instanceof FarhandError) throw error;
    throw new FarhandError("VAULT_LOCKED", `${context.name} does not open`, { cause: error });
  }
}

/** The same data key under another key-encryption key; what it seals stays as it is. */
export function rewrapKey(from: Uint8Array, to: Uint8Array, wrappedKey: Uint8Array, context: SealContext): Uint8Array {
  const aad = aadOf(context);
  let dataKey: Buffer;
  try {
    dataKey = decrypt(from, wrappedKey, aad);
  } catch (error) {
    throw new FarhandError("VAULT_LOCKED", `${context.name} does not open`, { cause: error });
  }
  try {
    return encrypt(to, dataKey, aad);
  } finally {
    dataKey.fill(0);
  }
}
