import { timingSafeEqual } from "node:crypto";
import type { HostKey } from "../../../shared/documents/inventory.ts";

/**
 * ssh2 accepts a host key unless its verifier answers strict `false`: a promise, `null`, `0`, `""` and `NaN` all let any key in
 * (research/security.md §1). So the check lives behind this wrapper, which answers strictly and synchronously, and which
 * takes nothing but `true` for a yes.
 */
export function strictVerifier(
  check: (key: Uint8Array) => unknown,
): (key: Uint8Array, answer: (permitted: boolean) => void) => undefined {
  return (key, answer) => {
    let verdict: unknown = false;
    try {
      verdict = check(key);
    } catch {
      verdict = false;
    }
    // Nothing but true is a yes.
    answer(verdict === true ? true : false);
    return undefined;
  };
}

/** Whether the raw key blob is one of the pinned ones. Every pin is compared, each in constant time. */
export function isPinned(key: Uint8Array, pins: readonly HostKey[]): boolean {
  let found = false;
  for (const pin of pins) {
    const wanted = Buffer.from(pin.publicKey, "base64");
    if (wanted.length > 0 && wanted.length === key.length && timingSafeEqual(wanted, key)) found = true;
  }
  return found;
}
