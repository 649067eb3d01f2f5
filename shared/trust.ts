import { sha256, type Bytes } from "./bytes.ts";
import { Agents, type AgentEntry } from "./documents/agents.ts";
import type { JobKind, Risk } from "./documents/common.ts";
import { Inventory, type Device, type Hop, type Site } from "./documents/inventory.ts";
import { Keys, type Person, type Policy, type Revocation, type Role } from "./documents/keys.ts";
import { openEnvelope, peekPayload, readAs, type Envelope, type KeyLookup } from "./envelope.ts";
import { FarhandError } from "./errors.ts";
import type { AgentId, DeviceId, Digest, HopId, KeyId, PersonId, PolicyId, SiteId } from "./ids.ts";
import { keyIdOf, type SigningPublicKey } from "./keys.ts";
import { pathOf } from "./path.ts";

/** A verified document: what it says, and the digest of the exact bytes that say it. */
export interface Verified<T> {
  readonly document: T;
  readonly digest: Digest;
  readonly bytes: Bytes;
}

const verified = <T>(document: T, bytes: Bytes): Verified<T> => ({ document, digest: sha256(bytes), bytes });

/** keys.json is trusted because its digest was pinned at enrolment; its own keyadmins must still have signed it. */
export async function openPinnedKeys(envelope: Envelope, pin: Digest): Promise<TrustStore> {
  const claimed = readAs(Keys, peekPayload(envelope));
  const opened = await openEnvelope("farhand-keys+jws", envelope, keyadminLookup(claimed));
  const keys = verified(readAs(Keys, opened.value), opened.bytes);
  if (keys.digest !== pin) throw new FarhandError("SIGNATURE_BAD", "keys.json is not the pinned one");
  await checkThumbprints(keys.document);
  return new TrustStore(keys);
}

/** A newer keys.json is trusted when a keyadmin of the one held now has signed it. */
export async function openNewerKeys(envelope: Envelope, held: TrustStore): Promise<TrustStore> {
  const opened = await openEnvelope("farhand-keys+jws", envelope, keyadminLookup(held.keys.document));
  const keys = verified(readAs(Keys, opened.value), opened.bytes);
  if (keys.document.org !== held.keys.document.org) throw new FarhandError("WRONG_ORG");
  if (keys.document.version < held.keys.document.version)
    throw new FarhandError("KEYS_VERSION", "older than the one held");
  await checkThumbprints(keys.document);
  return new TrustStore(keys);
}

export async function openAgents(envelope: Envelope, trust: TrustStore): Promise<Verified<Agents>> {
  const opened = await openEnvelope("farhand-agents+jws", envelope, keyadminLookup(trust.keys.document));
  const agents = verified(readAs(Agents, opened.value), opened.bytes);
  if (agents.document.org !== trust.org) throw new FarhandError("WRONG_ORG");
  return agents;
}

export async function openInventory(envelope: Envelope, trust: TrustStore): Promise<InventoryView> {
  const opened = await openEnvelope("farhand-inventory+jws", envelope, keyadminLookup(trust.keys.document));
  const inventory = verified(readAs(Inventory, opened.value), opened.bytes);
  if (inventory.document.org !== trust.org) throw new FarhandError("WRONG_ORG");
  return new InventoryView(inventory);
}

function keyadminLookup(keys: Keys): KeyLookup {
  const revoked = new Set(keys.revoked.map((entry) => entry.kid));
  const byKid = new Map<KeyId, SigningPublicKey>();
  for (const person of keys.people) {
    if (!person.roles.some((entry) => entry.role === "keyadmin")) continue;
    for (const key of person.keys) if (!revoked.has(key.kid)) byKid.set(key.kid, key.publicKey);
  }
  return (kid) => byKid.get(kid);
}

/** A kid is a hint; were it wrong in keys.json, one key could count as two persons' keys. */
async function checkThumbprints(keys: Keys): Promise<void> {
  const seen = new Set<string>();
  const entries = [...keys.people.flatMap((person) => person.keys), ...keys.hub.keys];
  for (const entry of entries) {
    if ((await keyIdOf(entry.publicKey)) !== entry.kid)
      throw new FarhandError("SCHEMA", `kid ${entry.kid} is not its key's thumbprint`);
    if (seen.has(entry.kid)) throw new FarhandError("SCHEMA", `key ${entry.kid} stands twice`);
    seen.add(entry.kid);
  }
}

export interface PersonKey {
  readonly person: Person;
  readonly publicKey: SigningPublicKey;
}

/** Who may sign what, as one verified keys.json says it. Immutable: a newer document makes a new store. */
export class TrustStore {
  readonly keys: Verified<Keys>;
  readonly #people = new Map<KeyId, PersonKey>();
  readonly #revokedPeople = new Map<KeyId, PersonKey>();
  readonly #hub = new Map<KeyId, SigningPublicKey>();

  constructor(keys: Verified<Keys>) {
    this.keys = keys;
    const revoked = new Set(keys.document.revoked.map((entry) => entry.kid));
    for (const person of keys.document.people) {
      for (const key of person.keys) {
        const held = revoked.has(key.kid) ? this.#revokedPeople : this.#people;
        held.set(key.kid, { person, publicKey: key.publicKey });
      }
    }
    for (const key of keys.document.hub.keys) if (!revoked.has(key.kid)) this.#hub.set(key.kid, key.publicKey);
  }

  get org(): Keys["org"] {
    return this.keys.document.org;
  }

  get hubId(): string {
    return this.keys.document.hub.id;
  }

