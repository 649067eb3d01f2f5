import { calculateJwkThumbprint, type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import { z } from "zod";
import { fromBase64url } from "./bytes.ts";
import { FarhandError } from "./errors.ts";
import type { KeyId } from "./ids.ts";

/** An Ed25519 public key: 32 bytes in base64url (RFC 8037 `x`). */
export const SigningPublicKey = z
  .string()
  .regex(/^[A-Za-z0-9_-]{43}$/)
  .brand<"SigningPublicKey">();
export type SigningPublicKey = z.infer<typeof SigningPublicKey>;
/** An X25519 public key: 32 bytes in base64url. */
export const BoxPublicKey = z
  .string()
  .regex(/^[A-Za-z0-9_-]{43}$/)
  .brand<"BoxPublicKey">();
export type BoxPublicKey = z.infer<typeof BoxPublicKey>;

/** In characters. A secret of 32 bytes sealed to such a key is some 350. */
export const SEALED_CHALLENGE_MAX = 1024;

/** A private key as it stands in a key file. `x` is the public half, `d` the secret. */
export const PrivateJwk = z.strictObject({
  kty: z.literal("OKP"),
  crv: z.enum(["Ed25519", "X25519"]),
  x: z.string(),
  d: z.string(),
});
export type PrivateJwk = z.infer<typeof PrivateJwk>;

export interface Signer {
  readonly kid: KeyId;
  readonly publicKey: SigningPublicKey;
  readonly key: CryptoKey;
}

/** Points of order 1, 2, 4 and 8: with one of these as public key a signature over anything can be forged. */
const SMALL_ORDER = new Set([
  "0100000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000080",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]);

/**
 * X25519 points of small order, the top bit left out, which RFC 7748 §5 has every reader mask: what is sealed to one of
 * these, everybody can open.
 */
const WEAK_BOX_KEYS = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

export function isWeakBoxKey(x: BoxPublicKey): boolean {
  const raw = Buffer.from(fromBase64url(x));
  if (raw.length !== 32) return true;
  raw[31] = (raw[31] ?? 0) & 0x7f;
  return WEAK_BOX_KEYS.has(raw.toString("hex"));
}

const publicJwk = (x: string, crv: "Ed25519" | "X25519"): JWK => ({ kty: "OKP", crv, x });

export async function keyIdOf(publicKey: SigningPublicKey): Promise<KeyId> {
  return (await calculateJwkThumbprint(publicJwk(publicKey, "Ed25519"), "sha256")) as KeyId;
}

const imported = new Map<string, Promise<CryptoKey>>();
const IMPORTED_MAX = 10_000;

/** Throws SIGNATURE_BAD for a key with which anybody can sign. */
export function refuseWeakKey(publicKey: SigningPublicKey): void {
  const raw = fromBase64url(publicKey);
  if (raw.length !== 32 || SMALL_ORDER.has(Buffer.from(raw).toString("hex"))) {
    throw new FarhandError("SIGNATURE_BAD", "a public key of small order");
  }
}

export function importSigningKey(publicKey: SigningPublicKey): Promise<CryptoKey> {
  const known = imported.get(publicKey);
  if (known) return known;
  refuseWeakKey(publicKey);
  const key = importJWK(publicJwk(publicKey, "Ed25519"), "Ed25519") as Promise<CryptoKey>;
  if (imported.size >= IMPORTED_MAX) imported.clear();
  imported.set(publicKey, key);
  return key;
}

export async function generateSigningJwk(): Promise<PrivateJwk> {
  const { privateKey } = await generateKeyPair("Ed25519", { extractable: true });
  return PrivateJwk.parse(pick(await exportJWK(privateKey)));
}

export async function generateBoxJwk(): Promise<PrivateJwk> {
  const { privateKey } = await generateKeyPair("ECDH-ES+A256KW", { crv: "X25519", extractable: true });
  return PrivateJwk.parse(pick(await exportJWK(privateKey)));
}

const pick = (jwk: JWK) => ({ kty: jwk.kty, crv: jwk.crv, x: jwk.x, d: jwk.d });

export async function signerFrom(jwk: PrivateJwk): Promise<Signer> {
  if (jwk.crv !== "Ed25519") throw new FarhandError("SCHEMA", "not a signing key");
  const publicKey = jwk.x as SigningPublicKey;
  return { kid: await keyIdOf(publicKey), publicKey, key: (await importJWK(jwk, "Ed25519")) as CryptoKey };
}

export async function importBoxPublicKey(x: BoxPublicKey): Promise<CryptoKey> {
  if (isWeakBoxKey(x)) throw new FarhandError("SIGNATURE_BAD", "a box key of small order");
  return (await importJWK(publicJwk(x, "X25519"), "ECDH-ES+A256KW")) as CryptoKey;
}
export const importBoxPrivateKey = (jwk: PrivateJwk): Promise<CryptoKey> =>
  importJWK(jwk, "ECDH-ES+A256KW") as Promise<CryptoKey>;
