import type { BundleFile } from "../../shared/bundle/read.ts";
import { trustBodies, walkKeys } from "../../shared/bundle/trust.ts";
import type { InboundIndex } from "../../shared/documents/bundle.ts";
import { parseEnvelope } from "../../shared/envelope.ts";
import { FarhandError } from "../../shared/errors.ts";
import { openAgents, openInventory, type TrustStore } from "../../shared/trust.ts";
import type { Trust } from "../trust.ts";

/** In the order in which each vouches for the next. */
const ROLES = ["keys", "agents", "inventory"] as const;

/** The trust that a bundle carries: looked at before anything of it counts, taken once all of the bundle holds. */
export interface TrustSet {
  /** The keys that would be in force: the hub's own may be newer than those held. */
  readonly keys: TrustStore;
  take(): Promise<readonly string[]>;
}

export async function openTrustSet(file: BundleFile, entries: InboundIndex["entries"], held: Trust): Promise<TrustSet> {
  for (const entry of entries) {
    if (entry.kind === "trust" && !ROLES.some((role) => role === entry.role))
      throw new FarhandError("BUNDLE_SHAPE", `trust document ${entry.role} is not known here`);
  }
  const bodies = {
    keys: await trustBodies(file, "keys"),
    agents: await trustBodies(file, "agents"),
    inventory: await trustBodies(file, "inventory"),
  };
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

function requireNewer(what: string, version: number, held: number | undefined): void {
  if (held !== undefined && version < held)
    throw new FarhandError("KEYS_VERSION", `${what} version ${version}, held ${held}`);
}
