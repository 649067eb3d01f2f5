import { z } from "zod";
import { Envelope } from "../envelope.ts";
import { OrgId } from "../ids.ts";
import { METADATA_BYTES_MAX } from "../tuf/metadata.ts";

/**
 * An export of the audit log: one JSON document a line. Entries stand as their exact canonical bytes, each line a leaf of the
 * tree, so that other tools can check them too; everything else is one of these.
 */
export const ExportHeader = z.strictObject({
  type: z.literal("audit-export"),
  v: z.literal(1),
  org: OrgId,
  hub: z.string().min(1).max(63),
  /** Entries that follow. */
  size: z.int().min(0),
  atMs: z.int().min(0),
});
export const ExportedTrust = z.strictObject({
  type: z.literal("audit-trust"),
  document: z.enum(["keys", "agents"]),
  envelope: Envelope,
});
/** The roots, and what their keyadmins signed: by these a keys.json counts that no keyadmin of the one before signed. */
export const ExportedMetadata = z.strictObject({
  type: z.literal("audit-metadata"),
  role: z.enum(["root", "targets"]),
  text: z.string().max(METADATA_BYTES_MAX),
});
export const ExportedCheckpoint = z.strictObject({ type: z.literal("audit-checkpoint"), envelope: Envelope });
export const ExportedReceipt = z.strictObject({
  type: z.literal("audit-receipt"),
  kind: z.enum(["receipt", "plan"]),
  envelope: Envelope,
});
export const ExportLine = z.discriminatedUnion("type", [
  ExportHeader,
  ExportedMetadata,
  ExportedTrust,
  ExportedCheckpoint,
  ExportedReceipt,
]);
export type ExportLine = z.infer<typeof ExportLine>;

/** An envelope of 512 KiB, and what stands around it. */
export const LINE_BYTES_MAX = 768 * 1024;
/** A line that is none of ours is an entry: canonical JSON begins with its first member. */
export const ENTRY_START = '{"action":';
