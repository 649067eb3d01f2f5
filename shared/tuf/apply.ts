import { BadVersionError, EqualVersionError, ExpiredMetadataError, RuntimeError } from "tuf-js/dist/error.js";
import { Metadata, MetadataKind } from "@tufjs/models";
import { TrustedMetadataStore } from "tuf-js/dist/store.js";
import { bytesEqual, sha256, type Bytes } from "../bytes.ts";
import { FarhandError, type ErrorCode } from "../errors.ts";
import {
  DOCUMENTS,
  documentPath,
  readMetadata,
  ROOTS_MAX,
  signedDigest,
  TRUST_DOCUMENT_BYTES_MAX,
  type RootSigned,
  type TargetsSigned,
} from "./metadata.ts";
import type { HeldTrust, TrustDocuments, TrustSet, TrustUpdate, UntimedSet } from "./set.ts";

const UPDATE_BYTES_MAX = 16 * 1024 * 1024;

export interface AcceptedTrust {
  readonly set: TrustSet;
  /** Root named other keyadmin keys on the way here: what the former ones signed last no longer binds. */
  readonly keyadminsChanged: boolean;
  /** Too few of the former are left to sign a set: only then may versions begin afresh, for no old set can come back. */
  readonly keyadminsReplaced: boolean;
}

/**
 * The TUF client workflow (§5.3–5.6) over bytes in memory, by tuf-js: nothing is read from a clock or written to a disk, and the set held is not
 * touched. All of the update holds, or FarhandError names what did not and the caller goes on with what it has.
 */
export function applyTrustUpdate(held: HeldTrust, update: TrustUpdate, at: { readonly nowMs: number }): AcceptedTrust {
  checkCaps(update);
  const mine = copyOf(update);
  const before = "timestamp" in held ? held : undefined;
  const store = storeAt(held.root, at.nowMs);
  const walked = walkRoots(store, held.root, mine.roots ?? []);
  const timestamp = mine.timestamp ?? before?.timestamp;
  const snapshot = mine.snapshot ?? before?.snapshot;
  const targets = mine.targets ?? before?.targets;
  if (!timestamp || !snapshot || !targets) throw new FarhandError("TRUST_MISMATCH", "the set is not whole");

  const recovered = walked.freshnessKeysChanged ? undefined : before;
  takeTimestamp(store, recovered?.timestamp, timestamp);
  takeSnapshot(store, recovered?.snapshot, snapshot);
  takeTargets(store, recovered?.targets, snapshot, targets);
  const documents = takeDocuments(readMetadata("targets", targets).signed, mine.documents ?? {}, before?.documents);
  return {
    set: { root: walked.root, timestamp, snapshot, targets, documents },
    keyadminsChanged: walked.keyadminsChanged,
    keyadminsReplaced: areReplaced(held.root, walked.root),
  };
}

/** Checks a set that was accepted before, as it comes from a disk: everything but its age. */
export function reopenTrustSet(set: TrustSet): TrustSet {
  return applyTrustUpdate({ root: set.root }, set, { nowMs: 0 }).set;
}

/**
 * A set that no hub has stamped: signed by those whom root names, and whole. Only what people keep as a file and hand to a hub is looked at this
 * way; its age and whether a newer one exists are asked when a hub's timestamp comes with it.
 */
export function checkUntimedSet(root: Bytes, update: TrustUpdate): UntimedSet {
  checkCaps(update);
  const mine = copyOf(update);
  const walked = walkRoots(storeAt(root, 0), root, mine.roots ?? []);
  const set = draftOf(walked.root, mine);
  const named = Metadata.fromJSON(MetadataKind.Root, jsonOf(walked.root));
  stage("TRUST_MISMATCH", () => {
    named.verifyDelegate("snapshot", Metadata.fromJSON(MetadataKind.Snapshot, jsonOf(set.snapshot)));
    named.verifyDelegate("targets", Metadata.fromJSON(MetadataKind.Targets, jsonOf(set.targets)));
  });
  return set;
}

/** What a set would be once it is signed: for those who are about to sign it, and for nobody else. */
export function readDraftSet(update: TrustUpdate): UntimedSet {
  checkCaps(update);
  const mine = copyOf(update);
  const root = mine.roots?.at(-1);
  if (!root) throw new FarhandError("TRUST_MISMATCH", "a draft without root.json");
  readMetadata("root", root);
  return draftOf(root, mine);
}

function draftOf(root: Bytes, { snapshot, targets, documents }: TrustUpdate): UntimedSet {
  if (!snapshot || !targets) throw new FarhandError("TRUST_MISMATCH", "the set is not whole");
  requireNamed(snapshot, targets);
  const named = readMetadata("targets", targets).signed;
  return { root, snapshot, targets, documents: takeDocuments(named, documents ?? {}, undefined) };
}

