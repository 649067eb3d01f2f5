import { z } from "zod";
import { Digest, EpochSeconds, OrgId } from "../ids.ts";

/** The audit log up to one entry, as the hub signs it and agents remember it: the root is an RFC 6962 Merkle tree over the entries. */
export const Checkpoint = z.strictObject({
  type: z.literal("checkpoint"),
  v: z.literal(1),
  org: OrgId,
  hub: z.string().min(1).max(63),
  /** Which life of the log: a hub restored from a backup begins another, which people must sign before an agent follows it. */
  epoch: z.int().min(1).max(1_000_000),
  size: z.int().min(0),
  root: Digest,
  at: EpochSeconds,
});
export type Checkpoint = z.infer<typeof Checkpoint>;

/** How a receipt quotes it. */
export const quoteCheckpoint = (checkpoint: Pick<Checkpoint, "size" | "root">): string =>
  `${checkpoint.size}:${checkpoint.root}`;

const QUOTE = /^(0|[1-9]\d{0,15}):([0-9a-f]{64})$/;

/** What a quote says; undefined when it is none. */
export function readQuote(quote: string): Pick<Checkpoint, "size" | "root"> | undefined {
  const found = QUOTE.exec(quote);
  const size = Number(found?.[1]);
  const root = Digest.safeParse(found?.[2]);
  return root.success && Number.isSafeInteger(size) ? { size, root: root.data } : undefined;
}
