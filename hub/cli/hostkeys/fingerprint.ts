import { createHash } from "node:crypto";
import { HostKey } from "../../../shared/documents/inventory.ts";

/** As OpenSSH prints it: `SHA256:` and unpadded base64. */
export const fingerprintOf = (publicKey: string): string =>
  `SHA256:${createHash("sha256").update(Buffer.from(publicKey, "base64")).digest("base64").replace(/=+$/, "")}`;

/** A key as it stands in a line; undefined where it is none of ours, or its blob says that it is of another type (RFC 4253 §6.6). */
export function hostKeyOf(algorithm: string, publicKey: string): HostKey | undefined {
  const parsed = HostKey.safeParse({ algorithm, publicKey });
  if (!parsed.success) return undefined;
  const blob = Buffer.from(publicKey, "base64");
  const named = blob.length > 4 ? blob.subarray(4, 4 + Math.min(64, blob.readUInt32BE(0))).toString("latin1") : "";
  return named === algorithm ? parsed.data : undefined;
}
