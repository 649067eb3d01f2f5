import { z } from "zod";
import { jcs, parseCanonical, sha256 } from "../bytes.ts";
import { FarhandError } from "../errors.ts";
import { readAs } from "../envelope.ts";
import { Digest, KeyId, OrgId } from "../ids.ts";
import { keyOfHex } from "./key.ts";

/**
 * The four kinds of TUF metadata, narrowed to what this product uses. tuf-js reads more than that (other key types, fields that it does not
 * know, duplicate members, floats); what is not of this shape never reaches it. The bytes are canonical JSON, so one value has one text.
 */
export const ROLES = ["root", "timestamp", "snapshot", "targets"] as const;
export type TrustRole = (typeof ROLES)[number];

export const METADATA_BYTES_MAX = 512 * 1024;
/** An inventory of 10,000 devices, in base64. */
export const TRUST_DOCUMENT_BYTES_MAX = 8 * 1024 * 1024;
export const ROLE_KEYS_MAX = 64;
/** In one update: an agent that was away walks them one by one. */
export const ROOTS_MAX = 1024;

const Version = z.int().min(1);
const Expires = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
const common = { spec_version: z.literal("1.0.31"), version: Version, expires: Expires } as const;
const MetaFile = z.strictObject({
  version: Version,
  length: z.int().min(1),
  hashes: z.strictObject({ sha256: Digest }),
});
const TargetFile = z.strictObject({
  length: z.int().min(1).max(TRUST_DOCUMENT_BYTES_MAX),
  hashes: z.strictObject({ sha256: Digest }),
});
const RoleKeys = z.strictObject({
  keyids: z.array(KeyId).min(1).max(ROLE_KEYS_MAX),
  threshold: z.int().min(1).max(ROLE_KEYS_MAX),
});

export const RootSigned = z.strictObject({
  _type: z.literal("root"),
  ...common,
  consistent_snapshot: z.literal(true),
  /** Whose root this is. A field that TUF lets a repository add. */
  org: OrgId,
  keys: z.record(
    KeyId,
    z.strictObject({
      keytype: z.literal("ed25519"),
      scheme: z.literal("ed25519"),
      keyval: z.strictObject({ public: z.string().regex(/^[0-9a-f]{64}$/) }),
    }),
  ),
  roles: z.strictObject({ root: RoleKeys, timestamp: RoleKeys, snapshot: RoleKeys, targets: RoleKeys }),
});
export type RootSigned = z.infer<typeof RootSigned>;

export const TimestampSigned = z.strictObject({
  _type: z.literal("timestamp"),
  ...common,
  meta: z.strictObject({ "snapshot.json": MetaFile }),
});
export type TimestampSigned = z.infer<typeof TimestampSigned>;

export const SnapshotSigned = z.strictObject({
  _type: z.literal("snapshot"),
  ...common,
  meta: z.strictObject({
    /** `signed` is the digest of what targets.json's signatures cover: so people can sign both files at once, in any order. */
    "targets.json": z.strictObject({ version: Version, signed: Digest }),
  }),
});
export type SnapshotSigned = z.infer<typeof SnapshotSigned>;

export const DOCUMENTS = ["keys", "agents", "inventory"] as const;
export type TrustDocument = (typeof DOCUMENTS)[number];

export const TargetsSigned = z.strictObject({
  _type: z.literal("targets"),
  ...common,
  targets: z.strictObject({
    "keys.json": TargetFile,
    "agents.json": TargetFile.optional(),
    "inventory.json": TargetFile.optional(),
  }),
});
export type TargetsSigned = z.infer<typeof TargetsSigned>;

const Signature = z.strictObject({ keyid: KeyId, sig: z.string().regex(/^[0-9a-f]{128}$/) });
const signedAs = <S extends z.ZodType>(signed: S) =>
  z.strictObject({ signed, signatures: z.array(Signature).max(ROLE_KEYS_MAX) });

const SCHEMAS = {
  root: signedAs(RootSigned),
  timestamp: signedAs(TimestampSigned),
  snapshot: signedAs(SnapshotSigned),
  targets: signedAs(TargetsSigned),
} as const;

export interface SignedOf {
  root: RootSigned;
  timestamp: TimestampSigned;
  snapshot: SnapshotSigned;
  targets: TargetsSigned;
}
export type Signature = z.infer<typeof Signature>;
export interface Metadata<R extends TrustRole> {
  readonly signed: SignedOf[R];
  readonly signatures: readonly Signature[];
}

/** Caps, canonical form and shape, before any cryptography. Signatures are not checked here. */
export function readMetadata<R extends TrustRole>(role: R, bytes: Uint8Array): Metadata<R> {
  if (bytes.length > METADATA_BYTES_MAX) throw new FarhandError("ENVELOPE_TOO_LARGE", `${role}.json`);
  const schema: z.ZodType = SCHEMAS[role];
  const metadata = readAs(schema, parseCanonical(bytes)) as Metadata<R>;
  const ids = metadata.signatures.map((entry) => entry.keyid);
  if (new Set(ids).size !== ids.length) throw new FarhandError("SCHEMA", `${role}.json: one key signed twice`);
  if (Number.isNaN(Date.parse(metadata.signed.expires))) throw new FarhandError("SCHEMA", `${role}.json: expires`);
  if (metadata.signed._type === "root") checkRoot(metadata.signed);
  return metadata;
}

/** What TUF leaves to the repository: every key counts once, every role can be met, and the hub's key stands for no person. */
function checkRoot(root: RootSigned): void {
  for (const [keyid, key] of Object.entries(root.keys)) keyOfHex(keyid, key.keyval.public);
  const online = new Set(root.roles.timestamp.keyids);
  for (const [name, role] of Object.entries(root.roles)) {
    if (new Set(role.keyids).size !== role.keyids.length)
      throw new FarhandError("SCHEMA", `${name}: a key stands twice`);
    if (role.threshold > role.keyids.length) throw new FarhandError("SCHEMA", `${name}: a threshold nobody can meet`);
    for (const keyid of role.keyids) {
      if (!Object.hasOwn(root.keys, keyid)) throw new FarhandError("SCHEMA", `${name}: key ${keyid} is not there`);
      if (name !== "timestamp" && online.has(keyid))
        throw new FarhandError("SCHEMA", `${name}: the hub's key can only sign timestamps`);
    }
  }
}

export const expiresMs = (signed: { readonly expires: string }): number => Date.parse(signed.expires);
export const expiresText = (ms: number): string =>
  new Date(Math.floor(ms / 1000) * 1000).toISOString().replace(".000Z", "Z");
export const documentPath = (name: TrustDocument): `${TrustDocument}.json` => `${name}.json`;
/** Digest of the bytes that a file's signatures cover. */
export const signedDigest = (signed: SignedOf[TrustRole]): Digest => sha256(jcs(signed));
