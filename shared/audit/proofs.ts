import { z } from "zod";
import { Checkpoint } from "../documents/checkpoint.ts";
import { openEnvelope, readAs, signEnvelope, type Envelope } from "../envelope.ts";
import { FarhandError } from "../errors.ts";
import { Digest } from "../ids.ts";
import type { Signer } from "../keys.ts";
import type { TrustStore } from "../trust.ts";
import { AuditEntry, entryHash } from "./entry.ts";
import { isConsistent, isIncluded, PROOF_HASHES_MAX } from "./merkle.ts";

export const ProofHashes = z.array(Digest).max(PROOF_HASHES_MAX);

/** One entry, and what leads from it to the root of the log at `size`. */
export const InclusionProof = z.strictObject({ entry: AuditEntry, size: z.int().min(1), path: ProofHashes });
export type InclusionProof = z.infer<typeof InclusionProof>;

/** Throws AUDIT_CHAIN unless the entry stands in the log whose size and root were witnessed. */
export function requireIncluded(proof: InclusionProof, witnessed: Pick<Checkpoint, "size" | "root">): AuditEntry {
  const { entry, size, path } = proof;
  const holds = size === witnessed.size && isIncluded(entryHash(entry), entry.index, witnessed, path);
  if (!holds)
    throw new FarhandError("AUDIT_CHAIN", `entry ${entry.index} is not in the log of ${witnessed.size} entries`);
  return entry;
}

export const signCheckpoint = (checkpoint: Checkpoint, hub: Signer): Promise<Envelope> =>
  signEnvelope("farhand-checkpoint+jws", checkpoint, [hub]);

/** A checkpoint that the hub of these keys has signed. */
export async function openCheckpoint(
  envelope: Envelope,
  trust: Pick<TrustStore, "hubKey" | "org" | "hubId">,
): Promise<Checkpoint> {
  const opened = await openEnvelope("farhand-checkpoint+jws", envelope, trust.hubKey);
  const checkpoint = readAs(Checkpoint, opened.value);
  if (checkpoint.org !== trust.org) throw new FarhandError("WRONG_ORG");
  if (checkpoint.hub !== trust.hubId) throw new FarhandError("CHECKPOINT", `of hub ${checkpoint.hub}`);
  return checkpoint;
}

/** `known` says nothing new; `shrunk` and `forked` are evidence that a log was rewritten, and both checkpoints are to be kept. */
export type Continuation = "newer" | "known" | "shrunk" | "forked";

/** What a checkpoint is to one who has witnessed another; `proof` leads from the witnessed size to the offered one. */
export function continues(
  witnessed: Pick<Checkpoint, "epoch" | "size" | "root"> | undefined,
  offered: Pick<Checkpoint, "epoch" | "size" | "root">,
  proof: readonly Digest[],
): Continuation {
  if (!witnessed) return "newer";
  if (offered.epoch !== witnessed.epoch) return "forked";
  if (offered.size === witnessed.size) return offered.root === witnessed.root ? "known" : "forked";
  if (offered.size < witnessed.size) return "shrunk";
  return isConsistent(witnessed, offered, proof) ? "newer" : "forked";
}
