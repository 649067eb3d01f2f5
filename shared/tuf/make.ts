import { jcs, sha256, type Bytes } from "../bytes.ts";
import { FarhandError } from "../errors.ts";
import type { KeyId, OrgId } from "../ids.ts";
import type { Signer, SigningPublicKey } from "../keys.ts";
import { hexOfKey, thumbprint } from "./key.ts";
import {
  DOCUMENTS,
  documentPath,
  expiresText,
  readMetadata,
  signedDigest,
  type Metadata,
  type RootSigned,
  type SignedOf,
  type SnapshotSigned,
  type TargetsSigned,
  type TimestampSigned,
  type TrustRole,
} from "./metadata.ts";
import type { TrustDocuments } from "./set.ts";

const SPEC_VERSION = "1.0.31";

export interface RoleSpec {
  readonly keys: readonly SigningPublicKey[];
  readonly threshold: number;
}

export interface RootSpec {
  readonly org: OrgId;
  readonly version: number;
  readonly expiresMs: number;
  readonly root: RoleSpec;
  /** Signs targets and snapshot. */
  readonly keyadmin: RoleSpec;
  /** The hub's online keys. They sign timestamps and nothing else. */
  readonly hub: readonly SigningPublicKey[];
}

export function makeRoot(spec: RootSpec): RootSigned {
  const keys: RootSigned["keys"] = {};
  const role = ({ keys: of, threshold }: RoleSpec) => {
    const keyids = of.map((publicKey) => {
      const keyid = thumbprint(publicKey);
      keys[keyid] = { keytype: "ed25519", scheme: "ed25519", keyval: { public: hexOfKey(publicKey) } };
      return keyid;
    });
    return { keyids: keyids.toSorted(), threshold };
  };
  const keyadmin = role(spec.keyadmin);
  return {
    _type: "root",
    spec_version: SPEC_VERSION,
    version: spec.version,
    expires: expiresText(spec.expiresMs),
    consistent_snapshot: true,
    org: spec.org,
    roles: {
      root: role(spec.root),
      timestamp: role({ keys: spec.hub, threshold: 1 }),
      snapshot: keyadmin,
      targets: { ...keyadmin },
    },
    keys,
  };
}

/** The root after this one. */
export const nextRoot = (held: RootSigned, endMs: number): RootSigned => ({
  ...held,
  version: held.version + 1,
  expires: expiresText(endMs),
});

/** Another key wherever the old one stood. */
export function replaceKey(held: RootSigned, old: KeyId, publicKey: SigningPublicKey): RootSigned {
  const next = thumbprint(publicKey);
  if (Object.hasOwn(held.keys, next)) throw new FarhandError("KEY_REUSED", "root.json names the new key already");
  const keys = Object.fromEntries(Object.entries(held.keys).filter(([keyid]) => keyid !== old));
  keys[next] = { keytype: "ed25519", scheme: "ed25519", keyval: { public: hexOfKey(publicKey) } };
  const role = ({ keyids, threshold }: RootSigned["roles"]["root"]) => ({
    keyids: keyids.map((keyid) => (keyid === old ? next : keyid)).toSorted(),
    threshold,
  });
  const { root, timestamp, snapshot, targets } = held.roles;
  return {
    ...held,
    keys,
    roles: { root: role(root), timestamp: role(timestamp), snapshot: role(snapshot), targets: role(targets) },
  };
}

interface Versioned {
  readonly version: number;
  readonly expiresMs: number;
}

const head = ({ version, expiresMs }: Versioned) =>
  ({
    spec_version: SPEC_VERSION,
    version,
    expires: expiresText(expiresMs),
  }) as const;

export function makeTargets(spec: Versioned & { readonly documents: TrustDocuments }): TargetsSigned {
  const file = (bytes: Bytes) => ({ length: bytes.length, hashes: { sha256: sha256(bytes) } });
  const targets: TargetsSigned["targets"] = { "keys.json": file(spec.documents.keys) };
  for (const name of DOCUMENTS) {
    const bytes = spec.documents[name];
    if (bytes) targets[documentPath(name)] = file(bytes);
  }
  return { _type: "targets", ...head(spec), targets };
}

/** Names targets.json by what its signatures cover, so that a signature added later changes nothing here. */
export function makeSnapshot(spec: Versioned & { readonly targets: TargetsSigned }): SnapshotSigned {
  const { targets } = spec;
  return {
    _type: "snapshot",
    ...head(spec),
    meta: { "targets.json": { version: targets.version, signed: signedDigest(targets) } },
  };
}

export function makeTimestamp(spec: Versioned & { readonly snapshot: Bytes }): TimestampSigned {
  const { snapshot } = spec;
  const { version } = readMetadata("snapshot", snapshot).signed;
  return {
    _type: "timestamp",
    ...head(spec),
    meta: { "snapshot.json": { version, length: snapshot.length, hashes: { sha256: sha256(snapshot) } } },
  };
}

/** The bytes of a metadata file with these signatures; none yet is a draft that people sign in turn. */
export async function signMetadata<R extends TrustRole>(
  role: R,
  signed: SignedOf[R],
  signers: readonly Signer[],
): Promise<Bytes> {
  let bytes = jcs({ signed, signatures: [] });
  for (const signer of signers) bytes = await cosignMetadata(role, bytes, signer);
  return bytes;
}

/** Adds one more signature over the same content. Signing twice with one key changes nothing. */
export async function cosignMetadata<R extends TrustRole>(role: R, bytes: Uint8Array, signer: Signer): Promise<Bytes> {
  const { signed, signatures }: Metadata<R> = readMetadata(role, bytes);
  if (signatures.some((entry) => entry.keyid === signer.kid)) return new Uint8Array(bytes);
  const sig = Buffer.from(await crypto.subtle.sign("Ed25519", signer.key, jcs(signed))).toString("hex");
  return jcs({ signed, signatures: [...signatures, { keyid: signer.kid, sig }] });
}

/** Whose signatures a file still lacks before its threshold is met. Counts keys by name; the verifier counts signatures. */
export function missingSignatures(
  metadata: { readonly signatures: readonly { readonly keyid: KeyId }[] },
  role: { readonly keyids: readonly KeyId[]; readonly threshold: number },
): number {
  const have = metadata.signatures.filter((entry) => role.keyids.includes(entry.keyid)).length;
  return Math.max(0, role.threshold - have);
}

/** A version that never goes back, even on a hub restored from a backup: the time, or one more than the last. */
export function nextTimestampVersion(last: number, nowMs: number): number {
  const next = Math.max(last + 1, Math.floor(nowMs / 1000));
  if (!Number.isSafeInteger(next)) throw new FarhandError("TRUST_ROLLBACK", "the timestamp's version has run out");
  return next;
}
