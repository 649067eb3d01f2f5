import nodeCrypto, { randomBytes } from "node:crypto";

/**
 * Finite-field Diffie-Hellman for SSH, in place of Bun's: BoringSSL's runs for 0.4 s (group 14) to 39 s (group exchange with
 * an 8192-bit prime) on the event loop and lacks group 1 altogether (oven-sh/bun#40429). Here a key agreement costs two
 * modular exponentiations with a 512-bit ephemeral exponent, in fixed windows of five bits: milliseconds.
 *
 * BigInt arithmetic is not constant in time. Exponents are used once and thrown away, and the curves are preferred wherever a
 * device has them; a device that offers nothing better is no safer with a stalled agent.
 */

/** The primes of RFC 2409 (group 1 is Oakley group 2) and RFC 3526 differ only in their size and one constant. */
const MODP: Readonly<Record<string, readonly [bits: number, k: bigint]>> = {
  modp2: [1024, 129_093n],
  modp14: [2048, 124_476n],
  modp15: [3072, 1_690_314n],
  modp16: [4096, 240_904n],
  modp17: [6144, 929_484n],
  modp18: [8192, 4_743_158n],
};

const EXPONENT_BYTES = 64;
const WINDOW_BITS = 5;

/** floor(2^bits · π), by Machin's formula with guard bits: the RFC defines its primes from the digits of π. */
function scaledPi(bits: number): bigint {
  const guard = 64n;
  const unity = 1n << (BigInt(bits) + guard);
  const arctanInverse = (x: bigint): bigint => {
    let term = unity / x;
    let sum = term;
    const square = x * x;
    for (let n = 3n, sign = -1n; term !== 0n; n += 2n, sign = -sign) {
      term /= square;
      sum += (sign * term) / n;
    }
    return sum;
  };
  return (4n * (4n * arctanInverse(5n) - arctanInverse(239n))) >> guard;
}

const primes = new Map<string, bigint>();

/** p = 2^n − 2^(n−64) − 1 + 2^64 · (floor(2^(n−130) · π) + k), of RFC 3526. */
export function modpPrime(name: string): bigint | undefined {
  const known = primes.get(name);
  if (known !== undefined) return known;
  const entry = MODP[name];
  if (!entry) return undefined;
  const [bits, k] = entry;
  const n = BigInt(bits);
  const prime = (1n << n) - (1n << (n - 64n)) - 1n + ((scaledPi(bits - 130) + k) << 64n);
  primes.set(name, prime);
  return prime;
}

/** base^exponent mod modulus, left to right in fixed windows. */
export function modPow(base: bigint, exponent: bigint, modulus: bigint): bigint {
  if (modulus <= 0n) throw new RangeError("modulus must be positive");
  if (exponent < 0n) throw new RangeError("exponent must not be negative");
  if (modulus === 1n) return 0n;
  const start = ((base % modulus) + modulus) % modulus;
  const table: bigint[] = [1n];
  for (let i = 1; i < 1 << WINDOW_BITS; i++) table.push(((table[i - 1] ?? 1n) * start) % modulus);
  let digits = exponent.toString(2);
  digits = digits.padStart(Math.ceil(digits.length / WINDOW_BITS) * WINDOW_BITS, "0");
  let result = 1n;
  for (let at = 0; at < digits.length; at += WINDOW_BITS) {
    for (let i = 0; i < WINDOW_BITS; i++) result = (result * result) % modulus;
    result = (result * (table[Number.parseInt(digits.slice(at, at + WINDOW_BITS), 2)] ?? 1n)) % modulus;
  }
  return result;
}

const toBigInt = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString("hex") || "0"}`);

function toBytes(value: bigint, length: number): Buffer {
  return Buffer.from(value.toString(16).padStart(length * 2, "0"), "hex");
}

/** The six methods of node:crypto's DiffieHellman that ssh2 calls. */
export class EphemeralDiffieHellman {
  readonly #prime: bigint;
  readonly #generator: bigint;
  readonly #length: number;
  #secret: bigint | undefined;
  #public: Buffer | undefined;

  constructor(prime: bigint, generator: bigint) {
    const bits = prime.toString(2).length;
    if (bits < 1024 || bits > 8192 || prime % 2n === 0n)
      throw new RangeError(`a Diffie-Hellman prime of ${bits} bits is refused`);
    if (generator < 2n || generator > prime - 2n)
      throw new RangeError("a Diffie-Hellman generator out of range is refused");
    this.#prime = prime;
    this.#generator = generator;
    this.#length = Math.ceil(bits / 8);
  }

  generateKeys(): Buffer {
    const bytes = randomBytes(EXPONENT_BYTES);
    bytes[0] = (bytes[0] ?? 0) | 0x80;
    this.#secret = toBigInt(bytes);
    this.#public = toBytes(modPow(this.#generator, this.#secret, this.#prime), this.#length);
    return this.#public;
  }

  getPublicKey(): Buffer {
    return this.#public ?? this.generateKeys();
  }

  getPrivateKey(): Buffer {
    this.getPublicKey();
    return toBytes(this.#secret ?? 0n, EXPONENT_BYTES);
  }

  computeSecret(otherPublicKey: Uint8Array): Buffer {
    this.getPublicKey();
    const other = toBigInt(otherPublicKey);
    // 1 and p−1 generate groups of one and two elements: the peer would choose the session key (RFC 4253 §8).
    if (other <= 1n || other >= this.#prime - 1n)
      throw new RangeError("the peer's Diffie-Hellman value is out of range");
    return toBytes(modPow(other, this.#secret ?? 0n, this.#prime), this.#length);
  }

  getPrime(): Buffer {
    return toBytes(this.#prime, this.#length);
  }

  getGenerator(): Buffer {
    const hex = this.#generator.toString(16);
    return Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex");
  }
}

let installed = false;

/**
 * Replaces the two constructors in node:crypto for this process. ssh2 takes them out of the module when it is loaded, so this
 * must have run before. Calls that are not ssh2's (a prime by size, by encoding) go to the original.
 */
export function installDiffieHellman(): void {
  if (installed) return;
  installed = true;
  const originalGroup = nodeCrypto.createDiffieHellmanGroup;
  const original = nodeCrypto.createDiffieHellman;
  const group = (name: string): unknown => {
    const prime = modpPrime(name);
    return prime === undefined ? originalGroup(name) : new EphemeralDiffieHellman(prime, 2n);
  };
  const free = (...given: unknown[]): unknown => {
    const [prime, generator] = given;
    if (prime instanceof Uint8Array && generator instanceof Uint8Array && given.length === 2) {
      return new EphemeralDiffieHellman(toBigInt(prime), toBigInt(generator));
    }
    return (original as (...args: unknown[]) => unknown)(...given);
  };
  Object.assign(nodeCrypto, { createDiffieHellmanGroup: group, createDiffieHellman: free });
}
