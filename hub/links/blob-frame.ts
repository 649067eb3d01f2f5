import type { AgentId } from "../../shared/ids.ts";
import { encodeDown, type UpHeader } from "../../shared/wire/messages.ts";
import { findBlob, readBlob } from "../store/blobs.ts";
import { mayFetch } from "../store/work.ts";
import type { LinkDeps } from "./deps.ts";

/** One part of a text, if a manifest that was served to this very agent names it; else it is as if it were not held. */
export async function blobFrame(
  deps: Pick<LinkDeps, "store" | "cipher" | "refusals">,
  agent: AgentId,
  { sha256, offset }: UpHeader<"fetch">,
): Promise<Uint8Array> {
  const allowed = await deps.store.read((tx) => mayFetch(tx, agent, sha256));
  if (!allowed) {
    const about = { actor: `agent:${agent}`, action: "text.read", object: sha256, code: "FORBIDDEN" } as const;
    await deps.refusals.refused({ ...about, detail: "no manifest that was served to it names this text" });
  }
  const blob = allowed ? await findBlob(deps.store, sha256) : undefined;
  if (!blob || offset > blob.total) return encodeDown("blob", { sha256, offset, total: 0 });
  const part = await readBlob(deps.store, deps.cipher, blob, offset);
  return encodeDown("blob", { sha256, offset, total: blob.total }, part);
}
