import { GeneralEncrypt, generalDecrypt, type GeneralJWE } from "jose";
import { z } from "zod";
import { jcs, toBase64url, utf8, type Bytes } from "../../shared/bytes.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { DeviceId, OrgId, SiteId } from "../../shared/ids.ts";
import { importBoxPrivateKey, importBoxPublicKey, type BoxPublicKey, type PrivateJwk } from "../../shared/keys.ts";

/** Which device's configuration it is: a sealed text does not open as another device's. */
export interface ConfigurationPlace {
  readonly org: OrgId;
  readonly site: SiteId;
  readonly device: DeviceId;
}

const KEY_MANAGEMENT = "ECDH-ES+A256KW";
const CONTENT_ENCRYPTION = "A256GCM";

/**
 * The sealed form: JWE general JSON to every active agent of the site and to the offline recovery key. Never compressed:
 * the size of a compressed text tells about secrets in it.
 */
export async function sealConfiguration(
  raw: string,
  place: ConfigurationPlace,
  recipients: readonly BoxPublicKey[],
): Promise<Bytes> {
  if (recipients.length === 0) throw new FarhandError("INTERNAL", "a configuration sealed to nobody");
  const jwe = new GeneralEncrypt(utf8(raw))
    .setProtectedHeader({ enc: CONTENT_ENCRYPTION })
    .setAdditionalAuthenticatedData(jcs(place));
  for (const recipient of new Set(recipients)) {
    jwe.addRecipient(await importBoxPublicKey(recipient)).setUnprotectedHeader({ alg: KEY_MANAGEMENT, kid: recipient });
  }
  return utf8(JSON.stringify(await jwe.encrypt()));
}

const SealedForm = z.looseObject({
  aad: z.string(),
  ciphertext: z.string(),
  recipients: z.array(z.unknown()).min(1).max(64),
});

export async function openConfiguration(
  sealed: Uint8Array,
  place: ConfigurationPlace,
  key: PrivateJwk,
): Promise<string> {
  const jwe = SealedForm.parse(JSON.parse(new TextDecoder().decode(sealed)));
  if (jwe.aad !== toBase64url(jcs(place))) throw new FarhandError("SIGNATURE_BAD", "sealed for another device");
  const opened = await generalDecrypt(jwe as unknown as GeneralJWE, await importBoxPrivateKey(key), {
    keyManagementAlgorithms: [KEY_MANAGEMENT],
    contentEncryptionAlgorithms: [CONTENT_ENCRYPTION],
  });
  return new TextDecoder("utf-8", { fatal: true }).decode(opened.plaintext);
}
