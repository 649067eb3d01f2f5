import { parseCanonical } from "../../shared/bytes.ts";
import type { Clock } from "../../shared/clock.ts";
import { Manifest, type TaskSpec } from "../../shared/documents/manifest.ts";
import { readAs, type Envelope } from "../../shared/envelope.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { AgentId, DeviceId, Digest, PlatformId, SiteId } from "../../shared/ids.ts";
import type { Store } from "../../shared/store.ts";
import type { InventoryView } from "../../shared/trust.ts";
import { loggedFrom } from "../../shared/verify/logged.ts";
import { NO_MEMORY } from "../../shared/verify/revoked.ts";
import { verifyBreakglass, type VerifiedBreakglass } from "../../shared/verify/breakglass.ts";
import {
  verifyGrant,
  verifyWork,
  type VerifiedGrant,
  type VerifiedWork,
  type VerifierContext,
  type WorkDocuments,
} from "../../shared/verify/work.ts";
import type { Driver, DriverFor } from "../../drivers/types.ts";
import { isMore, type HeldEvidence } from "../certify/held.ts";
import { hasText, loadText, saveText } from "../journal/holdings.ts";
import { readmittedAtMs } from "../journal/life.ts";
import { lostBeforeMs, timeFloorMs } from "../journal/meta.ts";
import type { Holds } from "../holds.ts";
import type { LocalRules, PolicyFacts } from "../policy/local-policy.ts";
import { loadRevocationMemory } from "../journal/revocations.ts";
import type { Trust } from "../trust.ts";
import { riskFrom, textsOf } from "./risk.ts";

/** How far this clock may be off; unambiguous starts only. */
export const CLOCK_ERROR_MS = 2_000;
const TEXTS_BYTES_MAX = 64 * 1024 * 1024;

export interface VerifierOptions {
  readonly trust: Pick<Trust, "keys" | "inventory" | "isBanned">;
  readonly store: Store;
  readonly clock: Clock;
  readonly agent: AgentId;
  readonly site: SiteId;
  readonly driverFor: DriverFor;
  /** What was proved of drivers on devices of a laboratory; without it their files say. */
  readonly proofs?: Pick<HeldEvidence, "bestOf">;
  readonly fetch: (digest: Digest, bytesMax: number) => Promise<Uint8Array>;
  readonly local: Pick<LocalRules, "read" | "check">;
  readonly holds: Pick<Holds, "requireFree">;
  /** Throws while this agent's state is in doubt. */
  readonly requireSound: () => void;
}

/** Whether people authorised exactly this work for this agent, with the trust that is held now. */
export class Verifier {
  readonly #options: VerifierOptions;

  constructor(options: VerifierOptions) {
    this.#options = options;
  }

