import { bytesEqual, fromBase64url, sha256 } from "../bytes.ts";
import type { Agents } from "../documents/agents.ts";
import { envelopeBytes, parseEnvelope, type Envelope } from "../envelope.ts";
import { FarhandError } from "../errors.ts";
import type { Digest, KeyId } from "../ids.ts";
import {
  openAgents,
  openInventory,
  openNewerKeys,
  openPinnedKeys,
  type InventoryView,
  type TrustStore,
  type Verified,
} from "../trust.ts";
import {
  applyTrustUpdate,
  checkUntimedSet,
  readDraftSet,
  refuseTwin,
  reopenTrustSet,
  type AcceptedTrust,
} from "./apply.ts";
import { readMetadata, TRUST_DOCUMENT_BYTES_MAX } from "./metadata.ts";
import {
  trustFacts,
  type HeldTrust,
  type TrustFacts,
  type TrustSet,
  type TrustUpdate,
  type UntimedSet,
} from "./set.ts";

/** The documents of a set, opened. */
export interface OpenedDocuments {
  readonly keys: TrustStore;
  readonly agents: Verified<Agents> | undefined;
  readonly inventory: InventoryView | undefined;
}

/** A verified set with its documents opened: what the rest of the product asks. */
export interface TrustView extends OpenedDocuments {
  readonly set: TrustSet;
  readonly facts: TrustFacts;
}

/** A set without a hub's word that it is the newest: what a person keeps as the anchor, or is about to publish. */
export interface UntimedView extends OpenedDocuments {
  readonly set: UntimedSet;
}

/** A set that this process, or a store that only it can write, has accepted before. Its age is not looked at. */
export async function reopenTrust(set: TrustSet): Promise<TrustView> {
  return openAccepted({ set: reopenTrustSet(set), keyadminsChanged: false, keyadminsReplaced: false }, undefined);
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

/** From a root that was compared by fingerprint, and the roots after it. */
export async function openUntimed(root: TrustSet["root"], update: TrustUpdate): Promise<UntimedView> {
  const set = checkUntimedSet(root, update);
  return { set, ...(await openDocuments(set, undefined, undefined)) };
}

/** What a draft would put in force; its envelopes are signed, the set itself is not yet. */
export async function openDraft(update: TrustUpdate): Promise<UntimedView> {
  const set = readDraftSet(update);
  return { set, ...(await openDocuments(set, undefined, undefined)) };
}

/** What a hub shows to one who keeps an anchor: stamped, and no older than the anchor. */
export async function openTrustFrom(
  anchor: UntimedView,
  update: TrustUpdate,
  at: { readonly nowMs: number },
): Promise<TrustView> {
  const accepted = applyTrustUpdate({ root: anchor.set.root } satisfies HeldTrust, update, at);
  for (const role of ["snapshot", "targets"] as const) {
    const [held, next] = [anchor.set[role], accepted.set[role]];
    const [before, after] = [readMetadata(role, held).signed.version, readMetadata(role, next).signed.version];
    if (after < before) throw new FarhandError("TRUST_ROLLBACK", `${role}.json version ${after}, yours ${before}`);
    refuseTwin(role, held, next);
  }
  return openAccepted(accepted, anchor);
}

/**
 * The repository says which bytes are current; the envelopes say who wrote them. Both must hold: a keyadmin whose key keys.json has revoked
 * cannot write the next one, even before root has dropped that key. After root has named other keyadmins, root alone counts.
 */
async function openAccepted(accepted: AcceptedTrust, held: OpenedDocuments | undefined): Promise<TrustView> {
  const { set, keyadminsChanged, keyadminsReplaced } = accepted;
  return {
    set,
    facts: trustFacts(set),
    ...(await openDocuments(set, keyadminsChanged ? undefined : held, keyadminsReplaced ? undefined : held)),
  };
}

/**
 * `before` says who may write the next keys.json, unless root has named other keyadmins; `floor` is never gone below, whoever signs: else a root
 * that replaces one keyadmin of three would let an old set of the other two come back.
 */
async function openDocuments(
  set: UntimedSet,
  before: OpenedDocuments | undefined,
  floor: OpenedDocuments | undefined,
): Promise<OpenedDocuments> {
  const root = readMetadata("root", set.root).signed;
  const envelope = openText(set.documents.keys);
  const keys = await (before
    ? openNewerKeys(envelope, before.keys)
    : openPinnedKeys(envelope, payloadDigest(envelope)));
  if (keys.org !== root.org) throw new FarhandError("WRONG_ORG", "keys.json");
  refuseTwoKeysOfOne(root.roles.targets.keyids, keys);
  const { agents: agentsBytes, inventory: inventoryBytes } = set.documents;
  const agents = agentsBytes && (await openAgents(openText(agentsBytes), keys));
  const inventory = inventoryBytes && (await openInventory(openText(inventoryBytes), keys));
  if (floor) {
    refuseOlder("keys", keys.keys, floor.keys.keys);
    refuseOlder("agents", agents, floor.agents);
    refuseOlder("inventory", inventory?.inventory, floor.inventory?.inventory);
  }
  return { keys, agents, inventory };
}

/** An envelope inside a set. */
export const documentEnvelope = (bytes: TrustSet["root"]): Envelope => parseEnvelope(bytes, TRUST_DOCUMENT_BYTES_MAX);

/** One envelope has one text, so that who keeps the envelope keeps the bytes that targets.json names. */
function openText(bytes: TrustSet["root"]): Envelope {
  const envelope = documentEnvelope(bytes);
  if (!bytesEqual(envelopeBytes(envelope), bytes)) throw new FarhandError("PAYLOAD_NOT_CANONICAL", "an envelope");
  return envelope;
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
function refuseTwoKeysOfOne(keyadmins: readonly KeyId[], keys: TrustStore): void {
  for (const person of keys.keys.document.people) {
    const held = person.keys.filter((key) => keyadmins.includes(key.kid));
    if (held.length > 1) throw new FarhandError("TRUST_MISMATCH", `root names two keyadmin keys of ${person.id}`);
  }
}