  /** Keys of people: never the hub's, so that a hub key cannot count towards a threshold. */
  readonly personKey: KeyLookup = (kid) => this.#people.get(kid)?.publicKey;
  readonly hubKey: KeyLookup = (kid) => this.#hub.get(kid);

  /** Revoked keys of people too: only for who goes on to ask whether such a signature still counts (verify/revoked.ts). */
  readonly everyPersonKey: KeyLookup = (kid) => (this.#people.get(kid) ?? this.#revokedPeople.get(kid))?.publicKey;

  personOf(kid: KeyId): Person | undefined {
    return this.#people.get(kid)?.person;
  }

  /** Whose key it is or was. */
  ownerOf(kid: KeyId): Person | undefined {
    return (this.#people.get(kid) ?? this.#revokedPeople.get(kid))?.person;
  }

  revocationsOf(kid: KeyId): readonly Revocation[] {
    return this.keys.document.revoked.filter((entry) => entry.kid === kid);
  }

  person(id: PersonId): Person | undefined {
    return this.keys.document.people.find((person) => person.id === id);
  }

  policy(id: PolicyId, version: number): Policy | undefined {
    return this.keys.document.policies.find((policy) => policy.id === id && policy.version === version);
  }

  /** The policy that governs a site: its own entry, else the one for `*`. */
  policyOf(site: SiteId): Policy | undefined {
    const entries = this.keys.document.sitePolicies;
    const chosen = entries.find((entry) => entry.site === site) ?? entries.find((entry) => entry.site === "*");
    if (!chosen) return undefined;
    return this.keys.document.policies
      .filter((policy) => policy.id === chosen.policy)
      .toSorted((a, b) => b.version - a.version)[0];
  }
}

/** Whether a person holds the role at every one of the sites. A role entry counts only within its own scope. */
export function holdsRole(person: Person, role: Role, sites: readonly SiteId[]): boolean {
  const entries = person.roles.filter((entry) => entry.role === role);
  return sites.every((site) => entries.some((entry) => entry.sites.some((scope) => scope === "*" || scope === site)));
}

export interface Authorisation {
  readonly author: PersonId;
  /** Every distinct person whose valid signature counted, the author first. */
  readonly signers: readonly PersonId[];
}

/** Who may ask for it: opening a sealed configuration is a permission of its own, and an author does not have it. */
export type AuthorRole = Extract<Role, "author" | "reveal">;
export const authorRole = (kind: JobKind): AuthorRole => (kind === "reveal" ? "reveal" : "author");

export function withoutRole(role: AuthorRole, person: PersonId, sites: readonly SiteId[]): FarhandError {
  return role === "reveal"
    ? new FarhandError("REVEAL_FORBIDDEN", `${person} at ${sites.join(", ")}`.slice(0, 300))
    : new FarhandError("NO_AUTHOR", person);
}

/**
 * The signed policy's threshold over distinct persons in scope, the author not among the approvers.
 * Throws NO_AUTHOR or THRESHOLD. `ownerOf` is another only where the kids were checked for what a revocation leaves of them.
 */
export function authorise(
  trust: TrustStore,
  kids: readonly KeyId[],
  claim: { author: PersonId; sites: readonly SiteId[]; policy: Policy; risk: Risk; role?: AuthorRole },
  ownerOf: (kid: KeyId) => Person | undefined = (kid) => trust.personOf(kid),
): Authorisation {
  const persons = new Map<PersonId, Person>();
  for (const kid of kids) {
    const person = ownerOf(kid);
    if (person) persons.set(person.id, person);
  }
  const author = persons.get(claim.author);
  const role = claim.role ?? "author";
  if (!author || !holdsRole(author, role, claim.sites)) throw withoutRole(role, claim.author, claim.sites);
  const approvers = [...persons.values()].filter(
    (person) => person.id !== author.id && holdsRole(person, "approver", claim.sites),
  );
  const rule = claim.policy.rules[claim.risk];
  const needed = rule.onePerson ? 0 : rule.approvers;
  if (approvers.length < needed) {
    throw new FarhandError(
      "THRESHOLD",
      `${approvers.length} of ${needed} approvers for a ${claim.risk} under ${claim.policy.id} v${claim.policy.version}`,
    );
  }
  return { author: author.id, signers: [author.id, ...approvers.map((person) => person.id)] };
}

export function agentEntry(agents: Agents, id: AgentId): AgentEntry | undefined {
  return agents.agents.find((entry) => entry.id === id);
}

/** A verified inventory with its look-ups. */
export class InventoryView {
  readonly inventory: Verified<Inventory>;
  readonly #devices: Map<DeviceId, Device>;
  readonly #sites: Map<SiteId, Site>;
  readonly #hops: Map<HopId, Hop>;

  constructor(inventory: Verified<Inventory>) {
    this.inventory = inventory;
    this.#devices = new Map(inventory.document.devices.map((device) => [device.id, device]));
    this.#sites = new Map(inventory.document.sites.map((site) => [site.id, site]));
    this.#hops = new Map((inventory.document.hops ?? []).map((hop) => [hop.id, hop]));
  }

  get digest(): Digest {
    return this.inventory.digest;
  }

  device(id: DeviceId): Device | undefined {
    return this.#devices.get(id);
  }

  site(id: SiteId): Site | undefined {
    return this.#sites.get(id);
  }

  hop(id: HopId): Hop | undefined {
    return this.#hops.get(id);
  }

  /** The hops on the way to a device or a hop, in the order in which they are dialled; none where it is dialled directly. */
  pathTo(target: Device | Hop): readonly Hop[] {
    return pathOf(target, this.#hops);
  }

  devicesAt(site: SiteId): Device[] {
    return this.inventory.document.devices.filter((device) => device.site === site);
  }
}
