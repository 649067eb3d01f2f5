import type { Clock } from "../shared/clock.ts";
import type { Agents } from "../shared/documents/agents.ts";
import { FarhandError } from "../shared/errors.ts";
import type { AgentId, SiteId } from "../shared/ids.ts";
import type { BoxPublicKey } from "../shared/keys.ts";
import type { Store } from "../shared/store.ts";
import type { InventoryView, TrustStore, Verified } from "../shared/trust.ts";
import { openTrustUpdate, reopenTrust, type TrustView } from "../shared/tuf/open.ts";
import { staleRole, type TrustFacts, type TrustUpdate } from "../shared/tuf/set.ts";
import type { VerifiedWork } from "../shared/verify/work.ts";
import { timeFloorMs } from "./journal/meta.ts";
import { rememberRevocations } from "./journal/revocations.ts";
import type { Vault } from "./vault/vault.ts";

/**
 * The trust repository that this agent holds: one set, taken whole and kept in the vault, because what is sealed there nobody else can have
 * put there.
 */
export class Trust {
  readonly #vault: Vault;
  readonly #store: Store;
  readonly #clock: Clock;
  #view: TrustView;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(vault: Vault, store: Store, clock: Clock, view: TrustView) {
    this.#vault = vault;
    this.#store = store;
    this.#clock = clock;
    this.#view = view;
  }

  static async load(vault: Vault, store: Store, clock: Clock): Promise<Trust> {
    return new Trust(vault, store, clock, await reopenTrust(await vault.trust()));
  }

  get view(): TrustView {
    return this.#view;
  }

  get facts(): TrustFacts {
    return this.#view.facts;
  }

  get keys(): TrustStore {
    return this.#view.keys;
  }

  get agents(): Verified<Agents> | undefined {
    return this.#view.agents;
  }

  get inventory(): InventoryView | undefined {
    return this.#view.inventory;
  }

  /** What would be in force after `update`; nothing is taken. */
  async preview(update: TrustUpdate): Promise<TrustView> {
    return openTrustUpdate(this.#view, update, { nowMs: await this.#nowMs() });
  }

  /** Takes all of it, in one transaction, or refuses it and goes on with what is held. False where it brings nothing new. */
  take(update: TrustUpdate): Promise<boolean> {
    const taken = this.#turn.then(async () => {
      const { versions } = this.facts;
      const next = await this.preview(update);
      if (next.facts.versions.timestamp === versions.timestamp && next.facts.versions.root === versions.root)
        return false;
      // Before it is in force: what was seen until now is what a revocation leaves.
      await this.#store.tx("trust:revoked", (tx) => rememberRevocations(tx, this.keys, next.keys));
      await this.#vault.setTrust(next.set);
      this.#view = next;
      return true;
    });
    this.#turn = taken.catch(() => undefined);
    return taken;
  }

  /**
   * Throws TRUST_STALE once a role's time is over: from then on a revocation may have been kept from this agent. A break-glass is for the time
   * when no hub lives to sign a timestamp; what people signed themselves must be in its time for that too.
   */
  async requireFresh(work: Pick<VerifiedWork, "breakglass">): Promise<void> {
    const stale = staleRole(this.facts, await this.#nowMs(), work.breakglass ? ["timestamp"] : []);
    if (stale) throw new FarhandError("TRUST_STALE", `${stale}.json ended ${endText(this.facts.expiresMs[stale])}`);
  }

  async #nowMs(): Promise<number> {
    return Math.max(this.#clock.nowMs(), await this.#store.read(timeFloorMs));
  }

  /** The keys that a configuration of this site is sealed to: its agents as countersigned, and the recovery key. */
  recipients(site: SiteId, own: BoxPublicKey): readonly BoxPublicKey[] {
    const agents = this.agents?.document.agents ?? [];
    const keys = agents
      .filter((entry) => entry.site === site && entry.status === "active")
      .map((entry) => entry.boxKey);
    return [...new Set([own, ...keys, this.keys.keys.document.recovery])];
  }

  isBanned(agent: AgentId): boolean {
    return this.ban(agent) !== undefined;
  }

  /** The ban as the keyadmin's own words say it. */
  ban(agent: AgentId): { readonly reason: string } | undefined {
    const entry = this.agents?.document.agents.find((one) => one.id === agent && one.status === "banned");
    return entry && { reason: entry.reason ?? "no reason given" };
  }
}

const endText = (ms: number): string => new Date(ms).toISOString();
