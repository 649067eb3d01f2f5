import { createHash, getDiffieHellman } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EphemeralDiffieHellman, modPow, modpPrime } from "./diffie-hellman.ts";

const GROUP_1 =
  "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7edee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381ffffffffffffffff";

describe("the primes", () => {
  test("group 1 is RFC 2409's second Oakley group", () => {
    expect(modpPrime("modp2")?.toString(16)).toBe(GROUP_1);
  });
  // Bun needs 20 s to make the largest two; the known answers below cover group 18.
  test.each(["modp14", "modp15", "modp16"])("%s is the platform's own", (name) => {
    expect(modpPrime(name)?.toString(16)).toBe(getDiffieHellman(name).getPrime("hex"));
  });
  test("an unknown group has none", () => expect(modpPrime("modp99")).toBeUndefined());
});

describe("modPow", () => {
  const slow = (base: bigint, exponent: bigint, modulus: bigint): bigint => {
    let result = 1n % modulus;
    for (let i = 0n; i < exponent; i++) result = (result * base) % modulus;
    return result;
  };
  test("equals repeated multiplication", () => {
    const small = fc.bigInt({ min: 0n, max: 400n });
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 12n }),
        small,
        fc.bigInt({ min: 1n, max: 10n ** 9n }),
        (base, exponent, modulus) => {
          expect(modPow(base, exponent, modulus)).toBe(slow(base, exponent, modulus));
        },
      ),
    );
  });
  test("agrees with the platform's Diffie-Hellman in both directions", () => {
    const native = getDiffieHellman("modp14");
    const theirs = native.generateKeys();
    const ours = new EphemeralDiffieHellman(modpPrime("modp14") ?? 0n, 2n);
    const shared = ours.computeSecret(theirs);
    expect(shared.equals(native.computeSecret(ours.getPublicKey()))).toBe(true);
    const secret = BigInt(`0x${ours.getPrivateKey().toString("hex")}`);
    expect(modPow(2n, secret, modpPrime("modp14") ?? 1n)).toBe(BigInt(`0x${ours.getPublicKey().toString("hex")}`));
  });
  test("a known answer in each size", () => {
    const digest = (name: string): string =>
      createHash("sha256")
        .update(modPow(2n, (1n << 511n) + 12_345n, modpPrime(name) ?? 1n).toString(16))
        .digest("hex")
        .slice(0, 16);
    // Python's pow(2, 2**511 + 12345, p), SHA-256 of its hex digits.
    expect(["modp2", "modp14", "modp16", "modp18"].map(digest)).toEqual([
      "7435677053fd562f",
      "fb2910e201c29ffd",
      "a7e456f48ae7d0c3",
      "a7251d014a96e499",
    ]);
  });
});

describe("what is refused", () => {
  const prime = modpPrime("modp14") ?? 0n;
  const dh = new EphemeralDiffieHellman(prime, 2n);
  const bytes = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(512, "0"), "hex");
  test.each([0n, 1n, prime - 1n, prime, prime + 5n])("a peer's value outside 2..p-2 (%#)", (value) => {
    expect(() => dh.computeSecret(bytes(value))).toThrow(/out of range/);
  });
  test("small, huge and even primes", () => {
    expect(() => new EphemeralDiffieHellman(23n, 2n)).toThrow(/refused/);
    expect(() => new EphemeralDiffieHellman((1n << 9000n) + 1n, 2n)).toThrow(/refused/);
    expect(() => new EphemeralDiffieHellman(1n << 2047n, 2n)).toThrow(/refused/);
  });
});
