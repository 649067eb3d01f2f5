import type { Bytes } from "../bytes.ts";
import { envelopeBytes, type Envelope } from "../envelope.ts";
import type { OrgId } from "../ids.ts";
import type { Signer, SigningPublicKey } from "../keys.ts";
import { makeRoot, makeSnapshot, makeTargets, makeTimestamp, signMetadata } from "../tuf/make.ts";
import { encodeTrustFile } from "../tuf/file.ts";
import { readMetadata } from "../tuf/metadata.ts";
import type { TrustDocuments, TrustSet, TrustUpdate } from "../tuf/set.ts";
import { BODY_BYTES_MAX } from "../wire/frame.ts";
import { encodeDown } from "../wire/messages.ts";

export interface TrustSetSpec {
  readonly org: OrgId;
  readonly root: readonly Signer[];
  readonly keyadmins: readonly Signer[];
  readonly hub: Signer;
  readonly hubKeys?: readonly SigningPublicKey[] | undefined;
  readonly nowSeconds: number;
  readonly documents: { keys: Envelope; agents?: Envelope | undefined; inventory?: Envelope | undefined };
  readonly threshold?: number;
  readonly rootThreshold?: number;
  readonly rootVersion?: number;
  /** Of targets and snapshot. */
  readonly version?: number;
  readonly timestampVersion?: number;
  readonly timestampDays?: number;
  /** Another root than the one that these keys make; its bytes. */
  readonly rootBytes?: TrustSet["root"];
}

const DAY_MS = 86_400_000;

/** A whole signed set, the way people and a hub make one. */
export async function makeTrustSet(spec: TrustSetSpec): Promise<TrustSet> {
  const { keyadmins, hub, nowSeconds } = spec;
  const nowMs = nowSeconds * 1000;
  const keysOf = (signers: readonly Signer[]) => signers.map((signer) => signer.publicKey);
  const root =
    spec.rootBytes ??
    (await signMetadata(
      "root",
      makeRoot({
        org: spec.org,
        version: spec.rootVersion ?? 1,
        expiresMs: nowMs + 365 * DAY_MS,
        root: { keys: keysOf(spec.root), threshold: spec.rootThreshold ?? 1 },
        keyadmin: { keys: keysOf(keyadmins), threshold: spec.threshold ?? 1 },
        hub: [hub.publicKey, ...(spec.hubKeys ?? [])],
      }),
      spec.root,
    ));
  const documents = documentBytes(spec.documents);
  const version = spec.version ?? 1;
  const at = { version, expiresMs: nowMs + 90 * DAY_MS };
  const signed = makeTargets({ ...at, documents });
  const targets = await signMetadata("targets", signed, keyadmins);
  const snapshot = await signMetadata("snapshot", makeSnapshot({ ...at, targets: signed }), keyadmins);
  const timestamp = await signMetadata(
    "timestamp",
    makeTimestamp({
      version: spec.timestampVersion ?? version,
      expiresMs: nowMs + (spec.timestampDays ?? 7) * DAY_MS,
      snapshot,
    }),
    [hub],
  );
  return { root, timestamp, snapshot, targets, documents };
}

export function documentBytes(envelopes: TrustSetSpec["documents"]): TrustDocuments {
  return {
    keys: envelopeBytes(envelopes.keys),
    agents: envelopes.agents && envelopeBytes(envelopes.agents),
    inventory: envelopes.inventory && envelopeBytes(envelopes.inventory),
  };
}

/** What a hub is given at first: everything from the first root on. */
export const firstUpdate = (set: TrustSet): TrustUpdate => ({ ...set, roots: [set.root] });

/** The set after `held`, with other documents in it, as keyadmins sign it and hand it to a hub. */
export async function nextUpdate(
  held: TrustSet,
  signers: readonly Signer[],
  changes: Partial<TrustSetSpec["documents"]>,
  nowMs: number,
): Promise<Pick<TrustSet, "targets" | "snapshot" | "documents">> {
  const of = (name: "keys" | "agents" | "inventory") =>
    changes[name] ? envelopeBytes(changes[name]) : held.documents[name];
  const keys = of("keys") ?? held.documents.keys;
  const documents: TrustDocuments = { keys, agents: of("agents"), inventory: of("inventory") };
  const version = readMetadata("targets", held.targets).signed.version + 1;
  const at = { version, expiresMs: nowMs + 90 * DAY_MS };
  const signed = makeTargets({ ...at, documents });
  return {
    targets: await signMetadata("targets", signed, signers),
    snapshot: await signMetadata("snapshot", makeSnapshot({ ...at, targets: signed }), signers),
    documents,
  };
}

/** All of it after `update`, stamped by a hub: what a stick carries. */
export async function stampedUpdate(
  held: TrustSet,
  update: TrustUpdate,
  hub: Signer,
  at: { readonly version: number; readonly expiresMs: number },
): Promise<TrustUpdate> {
  const snapshot = update.snapshot ?? held.snapshot;
  return {
    ...firstUpdate(held),
    ...update,
    roots: [held.root, ...(update.roots ?? [])],
    timestamp: await signMetadata("timestamp", makeTimestamp({ ...at, snapshot }), [hub]),
  };
}

/** As a hub sends it. */
export function trustFrames(update: TrustUpdate): Bytes[] {
  const bytes = encodeTrustFile(update);
  const frames: Bytes[] = [];
  for (let offset = 0; offset < bytes.length; offset += BODY_BYTES_MAX)
    frames.push(encodeDown("trust", { offset, total: bytes.length }, bytes.subarray(offset, offset + BODY_BYTES_MAX)));
  return frames;
}
