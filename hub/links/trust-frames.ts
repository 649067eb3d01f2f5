import { envelopeBytes } from "../../shared/envelope.ts";
import { encodeDown, type UpHeader } from "../../shared/wire/messages.ts";
import { allDocuments } from "../store/documents.ts";
import type { LinkDeps } from "./deps.ts";

/** What an agent holds, as its hello says and as what it was sent since adds to it. */
export type HeldDocuments = Pick<UpHeader<"hello">, "keysVersion" | "agentsVersion" | "inventory">;

/** Documents that the agent does not hold: keys first and every version of them, because each says who may sign the next. */
export async function newerDocuments(
  deps: Pick<LinkDeps, "store" | "trust">,
  held: HeldDocuments,
): Promise<{ readonly frames: Uint8Array[]; readonly held: HeldDocuments }> {
  const { trust, agents, inventory, envelopes } = deps.trust.require();
  const keysVersion = trust.keys.document.version;
  const frames: Uint8Array[] = [];
  if (keysVersion > held.keysVersion) {
    for (const { version, envelope } of await allDocuments(deps.store, "keys")) {
      const isNew = version > held.keysVersion && version <= keysVersion;
      if (isNew) frames.push(encodeDown("trust", { document: "keys" }, envelopeBytes(envelope)));
    }
  }
  const agentsVersion = agents?.document.version ?? 0;
  if (agentsVersion > held.agentsVersion && envelopes.agents)
    frames.push(encodeDown("trust", { document: "agents" }, envelopeBytes(envelopes.agents)));
  if (inventory && inventory.digest !== held.inventory && envelopes.inventory)
    frames.push(encodeDown("trust", { document: "inventory" }, envelopeBytes(envelopes.inventory)));
  return {
    frames,
    held: {
      keysVersion: Math.max(keysVersion, held.keysVersion),
      agentsVersion: Math.max(agentsVersion, held.agentsVersion),
      inventory: inventory?.digest ?? held.inventory,
    },
  };
}