export const jsonOf = (bytes: Bytes) =>
  JSON.parse(new TextDecoder().decode(bytes)) as Parameters<typeof Metadata.fromJSON>[1];

function checkCaps(update: TrustUpdate): void {
  const roots = update.roots ?? [];
  if (roots.length > ROOTS_MAX) throw new FarhandError("ENVELOPE_TOO_LARGE", `${roots.length} roots`);
  for (const bytes of Object.values(update.documents ?? {}))
    if (bytes && bytes.length > TRUST_DOCUMENT_BYTES_MAX)
      throw new FarhandError("ENVELOPE_TOO_LARGE", `${bytes.length} bytes`);
  // Each by itself is capped where it is read.
  const metadata = [...roots, update.timestamp, update.snapshot, update.targets];
  const total = metadata.reduce((sum, bytes) => sum + (bytes?.length ?? 0), 0);
  if (total > UPDATE_BYTES_MAX) throw new FarhandError("ENVELOPE_TOO_LARGE", `an update of ${total} bytes`);
}

/** Nobody may change bytes between their check and their use. */
function copyOf(update: TrustUpdate): TrustUpdate {
  const copy = (bytes: Bytes | undefined): Bytes | undefined => bytes && new Uint8Array(bytes);
  const documents: { -readonly [K in keyof TrustDocuments]?: Bytes } = {};
  for (const name of DOCUMENTS) {
    const bytes = update.documents?.[name];
    if (bytes) documents[name] = new Uint8Array(bytes);
  }
  return {
    roots: (update.roots ?? []).map((root) => new Uint8Array(root)),
    timestamp: copy(update.timestamp),
    snapshot: copy(update.snapshot),
    targets: copy(update.targets),
    documents,
  };
}

const buffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function storeAt(root: Bytes, nowMs: number): TrustedMetadataStore {
  readMetadata("root", root);
  const store = stage("TRUST_ROOT", () => new TrustedMetadataStore(buffer(root)));
  // tuf-js takes the time from the clock when it is made. Ours is the caller's: the later of the clock and the proved floor.
  if (!Reflect.set(store, "referenceTime", new Date(nowMs))) throw new FarhandError("INTERNAL", "tuf-js");
  return store;
}

interface Walked {
  readonly root: Bytes;
  readonly freshnessKeysChanged: boolean;
  readonly keyadminsChanged: boolean;
}

/** Each root version in turn. An expired one may stand between, not at the end: tuf-js looks at the last one when it takes the timestamp. */
export function walkRoots(store: TrustedMetadataStore, held: Bytes, roots: readonly Bytes[]): Walked {
  let root = held;
  let signed = readMetadata("root", held).signed;
  let freshnessKeysChanged = false;
  let keyadminsChanged = false;
  for (const bytes of roots) {
    const next = asRoot(bytes);
    if (next.version < signed.version) continue;
    if (next.version === signed.version) {
      if (!bytesEqual(bytes, root)) throw new FarhandError("TRUST_ROOT", `another root of version ${next.version}`);
      continue;
    }
    if (next.org !== signed.org) throw new FarhandError("TRUST_ROOT", `a root of ${next.org}`);
    stage("TRUST_ROOT", () => store.updateRoot(buffer(bytes)));
    freshnessKeysChanged ||= keysDiffer(signed, next, "timestamp") || keysDiffer(signed, next, "snapshot");
    keyadminsChanged ||= keysDiffer(signed, next, "targets");
    root = bytes;
    signed = next;
  }
  return { root, freshnessKeysChanged, keyadminsChanged };
}

function asRoot(bytes: Bytes): RootSigned {
  try {
    return readMetadata("root", bytes).signed;
  } catch (error) {
    if (error instanceof FarhandError && error.code !== "ENVELOPE_TOO_LARGE")
      throw new FarhandError("TRUST_ROOT", `${error.code} ${error.detail ?? ""}`.trim(), { cause: error });
    throw error;
  }
}

function areReplaced(held: Bytes, now: Bytes): boolean {
  const before = readMetadata("root", held).signed.roles.targets.keyids;
  const { keyids, threshold } = readMetadata("root", now).signed.roles.targets;
  return keyids.filter((keyid) => before.includes(keyid)).length < threshold;
}

function keysDiffer(a: RootSigned, b: RootSigned, role: "timestamp" | "snapshot" | "targets"): boolean {
  const [before, after] = [a.roles[role].keyids, b.roles[role].keyids];
  return before.length !== after.length || before.some((keyid) => !after.includes(keyid));
}

