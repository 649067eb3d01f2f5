import { argon2, hkdfSync, randomBytes } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { z } from "zod";
import { FarhandError } from "../../shared/errors.ts";
import type { Secret } from "../../shared/secret.ts";

/** Where the key-encryption key comes from. Chosen when the vault is made; there is no other way in afterwards. */
export type VaultKey =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "passphrase"; readonly passphrase: Secret };

/** How a key is derived, stored beside the vault: the salt, and for a passphrase the cost. */
export const Derivation = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("file"), salt: z.string() }),
  z.strictObject({
    kind: z.literal("passphrase"),
    salt: z.string(),
    memoryKiB: z.int().min(8 * 1024),
    passes: z.int().min(1),
    parallelism: z.int().min(1),
  }),
]);
export type Derivation = z.infer<typeof Derivation>;

const KEY_BYTES = 32;
const KEY_FILE_BYTES_MAX = 4096;

export function newDerivation(kind: VaultKey["kind"]): Derivation {
  const salt = randomBytes(16).toString("base64url");
  // Argon2id with 64 MiB and three passes: about a quarter of a second at start, once.
  return kind === "file" ? { kind, salt } : { kind, salt, memoryKiB: 64 * 1024, passes: 3, parallelism: 1 };
}

export async function deriveKey(key: VaultKey, derivation: Derivation): Promise<Buffer> {
  if (key.kind !== derivation.kind) {
    throw new FarhandError(
      "VAULT_LOCKED",
      `the vault was made with a ${derivation.kind === "file" ? "key file" : "passphrase"}`,
    );
  }
  const salt = Buffer.from(derivation.salt, "base64url");
  switch (derivation.kind) {
    case "file": {
      const secret = key.kind === "file" ? readKeyFile(key.path) : Buffer.alloc(0);
      const derived = Buffer.from(hkdfSync("sha256", secret, salt, "farhand vault key", KEY_BYTES));
      secret.fill(0);
      return derived;
    }
    case "passphrase": {
      const message = Buffer.from(key.kind === "passphrase" ? key.passphrase.reveal() : "", "utf8");
      const { memoryKiB, passes, parallelism } = derivation;
      return new Promise((resolve, reject) => {
        argon2(
          "argon2id",
          { message, nonce: salt, parallelism, tagLength: KEY_BYTES, memory: memoryKiB, passes },
          (error, derived) => {
            message.fill(0);
            if (error) reject(error);
            else resolve(Buffer.from(derived));
          },
        );
      });
    }
    default:
      return derivation satisfies never;
  }
}

/** The mode is checked on the open file, not on its path, and the file is read through the same descriptor. */
function readKeyFile(path: string): Buffer {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    throw new FarhandError("VAULT_LOCKED", path, { cause: error });
  }
  try {
    const stat = fstatSync(fd);
    const owner = process.getuid?.();
    if (!stat.isFile() || (stat.mode & 0o077) !== 0 || (stat.mode & 0o300) !== 0) {
      throw new FarhandError("VAULT_KEY_MODE", `${path} has mode ${(stat.mode & 0o777).toString(8)}`);
    }
    if (owner !== undefined && stat.uid !== owner)
      throw new FarhandError("VAULT_KEY_MODE", `${path} belongs to another user`);
    if (stat.size < KEY_BYTES || stat.size > KEY_FILE_BYTES_MAX) {
      throw new FarhandError("VAULT_LOCKED", `${path} must hold ${KEY_BYTES} to ${KEY_FILE_BYTES_MAX} bytes`);
    }
    const bytes = Buffer.alloc(stat.size);
    readSync(fd, bytes, 0, bytes.length, 0);
    return bytes;
  } finally {
    closeSync(fd);
  }
}
