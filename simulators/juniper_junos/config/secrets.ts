/**
 * Secrets as Junos shows them. In looks only: `$9$` on a box can be turned back and `$6$` is SHA-512 crypt; here both are made from
 * a digest, so that the same secret shows the same text and nothing can be read out of it.
 */
import { createHash } from "node:crypto";

const ALPHABET = "QzF3n6/9CAtpu0O1BIREhcSyrleKvMW8LXxbwYgo4aJZGUDjiHkq.mPf5Ts27";

function letters(text: string, count: number): string {
  let out = "";
  for (let round = 0; out.length < count; round += 1)
    for (const byte of createHash("sha256").update(`${round}:${text}`).digest())
      out += ALPHABET[byte % ALPHABET.length] ?? "";
  return out.slice(0, count);
}

/** A reversible secret: keys, RADIUS and BGP passwords. */
export function hide(value: string): string {
  if (/^\$9\$\S+$/.test(value)) return value;
  return `$9$${letters(`9/${value}`, Math.max(12, value.length * 4))}`;
}

/** A login password. */
export function hashPassword(password: string): string {
  const salt = letters(`salt/${password}`, 8).replaceAll("/", "x");
  return `$6$${salt}$${letters(`6/${password}`, 86)}`;
}
