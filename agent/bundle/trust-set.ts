import type { BundleFile } from "../../shared/bundle/read.ts";
import type { InboundIndex } from "../../shared/documents/bundle.ts";
import { parseEnvelope } from "../../shared/envelope.ts";
import { FarhandError } from "../../shared/errors.ts";
import { openAgents, openInventory, openNewerKeys, type TrustStore } from "../../shared/trust.ts";
import type { Trust } from "../trust.ts";

/** In the order in which each vouches for the next. */
const ROLES = ["keys", "agents", "inventory"] as const;
type Role = (typeof ROLES)[number];

/** The trust that a bundle carries: looked at before anything of it counts, taken once all of the bundle holds. */
export interface TrustSet {
  /** The keys that would be in force: the hub's own may be newer than those held. */
  readonly keys: TrustStore;
  take(): Promise<readonly string[]>;
}

export async function openTrustSet(file: BundleFile, entries: InboundIndex["entries"], held: Trust): Promise<TrustSet> {
  const bodies: Record<Role, Uint8Array[]> = { keys: [], agents: [], inventory: [] };
  for (const [position, entry] of entries.entries()) {
    if (entry.kind !== "trust") continue;
    const role = ROLES.find((known) => known === entry.role);
    if (role === undefined) throw new FarhandError("BUNDLE_SHAPE", `trust document ${entry.role} is not known here`);
    bodies[role].push(await file.body(position));
  }
  const { keys, fresh } = await walkKeys(bodies.keys, held.keys);
  for (const body of bodies.agents) {
    const { document } = await openAgents(parseEnvelope(body), keys);
    requireNewer("agents.json", document.version, held.agents?.document.version);
  }
  for (const body of bodies.inventory) {
    const { inventory } = await openInventory(parseEnvelope(body), keys);
    requireNewer("inventory.json", inventory.document.version, held.inventory?.inventory.document.version);
  }
  return {
    keys,
    async take() {
      const taken: string[] = [];
      for (const [role, documents] of [
        ["keys", fresh],
        ["agents", bodies.agents],
        ["inventory", bodies.inventory],
      ] as const) {
        for (const body of documents) await held.take(role, body);
        if (documents.length > 0) taken.push(role);
      }
      return taken;
    },
  };
}

/** Each version says who may sign the next; those that are held already are passed over. */
async function walkKeys(
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

function requireNewer(what: string, version: number, held: number | undefined): void {
  if (held !== undefined && version < held)
    throw new FarhandError("KEYS_VERSION", `${what} version ${version}, held ${held}`);
}
