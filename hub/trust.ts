import type { Agents, AgentEntry } from "../shared/documents/agents.ts";
import type { Clock } from "../shared/clock.ts";
import { envelopeBytes, peekPayload, readAs, type Envelope } from "../shared/envelope.ts";
import { FarhandError } from "../shared/errors.ts";
import { FRAME_BYTES_MAX } from "../shared/wire/frame.ts";
import type { AgentId, Digest } from "../shared/ids.ts";
import type { Signer } from "../shared/keys.ts";
import type { Store } from "../shared/store.ts";
import { sha256, fromBase64url } from "../shared/bytes.ts";
import { Keys } from "../shared/documents/keys.ts";
import {
  agentEntry,
  openAgents,
  openInventory,
  openNewerKeys,
  openPinnedKeys,
  type InventoryView,
  type TrustStore,
  type Verified,
} from "../shared/trust.ts";
import { audit } from "./store/audit.ts";
import { bury } from "./store/tombstones.ts";
import { addDocument, allDocuments, latestDocument, type DocumentKind } from "./store/documents.ts";

/** A document travels to agents in one frame. */
const DOCUMENT_BYTES_MAX = FRAME_BYTES_MAX - 1024;

export interface TrustState {
  readonly trust: TrustStore;
  readonly agents: Verified<Agents> | undefined;
  readonly inventory: InventoryView | undefined;
  /** Envelopes as they were signed, for handing on. */
  readonly envelopes: Readonly<Partial<Record<DocumentKind, Envelope>>>;
}

interface HubIdentity {
  readonly id: string;
  readonly signer: Signer;
  /** The public half of what opens evidence that comes as files. */
  readonly evidence?: string;
}

/** The signed documents that this hub acts under. It holds them; it cannot make them. */
export class TrustHolder {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #hub: HubIdentity;
  #state: TrustState | undefined;
  readonly #listeners = new Set<(state: TrustState, kind: DocumentKind) => void>();

  constructor(store: Store, clock: Clock, hub: HubIdentity) {
    this.#store = store;
    this.#clock = clock;
    this.#hub = hub;
  }

  get state(): TrustState | undefined {
    return this.#state;
  }

  /** Throws CONFLICT until the organisation has published its keys.json. */
  require(): TrustState {
    if (!this.#state) throw new FarhandError("CONFLICT", "this hub has no keys.json yet");
    return this.#state;
  }

  requireInventory(): { state: TrustState; inventory: InventoryView } {
    const state = this.require();
    if (!state.inventory) throw new FarhandError("CONFLICT", "this hub has no signed inventory yet");
    return { state, inventory: state.inventory };
  }

  /** Called once a newer document is on disk and in force. */
  onChange(listener: (state: TrustState, kind: DocumentKind) => void): void {
    this.#listeners.add(listener);
  }

  agent(id: AgentId): AgentEntry | undefined {
    return this.#state?.agents && agentEntry(this.#state.agents.document, id);
  }

  async load(): Promise<void> {
    let trust: TrustStore | undefined;
    const envelopes: Partial<Record<DocumentKind, Envelope>> = {};
    for (const row of await allDocuments(this.#store, "keys")) {
      trust = trust ? await openNewerKeys(row.envelope, trust) : await openPinnedKeys(row.envelope, row.sha256);
      envelopes.keys = row.envelope;
    }
    if (!trust) return;
    const agents = await latestDocument(this.#store, "agents");
    const inventory = await latestDocument(this.#store, "inventory");
    if (agents) envelopes.agents = agents.envelope;
    if (inventory) envelopes.inventory = inventory.envelope;
    this.#state = await assemble(trust, envelopes);
  }

  /** Takes a newer document that its keyadmins signed. The same one again is answered the same. */
  async accept(kind: DocumentKind, envelope: Envelope, actor: string): Promise<{ sha256: Digest; version: number }> {
    if (envelopeBytes(envelope).length > DOCUMENT_BYTES_MAX) throw new FarhandError("ENVELOPE_TOO_LARGE", kind);
    const digest = sha256(fromBase64url(envelope.payload));
    const next = await this.#opened(kind, envelope, digest);
    const version = versionOf(next, kind);
    const held = await latestDocument(this.#store, kind);
    if (held?.sha256 === digest) return { sha256: digest, version };
    if (held && version <= held.version) {
      throw new FarhandError("CONFLICT", `${kind} version ${held.version} is held; this is ${version}`);
    }
    const nowMs = this.#clock.nowMs();
    await this.#store.tx("trust.accept", async (tx) => {
      if (kind === "agents" && next.agents) await bury(tx, this.#state?.agents?.document, next.agents.document, nowMs);
      await addDocument(tx, kind, { version, sha256: digest, envelope }, nowMs);
      await audit(tx, nowMs, {
        actor,
        action: "trust.put",
        object: `${kind} v${version}`,
        digest,
        decision: "allowed",
      });
    });
    this.#state = next;
    for (const listener of this.#listeners) listener(next, kind);
    return { sha256: digest, version };
  }

  async #opened(kind: DocumentKind, envelope: Envelope, digest: Digest): Promise<TrustState> {
    const envelopes = { ...this.#state?.envelopes, [kind]: envelope };
    switch (kind) {
      case "keys": {
        const held = this.#state?.trust;
        const trust = held ? await openNewerKeys(envelope, held) : await openPinnedKeys(envelope, digest);
        this.#checkHub(readAs(Keys, peekPayload(envelope)));
        return assemble(trust, envelopes);
      }
      case "agents": {
        const state = this.require();
        return { ...state, envelopes, agents: await openAgents(envelope, state.trust) };
      }
      case "inventory": {
        const state = this.require();
        return { ...state, envelopes, inventory: await openInventory(envelope, state.trust) };
      }
      default:
        return kind satisfies never;
    }
  }

  /** Agents believe offers of the hub that keys.json names: it had better be this one. */
  #checkHub(keys: Keys): void {
    if (keys.hub.id !== this.#hub.id) throw new FarhandError("CONFLICT", `keys.json names hub ${keys.hub.id}`);
    if (!keys.hub.keys.some((key) => key.kid === this.#hub.signer.kid)) {
      throw new FarhandError("CONFLICT", "keys.json does not list this hub's key");
    }
    const { evidence } = this.#hub;
    if (evidence !== undefined && keys.hub.evidence !== undefined && keys.hub.evidence !== evidence)
      throw new FarhandError(
        "CONFLICT",
        "keys.json names another evidence key: what sites send as files would not open",
      );
  }
}

function versionOf(state: TrustState, kind: DocumentKind): number {
  switch (kind) {
    case "keys":
      return state.trust.keys.document.version;
    case "agents":
      return state.agents?.document.version ?? 0;
    case "inventory":
      return state.inventory?.inventory.document.version ?? 0;
    default:
      return kind satisfies never;
  }
}

/** Documents whose signers the newer keys.json no longer lists count as absent until they are signed again. */
async function assemble(trust: TrustStore, envelopes: TrustState["envelopes"]): Promise<TrustState> {
  const agents = envelopes.agents && (await orAbsent(openAgents(envelopes.agents, trust)));
  const inventory = envelopes.inventory && (await orAbsent(openInventory(envelopes.inventory, trust)));
  return { trust, agents, inventory, envelopes };
}

async function orAbsent<T>(opening: Promise<T>): Promise<T | undefined> {
  try {
    return await opening;
  } catch (error) {
    if (error instanceof FarhandError) return undefined;
    throw error;
  }
}
