import { sha256, fromBase64url, type Bytes } from "../shared/bytes.ts";
import type { Clock } from "../shared/clock.ts";
import type { Agents, AgentEntry } from "../shared/documents/agents.ts";
import type { Keys } from "../shared/documents/keys.ts";
import { envelopeBytes, type Envelope } from "../shared/envelope.ts";
import { FarhandError } from "../shared/errors.ts";
import type { AgentId } from "../shared/ids.ts";
import type { Signer } from "../shared/keys.ts";
import type { Store, Tx } from "../shared/store.ts";
import { agentEntry, type InventoryView, type TrustStore, type Verified } from "../shared/trust.ts";
import { makeTimestamp, nextTimestampVersion, signMetadata } from "../shared/tuf/make.ts";
import { DOCUMENTS, readMetadata, ROLES, type TrustDocument } from "../shared/tuf/metadata.ts";
import { documentEnvelope, openFirstTrust, openTrustUpdate, reopenTrust, type TrustView } from "../shared/tuf/open.ts";
import type { TrustFacts, TrustUpdate } from "../shared/tuf/set.ts";
import { audit } from "./store/audit.ts";
import { addDocument, latestDocument } from "./store/documents.ts";
import { bury } from "./store/tombstones.ts";
import { addMetadata, allMetadata, latestMetadata } from "./store/trust.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** How long an agent believes that nothing newer was published. What a hub that hides a revocation can gain. */
const TIMESTAMP_LIFETIME_MS = 7 * DAY_MS;

export interface TrustState {
  readonly view: TrustView;
  readonly trust: TrustStore;
  readonly agents: Verified<Agents> | undefined;
  readonly inventory: InventoryView | undefined;
  /** Envelopes as they were signed, for handing on. */
  readonly envelopes: Readonly<Partial<Record<TrustDocument, Envelope>>>;
  /** From the first one on. */
  readonly roots: readonly Bytes[];
}

/** What of the repository moved; `timestamp` alone when the hub only said again that it is the newest. */
export interface TrustChange {
  readonly documents: readonly TrustDocument[];
}

interface HubIdentity {
  readonly id: string;
  readonly signer: Signer;
  /** The public half of what opens evidence that comes as files. */
  readonly evidence?: string;
}

/** The trust repository that this hub acts under. It holds it and says which one is the newest; it cannot make it. */
export class TrustHolder {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #hub: HubIdentity;
  #state: TrustState | undefined;
  /** One change after another: a timestamp's version is taken once. */
  #turn: Promise<unknown> = Promise.resolve();
  readonly #listeners = new Set<(state: TrustState, change: TrustChange) => void>();

  constructor(store: Store, clock: Clock, hub: HubIdentity) {
    this.#store = store;
    this.#clock = clock;
    this.#hub = hub;
  }

  get state(): TrustState | undefined {
    return this.#state;
  }

