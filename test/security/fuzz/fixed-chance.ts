/**
 * Keys and nonces from a fixed source while samples are made: the same samples in every run, so that one seed is one input for good.
 * Only in a process that does nothing but this, and only over WebCrypto, which is what shared/ makes its keys with.
 */
import { createHash } from "node:crypto";

const PKCS8 = { Ed25519: "302e020100300506032b657004220420", X25519: "302e020100300506032b656e04220420" } as const;

export function fixChance(): void {
  let count = 0;
  const bytes = (length: number): Uint8Array => {
    const out = new Uint8Array(length);
    for (let at = 0; at < length; at += 32) {
      count += 1;
      const block = createHash("sha256").update(`farhand fuzz ${count}`).digest();
      out.set(block.subarray(0, Math.min(32, length - at)), at);
    }
    return out;
  };
  const subtle = crypto.subtle;
  const real = subtle.generateKey.bind(subtle);
  const generateKey = async (algorithm: unknown, extractable: boolean, usages: KeyUsage[]): Promise<unknown> => {
    const name = typeof algorithm === "string" ? algorithm : (algorithm as { readonly name: string }).name;
    if (name !== "Ed25519" && name !== "X25519") return real(algorithm as AesKeyGenParams, extractable, usages);
    const raw = Buffer.concat([Buffer.from(PKCS8[name], "hex"), bytes(32)]);
    const [secret, open] = name === "Ed25519" ? [["sign"], ["verify"]] : [["deriveBits", "deriveKey"], []];
    const privateKey = await subtle.importKey("pkcs8", raw, { name }, true, secret as KeyUsage[]);
    const { x = "" } = await subtle.exportKey("jwk", privateKey);
    const jwk = { kty: "OKP", crv: name, x };
    return { privateKey, publicKey: await subtle.importKey("jwk", jwk, { name }, true, open as KeyUsage[]) };
  };
  Object.defineProperty(subtle, "generateKey", { value: generateKey, configurable: true });
  const getRandomValues = <T extends ArrayBufferView>(array: T): T => {
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(bytes(array.byteLength));
    return array;
  };
  Object.defineProperty(crypto, "getRandomValues", { value: getRandomValues, configurable: true });
}
