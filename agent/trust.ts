import { jcs, sha256 } from "../shared/bytes.ts";
import type { Agents } from "../shared/documents/agents.ts";
import { checkEnvelope, parseEnvelope, peekPayload, type Envelope } from "../shared/envelope.ts";
import { FarhandError } from "../shared/errors.ts";
import type { AgentId, SiteId } from "../shared/ids.ts";
import type { BoxPublicKey } from "../shared/keys.ts";
import type { Store } from "../shared/store.ts";
import {
  openAgents,
  openInventory,
  openNewerKeys,
  openPinnedKeys,
  type InventoryView,
  type TrustStore,
  type Verified,
} from "../shared/trust.ts";
import { loadDocument, saveDocument } from "./journal/holdings.ts";
import { raiseTimeFloor } from "./journal/meta.ts";
import type { Vault } from "./vault/vault.ts";

/**
 * The signed documents that this agent holds. keys.json lives in the vault, because what is sealed there nobody else can have
 * put there; the others are checked against it each time they are loaded.
 */
export class Trust {
  readonly #vault: Vault;
  readonly #store: Store;
  #keys: TrustStore;
  #agents: Verified<Agents> | undefined;
  #inventory: InventoryView | undefined;

  private constructor(vault: Vault, store: Store, keys: TrustStore) {
    this.#vault = vault;
    this.#store = store;
    this.#keys = keys;
  }

  static async load(vault: Vault, store: Store): Promise<Trust> {
    const envelope = checkEnvelope(await vault.trust("keys"));
    const trust = new Trust(vault, store, await openPinnedKeys(envelope, sha256(jcs(peekPayload(envelope)))));
    const agents = await store.read((tx) => loadDocument(tx, "agents"));
    if (agents) trust.#agents = await ignoringUnsigned(openAgents(agents, trust.#keys));
    const inventory = await store.read((tx) => loadDocument(tx, "inventory"));
    if (inventory) trust.#inventory = await ignoringUnsigned(openInventory(inventory, trust.#keys));
    return trust;
  }

  get keys(): TrustStore {
    return this.#keys;
  }

  get agents(): Verified<Agents> | undefined {
    return this.#agents;
  }

  get inventory(): InventoryView | undefined {
    return this.#inventory;
  }

  /** Takes a newer document, once it holds; an older or unsigned one is refused and nothing changes. */
  async take(kind: "keys" | "agents" | "inventory", bytes: Uint8Array): Promise<void> {
    const envelope = parseEnvelope(bytes);
    switch (kind) {
      case "keys":
        await this.#takeKeys(envelope);
        return;
      case "agents": {
        const agents = await openAgents(envelope, this.#keys);
        requireNewer(agents.document.version, this.#agents?.document.version);
        await this.#store.tx("trust:agents", (tx) =>
          saveDocument(tx, "agents", { envelope, digest: agents.digest, version: agents.document.version }),
        );
        this.#agents = agents;
        return;
      }
      case "inventory": {
        const inventory = await openInventory(envelope, this.#keys);
        const { version } = inventory.inventory.document;
        requireNewer(version, this.#inventory?.inventory.document.version);
        await this.#store.tx("trust:inventory", (tx) =>
          saveDocument(tx, "inventory", { envelope, digest: inventory.digest, version }),
        );
        this.#inventory = inventory;
        return;
      }
      default:
        kind satisfies never;
    }
  }

  async #takeKeys(envelope: Envelope): Promise<void> {
    const newer = await openNewerKeys(envelope, this.#keys);
    await this.#vault.setTrust("keys", envelope);
    this.#keys = newer;
    // What a person who is no longer keyadmin signed no longer counts.
    if (this.#agents) this.#agents = await this.#again("agents", (held) => openAgents(held, newer));
    if (this.#inventory) this.#inventory = await this.#again("inventory", (held) => openInventory(held, newer));
  }

  async #again<T>(kind: "agents" | "inventory", open: (envelope: Envelope) => Promise<T>): Promise<T | undefined> {
    const held = await this.#store.read((tx) => loadDocument(tx, kind));
    return held ? ignoringUnsigned(open(held)) : undefined;
  }

  /** The keys that a configuration of this site is sealed to: its agents as countersigned, and the recovery key. */
  recipients(site: SiteId, own: BoxPublicKey): readonly BoxPublicKey[] {
    const agents = this.#agents?.document.agents ?? [];
    const keys = agents
      .filter((entry) => entry.site === site && entry.status === "active")
      .map((entry) => entry.boxKey);
    return [...new Set([own, ...keys, this.#keys.keys.document.recovery])];
  }

  isBanned(agent: AgentId): boolean {
    return this.ban(agent) !== undefined;
  }

  /** The ban as the keyadmin's own words say it. */
  ban(agent: AgentId): { readonly reason: string } | undefined {
    const entry = this.#agents?.document.agents.find((one) => one.id === agent && one.status === "banned");
    return entry && { reason: entry.reason ?? "no reason given" };
  }
}

export async function raiseFloor(store: Store, provedSeconds: number): Promise<void> {
  await store.tx("time-floor", (tx) => raiseTimeFloor(tx, provedSeconds * 1000));
}

async function ignoringUnsigned<T>(opened: Promise<T>): Promise<T | undefined> {
  try {
    return await opened;
  } catch (error) {
    if (error instanceof FarhandError) return undefined;
    throw error;
  }
}

function requireNewer(version: number, held: number | undefined): void {
  if (held !== undefined && version < held) throw new FarhandError("KEYS_VERSION", `version ${version}, held ${held}`);
}
