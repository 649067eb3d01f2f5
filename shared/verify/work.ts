import { z } from "zod";
import type { InclusionProof } from "../audit/proofs.ts";
import { parseCanonical, sha256, type Bytes } from "../bytes.ts";
import { riskRank, type Risk } from "../documents/common.ts";
import { Grant } from "../documents/grant.ts";
import type { Policy } from "../documents/keys.ts";
import { Manifest, type TaskSpec } from "../documents/manifest.ts";
import { Cancel, Offer, type Authority } from "../documents/offer.ts";
import { Warrant } from "../documents/warrant.ts";
import { openEnvelope, readAs, type Envelope } from "../envelope.ts";
import { FarhandError } from "../errors.ts";
import type { AgentId, Digest, KeyId, PersonId, SiteId } from "../ids.ts";
import { authorise, authorRole, type InventoryView, type TrustStore } from "../trust.ts";
import { checkUse, verifyBreakglass, type VerifiedBreakglass } from "./breakglass.ts";
import { checkGrantScope } from "./grant-scope.ts";
import { NO_MEMORY, openSigned, type LoggedSignature, type RevocationMemory } from "./revoked.ts";
import { checkValidity, type TimeBound } from "./time.ts";

/** What the agent is and holds; everything that a document is checked against comes from here, never from the document. */
export interface VerifierContext {
  readonly trust: TrustStore;
  readonly inventory: InventoryView;
  readonly agent: AgentId;
  readonly site: SiteId;
  readonly time: TimeBound;
  /** The risk class that the steps carry, derived by the drivers; a lower claim is refused. */
  readonly riskOf: (task: TaskSpec) => Risk;
  /** Digest of the platform file that this agent runs, by platform id. */
  readonly platformDigest: (platform: string) => Digest | undefined;
  /** What is remembered of the time before each revocation; without it no signature of a revoked key counts. */
  readonly memory?: RevocationMemory;
}

export interface VerifiedWork {
  readonly manifest: Manifest;
  readonly manifestDigest: Digest;
  readonly authority: Authority;
  readonly signers: readonly PersonId[];
  /** Unix seconds: the work may start from `notBefore` and must have started before `exp`. */
  readonly notBefore: number;
  readonly exp: number;
  readonly attemptsMax: number;
  readonly grant: Grant | null;
  readonly warrant: Warrant | null;
  /** What let one on-call person sign alone; null for work that the policy's threshold signed. */
  readonly breakglass: VerifiedBreakglass | null;
}

export interface WorkDocuments {
  readonly authorityKind: Authority["kind"];
  readonly authority: Envelope;
  readonly manifest: Bytes;
  /** The break-glass that the warrant names. */
  readonly breakglass?: Envelope;
  /** What the audit log holds of signatures whose keys were revoked since; each proved against the head that it names. */
  readonly logged?: readonly LoggedSignature[];
  /** The hub's proofs of that, as they came: worth what `loggedFrom` finds in them. */
  readonly proofs?: readonly InclusionProof[];
}

const GRANT_LIFETIME_SECONDS_MAX = 366 * 86_400;
const MANIFEST_BYTES_MAX = 512 * 1024;
const OFFER_LIFETIME_SECONDS_MAX = 900;

/**
 * Checks that people authorised exactly these bytes for this agent (security.md §4.5 steps 1 to 8, as DESIGN.md amends them).
 * Pure but for the cryptography: nothing is stored, no device is touched. Throws a FarhandError; the first fault decides.
 */
export async function verifyWork(documents: WorkDocuments, context: VerifierContext): Promise<VerifiedWork> {
  if (documents.manifest.length > MANIFEST_BYTES_MAX) throw new FarhandError("ENVELOPE_TOO_LARGE", "manifest");
  switch (documents.authorityKind) {
    case "warrant":
      return verifyUnderWarrant(documents, context);
    case "grant":
      return verifyUnderGrant(documents, context);
    case "stage":
      throw new FarhandError("ENVELOPE_TYPE", "staging is not offered by this version");
    default:
      return documents.authorityKind satisfies never;
  }
}

