import { bundleChunks } from "../../shared/bundle/write.ts";
import { jcs, sha256, type Bytes } from "../../shared/bytes.ts";
import { InboundIndex, type BundledWork, type BundleEntry } from "../../shared/documents/bundle.ts";
import { envelopeBytes, readAs, signEnvelope } from "../../shared/envelope.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { AgentId, Digest, SiteId } from "../../shared/ids.ts";
import type { TrustStore } from "../../shared/trust.ts";
import { encodeTrustFile } from "../../shared/tuf/file.ts";
import type { AssignmentAggregate } from "../core/assignment-model.ts";
import { checkpointFrame } from "../links/checkpoints.ts";
import { cancelOf, deliverIn, signedOf } from "../links/offers.ts";
import type { LinkDeps } from "../links/deps.ts";
import { openAssignmentsOf, servableTo } from "../store/assignments.ts";
import { audit } from "../store/audit.ts";
import { findBlob, readWholeBlob } from "../store/blobs.ts";
import {
  giveNumber,
  laneMarksOf,
  lastEpochFrom,
  lastFrom,
  lastNumberTo,
  lastTo,
  lastWitnessed,
  noteMade,
  textsOf,
} from "../store/bundles.ts";
import { waitingFor } from "../store/credentials.ts";
import { scheduledGrants } from "../links/grants.ts";
import { holdsAt } from "../store/holds.ts";
import { findManifest } from "../store/work.ts";

export type ExportDeps = Pick<
  LinkDeps,
  "store" | "clock" | "random" | "trust" | "hubId" | "signer" | "cipher" | "effects"
>;

/** The index stays within its cap: what does not fit goes with the next one. */
const WORK_MAX = 500;
const TEXTS_MAX = 1_500;
const CANCELS_MAX = 500;
const DAY_SECONDS = 86_400;
const CARRIED_SECONDS_MAX = 45 * DAY_SECONDS;

interface Body {
  readonly entry: BundleEntry;
  readonly read: () => Promise<Bytes> | Bytes;
}

export interface Exported {
  readonly number: number;
  readonly sha256: Digest;
  readonly work: number;
  /** Not all of it fitted. */
  readonly more: boolean;
  readonly chunks: AsyncGenerator<Uint8Array>;
}

/** Makes one bundle after another: each names the one before it. */
export class BundleExporter {
  readonly #deps: ExportDeps;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(deps: ExportDeps) {
    this.#deps = deps;
  }

  export(agent: AgentId, options: { readonly days: number; readonly actor: string }): Promise<Exported> {
    const made = this.#turn.then(() => exportBundle(this.#deps, agent, options));
    this.#turn = made.catch(() => undefined);
    return made;
  }
}

/**
 * All that the agent has not acknowledged: the signed documents, its work with the hub's numbers, texts, cancels, and how far its own
 * evidence has arrived. DELIVERED and the numbers are on disk, in one transaction, before a byte of it leaves.
 */
