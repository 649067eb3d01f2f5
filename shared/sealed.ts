import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { GeneralEncrypt, generalDecrypt, type GeneralJWE } from "jose";
import { z } from "zod";
import { fromBase64url, jcs, parseCanonical, toBase64url, utf8, type Bytes } from "./bytes.ts";
import { FarhandError } from "./errors.ts";
import { DeviceId, OrgId, SiteId } from "./ids.ts";
import { importBoxPrivateKey, importBoxPublicKey, type BoxPublicKey, type PrivateJwk } from "./keys.ts";

/** Which device's it is: a sealed text does not open as another device's. */
export const SealedPlace = z.strictObject({ org: OrgId, site: SiteId, device: DeviceId });
export type SealedPlace = z.infer<typeof SealedPlace>;

const KEY_MANAGEMENT = "ECDH-ES+A256KW";
const CONTENT_ENCRYPTION = "A256GCM";

const Jwe = z.looseObject({
  protected: z.string(),
  aad: z.string(),
  iv: z.string(),
  ciphertext: z.string(),
  tag: z.string(),
  recipients: z.array(z.unknown()).min(1).max(64),
});
/** The encrypted text, and the mark of the site: everybody knows the agents' public keys, only agents know the site key. */
const SealedForm = Jwe.extend({ mark: z.string().length(43).optional() });
type SealedForm = z.infer<typeof SealedForm>;

/**
 * The sealed form: JWE general JSON to every active agent of the site and to the offline recovery key. Never compressed: the size of a
 * compressed text tells about secrets in it. ECDH-ES says nothing of who sealed; the mark does. Without it a hub could seal a text of its
 * own guesses to an agent, have it planned, and read from the diff's tags whether the device holds them.
 */
export async function sealConfiguration(
  text: string,
  place: SealedPlace,
  recipients: readonly BoxPublicKey[],
  siteKey?: Uint8Array,
): Promise<Bytes> {
  if (recipients.length === 0) throw new FarhandError("INTERNAL", "a text sealed to nobody");
  const jwe = new GeneralEncrypt(utf8(text))
    .setProtectedHeader({ enc: CONTENT_ENCRYPTION })
    .setAdditionalAuthenticatedData(jcs(place));
  for (const recipient of new Set(recipients)) {
    jwe.addRecipient(await importBoxPublicKey(recipient)).setUnprotectedHeader({ alg: KEY_MANAGEMENT, kid: recipient });
  }
  const made = Jwe.parse(await jwe.encrypt());
  const marked = siteKey === undefined ? made : { ...made, mark: toBase64url(markOf(made, siteKey)) };
  return utf8(JSON.stringify(marked));
}

function markOf({ protected: header, aad, iv, ciphertext, tag }: z.infer<typeof Jwe>, siteKey: Uint8Array): Buffer {
  const key = Buffer.from(hkdfSync("sha256", siteKey, new Uint8Array(0), "farhand sealed configuration", 32));
  return createHmac("sha256", key).update([header, aad, iv, ciphertext, tag].join(".")).digest();
}

function read(sealed: Uint8Array): SealedForm {
  try {
    return SealedForm.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(sealed)));
  } catch (error) {
    throw new FarhandError("SEALED", "not a sealed text", { cause: error });
  }
}

/** SEALED unless an agent that holds this site key has sealed it. */
export function requireMark(sealed: Uint8Array, siteKey: Uint8Array): void {
  const form = read(sealed);
  const mark = form.mark === undefined ? Buffer.alloc(0) : Buffer.from(form.mark, "base64url");
  const own = markOf(form, siteKey);
  if (mark.length !== own.length || !timingSafeEqual(mark, own))
    throw new FarhandError("SEALED", "no agent of this site has sealed it");
}

export async function openConfiguration(sealed: Uint8Array, place: SealedPlace, key: PrivateJwk): Promise<string> {
  const form = read(sealed);
  if (form.aad !== toBase64url(jcs(place))) throw new FarhandError("SEALED", "sealed for another device");
  return await decrypt(form, key);
}

/** With the offline recovery key: the text itself says whose it is, and its authentication covers that. */
export async function recoverConfiguration(
  sealed: Uint8Array,
  key: PrivateJwk,
): Promise<{ place: SealedPlace; text: string }> {
  const form = read(sealed);
  const place = SealedPlace.safeParse(parseCanonical(fromBase64url(form.aad)));
  if (!place.success) throw new FarhandError("SEALED", "it does not say which device's it is");
  return { place: place.data, text: await decrypt(form, key) };
}

async function decrypt({ mark: _mark, ...form }: SealedForm, key: PrivateJwk): Promise<string> {
  try {
    const opened = await generalDecrypt(form as unknown as GeneralJWE, await importBoxPrivateKey(key), {
      keyManagementAlgorithms: [KEY_MANAGEMENT],
      contentEncryptionAlgorithms: [CONTENT_ENCRYPTION],
    });
    return new TextDecoder("utf-8", { fatal: true }).decode(opened.plaintext);
  } catch (error) {
    throw new FarhandError("SEALED", "not for this key, or altered", { cause: error });
  }
}
