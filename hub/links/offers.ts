import type { AssignmentAggregate } from "../core/assignment-model.ts";
import type { AssignmentKey } from "../core/model.ts";
import { decideLoadedIn, type At } from "../ingest/decide.ts";
import type { Offer, Cancel } from "../../shared/documents/offer.ts";
import { signEnvelope, type Envelope } from "../../shared/envelope.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { Tx } from "../../shared/store.ts";
import type { AgentId } from "../../shared/ids.ts";
import { encodeDown } from "../../shared/wire/messages.ts";
import { loadAssignment, servableTo } from "../store/assignments.ts";
import { findBreakglass } from "../store/breakglass.ts";
import { nextFence, nextSequence } from "../store/counters.ts";
import { grantByDigest } from "../store/documents.ts";
import { findJob } from "../store/jobs.ts";
import { findManifest, warrantEnvelope, type StoredManifest } from "../store/work.ts";
import type { LinkDeps } from "./deps.ts";
import { leftIn, proofsFor, type SeenRevocations } from "./logged.ts";

const OFFER_SECONDS = 600;
const CANDIDATES_MAX = 1000;

type OfferDeps = Pick<LinkDeps, "store" | "clock" | "random" | "trust" | "hubId" | "signer">;

export const idOf = (key: AssignmentKey): string => `${key.manifest} ${key.attempt}`;

/**
 * Answers a pull: marks each assignment DELIVERED, and only when that is on disk yields the frames of its offer. What was
 * served in this session already is not served again; in the next one it is, with its numbers kept and the new nonce.
 */
export async function* offersFor(
  deps: OfferDeps,
  agent: AgentId,
  pull: { readonly nonce: string; readonly capacity: number },
  served: Set<string>,
  seen: SeenRevocations = new Map(),
): AsyncGenerator<Uint8Array[]> {
  const candidates = await deps.store.read((tx) => servableTo(tx, agent, CANDIDATES_MAX));
  let room = pull.capacity;
  for (const key of candidates) {
    if (room <= 0) return;
    if (served.has(idOf(key))) continue;
    if (await mustWait(deps, key, seen)) continue;
    const aggregate = await deliver(deps, key);
    if (!aggregate) continue;
    served.add(idOf(key));
    room -= 1;
    yield await framesOf(deps, aggregate, pull.nonce, seen);
  }
}

/** DELIVERED, on disk. Undefined when it may no longer be served. */
async function deliver(deps: OfferDeps, key: AssignmentKey): Promise<AssignmentAggregate | undefined> {
  const at = { nowMs: deps.clock.nowMs(), random: deps.random };
  return deps.store.tx("deliver", (tx) => deliverIn(tx, key, at));
}

/** The same in the caller's transaction, whatever carries it. */
export async function deliverIn(tx: Tx, key: AssignmentKey, at: At): Promise<AssignmentAggregate | undefined> {
  const held = await loadAssignment(tx, key);
  if (!held) return undefined;
  const { state, sequence: given } = held.standing;
  const isFirst = state === "OFFERED" && given === null && held.identity.expMs > at.nowMs;
  const sequence = isFirst ? await nextSequence(tx, held.identity.agent) : 0;
  const fence = isFirst ? await nextFence(tx) : 0;
  const { aggregate, effects } = await decideLoadedIn(tx, held, [{ type: "served", sequence, fence }], at);
  return effects.some((effect) => effect.type === "sendOffer") ? aggregate : undefined;
}

/** Until the agent has said how far it had seen the log, nothing could be proved to it; it would refuse for good what it may take. */
async function mustWait(deps: OfferDeps, key: AssignmentKey, seen: SeenRevocations): Promise<boolean> {
  if (deps.trust.require().trust.keys.document.revoked.length === 0) return false;
  const manifest = await deps.store.read((tx) => findManifest(tx, key.manifest));
  if (!manifest) return false;
  const { authority, breakglass } = await signedOf(deps, manifest);
  const { trust } = deps.trust.require();
  return [authority, ...(breakglass ? [breakglass] : [])].some((envelope) =>
    leftIn(trust, envelope).some((kid) => !seen.has(kid)),
  );
}

