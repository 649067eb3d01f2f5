import { envelopeBytes } from "../../shared/envelope.ts";
import { errorCode } from "../../shared/errors.ts";
import { encodeDown, type UpHeader } from "../../shared/wire/messages.ts";
import { consistencyProof } from "../audit/proofs.ts";
import { lastCheckpoint, logEnd, rangeHash } from "../store/audit-log.ts";
import type { LinkDeps } from "./deps.ts";

/** What an agent holds of the audit log: the checkpoint that it told or was sent last. */
export type Witnessed = UpHeader<"witnessed">["checkpoint"];

/** The newest checkpoint for this agent, with the proof from where it stands; undefined when it holds that one. */
export async function checkpointFrame(
  deps: Pick<LinkDeps, "store">,
  held: Witnessed,
): Promise<{ readonly frame: Uint8Array; readonly held: Witnessed } | undefined> {
  const found = await deps.store.read(async (tx) => {
    const last = await lastCheckpoint(tx);
    if (!last || (held?.size === last.size && held.root === last.root)) return undefined;
    // Of a log that this hub does not have there is no proof: the agent is told what this hub has, and keeps both.
    return { last, proof: (await orUndefined(consistencyProof(tx, held?.size ?? 0, last.size))) ?? [] };
  });
  if (!found) return undefined;
  const { epoch, size, root, envelope } = found.last;
  const frame = encodeDown("checkpoint", { from: held?.size ?? 0, proof: found.proof }, envelopeBytes(envelope));
  return { frame, held: { epoch, size, root } };
}

/** Whether this hub's log ever was what the agent witnessed. If not, one of the two was put back or rewritten. */
export function isOwnLog(deps: Pick<LinkDeps, "store">, witnessed: NonNullable<Witnessed>): Promise<boolean> {
  return deps.store.read(async (tx) => {
    if (witnessed.size > (await logEnd(tx)).size) return false;
    return (await orUndefined(rangeHash(tx, { start: 0, end: witnessed.size }))) === witnessed.root;
  });
}

/** Rows that are gone make no root: that is an answer here, and the sequencer's fault to report. */
async function orUndefined<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (errorCode(error) === "AUDIT_CHAIN") return undefined;
    throw error;
  }
}
