import { createHmac } from "node:crypto";
import type { Tagger } from "../../drivers/types.ts";
import type { SiteKey } from "./vault.ts";

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
const TAG_CHARACTERS = 16;

/** The first 80 bits in RFC 4648 base32, lower case. */
function base32(bytes: Uint8Array): string {
  let out = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5 && out.length < TAG_CHARACTERS) {
      bits -= 5;
      out += BASE32[(held >>> bits) & 31];
      held &= (1 << bits) - 1;
    }
  }
  return out;
}

/** Hides a secret so that a change of it still shows. The key never leaves the site; the device is part of what is hashed. */
export function makeTagger(siteKey: SiteKey): Tagger {
  return {
    keyGeneration: siteKey.generation,
    tag: (device, shown) =>
      base32(createHmac("sha256", siteKey.key).update(device).update("\0").update(shown).digest()),
  };
}
