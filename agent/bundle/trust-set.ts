import type { InboundIndex } from "../../shared/documents/bundle.ts";
import { parseEnvelope } from "../../shared/envelope.ts";
import { FarhandError } from "../../shared/errors.ts";
import { openNewerKeys, type TrustStore } from "../../shared/trust.ts";
import type { BundleFile } from "../../shared/bundle/read.ts";
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
  const bodies = new Map<Role, Uint8Array>();
  for (const [position, entry] of entries.entries()) {
    if (entry.kind !== "trust") continue;
    const role = ROLES.find((known) => known === entry.role);
    if (role === undefined) throw new FarhandError("BUNDLE_SHAPE", `trust document ${entry.role} is not known here`);
    bodies.set(role, await file.body(position));
  }
  const newer = bodies.get("keys");
  const keys = newer === undefined ? held.keys : await openNewerKeys(parseEnvelope(newer), held.keys);
  return {
    keys,
    async take() {
      const taken: string[] = [];
      for (const role of ROLES) {
        const body = bodies.get(role);
        if (body === undefined) continue;
        await held.take(role, body);
        taken.push(role);
      }
      return taken;
    },
  };
}
