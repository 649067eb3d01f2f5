import { GeneralEncrypt, generalDecrypt } from "jose";
import { z } from "zod";
import { fromBase64url, jcs, parseCanonical, toBase64url } from "./bytes.ts";
import type { CredentialContext } from "./documents/credential.ts";
import { FarhandError } from "./errors.ts";
import { BoxPublicKey, importBoxPrivateKey, importBoxPublicKey, type PrivateJwk } from "./keys.ts";
import { CredentialValue } from "./secret.ts";

/**
 * A credential or a secret on its way to one agent: JWE general JSON with every option removed. What is not exactly this is refused
 * before any cryptography, so that no header can choose an algorithm, ask for compression or name a cost.
 */
const KEY_MANAGEMENT = "ECDH-ES+A256KW";
const CONTENT_ENCRYPTION = "A256GCM";
/** The length of a text would tell of the length of a password. */
const PAD_TO = 512;
const SECRET_CHARACTERS_MAX = 16_384;

export type SealedValue =
  | { readonly kind: "credential"; readonly value: CredentialValue }
  | { readonly kind: "secret"; readonly value: string };

const base64url = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[A-Za-z0-9_-]+$/);
const Header = z.strictObject({
  alg: z.literal(KEY_MANAGEMENT),
  enc: z.literal(CONTENT_ENCRYPTION),
  epk: z.strictObject({ kty: z.literal("OKP"), crv: z.literal("X25519"), x: BoxPublicKey }),
});
const Jwe = z.strictObject({
  protected: base64url(512),
  // One agent, one recipient: the context names it.
  recipients: z.tuple([z.strictObject({ encrypted_key: base64url(128) })]),
  aad: base64url(2048),
  iv: z
    .string()
    .length(16)
    .regex(/^[A-Za-z0-9_-]+$/),
  tag: z
    .string()
    .length(22)
    .regex(/^[A-Za-z0-9_-]+$/),
  ciphertext: base64url(65_536),
});

const Plain = z.strictObject({ value: z.unknown(), pad: z.string().max(PAD_TO * 2) });

/** Its caller takes `recipient` from the agents.json that a keyadmin signed, and from nowhere else. */
export async function sealCredential(
  sealed: SealedValue,
  context: CredentialContext,
  recipient: BoxPublicKey,
): Promise<string> {
  if (sealed.kind !== context.kind) throw new FarhandError("INTERNAL", "sealed as another kind");
  const bare = jcs({ value: sealed.value, pad: "" }).length;
  const plain = jcs({ value: sealed.value, pad: "-".repeat((PAD_TO - (bare % PAD_TO)) % PAD_TO) });
  const jwe = await new GeneralEncrypt(plain)
    .setProtectedHeader({ alg: KEY_MANAGEMENT, enc: CONTENT_ENCRYPTION })
    .setAdditionalAuthenticatedData(jcs(context))
    .addRecipient(await importBoxPublicKey(recipient))
    .encrypt();
  plain.fill(0);
  return JSON.stringify(Jwe.parse(jwe));
}

/** SEALED when it was not sealed to this key for this context in the one accepted form. */
export async function openCredential(text: string, context: CredentialContext, key: PrivateJwk): Promise<SealedValue> {
  const jwe = shapeOf(text);
  if (jwe.aad !== toBase64url(jcs(context))) throw new FarhandError("SEALED", "for another agent, name or version");
  const plain = await decrypt(jwe, key);
  try {
    return readValue(plain, context.kind);
  } finally {
    plain.fill(0);
  }
}

function shapeOf(text: string): z.infer<typeof Jwe> {
  const jwe = Jwe.safeParse(orUndefined(() => JSON.parse(text)));
  if (!jwe.success)
    throw new FarhandError("SEALED", `not in the accepted form: ${jwe.error.issues[0]?.path.join(".") ?? ""}`);
  const header = Header.safeParse(
    orUndefined(() => JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(fromBase64url(jwe.data.protected)))),
  );
  if (!header.success)
    throw new FarhandError("SEALED", `not an accepted algorithm: ${header.error.issues[0]?.path.join(".") ?? ""}`);
  return jwe.data;
}

async function decrypt(jwe: z.infer<typeof Jwe>, key: PrivateJwk): Promise<Uint8Array> {
  try {
    const opened = await generalDecrypt(jwe, await importBoxPrivateKey(key), {
      keyManagementAlgorithms: [KEY_MANAGEMENT],
      contentEncryptionAlgorithms: [CONTENT_ENCRYPTION],
    });
    return opened.plaintext;
  } catch (error) {
    throw new FarhandError("SEALED", "it does not open with this agent's key", { cause: error });
  }
}

function readValue(plain: Uint8Array, kind: CredentialContext["kind"]): SealedValue {
  // What went wrong in here is not told: it would quote the secret.
  const value = Plain.safeParse(orUndefined(() => parseCanonical(plain as Uint8Array<ArrayBuffer>))).data?.value;
  if (kind === "credential") {
    const credential = CredentialValue.safeParse(value);
    if (credential.success) return { kind, value: credential.data };
  } else {
    const secret = z.string().min(1).max(SECRET_CHARACTERS_MAX).safeParse(value);
    if (secret.success) return { kind, value: secret.data };
  }
  throw new FarhandError("SEALED", `what was sealed is not a ${kind}`);
}

function orUndefined(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return undefined;
  }
}