  /**
   * Signatures first, texts after: bytes that nobody signed make the agent fetch nothing. With the texts at hand the risk is
   * derived in full and everything is checked once more.
   */
  async verify(brought: WorkDocuments): Promise<VerifiedWork> {
    this.#options.requireSound();
    const context = await this.#context();
    const { authority, breakglass, proofs = [] } = brought;
    const envelopes = breakglass ? [authority, breakglass] : [authority];
    const documents = { ...brought, logged: loggedFrom(proofs, envelopes, context.memory ?? NO_MEMORY) };
    const first = await verifyWork(documents, { ...context, riskOf: this.#riskOf(new Map()) });
    const texts = await this.#texts(first.manifest);
    const work = await verifyWork(documents, { ...context, riskOf: this.#riskOf(texts) });
    this.#checkEvidence(work, context.inventory);
    await this.#refuseForgotten(work);
    const beginsMs = Math.max(context.time.nowMs, work.notBefore * 1000);
    this.#options.local.check(work.manifest, { ...this.#facts(texts), beginsMs });
    await this.#options.holds.requireFree(this.#changed(work.manifest, texts));
    return work;
  }

  /** Whether one task of what has started may still begin: the site's own word may have changed since, its window closed, or a person be at the device. */
  async requireBegin(task: TaskSpec): Promise<void> {
    const { local, clock, requireSound, holds } = this.#options;
    requireSound();
    if (local.read() !== null) {
      const texts = await this.#texts({ tasks: [task] });
      local.check({ tasks: [task] }, { ...this.#facts(texts), beginsMs: clock.nowMs() });
    }
    await holds.requireFree(this.#changed({ tasks: [task] }));
  }

  /** On how many devices it does anything but read. */
  changesIn(manifest: Pick<Manifest, "tasks">): number {
    return this.#changed(manifest).length;
  }

  /** The devices that hear anything but a read. The texts of a change say how bad it is, not whether it is one. */
  #changed(manifest: Pick<Manifest, "tasks">, texts: ReadonlyMap<Digest, string> = new Map()): DeviceId[] {
    const riskOf = this.#riskOf(texts);
    return manifest.tasks.filter((task) => riskOf(task) !== "read").map((task) => task.device);
  }

  #facts(texts: ReadonlyMap<Digest, string>): Omit<PolicyFacts, "beginsMs"> {
    const { driverFor } = this.#options;
    const driverDigest = (platform: PlatformId): Digest | undefined => driverFor(platform)?.digest;
    return { inventory: this.#inventory(), riskOf: this.#riskOf(texts), driverDigest };
  }

  /** What a grant by itself is checked against. */
  async grant(envelope: Envelope): Promise<VerifiedGrant> {
    return verifyGrant({ authority: envelope }, await this.#context());
  }

  /** A break-glass by itself: who brings a bundle under it is let in by it. */
  async breakglass(envelope: Envelope): Promise<VerifiedBreakglass> {
    return verifyBreakglass(envelope, await this.#context());
  }

  /** Single use is known from the journal. After one was lost, a change must have been signed since: nobody here knows whether it was made. */
  async #refuseForgotten({ warrant, breakglass }: VerifiedWork): Promise<void> {
    const lostMs = await this.#options.store.read(lostBeforeMs);
    const readmittedMs = await this.#options.store.read(readmittedAtMs);
    // Not under a grant: its manifests are no one's signature, and reads.
    const signedMs = Math.min(warrant?.iat ?? Infinity, breakglass?.breakglass.iat ?? Infinity) * 1000;
    if (signedMs <= readmittedMs)
      throw new FarhandError("REPLAY", "the agent's state went back since this was signed; have it signed again");
    if (breakglass && breakglass.breakglass.iat * 1000 <= lostMs)
      throw new FarhandError(
        "REPLAY",
        "the journal that knew whether this break-glass was used is lost; have one signed anew",
      );
    if ((warrant?.kind === "change" || warrant?.kind === "rotate") && warrant.iat * 1000 <= lostMs)
      throw new FarhandError("REPLAY", "the agent's journal was lost since this was signed; have it signed again");
  }

  /** What the driver was proved on is this agent's to say: a manifest that claims more would pass by what people must accept by name. */
  #checkEvidence({ manifest, warrant }: VerifiedWork, inventory: InventoryView): void {
    for (const task of manifest.tasks) {
      const device = inventory.device(task.device);
      const driver = device && this.#options.driverFor(device.platform, device.transport);
      const held = driver && (this.#options.proofs?.bestOf(driver) ?? driver.evidence);
      if (task.kind === "change" && driver && held && isMore(task.evidence, held))
        throw new FarhandError("EVIDENCE_TOO_LOW", `${task.evidence} is claimed, ${held} held for ${driver.platform}`);
      const accepted = warrant?.accepts.simulatedEvidence ?? [];
      if (task.kind === "rotate" && driver?.evidence === "simulated" && !accepted.includes(driver.platform))
        throw new FarhandError("EVIDENCE_TOO_LOW", driver.platform);
    }
  }

  async #context(): Promise<Omit<VerifierContext, "riskOf">> {
    const { trust, store, clock, agent, site, driverFor } = this.#options;
    const inventory = this.#inventory();
    if (trust.isBanned(agent)) throw new FarhandError("AGENT_BANNED");
    const floorMs = await store.read(timeFloorMs);
    return {
      memory: await store.read(loadRevocationMemory),
      trust: trust.keys,
      inventory,
      agent,
      site,
      time: { nowMs: clock.nowMs(), errorMs: CLOCK_ERROR_MS, floorMs },
      platformDigest: (platform) => driverFor(platform as Driver["platform"])?.digest,
    };
  }

  #inventory(): InventoryView {
    const { inventory } = this.#options.trust;
    if (!inventory) throw new FarhandError("INVENTORY_MISMATCH", "this agent holds no signed inventory yet");
    return inventory;
  }

  #riskOf(texts: ReadonlyMap<Digest, string>): VerifierContext["riskOf"] {
    const { driverFor } = this.#options;
    return riskFrom({ inventory: this.#inventory(), driverFor, text: (digest) => texts.get(digest) });
  }

  async #texts(manifest: Pick<Manifest, "tasks">): Promise<ReadonlyMap<Digest, string>> {
    const { store, fetch } = this.#options;
    const wanted = textsOf(manifest);
    const total = [...wanted.values()].reduce((sum, bytes) => sum + bytes, 0);
    if (total > TEXTS_BYTES_MAX) throw new FarhandError("ENVELOPE_TOO_LARGE", "the texts of one manifest");
    const texts = new Map<Digest, string>();
    for (const [digest, bytesMax] of wanted) {
      if (!(await store.read((tx) => hasText(tx, digest)))) {
        const bytes = await fetch(digest, bytesMax);
        await store.tx("text", (tx) => saveText(tx, bytes));
      }
      texts.set(
        digest,
        new TextDecoder("utf-8", { fatal: true }).decode(await store.read((tx) => loadText(tx, digest))),
      );
    }
    return texts;
  }
}

/** A manifest that was verified when it was accepted: read again, not trusted again. */
export const readAcceptedManifest = (bytes: Uint8Array): Manifest => readAs(Manifest, parseCanonical(bytes));