async function verifyUnderWarrant(documents: WorkDocuments, context: VerifierContext): Promise<VerifiedWork> {
  const { trust } = context;
  const opened = await opening("farhand-warrant+jws", documents, context);
  const warrant = readAs(Warrant, opened.value);
  if (warrant.org !== trust.org) throw new FarhandError("WRONG_ORG");
  const manifestDigest = sha256(documents.manifest);
  const index = warrant.manifests.indexOf(manifestDigest);
  if (index === -1) throw new FarhandError("MANIFEST_UNKNOWN");
  const manifest = readManifest(documents.manifest, context);
  if (manifest.job !== warrant.job) throw new FarhandError("OFFER_MISMATCH", "job");
  if (!warrant.sites.includes(manifest.site)) throw new FarhandError("WRONG_SITE");
  const policy = governingPolicy(trust, warrant);
  checkValidity(warrant, context.time, policy.warrantLifetimeSecondsMax);
  if (warrant.inventory !== context.inventory.digest) throw new FarhandError("INVENTORY_MISMATCH", "warrant");
  checkTrustVersions(warrant, manifest, context);
  const risk = manifest.tasks.map(context.riskOf).reduce(worse, "read");
  if (riskRank[warrant.risk] < riskRank[risk])
    throw new FarhandError("RISK_UNDERSTATED", `${warrant.risk}, derived ${risk}`);
  const breakglass = await breakglassOf(warrant, documents, context);
  const claim = { author: warrant.author, sites: warrant.sites, policy, risk: warrant.risk };
  const signers = breakglass
    ? [checkUse(breakglass, { warrant, manifest, kids: opened.kids, agent: context.agent, site: context.site }, trust)]
    : signersOf(opened.kids, { ...claim, role: authorRole(warrant.kind) }, trust);
  checkTasks(manifest, warrant, context);
  const wave = warrant.waves.find((entry) => entry.manifests.includes(index));
  return {
    manifest,
    manifestDigest,
    authority: { kind: "warrant", sha256: sha256(opened.bytes) },
    signers,
    notBefore: Math.max(warrant.nbf, wave?.notBefore ?? warrant.nbf),
    exp: warrant.exp,
    attemptsMax: warrant.attemptsMax,
    grant: null,
    warrant,
    breakglass,
  };
}

const opening = (
  type: "farhand-warrant+jws" | "farhand-grant+jws",
  documents: Pick<WorkDocuments, "authority" | "logged">,
  context: Pick<VerifierContext, "trust" | "memory">,
) => openSigned(type, documents.authority, context.trust, context.memory ?? NO_MEMORY, documents.logged ?? []);

/** The kids were asked already whether they count; here it matters only whose they are. */
const signersOf = (
  kids: readonly KeyId[],
  claim: Parameters<typeof authorise>[2],
  trust: TrustStore,
): readonly PersonId[] => authorise(trust, kids, claim, (kid) => trust.ownerOf(kid)).signers;

async function breakglassOf(
  warrant: Warrant,
  documents: WorkDocuments,
  context: VerifierContext,
): Promise<VerifiedBreakglass | null> {
  if (warrant.breakglass === undefined) return null;
  if (!documents.breakglass) throw new FarhandError("BREAKGLASS", "the one that the warrant names was not sent along");
  const { trust, time, memory } = context;
  const logged = documents.logged ?? [];
  return verifyBreakglass(documents.breakglass, { trust, time, logged, ...(memory ? { memory } : {}) });
}

/**
 * A grant outlives inventories: its selectors are read against the one that is held now, so that a device which joins a granted
 * site is covered from its first day. What it was signed for stands in it for the record.
 */
async function verifyUnderGrant(documents: WorkDocuments, context: VerifierContext): Promise<VerifiedWork> {
  const { grant, digest, signers } = await verifyGrant(documents, context);
  const manifest = readManifest(documents.manifest, context);
  checkTrustVersions(grant, manifest, context);
  checkGrantScope(grant, manifest, context.inventory);
  const risk = manifest.tasks.map(context.riskOf).reduce(worse, "read");
  if (risk !== "read") throw new FarhandError("RISK_UNDERSTATED", `a grant reads; derived ${risk}`);
  return {
    manifest,
    manifestDigest: sha256(documents.manifest),
    authority: { kind: "grant", sha256: digest },
    signers,
    notBefore: grant.nbf,
    exp: grant.exp,
    attemptsMax: 1,
    grant,
    warrant: null,
    breakglass: null,
  };
}

