import { z } from "zod";
import { FarhandError } from "../../../shared/errors.ts";
import type { Keys } from "../../../shared/documents/keys.ts";
import { BoxPublicKey, keyIdOf, SigningPublicKey } from "../../../shared/keys.ts";
import { readText } from "../settings.ts";

/** What `farhand hub init` prints and `trust init` reads: the hub's name and the public half of its signing key. */
export const HubKeyFile = z.object({
  schema: z.literal("farhand.hub-key/1").optional(),
  id: z.string().min(1).max(63),
  publicKey: SigningPublicKey,
  /** What sites without a line encrypt their evidence to. */
  evidence: BoxPublicKey.optional(),
});
export type HubKeyFile = z.infer<typeof HubKeyFile>;

export async function readHubKey(path: string): Promise<Keys["hub"]> {
  let value: unknown;
  try {
    value = JSON.parse(readText(path));
  } catch (error) {
    if (error instanceof FarhandError) throw error;
    throw new FarhandError("KEY_FILE", `${path}: not JSON`, { cause: error });
  }
  const parsed = HubKeyFile.safeParse(value);
  if (!parsed.success)
    throw new FarhandError("KEY_FILE", `${path}: not a hub's public key, as farhand hub init writes it`);
  const { id, publicKey, evidence } = parsed.data;
  return { id, keys: [{ kid: await keyIdOf(publicKey), publicKey }], ...(evidence && { evidence }) };
}
