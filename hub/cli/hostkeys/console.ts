import type { HostKey } from "../../../shared/documents/inventory.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { hostKeyOf } from "./fingerprint.ts";

/** What a person read on a device's console: the key itself, or only its fingerprint. */
export type ConsoleKey = { readonly fingerprint: string } | HostKey;

const LINES_MAX = 100_000;

/**
 * One key a line: `DEVICE SHA256:…` as a console prints a fingerprint, or `DEVICE ssh-ed25519 AAAA…`; `#` begins a comment. A person
 * typed it: a line that is not understood stops everything.
 */
export function readConsoleFile(name: string, text: string): ReadonlyMap<string, readonly ConsoleKey[]> {
  const keys = new Map<string, ConsoleKey[]>();
  const lines = text.split("\n");
  if (lines.length > LINES_MAX) throw new FarhandError("USAGE", `${name}: more than ${LINES_MAX} lines`);
  for (const [index, line] of lines.entries()) {
    const [device, first = "", second = ""] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (device === undefined || device === "") continue;
    const key = /^SHA256:[A-Za-z0-9+/]{43}$/.test(first) ? { fingerprint: first } : hostKeyOf(first, second);
    if (!key)
      throw new FarhandError("USAGE", `${name}:${index + 1}: must be DEVICE SHA256:… or DEVICE ssh-ed25519 AAAA…`);
    keys.set(device, [...(keys.get(device) ?? []), key]);
  }
  return keys;
}