export interface VerifiedGrant {
  readonly grant: Grant;
  readonly digest: Digest;
  readonly signers: readonly PersonId[];
}

/** A grant by itself: an agent that carries one out by its own clock holds it before there is a manifest under it. */
export async function verifyGrant(
  documents: Pick<WorkDocuments, "authority" | "logged">,
  context: Pick<VerifierContext, "trust" | "time" | "memory">,
): Promise<VerifiedGrant> {
  const { trust } = context;
  const opened = await opening("farhand-grant+jws", documents, context);
  const grant = readAs(Grant, opened.value);
  if (grant.org !== trust.org) throw new FarhandError("WRONG_ORG");
  const policy = governingPolicy(trust, grant);
  checkValidity(grant, context.time, GRANT_LIFETIME_SECONDS_MAX);
  const signers = signersOf(opened.kids, { author: grant.author, sites: grant.sites, policy, risk: "read" }, trust);
  return { grant, digest: sha256(opened.bytes), signers };
}

/** The policy that a document names must be the one that governs each of its sites: its author does not choose a milder one. */
function governingPolicy(trust: TrustStore, document: Pick<Warrant, "policy" | "sites">): Policy {
  const { id, version } = document.policy;
  const policy = trust.policy(id, version);
  if (!policy) throw new FarhandError("POLICY_UNKNOWN", `${id} v${version}`);
  for (const site of document.sites) {
    const governing = trust.policyOf(site);
    if (governing?.id !== policy.id || governing.version !== policy.version) {
      throw new FarhandError("POLICY_UNKNOWN", `site ${site} is governed by another policy`);
    }
  }
  return policy;
}

const worse = (a: Risk, b: Risk): Risk => (riskRank[a] >= riskRank[b] ? a : b);

const Bindings = z.object({ tasks: z.array(z.record(z.string(), z.unknown())) });
const BINDING_MEMBERS = ["address", "host", "port", "hostKeys", "credential", "username", "password", "via", "hops"];

/** Only the signed inventory says where a device is and what logs in to it: a manifest that tries is refused by that name. */
function readTasks(value: unknown): Manifest {
  const read = Manifest.safeParse(value);
  if (read.success) return read.data;
  const parsed = Bindings.safeParse(value);
  for (const task of parsed.success ? parsed.data.tasks : []) {
    const named = BINDING_MEMBERS.find((member) => member in task);
    if (named !== undefined) throw new FarhandError("CREDENTIAL_BINDING", `a task names ${named}`);
  }
  return readAs(Manifest, value);
}

function readManifest(bytes: Bytes, context: VerifierContext): Manifest {
  const manifest = readTasks(parseCanonical(bytes));
  if (manifest.org !== context.trust.org) throw new FarhandError("WRONG_ORG");
  if (manifest.site !== context.site) throw new FarhandError("WRONG_SITE", manifest.site);
  if (!manifest.agents.includes(context.agent)) throw new FarhandError("WRONG_AGENT", manifest.agents.join(", "));
  return manifest;
}

function checkTrustVersions(document: { keysVersion: number }, manifest: Manifest, context: VerifierContext): void {
  // A hub that hides a newer keys.json, and the revocations in it, can do so until this one ends.
  const nowMs = Math.max(context.time.nowMs, context.time.floorMs);
  if (context.trust.keys.document.exp * 1000 <= nowMs - context.time.errorMs)
    throw new FarhandError("EXPIRED", "keys.json");
  if (document.keysVersion > context.trust.keys.document.version) throw new FarhandError("KEYS_VERSION");
  if (manifest.inventory !== context.inventory.digest) throw new FarhandError("INVENTORY_MISMATCH");
  for (const task of manifest.tasks) {
    const device = context.inventory.device(task.device);
    if (!device) throw new FarhandError("INVENTORY_MISMATCH", `no device ${task.device}`);
    if (device.site !== context.site) throw new FarhandError("WRONG_SITE", `${task.device} is at ${device.site}`);
    const held = context.platformDigest(device.platform);
    // A read of it fails by itself, before anything is opened: the others of the site are read all the same.
    if (held === undefined && task.kind !== "check" && task.kind !== "collect")
      throw new FarhandError("PLATFORM_UNKNOWN", device.platform);
    const signed = manifest.platforms[device.platform];
    if (task.kind === "change" && signed !== held) throw new FarhandError("DRIVER_CHANGED", device.platform);
  }
}

