import type { Agents } from "../../../shared/documents/agents.ts";
import { sha256, fromBase64url } from "../../../shared/bytes.ts";
import { checkEnvelope, parseEnvelope, type Envelope } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import {
  openAgents,
  openInventory,
  openNewerKeys,
  openPinnedKeys,
  type InventoryView,
  type TrustStore,
  type Verified,
} from "../../../shared/trust.ts";
import type { HubClient } from "../../api/client/index.ts";
import type { Cli } from "../command.ts";
import type { HubFlags } from "../flags.ts";
import { readBytes, settingsOf } from "../settings.ts";
import { refuseOlder } from "./seen.ts";

/** The hub's trust documents, each verified from the one file that this person trusts. */
export interface Trusted {
  readonly store: TrustStore;
  readonly agents: Verified<Agents> | null;
  readonly inventory: InventoryView | null;
  readonly envelopes: TrustEnvelopes;
}

export interface TrustEnvelopes {
  readonly keys: Envelope;
  readonly agents: Envelope | null;
  readonly inventory: Envelope | null;
}

/** The anchor: without it everything that a review says would rest on the hub's word. */
export async function loadAnchor(cli: Cli, flags: HubFlags): Promise<TrustStore> {
  const path = settingsOf(cli, flags).trust;
  if (path === undefined) {
    throw new FarhandError(
      "USAGE",
      "which keys.json do you trust? Give --trust FILE, set FARHAND_TRUST, or use: farhand login",
    );
  }
  return openAnchor(parseEnvelope(readBytes(path)));
}

/** The file is the pin. Its own keyadmins must still have signed it. */
export const openAnchor = (envelope: Envelope): Promise<TrustStore> =>
  openPinnedKeys(envelope, sha256(fromBase64url(envelope.payload)));

export async function loadTrust(cli: Cli, flags: HubFlags, client: HubClient): Promise<Trusted> {
  const anchor = await loadAnchor(cli, flags);
  const trusted = await openTrust(anchor, await client.call("getTrust", {}), cli.clock.nowMs());
  refuseOlder(cli, trusted);
  if (trusted.store.keys.document.version > anchor.keys.document.version) {
    cli.out.note(
      `keys.json is version ${trusted.store.keys.document.version} now; yours is version ${anchor.keys.document.version} and its keyadmin signed the newer one`,
    );
  }
  return trusted;
}

export async function openTrust(anchor: TrustStore, envelopes: TrustEnvelopes, nowMs: number): Promise<Trusted> {
  const store = await newest(anchor, checkEnvelope(envelopes.keys));
  if (store.keys.document.exp * 1000 <= nowMs) throw new FarhandError("EXPIRED", "keys.json");
  return {
    store,
    agents: envelopes.agents && (await openAgents(envelopes.agents, store)),
    inventory: envelopes.inventory && (await openInventory(envelopes.inventory, store)),
    envelopes,
  };
}

async function newest(anchor: TrustStore, envelope: Envelope): Promise<TrustStore> {
  const shown = await openNewerKeys(envelope, anchor);
  const { document, digest } = shown.keys;
  if (document.version === anchor.keys.document.version && digest !== anchor.keys.digest) {
    throw new FarhandError(
      "SIGNATURE_BAD",
      `the hub shows another keys.json of version ${document.version} than the one that you trust`,
    );
  }
  return shown;
}

export function requireInventory(trusted: Trusted): InventoryView {
  if (!trusted.inventory)
    throw new FarhandError("NOT_FOUND", "no inventory is published yet: farhand inventory import FILE --publish");
  return trusted.inventory;
}
