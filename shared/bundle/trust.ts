import { parseEnvelope } from "../envelope.ts";
import { FarhandError } from "../errors.ts";
import { openNewerKeys, type TrustStore } from "../trust.ts";
import type { BundleFile } from "./read.ts";

/** The bodies of a bundle's trust documents of one role, in their order. */
export async function trustBodies(file: BundleFile, role: string): Promise<Uint8Array[]> {
  const bodies: Uint8Array[] = [];
  for (const [position, entry] of file.claimed.entries.entries())
    if (entry.kind === "trust" && entry.role === role) bodies.push(await file.body(position));
  return bodies;
}

/** Each keys.json says who may sign the next; those that are held already are passed over, and only older ones are refused. */
export async function walkKeys(
  documents: readonly Uint8Array[],
  held: TrustStore,
): Promise<{ keys: TrustStore; fresh: readonly Uint8Array[] }> {
  let keys = held;
  const fresh: Uint8Array[] = [];
  let refused: FarhandError | undefined;
  for (const body of documents) {
    try {
      const next = await openNewerKeys(parseEnvelope(body), keys);
      if (next.keys.digest !== keys.keys.digest) fresh.push(body);
      keys = next;
      refused = undefined;
    } catch (error) {
      // Older than what is held: good only when a newer one follows.
      if (!(error instanceof FarhandError) || error.code !== "KEYS_VERSION") throw error;
      refused = error;
    }
  }
  if (refused) throw refused;
  return { keys, fresh };
}
