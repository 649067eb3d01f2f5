import { argon2, hkdfSync, randomBytes } from "node:crypto";
import { z } from "zod";
import { FarhandError } from "../../shared/errors.ts";
import type { Secret } from "../../shared/secret.ts";
import { KEY_BYTES, readKeyFile } from "./key-file.ts";
import type { KeyStore } from "./key-store.ts";

/** Where the key-encryption key comes from. Chosen when the vault is made; there is no other way in afterwards. */
export type VaultKey =
  | { readonly kind: "systemd"; readonly path: string }
  | { readonly kind: "keystore"; readonly store: KeyStore }
  | { readonly kind: "passphrase"; readonly passphrase: Secret }
  | { readonly kind: "file"; readonly path: string };

export const VaultKeyKind = z.enum(["systemd", "keystore", "passphrase", "file"]);
export type VaultKeyKind = z.infer<typeof VaultKeyKind>;

export const KEY_WORDS: Readonly<Record<VaultKeyKind, string>> = {
  systemd: "the systemd credential farhand-vault-key",
  keystore: "the OS key store",
  passphrase: "a passphrase",
  file: "a key file",
};

/** How a key is derived, stored beside the vault: the salt, and for a passphrase the cost. */
export const Derivation = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("systemd"), salt: z.string() }),
  z.strictObject({ kind: z.literal("keystore"), salt: z.string() }),
  z.strictObject({ kind: z.literal("file"), salt: z.string() }),
  z.strictObject({
    kind: z.literal("passphrase"),
    salt: z.string(),
    // Whoever can write the file could otherwise make the start take all memory, or make a guess cheap.
    memoryKiB: z
      .int()
      .min(8 * 1024)
      .max(1024 * 1024),
    passes: z.int().min(1).max(16),
    parallelism: z.int().min(1).max(16),
  }),
]);
export type Derivation = z.infer<typeof Derivation>;

export function newDerivation(kind: VaultKeyKind): Derivation {
  const salt = randomBytes(16).toString("base64url");
  // Argon2id with 64 MiB and three passes: about a quarter of a second at start, once.
  return kind === "passphrase" ? { kind, salt, memoryKiB: 64 * 1024, passes: 3, parallelism: 1 } : { kind, salt };
}

/** The key store holds one key for each vault and each wrapping of it: the old one stays until the new one is in force. */
const accountOf = (derivation: Derivation): string => `vault-key-${derivation.salt}`;

/** What must be there before the first value is sealed: the key store is given its key. */
export async function provision(key: VaultKey, derivation: Derivation): Promise<void> {
  if (key.kind === "keystore") await key.store.set(accountOf(derivation), randomBytes(KEY_BYTES).toString("base64url"));
}

export async function deriveKey(key: VaultKey, derivation: Derivation): Promise<Buffer> {
  const salt = Buffer.from(derivation.salt, "base64url");
  switch (derivation.kind) {
    case "file":
      if (key.kind !== "file") throw otherWay(derivation);
      return stretch(readKeyFile(key.path, "agent"), salt, "farhand vault key");
    case "systemd":
      if (key.kind !== "systemd") throw otherWay(derivation);
      return stretch(readKeyFile(key.path, "systemd"), salt, "farhand vault key systemd");
    case "keystore": {
      if (key.kind !== "keystore") throw otherWay(derivation);
      const held = await key.store.get(accountOf(derivation));
      if (held === null) throw new FarhandError("VAULT_LOCKED", "the OS key store holds no key of this vault");
      return stretch(Buffer.from(held, "base64url"), salt, "farhand vault key keystore");
    }
    case "passphrase":
      if (key.kind !== "passphrase") throw otherWay(derivation);
      return slowKey(key.passphrase, salt, derivation);
    default:
      return derivation satisfies never;
  }
}

const otherWay = (derivation: Derivation): FarhandError =>
  new FarhandError("VAULT_LOCKED", `the vault was made with ${KEY_WORDS[derivation.kind]}; nothing else opens it`);

function stretch(secret: Buffer, salt: Buffer, info: string): Buffer {
  if (secret.length < KEY_BYTES) throw new FarhandError("VAULT_LOCKED", "the key is too short");
  const derived = Buffer.from(hkdfSync("sha256", secret, salt, info, KEY_BYTES));
  secret.fill(0);
  return derived;
}

function slowKey(
  passphrase: Secret,
  salt: Buffer,
  { memoryKiB, passes, parallelism }: Extract<Derivation, { kind: "passphrase" }>,
): Promise<Buffer> {
  const message = Buffer.from(passphrase.reveal(), "utf8");
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
