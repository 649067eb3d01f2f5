import { z } from "zod";
import { Digest, EpochSeconds, OrgId } from "../ids.ts";

/** The audit log up to one entry, as the hub signs it and agents remember it: the root is an RFC 6962 Merkle tree over the entries. */
export const Checkpoint = z.strictObject({
  type: z.literal("checkpoint"),
  v: z.literal(1),
  org: OrgId,
  hub: z.string().min(1).max(63),
  size: z.int().min(0),
  root: Digest,
  at: EpochSeconds,
});
export type Checkpoint = z.infer<typeof Checkpoint>;

/** How a receipt quotes it. */
export const quoteCheckpoint = (checkpoint: Pick<Checkpoint, "size" | "root">): string =>
  `${checkpoint.size}:${checkpoint.root}`;
