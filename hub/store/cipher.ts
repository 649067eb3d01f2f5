import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { FarhandError } from "../../shared/errors.ts";
import type { Digest } from "../../shared/ids.ts";

const ALGORITHM = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const RAW = 0;
const ZSTD = 1;

/**
 * Texts at rest: compressed, then AES-256-GCM under the hub's own key, each part bound to its text and place.
 * Configurations and transcripts are in public form already; this keeps them from whoever takes the disk.
 */
export class BlobCipher {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    if (key.length !== 32) throw new FarhandError("INTERNAL", "the blob key is not 32 bytes");
    this.#key = key;
  }

  static newKey(): Uint8Array {
    return randomBytes(32);
  }

  /** u8 form, nonce, tag, ciphertext. */
  seal(label: string, plain: Uint8Array): Uint8Array {
    const packed = Bun.zstdCompressSync(plain, { level: 3 });
    const form = packed.length < plain.length ? ZSTD : RAW;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(`${form}:${label}`));
    const sealed = Buffer.concat([cipher.update(form === ZSTD ? packed : plain), cipher.final()]);
    return Buffer.concat([Uint8Array.of(form), nonce, cipher.getAuthTag(), sealed]);
  }

  open(label: string, sealed: Uint8Array): Uint8Array {
    const form = sealed[0];
    const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
    const tag = sealed.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES);
    try {
      const decipher = createDecipheriv(ALGORITHM, this.#key, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(`${form}:${label}`));
      decipher.setAuthTag(tag);
      const data = sealed.subarray(1 + NONCE_BYTES + TAG_BYTES);
      const packed = Buffer.concat([decipher.update(data), decipher.final()]);
      return form === ZSTD ? Bun.zstdDecompressSync(packed) : packed;
    } catch (error) {
      throw new FarhandError("IO", `stored part ${label} does not open with this hub's key`, { cause: error });
    }
  }

  sealPart(sha256: Digest, at: number, plain: Uint8Array): Uint8Array {
    return this.seal(`${sha256}:${at}`, plain);
  }

  openPart(sha256: Digest, at: number, sealed: Uint8Array): Uint8Array {
    return this.open(`${sha256}:${at}`, sealed);
  }
}
