/** The cryptography of USM as an agent needs it: RFC 3414 §2.6 and §6 to §7, RFC 7860, RFC 3826, and the two drafts for 256 bits. */
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";

export type AuthProtocol = "sha1" | "sha224" | "sha256" | "sha384" | "sha512";
export type PrivacyProtocol = "aes128" | "aes256-blumenthal" | "aes256-reeder";

/** Octets of the digest that travel (RFC 7860 §4.1). */
export const DIGEST_OCTETS: Record<AuthProtocol, number> = { sha1: 12, sha224: 16, sha256: 24, sha384: 32, sha512: 48 };

const hash = (protocol: AuthProtocol, ...parts: readonly Uint8Array[]): Buffer => {
  const digest = createHash(protocol);
  for (const part of parts) digest.update(part);
  return digest.digest();
};

/** RFC 3414 appendix A.2: the passphrase over and over for 2^20 octets, hashed, then bound to the engine. */
export function localizedKey(protocol: AuthProtocol, passphrase: Uint8Array, engineId: Uint8Array): Buffer {
  const filled = Buffer.alloc(1024 * 1024, passphrase);
  const key = hash(protocol, filled);
  return hash(protocol, key, engineId, key);
}

export function privacyKey(
  protocol: PrivacyProtocol,
  auth: AuthProtocol,
  passphrase: string,
  engineId: Uint8Array,
): Buffer {
  const octets = protocol === "aes128" ? 16 : 32;
  let key = localizedKey(auth, Buffer.from(passphrase), engineId);
  let last = key;
  while (key.length < octets) {
    // draft-blumenthal-aes-usm-04 §3.1.2.1 hashes what there is; draft-reeder-snmpv3-usm-3desede-00 §2.1 starts again from the last key.
    last = protocol === "aes256-reeder" ? localizedKey(auth, last, engineId) : hash(auth, key);
    key = Buffer.concat([key, last]);
  }
  return key.subarray(0, octets);
}

export function digestOf(protocol: AuthProtocol, key: Buffer, message: Uint8Array): Buffer {
  return createHmac(protocol, key).update(message).digest().subarray(0, DIGEST_OCTETS[protocol]);
}

export const isSame = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b);

export interface Moment {
  readonly boots: number;
  readonly time: number;
}

const cipherOf = (key: Buffer): string => (key.length === 16 ? "aes-128-cfb" : "aes-256-cfb");

function vector({ boots, time }: Moment, salt: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(boots, 0);
  head.writeUInt32BE(time, 4);
  return Buffer.concat([head, salt]);
}

export function encrypt(
  key: Buffer,
  moment: Moment,
  plain: Uint8Array,
  salt: Buffer = randomBytes(8),
): { salt: Buffer; encrypted: Buffer } {
  const cipher = createCipheriv(cipherOf(key), key, vector(moment, salt));
  return { salt, encrypted: Buffer.concat([cipher.update(plain), cipher.final()]) };
}

export function decrypt(key: Buffer, moment: Moment, salt: Uint8Array, encrypted: Uint8Array): Buffer {
  const decipher = createDecipheriv(cipherOf(key), key, vector(moment, salt));
  return Buffer.concat([decipher.update(encrypted), decipher.final()]);
}
