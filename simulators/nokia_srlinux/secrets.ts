/** A secret as the device keeps and shows it. Looks only: no password can be had back from it, and none can be checked against it. */
import { createHash } from "node:crypto";
import type { LeafType } from "./schema.ts";

/** What was pasted from a device's own output is kept as it is. */
export function stored(type: LeafType, typed: string): string {
  if (type.kind !== "secret") return typed;
  const digest = (size: number): string =>
    createHash("sha512").update(`srlinux/${type.form}/${typed}`).digest("base64").replace(/[+/=]/g, ".").slice(0, size);
  if (type.form === "crypt") return typed.startsWith("$") ? typed : `$y$j9T$${digest(22)}$${digest(43)}`;
  return typed.startsWith("$aes") ? typed : `$aes1$${digest(16)}$${digest(24)}==`;
}
