import { envelopeBytes, type Envelope } from "../../../shared/envelope.ts";
import type { KeyId } from "../../../shared/ids.ts";
import type { Signer } from "../../../shared/keys.ts";
import {
  cosignMetadata,
  makeSnapshot,
  makeTargets,
  missingSignatures,
  signMetadata,
} from "../../../shared/tuf/make.ts";
import { readMetadata, type TrustDocument } from "../../../shared/tuf/metadata.ts";
import type { TrustDocuments, TrustUpdate, UntimedSet } from "../../../shared/tuf/set.ts";

const DAY_MS = 86_400_000;
/** How long keyadmins' word stands before they say it again: what a hub that hides news can gain at most. */
export const SET_DAYS = 90;

export type Changes = Readonly<Partial<Record<TrustDocument, Envelope | undefined>>>;

/** The next set: these documents in the place of those held, signed by `signers`. It may lack signatures yet. */
export async function nextSet(
  held: UntimedSet | undefined,
  changes: Changes,
  signers: readonly Signer[],
  nowMs: number,
): Promise<TrustUpdate & { readonly documents: TrustDocuments }> {
  const of = (name: TrustDocument) => (changes[name] ? envelopeBytes(changes[name]) : held?.documents[name]);
  const keys = of("keys");
  if (!keys) throw new TypeError("a set without keys.json");
  const documents: TrustDocuments = { keys, agents: of("agents"), inventory: of("inventory") };
  const version = (role: "snapshot" | "targets"): number =>
    held ? readMetadata(role, held[role]).signed.version + 1 : 1;
  const expiresMs = nowMs + SET_DAYS * DAY_MS;
  const targets = makeTargets({ version: version("targets"), expiresMs, documents });
  const snapshot = makeSnapshot({ version: version("snapshot"), expiresMs, targets });
  return {
    targets: await signMetadata("targets", targets, signers),
    snapshot: await signMetadata("snapshot", snapshot, signers),
    documents,
  };
}

/** One more signature wherever this key counts: under the newest root, under the set, or both. Undefined where it counts nowhere. */
export async function cosign(
  update: TrustUpdate,
  held: UntimedSet["root"],
  signer: Signer,
): Promise<TrustUpdate | undefined> {
  const { before, after, next } = rootsOf(update, held);
  const has = (keyids: readonly KeyId[]): boolean => keyids.includes(signer.kid);
  const signsRoot = next && (has(before.root.keyids) || has(after.root.keyids));
  const signsSet = update.targets && update.snapshot && has(after.targets.keyids);
  if (!signsRoot && !signsSet) return undefined;
  const { roots = [], targets, snapshot } = update;
  return {
    ...update,
    ...(signsRoot && { roots: [...roots.slice(0, -1), await cosignMetadata("root", next, signer)] }),
    ...(signsSet && targets && { targets: await cosignMetadata("targets", targets, signer) }),
    ...(signsSet && snapshot && { snapshot: await cosignMetadata("snapshot", snapshot, signer) }),
  };
}

export interface Wanting {
  /** Signatures by root keys: of the root held and of the next one, whichever lacks more. */
  readonly root: number;
  readonly keyadmins: number;
}

/** How many signatures an update lacks before it can come into force. */
export function wanting(update: TrustUpdate, held: UntimedSet["root"]): Wanting {
  const { before, after, next } = rootsOf(update, held);
  const { targets, snapshot } = update;
  const root = next && readMetadata("root", next);
  return {
    root: root ? Math.max(missingSignatures(root, before.root), missingSignatures(root, after.root)) : 0,
    keyadmins: Math.max(
      targets ? missingSignatures(readMetadata("targets", targets), after.targets) : 0,
      snapshot ? missingSignatures(readMetadata("snapshot", snapshot), after.snapshot) : 0,
    ),
  };
}

/** The roles of the root held and of the one that the update would put in force; `next` where they are two. */
function rootsOf(update: TrustUpdate, held: UntimedSet["root"]) {
  const now = readMetadata("root", held).signed;
  const last = update.roots?.at(-1);
  const next = last && readMetadata("root", last).signed.version > now.version ? last : undefined;
  return { before: now.roles, after: next ? readMetadata("root", next).signed.roles : now.roles, next };
}
