import { createCipheriv, createDecipheriv, randomBytes, scrypt } from "node:crypto";
import { statSync } from "node:fs";
import { z } from "zod";
import { fromBase64url, jcs, toBase64url, utf8 } from "../../../shared/bytes.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { PersonId } from "../../../shared/ids.ts";
import { generateBoxJwk, generateSigningJwk, PrivateJwk, signerFrom, type Signer } from "../../../shared/keys.ts";
import type { Secret } from "../../../shared/secret.ts";
import { writeFile } from "../files.ts";
import { readText } from "../settings.ts";

/** Memory and time both grow with it: that of `SCRYPT`, and of nothing dearer. */
const COST_MAX = 2 ** 20;

const Header = z.strictObject({
  schema: z.literal("farhand.key/1"),
  /** Whose key it is; `recovery` for the organisation's recovery key. */
  owner: PersonId,
  crv: z.enum(["Ed25519", "X25519"]),
  publicKey: z.string().length(43),
  kdf: z
    .strictObject({
      name: z.literal("scrypt"),
      n: z
        .int()
        .min(2 ** 10)
        .max(2 ** 20)
        .refine((n) => Number.isInteger(Math.log2(n))),
      r: z.int().min(1).max(32),
      p: z.int().min(1).max(16),
      salt: z.string().length(22),
    })
    // A file that somebody hands over must not take gigabytes and minutes before its passphrase is found wrong.
    .refine(({ n, r, p }) => n * r * p <= COST_MAX),
  cipher: z.strictObject({ name: z.literal("A256GCM"), iv: z.string().length(16) }),
});
type Header = z.infer<typeof Header>;

/** A private key under a passphrase. Everything beside `sealed` is authenticated with it, so nothing can be swapped. */
export const KeyFile = Header.extend({ sealed: z.string().max(2048) });
export type KeyFile = z.infer<typeof KeyFile>;

/** 128 MiB and about a third of a second per guess. */
export const SCRYPT = { n: 2 ** 17, r: 8, p: 1 };
export type Cost = typeof SCRYPT;
const TAG_BYTES = 16;

export async function makeKeyFile(
  owner: PersonId,
  crv: "Ed25519" | "X25519",
  passphrase: Secret,
  cost: Cost = SCRYPT,
): Promise<{ file: KeyFile; jwk: PrivateJwk }> {
  const jwk = crv === "Ed25519" ? await generateSigningJwk() : await generateBoxJwk();
  return { file: await sealKey(owner, jwk, passphrase, cost), jwk };
}

/** Fresh salt and nonce each time: nothing of an older passphrase remains. */
export async function sealKey(
  owner: PersonId,
  jwk: PrivateJwk,
  passphrase: Secret,
  cost: Cost = SCRYPT,
): Promise<KeyFile> {
  const iv = randomBytes(12);
  const header: Header = {
    schema: "farhand.key/1",
    owner,
    crv: jwk.crv,
    publicKey: jwk.x,
    kdf: { name: "scrypt", ...cost, salt: toBase64url(randomBytes(16)) },
    cipher: { name: "A256GCM", iv: toBase64url(iv) },
  };
  const cipher = createCipheriv("aes-256-gcm", await derive(passphrase, header), iv).setAAD(jcs(header));
  const sealed = Buffer.concat([cipher.update(utf8(JSON.stringify(jwk))), cipher.final(), cipher.getAuthTag()]);
  return { ...header, sealed: toBase64url(sealed) };
}

export async function openKeyFile(file: KeyFile, passphrase: Secret): Promise<PrivateJwk> {
  const { sealed, ...header } = file;
  const bytes = fromBase64url(sealed);
  if (bytes.length < TAG_BYTES) throw new FarhandError("KEY_FILE", "cut short");
  const opener = createDecipheriv("aes-256-gcm", await derive(passphrase, header), fromBase64url(header.cipher.iv));
  opener.setAAD(jcs(header)).setAuthTag(bytes.subarray(-TAG_BYTES));
  let clear: Buffer;
  try {
    clear = Buffer.concat([opener.update(bytes.subarray(0, -TAG_BYTES)), opener.final()]);
  } catch (error) {
    throw new FarhandError("KEY_FILE", "wrong passphrase, or the file was altered", { cause: error });
  }
  const jwk = PrivateJwk.parse(JSON.parse(clear.toString("utf8")));
  if (jwk.x !== header.publicKey || jwk.crv !== header.crv)
    throw new FarhandError("KEY_FILE", "its public key is another's");
  return jwk;
}

function derive(passphrase: Secret, header: Header): Promise<Buffer> {
  const { n, r, p, salt } = header.kdf;
  return new Promise((resolve, reject) => {
    const secret = passphrase.reveal().normalize("NFKC");
    scrypt(secret, fromBase64url(salt), 32, { N: n, r, p, maxmem: 256 * n * r }, (error, key) => {
      if (error) reject(new FarhandError("KEY_FILE", "key derivation", { cause: error }));
      else resolve(key);
    });
  });
}

export function readKeyFile(path: string): KeyFile {
  const text = readText(path);
  // On Windows modes say nothing; the file's place in the profile guards it there.
  if (process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0) {
    throw new FarhandError("KEY_FILE", `${path}: others can read it`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new FarhandError("KEY_FILE", `${path}: not JSON`, { cause: error });
  }
  const parsed = KeyFile.safeParse(value);
  if (!parsed.success)
    throw new FarhandError(
      "KEY_FILE",
      `${path}: ${parsed.error.issues[0]?.path.join(".") ?? ""}: not a key file of this version`,
    );
  return parsed.data;
}

export function writeKeyFile(path: string, file: KeyFile, fresh = true): void {
  writeFile(path, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600, fresh });
}

export async function openSigner(path: string, passphrase: Secret): Promise<Signer> {
  const file = readKeyFile(path);
  if (file.crv !== "Ed25519") throw new FarhandError("KEY_FILE", `${path}: not a signing key`);
  return signerFrom(await openKeyFile(file, passphrase));
}