/** Also what a reviewer asks before signing: an agent that would refuse a device says so too late. */
export function checkTasks(manifest: Manifest, warrant: Warrant, context: Pick<VerifierContext, "inventory">): void {
  for (const task of manifest.tasks) {
    if (task.kind !== warrant.kind)
      throw new FarhandError("OFFER_MISMATCH", `kind ${task.kind} under a ${warrant.kind} warrant`);
    if (task.kind === "reveal" && task.person !== warrant.author)
      throw new FarhandError("OFFER_MISMATCH", `a reveal to ${task.person} under a warrant of ${warrant.author}`);
    if (task.kind !== "change") continue;
    const platform = context.inventory.device(task.device)?.platform;
    if (task.mode === "replace" && task.drift !== "exact") throw new FarhandError("SCHEMA", "replace is always exact");
    if (task.source.kind === "sealed" && task.mode !== "replace")
      throw new FarhandError("SCHEMA", "a sealed configuration replaces the whole");
    if (task.level === "E" && !warrant.accepts.levelE.includes(task.device))
      throw new FarhandError("LEVEL_TOO_LOW", `${task.device} is level E`);
    if (task.touchesManagement && (task.level === "D" || task.level === "E")) {
      throw new FarhandError("LEVEL_TOO_LOW", `${task.device}: the management path needs a device timer`);
    }
    if (
      task.evidence === "simulated" &&
      (platform === undefined || !warrant.accepts.simulatedEvidence.includes(platform))
    ) {
      throw new FarhandError("EVIDENCE_TOO_LOW", platform);
    }
  }
}

export interface OfferContext {
  readonly trust: TrustStore;
  readonly agent: AgentId;
  /** The nonces of this agent's own pulls on this connection. */
  readonly nonces: ReadonlySet<string>;
}

/** Freshness: the hub offers this (manifest, attempt) now, to this agent, in answer to this pull. */
export async function verifyOffer(envelope: Envelope, context: OfferContext): Promise<Offer> {
  const opened = await openEnvelope("farhand-offer+jws", envelope, context.trust.hubKey);
  const offer = readAs(Offer, opened.value);
  if (offer.org !== context.trust.org) throw new FarhandError("WRONG_ORG");
  if (offer.hub !== context.trust.hubId) throw new FarhandError("OFFER_MISMATCH", "hub");
  if (offer.agent !== context.agent) throw new FarhandError("WRONG_AGENT");
  if (!context.nonces.has(offer.nonce)) throw new FarhandError("NONCE");
  if (offer.exp <= offer.iat || offer.exp - offer.iat > OFFER_LIFETIME_SECONDS_MAX)
    throw new FarhandError("LIFETIME", "offer");
  return offer;
}

/** The offer must name exactly what was verified, within the signed number of attempts. */
export function matchOffer(
  offer: Pick<Offer, "manifest" | "authority" | "attempt">,
  work: Pick<VerifiedWork, "manifestDigest" | "authority" | "attemptsMax">,
): void {
  if (offer.manifest !== work.manifestDigest) throw new FarhandError("OFFER_MISMATCH", "manifest");
  if (offer.authority.kind !== work.authority.kind || offer.authority.sha256 !== work.authority.sha256) {
    throw new FarhandError("OFFER_MISMATCH", "authority");
  }
  if (offer.attempt > work.attemptsMax) throw new FarhandError("ATTEMPTS");
}

export async function verifyCancel(
  envelope: Envelope,
  context: Pick<OfferContext, "trust" | "agent">,
): Promise<Cancel> {
  const opened = await openEnvelope("farhand-cancel+jws", envelope, context.trust.hubKey);
  const cancel = readAs(Cancel, opened.value);
  if (cancel.org !== context.trust.org) throw new FarhandError("WRONG_ORG");
  if (cancel.agent !== context.agent) throw new FarhandError("WRONG_AGENT");
  return cancel;
}