  /** Throws CONFLICT until the organisation has published its trust repository. */
  require(): TrustState {
    if (!this.#state) throw new FarhandError("CONFLICT", "this hub has no trust documents yet");
    return this.#state;
  }

  requireInventory(): { state: TrustState; inventory: InventoryView } {
    const state = this.require();
    if (!state.inventory) throw new FarhandError("CONFLICT", "this hub has no signed inventory yet");
    return { state, inventory: state.inventory };
  }

  /** Called once what moved is on disk and in force. */
  onChange(listener: (state: TrustState, change: TrustChange) => void): void {
    this.#listeners.add(listener);
  }

  agent(id: AgentId): AgentEntry | undefined {
    return this.#state?.agents && agentEntry(this.#state.agents.document, id);
  }

  async load(): Promise<void> {
    const held = await latestMetadata(this.#store);
    if (!held) return;
    const documents: { [K in TrustDocument]?: Bytes } = {};
    const named = readMetadata("targets", held.targets.bytes).signed.targets;
    for (const name of DOCUMENTS) {
      if (!named[`${name}.json`]) continue;
      const row = await latestDocument(this.#store, name);
      if (row) documents[name] = envelopeBytes(row.envelope);
    }
    const { keys } = documents;
    if (!keys) throw new FarhandError("INTERNAL", "a trust repository without keys.json");
    const { root, timestamp, snapshot, targets } = held;
    const set = {
      root: root.bytes,
      timestamp: timestamp.bytes,
      snapshot: snapshot.bytes,
      targets: targets.bytes,
      documents: { ...documents, keys },
    };
    this.#state = stateOf(await reopenTrust(set), await allMetadata(this.#store, "root"));
  }

  /** Takes what its keyadmins and root signed, all of it or nothing, and says from now on that it is the newest. */
  accept(update: TrustUpdate, actor: string): Promise<TrustFacts["versions"]> {
    return this.#next(async () => {
      const held = this.#state;
      const nowMs = this.#clock.nowMs();
      const snapshot = update.snapshot ?? held?.view.set.snapshot;
      if (!snapshot) throw new FarhandError("TRUST_MISMATCH", "the set is not whole");
      const timestamp = await this.#timestamp(snapshot, TIMESTAMP_LIFETIME_MS);
      const stamped = { ...update, timestamp };
      const view = held
        ? await openTrustUpdate(held.view, stamped, { nowMs })
        : await openFirstTrust(firstRoot(update), stamped, { nowMs });
      this.#checkHub(view);
      if (held && isSame(held.view, view)) return held.view.facts.versions;
      await this.#save(view, update, { actor, nowMs });
      return view.facts.versions;
    });
  }

  /** Says again that what is held is the newest; once an hour, so that agents can tell a hub that is cut off from one that lies. */
  async refresh(): Promise<void> {
    const held = this.#state;
    if (!held) return;
    const due = held.view.facts.expiresMs.timestamp - TIMESTAMP_LIFETIME_MS + HOUR_MS;
    if (this.#clock.nowMs() < due) return;
    await this.#next(() => this.#stamp());
  }

  /**
   * A timestamp for those who hear from this hub by courier: believed for longer, because it has to travel. Everybody else gets the ordinary one
   * that is signed after it, so its version is used once.
   */
  timestampFor(lifetimeMs: number): Promise<Bytes> {
    return this.#next(async () => {
      const carried = await this.#timestamp(
        this.require().view.set.snapshot,
        Math.max(lifetimeMs, TIMESTAMP_LIFETIME_MS),
      );
      await this.#stamp(readMetadata("timestamp", carried).signed.version + 1);
      return carried;
    });
  }

  async #stamp(atLeast = 0): Promise<void> {
    const state = this.require();
    const nowMs = this.#clock.nowMs();
    const timestamp = await this.#timestamp(state.view.set.snapshot, TIMESTAMP_LIFETIME_MS, atLeast);
    const view = await openTrustUpdate(state.view, { timestamp }, { nowMs });
    const version = view.facts.versions.timestamp;
    await this.#store.tx("trust.stamp", (tx) => addMetadata(tx, "timestamp", { version, bytes: timestamp }, nowMs));
    this.#inForce(stateOf(view, state.roots), { documents: [] });
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #timestamp(snapshot: Bytes, lifetimeMs: number, atLeast = 0): Promise<Bytes> {
    const nowMs = this.#clock.nowMs();
    const last = this.#state?.view.facts.versions.timestamp ?? 0;
    const version = Math.max(nextTimestampVersion(last, nowMs), atLeast);
    const signed = makeTimestamp({ version, expiresMs: nowMs + lifetimeMs, snapshot });
    return signMetadata("timestamp", signed, [this.#hub.signer]);
  }

  async #save(view: TrustView, update: TrustUpdate, by: { actor: string; nowMs: number }): Promise<void> {
    const { actor, nowMs } = by;
    const held = this.#state;
    const before = held?.view.facts.versions;
    const { versions } = view.facts;
    const next = stateOf(view, rootsAfter(held?.roots ?? [], update.roots ?? [], versions.root));
    const moved = DOCUMENTS.filter((name) => !sameBytes(view.set.documents[name], held?.view.set.documents[name]));
    await this.#store.tx("trust.accept", async (tx) => {
      if (moved.includes("agents") && next.agents) await bury(tx, held?.agents?.document, next.agents.document, nowMs);
      for (const name of moved) await saveDocument(tx, next, name, nowMs);
      for (const bytes of next.roots.slice(held?.roots.length ?? 0))
        await addMetadata(tx, "root", { version: readMetadata("root", bytes).signed.version, bytes }, nowMs);
      for (const role of ROLES) {
        if (role === "root" || before?.[role] === versions[role]) continue;
        await addMetadata(tx, role, { version: versions[role], bytes: view.set[role] }, nowMs);
      }
      await audit(tx, nowMs, {
        actor,
        action: "trust.put",
        object: `root v${versions.root} targets v${versions.targets}`,
        digest: sha256(view.set.targets),
        decision: "allowed",
        detail: moved.map((name) => `${name} v${versionOf(next, name)}`).join(", ") || "nothing but its roles",
      });
    });
    this.#inForce(next, { documents: moved });
  }

  #inForce(state: TrustState, change: TrustChange): void {
    this.#state = state;
    for (const listener of this.#listeners) listener(state, change);
  }

  /** Agents believe offers of the hub that keys.json names, and timestamps of the one that root names: both had better be this one. */
  #checkHub(view: TrustView): void {
    const { hub }: Keys = view.keys.keys.document;
    const { kid } = this.#hub.signer;
    if (hub.id !== this.#hub.id) throw new FarhandError("CONFLICT", `keys.json names hub ${hub.id}`);
    if (!hub.keys.some((key) => key.kid === kid))
      throw new FarhandError("CONFLICT", "keys.json does not list this hub's key");
    if (!view.facts.timestampKeys.includes(kid))
      throw new FarhandError("CONFLICT", "root.json does not list this hub's key for timestamps");
    const { evidence } = this.#hub;
    if (evidence !== undefined && hub.evidence !== undefined && hub.evidence !== evidence)
      throw new FarhandError(
        "CONFLICT",
        "keys.json names another evidence key: what sites send as files would not open",
      );
  }
}

