import { z } from "zod";
import { Digest } from "../../shared/ids.ts";
import type { Tx } from "../../shared/store.ts";
import { getMeta, putMeta } from "./meta.ts";

/** Where this agent's chain of signed receipts stands: each names the digest of the one before it. */
const Head = z.strictObject({ digest: Digest.nullable(), index: z.int().min(0) });
export type ChainHead = z.infer<typeof Head>;

export async function chainHead(tx: Pick<Tx, "get">): Promise<ChainHead> {
  const held = await getMeta(tx, "chain");
  return held === undefined ? { digest: null, index: 0 } : Head.parse(JSON.parse(held));
}

/** Moves the head, only from where the signer saw it: two receipts never share a place. */
export async function moveChain(tx: Tx, from: ChainHead, to: ChainHead): Promise<boolean> {
  const now = await chainHead(tx);
  if (now.index !== from.index || now.digest !== from.digest) return false;
  await putMeta(tx, "chain", JSON.stringify(to));
  return true;
}