async function framesOf(
  deps: OfferDeps,
  aggregate: AssignmentAggregate,
  nonce: string,
  seen: SeenRevocations,
): Promise<Uint8Array[]> {
  const { key, agent } = aggregate.identity;
  const { sequence, fence } = aggregate.standing;
  if (sequence === null || fence === null) throw new FarhandError("INTERNAL", "delivered without its numbers");
  const manifest = await deps.store.read((tx) => findManifest(tx, key.manifest));
  if (!manifest) throw new FarhandError("INTERNAL", `no manifest ${key.manifest}`);
  const signed = await signedOf(deps, manifest);
  const proofs = await proofsFor(deps, signed, seen);
  const iat = Math.floor(deps.clock.nowMs() / 1000);
  const offer: Offer = {
    type: "offer",
    v: 1,
    org: deps.trust.require().trust.org,
    hub: deps.hubId,
    agent,
    authority: manifest.authority,
    manifest: key.manifest,
    attempt: key.attempt,
    sequence,
    fence,
    nonce: nonce as Offer["nonce"],
    iat,
    exp: iat + OFFER_SECONDS,
  };
  const envelope = await signEnvelope("farhand-offer+jws", offer, [deps.signer]);
  return [
    encodeDown("offer", {
      offer: envelope,
      ...signed,
      ...(proofs.length > 0 && { proofs }),
      manifestBytes: manifest.bytes.length,
    }),
    encodeDown("manifest", { sha256: key.manifest }, manifest.bytes),
  ];
}

export interface Signed {
  readonly authority: Envelope;
  readonly breakglass?: Envelope;
}

/** What people signed for it: the authority, and the break-glass that a warrant names. */
export async function signedOf(deps: Pick<OfferDeps, "store">, manifest: StoredManifest): Promise<Signed> {
  const authority = await authorityOf(deps, manifest);
  if (manifest.authority.kind !== "warrant") return { authority };
  const breakglass = await deps.store.read(async (tx) => {
    const job = await findJob(tx, manifest.job);
    return job?.breakglass == null ? undefined : findBreakglass(tx, job.breakglass);
  });
  return { authority, ...(breakglass && { breakglass: breakglass.envelope }) };
}

async function authorityOf(deps: Pick<OfferDeps, "store">, manifest: StoredManifest): Promise<Envelope> {
  const { kind, sha256 } = manifest.authority;
  const envelope =
    kind === "grant"
      ? (await grantByDigest(deps.store, sha256))?.envelope
      : await deps.store.read((tx) => warrantEnvelope(tx, manifest.job));
  if (!envelope) throw new FarhandError("INTERNAL", `no ${kind} ${sha256}`);
  return envelope;
}

/** The signed stop for an assignment that is to be canceled; undefined when it is not. */
export async function cancelFrame(deps: OfferDeps, key: AssignmentKey): Promise<Uint8Array | undefined> {
  const held = await deps.store.read((tx) => loadAssignment(tx, key));
  const cancel = held && (await cancelOf(deps, held));
  return cancel && encodeDown("cancel", { cancel });
}

export async function cancelOf(
  deps: Pick<OfferDeps, "clock" | "trust" | "hubId" | "signer">,
  { identity, standing }: AssignmentAggregate,
): Promise<Envelope | undefined> {
  if (!standing.cancel) return undefined;
  const { generation, reason } = standing.cancel;
  const cancel: Cancel = {
    type: "cancel",
    v: 1,
    org: deps.trust.require().trust.org,
    hub: deps.hubId,
    agent: identity.agent,
    manifest: identity.key.manifest,
    attempt: identity.key.attempt,
    generation,
    reason: reason.slice(0, 500),
    iat: Math.floor(deps.clock.nowMs() / 1000),
  };
  return signEnvelope("farhand-cancel+jws", cancel, [deps.signer]);
}