function firstRoot(update: TrustUpdate): Bytes {
  const root = update.roots?.[0];
  if (!root) throw new FarhandError("TRUST_MISMATCH", "the first set of a hub begins with root.json");
  return root;
}

/** All that was signed so far, and of the news each version once. */
function rootsAfter(held: readonly Bytes[], given: readonly Bytes[], last: number): readonly Bytes[] {
  const known = held.map((root) => readMetadata("root", root).signed.version).at(-1) ?? 0;
  const fresh = given.filter((root) => {
    const { version } = readMetadata("root", root).signed;
    return version > known && version <= last;
  });
  return [...held, ...fresh];
}

const sameBytes = (a: Bytes | undefined, b: Bytes | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && sha256(a) === sha256(b));

const isSame = (a: TrustView, b: TrustView): boolean =>
  a.facts.versions.root === b.facts.versions.root &&
  sameBytes(a.set.snapshot, b.set.snapshot) &&
  sameBytes(a.set.targets, b.set.targets);

function stateOf(view: TrustView, roots: readonly Bytes[]): TrustState {
  const { keys, agents, inventory } = view.set.documents;
  return {
    view,
    trust: view.keys,
    agents: view.agents,
    inventory: view.inventory,
    envelopes: {
      keys: documentEnvelope(keys),
      ...(agents && { agents: documentEnvelope(agents) }),
      ...(inventory && { inventory: documentEnvelope(inventory) }),
    },
    roots,
  };
}

async function saveDocument(tx: Tx, state: TrustState, name: TrustDocument, nowMs: number): Promise<void> {
  const envelope = state.envelopes[name];
  if (!envelope) return;
  const digest = sha256(fromBase64url(envelope.payload));
  await addDocument(tx, name, { version: versionOf(state, name), sha256: digest, envelope }, nowMs);
}

function versionOf(state: TrustState, name: TrustDocument): number {
  switch (name) {
    case "keys":
      return state.trust.keys.document.version;
    case "agents":
      return state.agents?.document.version ?? 0;
    case "inventory":
      return state.inventory?.inventory.document.version ?? 0;
    default:
      return name satisfies never;
  }
}
