import { sha256, type Bytes } from "../shared/bytes.ts";
import type { Offer } from "../shared/documents/offer.ts";
import type { Envelope } from "../shared/envelope.ts";
import { errorCode, FarhandError, type ErrorCode } from "../shared/errors.ts";
import type { AgentId, DeviceId, Digest } from "../shared/ids.ts";
import type { Store, Tx } from "../shared/store.ts";
import { matchOffer, verifyCancel, verifyOffer, type VerifiedWork, type WorkDocuments } from "../shared/verify/work.ts";
import { BODY_BYTES_MAX } from "../shared/wire/frame.ts";
import type { DownHeader, UpHeader } from "../shared/wire/messages.ts";
import type { Assignments } from "./assignments.ts";
import type { AssignmentKey, Event } from "./core/model.ts";
import { checkFence, spendGrant, takeSequence } from "./journal/admission.ts";
import { useBreakglass } from "./journal/breakglass.ts";
import { loadAggregate } from "./journal/assignments.ts";
import { appendRecord } from "./journal/outbox.ts";
import { hasText, releaseWork, saveWork } from "./journal/holdings.ts";
import { raiseTimeFloor } from "./journal/meta.ts";
import type { LocalRules } from "./policy/local-policy.ts";
import type { Trust } from "./trust.ts";
import { textsOf } from "./verify/risk.ts";
import type { Verifier } from "./verify/verifier.ts";
import { requireUndoubted } from "./witness.ts";

export interface IntakeOptions {
  readonly trust: Trust;
  readonly store: Store;
  readonly assignments: Assignments;
  readonly verifier: Verifier;
  readonly local: LocalRules;
  readonly agent: AgentId;
  readonly nowMs: () => number;
  readonly fetch: (digest: Digest, bytesMax: number) => Promise<Bytes>;
  readonly reject: (header: UpHeader<"reject">) => void;
  readonly refusedUnheard: (code: ErrorCode, detail: string | undefined) => void;
}

/** Offers whose manifest has not come yet; a hub that sends more than this forgets to send manifests, and the oldest make room. */
const WAITING_MAX = 64;
/** Faults of the link and not of the work: nothing is stored, the hub offers again. */
const TRANSIENT: ReadonlySet<ErrorCode> = new Set([
  "BUNDLE_INCOMPLETE",
  "CONNECTION_LOST",
  "DISK_FULL",
  "CANCELED",
  "IO",
]);

const FLOOR_AHEAD_MS = 120_000;

/** What an offer and a line of a bundle's index have in common: the hub's numbers for one (manifest, attempt). */
export interface Permit extends Pick<Offer, "authority" | "manifest" | "attempt" | "sequence" | "fence"> {
  /** When its signer says that it was made; null where that proves nothing about the time. */
  readonly iat: number | null;
}

/** What became of a permit. `transient` is a fault of the carrier: nothing was stored. */
export type Taken =
  | { readonly outcome: "accepted" | "held" }
  | { readonly outcome: "refused" | "transient"; readonly code: ErrorCode; readonly detail: string | null };

export interface OwnWork {
  readonly authority: { readonly kind: "grant"; readonly sha256: Digest };
  readonly envelope: Envelope;
  readonly manifest: Bytes;
  /** In the transaction that accepts it. */
  readonly before: (tx: Tx) => Promise<void>;
}

/** What people signed for the work of a permit. */
export type Signed = Pick<WorkDocuments, "authority" | "breakglass" | "proofs">;

/** What an on-call person brought, with the break-glass that let the person in. */
export interface BroughtWork {
  readonly authority: Permit["authority"];
  readonly envelope: Envelope;
  readonly breakglass: Envelope;
  readonly manifest: Bytes;
}

/** It travels home as one record. */
const BROUGHT_BYTES_MAX = 100_000;

interface Waiting {
  readonly offer: Offer;
  readonly signed: Signed;
}

