import { fromBase64url, sha256 } from "../bytes.ts";
import type { Agents } from "../documents/agents.ts";
import { parseEnvelope, type Envelope } from "../envelope.ts";
import { FarhandError } from "../errors.ts";
import type { Digest } from "../ids.ts";
import {
  openAgents,
  openInventory,
  openNewerKeys,
  openPinnedKeys,
  type InventoryView,
  type TrustStore,
  type Verified,
} from "../trust.ts";
import { applyTrustUpdate, reopenTrustSet, type AcceptedTrust } from "./apply.ts";
import { trustFacts, type HeldTrust, type TrustFacts, type TrustSet, type TrustUpdate } from "./set.ts";

/** A verified set with its documents opened: what the rest of the product asks. */
export interface TrustView {
  readonly set: TrustSet;
  readonly facts: TrustFacts;
  readonly keys: TrustStore;
  readonly agents: Verified<Agents> | undefined;
  readonly inventory: InventoryView | undefined;
}

/** A set that this process, or a store that only it can write, has accepted before. Its age is not looked at. */
export async function reopenTrust(set: TrustSet): Promise<TrustView> {
  return openAccepted({ set: reopenTrustSet(set), keyadminsChanged: false }, undefined);
}

/** The first set, from a root that was compared by fingerprint. */
export async function openFirstTrust(
  root: TrustSet["root"],
  update: TrustUpdate,
  at: { readonly nowMs: number },
): Promise<TrustView> {
  return openAccepted(applyTrustUpdate({ root } satisfies HeldTrust, update, at), undefined);
}

/** The set after `update`, or an error and nothing has changed. */
export async function openTrustUpdate(
  held: TrustView,
  update: TrustUpdate,
  at: { readonly nowMs: number },
): Promise<TrustView> {
  return openAccepted(applyTrustUpdate(held.set, update, at), held);
}

/**
 * The repository says which bytes are current; the envelopes say who wrote them. Both must hold: a keyadmin whose key keys.json has revoked
 * cannot write the next one, even before root has dropped that key. After root has named other keyadmins, root alone counts.
 */
async function openAccepted(accepted: AcceptedTrust, held: TrustView | undefined): Promise<TrustView> {
  const { set, keyadminsChanged } = accepted;
  const facts = trustFacts(set);
  const before = keyadminsChanged ? undefined : held;
  const envelope = parseEnvelope(set.documents.keys);
  const keys = await (before
    ? openNewerKeys(envelope, before.keys)
    : openPinnedKeys(envelope, payloadDigest(envelope)));
  if (keys.org !== facts.org) throw new FarhandError("WRONG_ORG", "keys.json");
  refuseTwoKeysOfOne(facts, keys);
  const { agents: agentsBytes, inventory: inventoryBytes } = set.documents;
  const agents = agentsBytes && (await openAgents(parseEnvelope(agentsBytes), keys));
  const inventory = inventoryBytes && (await openInventory(parseEnvelope(inventoryBytes), keys));
  if (before) {
    refuseOlder("keys", keys.keys, before.keys.keys);
    refuseOlder("agents", agents, before.agents);
    refuseOlder("inventory", inventory?.inventory, before.inventory?.inventory);
  }
  return { set, facts, keys, agents, inventory };
}

const payloadDigest = (envelope: Envelope): Digest => sha256(fromBase64url(envelope.payload));

function refuseOlder(
  name: string,
  next: Verified<{ readonly version: number }> | undefined,
  held: Verified<{ readonly version: number }> | undefined,
): void {
  if (!held) return;
  if (!next) throw new FarhandError("TRUST_ROLLBACK", `${name}.json is gone`);
  const { version } = next.document;
  if (version < held.document.version || (version === held.document.version && next.digest !== held.digest))
    throw new FarhandError("TRUST_ROLLBACK", `${name}.json version ${version}, held ${held.document.version}`);
}

/** A threshold is over persons. Root knows keys only, so no person may have two there. */
function refuseTwoKeysOfOne(facts: TrustFacts, keys: TrustStore): void {
  for (const person of keys.keys.document.people) {
    const held = person.keys.filter((key) => facts.keyadmins.keyids.includes(key.kid));
    if (held.length > 1) throw new FarhandError("TRUST_MISMATCH", `root names two keyadmin keys of ${person.id}`);
  }
}
