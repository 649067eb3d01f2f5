import { envelopeBytes, type Envelope } from "../envelope.ts";
import type { OrgId } from "../ids.ts";
import type { Signer } from "../keys.ts";
import { makeRoot, makeSnapshot, makeTargets, makeTimestamp, signMetadata } from "../tuf/make.ts";
import type { TrustDocuments, TrustSet } from "../tuf/set.ts";

export interface TrustSetSpec {
  readonly org: OrgId;
  readonly root: readonly Signer[];
  readonly keyadmins: readonly Signer[];
  readonly hub: Signer;
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
        hub: [hub.publicKey],
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