async function exportBundle(
  deps: ExportDeps,
  agent: AgentId,
  { days, actor }: { readonly days: number; readonly actor: string },
): Promise<Exported> {
  const { store, clock, trust, signer } = deps;
  const entry = trust.agent(agent);
  if (!entry) throw new FarhandError("AGENT_PENDING", agent);
  if (entry.status === "banned") throw new FarhandError("AGENT_BANNED", agent);
  const { org } = trust.require().trust;
  const nowMs = clock.nowMs();
  const bodies = new Map<Digest, Body>();
  const add = (kind: Exclude<BundleEntry["kind"], "trust">, bytes: Bytes): Digest => {
    const digest = sha256(bytes);
    bodies.set(digest, { entry: { kind, sha256: digest, bytes: bytes.length }, read: () => bytes });
    return digest;
  };
  const lifetimeSeconds = Math.min(days * DAY_SECONDS, carriedSecondsMax(deps.trust.require().trust, entry.site));
  await addTrust(deps, bodies, lifetimeSeconds * 1000);
  for (const bytes of await cancelsFor(deps, agent)) add("cancel", bytes);
  for (const { envelope } of await store.read((tx) => holdsAt(tx, entry.site))) add("hold", envelopeBytes(envelope));
  // By its own clock the agent goes on with these for as long as they last, and nobody comes by.
  for (const { envelope } of await scheduledGrants(deps, entry.site, new Set())) add("grant", envelopeBytes(envelope));
  // Sealed to the agent: neither this hub nor who carries the stick can open them.
  for (const { envelope } of await waitingFor(store, agent, nowMs)) add("credential", envelopeBytes(envelope));

  const checkpoint = await checkpointFrame(deps, await store.read((tx) => lastWitnessed(tx, agent)));
  if (checkpoint) add("checkpoint", new Uint8Array(checkpoint.frame));

  const given = await store.tx("bundle.deliver", async (tx) => {
    const number = (await lastNumberTo(tx, agent)) + 1;
    const delivered: { aggregate: AssignmentAggregate; texts: readonly Digest[] }[] = [];
    let texts = 0;
    let more = false;
    for (const key of await servableTo(tx, agent, WORK_MAX + 1)) {
      const named = await textsOf(tx, key.manifest);
      if (delivered.length >= WORK_MAX || (delivered.length > 0 && texts + named.length > TEXTS_MAX)) {
        more = true;
        break;
      }
      const aggregate = await deliverIn(tx, key, { nowMs, random: deps.random });
      if (!aggregate) continue;
      texts += named.length;
      delivered.push({ aggregate, texts: named });
    }
    await giveNumber(tx, agent, { number, sha256: null }, nowMs);
    await audit(tx, nowMs, {
      actor,
      action: "bundle.export",
      object: `${agent} number ${number}`,
      decision: "allowed",
      detail: `${delivered.length} of work`,
    });
    return { number, delivered, more };
  });
  deps.effects.moved();

  const work: BundledWork[] = [];
  for (const { aggregate, texts } of given.delivered) {
    const { key } = aggregate.identity;
    const { sequence, fence } = aggregate.standing;
    const manifest = await store.read((tx) => findManifest(tx, key.manifest));
    if (!manifest || sequence === null || fence === null)
      throw new FarhandError("INTERNAL", `delivered without its manifest or numbers: ${key.manifest}`);
    const signed = await signedOf(deps, manifest);
    const envelope = add("authority", envelopeBytes(signed.authority));
    if (signed.breakglass) add("breakglass", envelopeBytes(signed.breakglass));
    add("manifest", manifest.bytes);
    for (const text of texts) await addText(deps, bodies, text);
    const { manifest: digest, attempt } = key;
    work.push({ authority: manifest.authority, envelope, manifest: digest, attempt, sequence, fence });
  }

  const iat = Math.floor(nowMs / 1000);
  const { prev, seen, acks } = await store.read(async (tx) => {
    const epoch = await lastEpochFrom(tx, agent);
    return {
      prev: await lastTo(tx, agent),
      seen: epoch === undefined ? null : await lastFrom(tx, agent, epoch),
      acks: epoch === undefined ? null : { epoch, lanes: await laneMarksOf(tx, agent, epoch) },
    };
  });
  const entries = [...bodies.values()].map((body) => body.entry);
  const index = readAs(InboundIndex, {
    type: "bundle",
    v: 1,
    org,
    site: entry.site,
    agent,
    number: given.number,
    prev: prev?.sha256 ?? null,
    seen,
    iat,
    exp: iat + lifetimeSeconds,
    entries,
    direction: "in",
    work,
    acks,
  });
  const digest = sha256(jcs(index));
  const envelope = await signEnvelope("farhand-bundle+jws", index, [signer]);
  await store.tx("bundle.made", (tx) => noteMade(tx, agent, { number: given.number, sha256: digest }));
  const ordered = [...bodies.values()];
  const read = (position: number): Promise<Bytes> | Bytes => {
    const body = ordered[position];
    if (!body) throw new FarhandError("INTERNAL", `no body ${position}`);
    return body.read();
  };
  return {
    number: given.number,
    sha256: digest,
    work: work.length,
    more: given.more,
    chunks: bundleChunks(envelope, entries, read),
  };
}

/** How long a courier may be on the way: what a carried bundle says cannot be taken back while it is. By signed policy, longer where there is no line. */
function carriedSecondsMax(trust: TrustStore, site: SiteId): number {
  const policy = trust.policyOf(site);
  return policy?.airGapped ? policy.warrantLifetimeSecondsMax : CARRIED_SECONDS_MAX;
}

/** The whole trust repository, because nobody knows what the agent holds, with a timestamp that outlives the journey. */
async function addTrust(deps: ExportDeps, bodies: Map<Digest, Body>, lifetimeMs: number): Promise<void> {
  const { view, roots } = deps.trust.require();
  const timestamp = await deps.trust.timestampFor(lifetimeMs);
  const bytes = encodeTrustFile({ ...view.set, roots, timestamp });
  const digest = sha256(bytes);
  bodies.set(digest, {
    entry: { kind: "trust", role: "set", sha256: digest, bytes: bytes.length },
    read: () => bytes,
  });
}

async function cancelsFor(deps: ExportDeps, agent: AgentId): Promise<Bytes[]> {
  const open = await deps.store.read((tx) => openAssignmentsOf(tx, agent));
  const canceled = open.filter(({ standing }) => standing.cancel !== null).slice(0, CANCELS_MAX);
  const made: Bytes[] = [];
  for (const aggregate of canceled) {
    const envelope = await cancelOf(deps, aggregate);
    if (envelope) made.push(envelopeBytes(envelope));
  }
  return made;
}

/** Read again when its turn comes: a bundle's texts are not all in memory at once. */
async function addText(deps: ExportDeps, bodies: Map<Digest, Body>, digest: Digest): Promise<void> {
  if (bodies.has(digest)) return;
  const blob = await findBlob(deps.store, digest);
  if (!blob) throw new FarhandError("NOT_FOUND", `no text ${digest}`);
  bodies.set(digest, {
    entry: { kind: "text", sha256: digest, bytes: blob.total },
    read: async () => new Uint8Array(await readWholeBlob(deps.store, deps.cipher, blob)),
  });
}