/** What the hub offers and takes back: verified here, committed, and only then answered. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #waiting = new Map<Digest, Waiting>();

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  async offer(header: DownHeader<"offer">, nonces: ReadonlySet<string>): Promise<void> {
    const { trust, agent, refusedUnheard } = this.#options;
    let offer: Offer;
    try {
      offer = await verifyOffer(header.offer, { trust: trust.keys, agent, nonces });
    } catch (error) {
      // Nobody vouches for what it says, so there is nobody to answer.
      refusedUnheard(errorCode(error), error instanceof FarhandError ? error.detail : undefined);
      return;
    }
    if (this.#waiting.size >= WAITING_MAX) {
      const [oldest] = this.#waiting.keys();
      if (oldest !== undefined) this.#waiting.delete(oldest);
    }
    const { authority, breakglass, proofs } = header;
    const signed = { authority, ...(breakglass && { breakglass }), ...(proofs && { proofs }) };
    this.#waiting.set(offer.manifest, { offer, signed });
    if (header.manifestBytes <= BODY_BYTES_MAX) return;
    try {
      await this.manifest({ sha256: offer.manifest }, await this.#options.fetch(offer.manifest, header.manifestBytes));
    } catch (error) {
      this.#waiting.delete(offer.manifest);
      refusedUnheard(errorCode(error), "the manifest did not come");
    }
  }

  async manifest(header: DownHeader<"manifest">, bytes: Bytes): Promise<void> {
    const waiting = this.#waiting.get(header.sha256);
    if (!waiting) {
      this.#options.refusedUnheard("OFFER_MISMATCH", "a manifest that no offer named");
      return;
    }
    this.#waiting.delete(header.sha256);
    await this.take(waiting.offer, waiting.signed, bytes);
  }

  /** The one way in for work, whatever carried it: an offer in answer to a pull, or a bundle that a site operator admitted. */
  async take(permit: Permit, signed: Signed, bytes: Bytes): Promise<Taken> {
    const key: AssignmentKey = { manifest: permit.manifest, attempt: permit.attempt };
    const held = await this.#answerHeld(key, permit);
    if (held) return held;
    const documents: WorkDocuments = { authorityKind: permit.authority.kind, ...signed, manifest: bytes };
    try {
      await this.#options.store.read(requireUndoubted);
      if (sha256(bytes) !== permit.manifest)
        throw new FarhandError("MANIFEST_UNKNOWN", "other bytes than the offer names");
      const work = await this.#options.verifier.verify(documents);
      await this.#options.trust.requireFresh(work);
      matchOffer(permit, work);
      await this.#accept(key, permit, work, documents);
      return { outcome: "accepted" };
    } catch (error) {
      const code = errorCode(error);
      if (code === "INTERNAL" || TRANSIENT.has(code)) {
        const detail = error instanceof FarhandError ? error.detail : String(error).slice(0, 200);
        this.#options.refusedUnheard(code, detail);
        return { outcome: "transient", code, detail: detail ?? null };
      }
      const detail = error instanceof FarhandError ? (error.detail ?? null) : null;
      await this.#refuse(key, permit, code, detail);
      return { outcome: "refused", code, detail };
    }
  }

  /**
   * Work that this agent made for itself under a grant that people signed. It has no numbers of the hub's: sequence and fence are 0. The hub
   * learns of it by a record in the receipts' lane, which stands before everything else that is said about it.
   */
  async takeOwn(own: OwnWork): Promise<Taken> {
    const digest = sha256(own.manifest);
    const key: AssignmentKey = { manifest: digest, attempt: 1 };
    const documents: WorkDocuments = { authorityKind: "grant", authority: own.envelope, manifest: own.manifest };
    const permit: Permit = { authority: own.authority, manifest: digest, attempt: 1, sequence: 0, fence: 0, iat: null };
    try {
      await this.#options.store.read(requireUndoubted);
      const work = await this.#options.verifier.verify(documents);
      matchOffer(permit, work);
      await this.#accept(key, permit, work, documents, async (tx) => {
        await own.before(tx);
        const manifest = new TextDecoder().decode(own.manifest);
        await appendRecord(tx, { type: "own", authority: own.authority, manifest });
      });
      return { outcome: "accepted" };
    } catch (error) {
      if (!(error instanceof FarhandError)) throw error;
      return { outcome: "refused", code: error.code, detail: error.detail ?? null };
    }
  }

  /**
   * Work that an on-call person brought where no hub can offer: verified as if it had been offered. It has no numbers of the hub's either; the
   * hub learns of it by a record, whenever it is there again.
   */
  async takeBrought({ authority, envelope, breakglass, manifest }: BroughtWork): Promise<Taken> {
    const { store, verifier } = this.#options;
    const digest = sha256(manifest);
    const key: AssignmentKey = { manifest: digest, attempt: 1 };
    const permit: Permit = { authority, manifest: digest, attempt: 1, sequence: 0, fence: 0, iat: null };
    const documents: WorkDocuments = { authorityKind: authority.kind, authority: envelope, breakglass, manifest };
    if ((await store.read((tx) => loadAggregate(tx, key))).assignment) return { outcome: "held" };
    try {
      await store.read(requireUndoubted);
      if (manifest.length > BROUGHT_BYTES_MAX) throw new FarhandError("ENVELOPE_TOO_LARGE", "what is brought by hand");
      const work = await verifier.verify(documents);
      matchOffer(permit, work);
      const kind = work.manifest.tasks[0]?.kind;
      if (!work.breakglass && kind !== "plan")
        throw new FarhandError(
          "BREAKGLASS",
          "what is brought is a plan under a grant, or a change under the break-glass",
        );
      await this.#accept(key, permit, work, documents, async (tx) => {
        const text = new TextDecoder().decode(manifest);
        await appendRecord(tx, { type: "breakglass", authority, envelope, breakglass, manifest: text });
      });
      return { outcome: "accepted" };
    } catch (error) {
      if (!(error instanceof FarhandError)) throw error;
      return { outcome: "refused", code: error.code, detail: error.detail ?? null };
    }
  }

  /** The same offer again gets the stored answer; another offer of the same work is a replay, whatever its number. */
  async #answerHeld(key: AssignmentKey, offer: Permit): Promise<Taken | undefined> {
    const { assignment } = await this.#options.store.read((tx) => loadAggregate(tx, key));
    if (!assignment) return undefined;
    if (assignment.sequence === offer.sequence) {
      await this.#options.assignments.dispatch(key, refusedEvent(offer, "REPLAY", null), "offered-again");
      return { outcome: "held" };
    }
    await this.#options.store
      .tx("replay", (tx) => takeSequence(tx, offer.sequence))
      .catch((error: unknown) => {
        if (errorCode(error) !== "SEQUENCE") throw error;
      });
    const detail = `taken as sequence ${assignment.sequence}`;
    this.#options.reject({ ...key, sequence: offer.sequence, code: "REPLAY", detail });
    return { outcome: "refused", code: "REPLAY", detail };
  }

  async #accept(
    key: AssignmentKey,
    offer: Permit,
    work: VerifiedWork,
    documents: WorkDocuments,
    instead?: (tx: Tx) => Promise<void>,
  ): Promise<void> {
    const { manifest, authority, signers, grant, warrant, breakglass } = work;
    const devices: DeviceId[] = manifest.tasks.map((task) => task.device);
    const changed = manifest.tasks
      .filter((task) => task.kind === "change" || task.kind === "rotate")
      .map((task) => task.device);
    const texts = [...textsOf(manifest).keys()];
    const event: Event = {
      type: "offered",
      work: {
        sequence: offer.sequence,
        fence: offer.fence,
        authority,
        job: manifest.job,
        signers,
        notBeforeMs: work.notBefore * 1000,
        expMs: work.exp * 1000,
        deadlines: manifest.deadlines,
        devices,
      },
    };
    await this.#options.assignments.dispatch(key, event, "accept", {
      before: async (tx) => {
        await (instead ? instead(tx) : takeSequence(tx, offer.sequence));
        // What is brought has no number of the hub's: that its device is as it was reviewed is what keeps it from being stale.
        if (offer.fence > 0) await checkFence(tx, offer.fence, changed);
        const { local, verifier } = this.#options;
        const nowMs = this.#options.nowMs();
        if (work.notBefore * 1000 <= nowMs) await local.requireRoom(tx, verifier.changesIn(manifest), nowMs);
        if (grant) {
          const { devicesPerMinute } = grant.rate;
          await spendGrant(tx, authority.sha256, {
            devices: devices.length,
            perMinute: devicesPerMinute,
            nowMs,
          });
        }
        if (breakglass && warrant) {
          const { id } = breakglass.breakglass;
          const atMs = this.#options.nowMs();
          await useBreakglass(tx, key, { id, sha256: breakglass.digest, reason: warrant.reason, atMs });
        }
        // Between the fetch and now another assignment's end may have let go of a text that both name.
        for (const digest of texts)
          if (!(await hasText(tx, digest))) throw new FarhandError("BUNDLE_INCOMPLETE", digest);
        await saveWork(tx, key, documents, texts);
        // The hub's word alone: far ahead of this clock it would, once raised, make everything expired for good.
        if (offer.iat !== null && offer.iat * 1000 <= this.#options.nowMs() + FLOOR_AHEAD_MS)
          await raiseTimeFloor(tx, offer.iat * 1000);
      },
    });
  }

  async #refuse(key: AssignmentKey, offer: Permit, code: ErrorCode, detail: string | null): Promise<void> {
    const { assignments, reject } = this.#options;
    try {
      await assignments.dispatch(key, refusedEvent(offer, code, detail?.slice(0, 500) ?? null), "reject", {
        before: (tx) => takeSequence(tx, offer.sequence),
      });
    } catch (error) {
      if (errorCode(error) !== "SEQUENCE") throw error;
      // The number belongs to other work: there is no row that could hold this answer.
      reject({ ...key, sequence: offer.sequence, code: "SEQUENCE", detail: String(offer.sequence) });
    }
  }

  async cancel(header: DownHeader<"cancel">): Promise<void> {
    const { trust, agent, assignments, refusedUnheard } = this.#options;
    try {
      const cancel = await verifyCancel(header.cancel, { trust: trust.keys, agent });
      const { generation, reason } = cancel;
      await assignments.dispatch(
        { manifest: cancel.manifest, attempt: cancel.attempt },
        { type: "cancel", generation, reason },
      );
    } catch (error) {
      if (!(error instanceof FarhandError)) throw error;
      refusedUnheard(error.code, error.detail);
    }
  }

  async settled(header: DownHeader<"settled">): Promise<void> {
    const key: AssignmentKey = { manifest: header.manifest, attempt: header.attempt };
    await this.#options.assignments.dispatch(key, { type: "settled" }, "settled", {
      after: async (tx) => {
        const { assignment } = await loadAggregate(tx, key);
        if (assignment?.settled && (assignment.receipt !== null || assignment.state === "REJECTED"))
          await releaseWork(tx, key);
      },
    });
  }
}

function refusedEvent(offer: Permit, code: ErrorCode, detail: string | null): Event {
  const { sequence, fence, authority } = offer;
  return { type: "refused", work: { sequence, fence, authority }, code, detail };
}
