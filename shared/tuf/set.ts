import type { Bytes } from "../bytes.ts";
import type { Digest, KeyId, OrgId } from "../ids.ts";
import { expiresMs, readMetadata, ROLES, signedDigest, type TrustRole } from "./metadata.ts";

/** The documents of a set: envelopes, as the bytes that targets.json names. Without keys.json there is no set. */
export interface TrustDocuments {
  readonly keys: Bytes;
  readonly agents?: Bytes | undefined;
  readonly inventory?: Bytes | undefined;
}

/** Everything that is trusted at one moment. It is taken, kept and replaced as one. */
export interface TrustSet {
  readonly root: Bytes;
  readonly timestamp: Bytes;
  readonly snapshot: Bytes;
  readonly targets: Bytes;
  readonly documents: TrustDocuments;
}

/** The same as people sign it, before a hub says that it is the newest. */
export type UntimedSet = Omit<TrustSet, "timestamp">;

/** What a first set is checked against: a root that a person compared by fingerprint. */
export type HeldTrust = TrustSet | { readonly root: Bytes };

/**
 * What a hub, a stick or a person hands over. `roots` are in order; those that are held already are passed over. What is absent is as in the set
 * held, so an hourly update is a timestamp alone.
 */
export interface TrustUpdate {
  readonly roots?: readonly Bytes[] | undefined;
  readonly timestamp?: Bytes | undefined;
  readonly snapshot?: Bytes | undefined;
  readonly targets?: Bytes | undefined;
  readonly documents?: Partial<TrustDocuments> | undefined;
}

export type TrustVersions = Readonly<Record<TrustRole, number>>;

/** What an accepted set says about itself. */
export interface TrustFacts {
  readonly org: OrgId;
  readonly versions: TrustVersions;
  readonly expiresMs: Readonly<Record<TrustRole, number>>;
  /** Who may sign what, by the root held. */
  readonly keyadmins: { readonly keyids: readonly KeyId[]; readonly threshold: number };
  readonly timestampKeys: readonly KeyId[];
}

/** The fingerprint that people compare: of what root.json says, whoever else signs it later. */
export const rootFingerprint = (root: Bytes): Digest => signedDigest(readMetadata("root", root).signed);

export function trustFacts(set: TrustSet): TrustFacts {
  const read = {
    root: readMetadata("root", set.root).signed,
    timestamp: readMetadata("timestamp", set.timestamp).signed,
    snapshot: readMetadata("snapshot", set.snapshot).signed,
    targets: readMetadata("targets", set.targets).signed,
  };
  const of = <T>(value: (role: TrustRole) => T) =>
    Object.fromEntries(ROLES.map((role) => [role, value(role)])) as Record<TrustRole, T>;
  return {
    org: read.root.org,
    versions: of((role) => read[role].version),
    expiresMs: of((role) => expiresMs(read[role])),
    keyadmins: read.root.roles.targets,
    timestampKeys: read.root.roles.timestamp.keyids,
  };
}

/** The role that ended first, when one has: from then on the set may be an old one that somebody keeps from being replaced. */
export function staleRole(facts: TrustFacts, nowMs: number, except: readonly TrustRole[] = []): TrustRole | undefined {
  return ROLES.filter((role) => facts.expiresMs[role] <= nowMs && !except.includes(role)).toSorted(
    (a, b) => facts.expiresMs[a] - facts.expiresMs[b],
  )[0];
}
