import { sha256Bytes, toBase64url, utf8 } from "../bytes.ts";
import { FarhandError } from "../errors.ts";
import type { KeyId } from "../ids.ts";
import { refuseWeakKey, type SigningPublicKey } from "../keys.ts";

/** The RFC 7638 thumbprint, as `keyIdOf` computes it; the adapter over tuf-js is synchronous, so that nothing changes under it. */
export function thumbprint(publicKey: SigningPublicKey): KeyId {
  return toBase64url(sha256Bytes(utf8(`{"crv":"Ed25519","kty":"OKP","x":"${publicKey}"}`))) as KeyId;
}

export const hexOfKey = (publicKey: SigningPublicKey): string => Buffer.from(publicKey, "base64url").toString("hex");

/** A key of root.json: 32 bytes in hex, not of small order, under its own thumbprint. Else one key could count as two. */
export function keyOfHex(keyid: string, hex: string): SigningPublicKey {
  const publicKey = Buffer.from(hex, "hex").toString("base64url") as SigningPublicKey;
  refuseWeakKey(publicKey);
  if (thumbprint(publicKey) !== keyid) throw new FarhandError("SCHEMA", `key ${keyid} is not its key's thumbprint`);
  return publicKey;
}
