import { describe, expect, it } from "vitest";
import { toBase64url } from "./bytes.ts";
import {
  generateBoxJwk,
  generateSigningJwk,
  importBoxPublicKey,
  importSigningKey,
  isWeakBoxKey,
  PrivateJwk,
  refuseWeakKey,
  signerFrom,
  type BoxPublicKey,
  type SigningPublicKey,
} from "./keys.ts";

const short = toBase64url(new Uint8Array(31).fill(7));
const long = toBase64url(new Uint8Array(33).fill(7));

describe("a public key with which anybody can sign", () => {
  // The order-8 points by their y, and those whose y is written above the prime.
  const points = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  ];
  const signed = (hex: string, sign: number): SigningPublicKey => {
    const raw = Buffer.from(hex, "hex");
    raw[31] = (raw[31] ?? 0) | sign;
    return toBase64url(raw) as SigningPublicKey;
  };

  it.each(points)("is refused, with either sign: %s", (hex) => {
    for (const key of [signed(hex, 0), signed(hex, 0x80)]) {
      expect(() => refuseWeakKey(key)).toThrow("SIGNATURE_BAD");
      expect(() => importSigningKey(key)).toThrow("SIGNATURE_BAD");
    }
  });

  it("is refused when it is no 32 bytes", () => {
    for (const key of [short, long]) expect(() => refuseWeakKey(key as SigningPublicKey)).toThrow("SIGNATURE_BAD");
  });

  it("is none that was made", async () => {
    const { x } = await generateSigningJwk();
    expect(() => refuseWeakKey(x as SigningPublicKey)).not.toThrow();
  });
});

describe("a public key that everybody can open for", () => {
  const points = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  ];

  it.each(points)("is refused, whatever its masked bit: %s", async (hex) => {
    for (const top of [0, 0x80]) {
      const raw = Buffer.from(hex, "hex");
      raw[31] = (raw[31] ?? 0) | top;
      const key = toBase64url(raw) as BoxPublicKey;
      expect(isWeakBoxKey(key)).toBe(true);
      await expect(importBoxPublicKey(key)).rejects.toThrow("a box key of small order");
    }
  });

  it("is refused when it is no 32 bytes, and is none that was made", async () => {
    for (const key of [short, long]) expect(isWeakBoxKey(key as BoxPublicKey)).toBe(true);
    expect(isWeakBoxKey((await generateBoxJwk()).x as BoxPublicKey)).toBe(false);
  });
});

describe("a signer", () => {
  it("is made of a signing key, and of no other", async () => {
    const jwk = await generateSigningJwk();
    expect((await signerFrom(jwk)).publicKey).toBe(jwk.x);
    await expect(signerFrom(await generateBoxJwk())).rejects.toMatchObject({ code: "SCHEMA" });
    expect(PrivateJwk.safeParse({ ...jwk, more: 1 }).success).toBe(false);
  });
});