function takeTimestamp(store: TrustedMetadataStore, held: Bytes | undefined, next: Bytes): void {
  const signed = readMetadata("timestamp", next).signed;
  if (held) {
    passing(() => store.updateTimestamp(buffer(held)));
    if (store.timestamp && bytesEqual(held, next)) return;
    if (store.timestamp?.signed.version === signed.version)
      throw new FarhandError("TRUST_ROLLBACK", `another timestamp of version ${signed.version}`);
  }
  stage("TRUST_ROLLBACK", () => store.updateTimestamp(buffer(next)));
}

function takeSnapshot(store: TrustedMetadataStore, held: Bytes | undefined, next: Bytes): void {
  const signed = readMetadata("snapshot", next).signed;
  const named = store.timestamp?.signed.snapshotMeta;
  if (named?.version !== signed.version)
    throw new FarhandError(
      "TRUST_MISMATCH",
      `the timestamp names snapshot ${named?.version ?? "none"}, not ${signed.version}`,
    );
  if (held) {
    passing(() => store.updateSnapshot(buffer(held), true));
    refuseTwin("snapshot", held, next);
  }
  stage("TRUST_ROLLBACK", () => store.updateSnapshot(buffer(next)));
}

/** A version names one content. tuf-js takes another one of the same version. */
export function refuseTwin(role: "snapshot" | "targets", held: Bytes, next: Bytes): void {
  const [before, after] = [readMetadata(role, held).signed, readMetadata(role, next).signed];
  if (after.version === before.version && signedDigest(after) !== signedDigest(before))
    throw new FarhandError("TRUST_ROLLBACK", `another ${role}.json of version ${after.version}`);
}

function takeTargets(store: TrustedMetadataStore, held: Bytes | undefined, snapshot: Bytes, next: Bytes): void {
  if (held) refuseTwin("targets", held, next);
  requireNamed(snapshot, next);
  stage("TRUST_MISMATCH", () => store.updateDelegatedTargets(buffer(next), "targets", "root"));
}

function requireNamed(snapshot: Bytes, targets: Bytes): void {
  const named = readMetadata("snapshot", snapshot).signed.meta["targets.json"];
  const { signed } = readMetadata("targets", targets);
  if (named.version !== signed.version || named.signed !== signedDigest(signed))
    throw new FarhandError("TRUST_MISMATCH", `the snapshot names another targets.json of version ${named.version}`);
}

/** Exactly what targets.json names, byte for byte; what it no longer names is gone. */
function takeDocuments(
  targets: TargetsSigned,
  given: Partial<TrustDocuments>,
  held: TrustDocuments | undefined,
): TrustDocuments {
  const taken = new Map<string, Bytes>();
  for (const name of DOCUMENTS) {
    const wanted = targets.targets[documentPath(name)];
    if (!wanted) {
      if (given[name]) throw new FarhandError("TRUST_MISMATCH", `targets.json does not name ${name}.json`);
      continue;
    }
    const fits = (bytes: Bytes | undefined): bytes is Bytes =>
      bytes?.length === wanted.length && sha256(bytes) === wanted.hashes.sha256;
    const bytes = given[name] ?? held?.[name];
    if (!fits(bytes)) throw new FarhandError("TRUST_MISMATCH", `${name}.json is not the one that targets.json names`);
    taken.set(name, bytes);
  }
  const keys = taken.get("keys");
  if (!keys) throw new FarhandError("TRUST_MISMATCH", "no keys.json");
  return { keys, agents: taken.get("agents"), inventory: taken.get("inventory") };
}

/** One step of tuf-js, its errors in our words. `ordered` is the code for a version that may not follow the one held. */
function stage<T>(ordered: "TRUST_ROOT" | "TRUST_ROLLBACK" | "TRUST_MISMATCH", step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw new FarhandError(codeOf(error, ordered), error instanceof Error ? error.message : undefined, {
      cause: error,
    });
  }
}

function codeOf(error: unknown, ordered: "TRUST_ROOT" | "TRUST_ROLLBACK" | "TRUST_MISMATCH"): ErrorCode {
  if (ordered === "TRUST_ROOT") return "TRUST_ROOT";
  if (error instanceof ExpiredMetadataError) return "TRUST_STALE";
  if (error instanceof EqualVersionError || error instanceof BadVersionError) return ordered;
  if (error instanceof RuntimeError || error instanceof ReferenceError) return "INTERNAL";
  // From @tufjs/models, which does not export its error classes.
  const name = error instanceof Error ? error.constructor.name : "";
  if (name === "UnsignedMetadataError") return "SIGNATURE_BAD";
  return "TRUST_MISMATCH";
}

/**
 * What is held is loaded only to hold newer versions against. That it has expired, or that the timestamp now names a later snapshot, is expected;
 * that its signers are no longer root's means that there is nothing to hold against.
 */
function passing(step: () => unknown): void {
  try {
    step();
  } catch (error) {
    if (error instanceof TypeError) throw error;
  }
}
