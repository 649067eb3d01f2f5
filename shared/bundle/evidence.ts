import { flattenedDecrypt, FlattenedEncrypt } from "jose";
import { z } from "zod";
import { fromBase64url, jcs, parseCanonical, toBase64url, type Bytes } from "../bytes.ts";
import { FarhandError } from "../errors.ts";
import type { AgentId, OrgId, SiteId } from "../ids.ts";
import { importBoxPrivateKey, importBoxPublicKey, type BoxPublicKey, type PrivateJwk } from "../keys.ts";
import { FRAME_BYTES_MAX } from "../wire/frame.ts";

/** Which part of which bundle it is: a sealed part does not open in another one's place. */
export interface EvidencePlace {
  readonly org: OrgId;
  readonly site: SiteId;
  readonly agent: AgentId;
  readonly number: number;
  readonly part: number;
}

const KEY_MANAGEMENT = "ECDH-ES+A256KW";
const CONTENT_ENCRYPTION = "A256GCM";
/** Of frames in one part, before it is sealed: large enough that the index stays small, small enough for memory. */
export const EVIDENCE_PART_BYTES = 4 * 1024 * 1024;

const Sealed = z.strictObject({
  aad: z.string(),
  ciphertext: z.string(),
  encrypted_key: z.string(),
  iv: z.string(),
  protected: z.string(),
  tag: z.string(),
});

/** To the organisation's evidence key. Never compressed: the size of a compressed text tells about secrets in it. */
export async function sealEvidence(plain: Uint8Array, place: EvidencePlace, to: BoxPublicKey): Promise<Bytes> {
  const jwe = await new FlattenedEncrypt(plain)
    .setProtectedHeader({ alg: KEY_MANAGEMENT, enc: CONTENT_ENCRYPTION })
    .setAdditionalAuthenticatedData(jcs(place))
    .encrypt(await importBoxPublicKey(to));
  return jcs(jwe);
}

export async function openEvidence(sealed: Uint8Array, place: EvidencePlace, key: PrivateJwk): Promise<Bytes> {
  try {
    const jwe = Sealed.parse(parseCanonical(sealed));
    for (const field of Object.values(jwe)) fromBase64url(field);
    if (jwe.aad !== toBase64url(jcs(place))) throw new FarhandError("SEALED", "sealed for another place");
    const opened = await flattenedDecrypt(jwe, await importBoxPrivateKey(key), {
      keyManagementAlgorithms: [KEY_MANAGEMENT],
      contentEncryptionAlgorithms: [CONTENT_ENCRYPTION],
    });
    return new Uint8Array(opened.plaintext);
  } catch (error) {
    if (error instanceof FarhandError && error.code === "SEALED") throw error;
    throw new FarhandError("SEALED", "not sealed to this hub's evidence key", { cause: error });
  }
}

/** Frames of the link protocol, each behind its u32 length: evidence by file is what the link would have carried. */
export function packFrames(frames: readonly Uint8Array[]): Bytes {
  const packed = new Uint8Array(frames.reduce((sum, frame) => sum + 4 + frame.length, 0));
  const view = new DataView(packed.buffer);
  let at = 0;
  for (const frame of frames) {
    view.setUint32(at, frame.length);
    packed.set(frame, at + 4);
    at += 4 + frame.length;
  }
  return packed;
}

export function* unpackFrames(packed: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  for (let at = 0; at < packed.length;) {
    const length = at + 4 <= packed.length ? view.getUint32(at) : Number.POSITIVE_INFINITY;
    if (length > FRAME_BYTES_MAX || at + 4 + length > packed.length)
      throw new FarhandError("BUNDLE_SHAPE", "a part of the evidence does not hold what it says");
    yield packed.subarray(at + 4, at + 4 + length);
    at += 4 + length;
  }
}
