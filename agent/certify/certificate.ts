import { z } from "zod";
import { Evidence } from "../../shared/documents/common.ts";
import { TransportName } from "../../shared/documents/inventory.ts";
import { Digest, PlatformId } from "../../shared/ids.ts";

export const Status = z.enum(["ok", "failed", "not-applicable"]);
export type Status = z.infer<typeof Status>;

/** What one point of the list came to. */
export const ItemResult = z.strictObject({
  id: z.string().regex(/^[a-z][a-z\-]{2,40}$/v),
  title: z.string().max(200),
  status: Status,
  /** What was seen, in words; holds no secret. */
  evidence: z.string().max(2_000),
  seconds: z.number().min(0),
});
export type ItemResult = z.infer<typeof ItemResult>;

/**
 * What a driver showed on one device of a laboratory. Signed by nobody: it is worth as much as the person who hands it on, and the owner of
 * an agent's host decides whether that agent goes by it.
 */
export const Certificate = z.strictObject({
  schema: z.literal("farhand.certificate/1"),
  software: z.string().max(64),
  /** RFC 3339, UTC. */
  began: z.iso.datetime(),
  ended: z.iso.datetime(),
  platform: PlatformId,
  transport: TransportName,
  /** Of the platform file: another file has another digest, and this says nothing of it. */
  digest: Digest,
  device: z.strictObject({
    hostname: z.string().max(255),
    vendor: z.string().max(128),
    model: z.string().max(255).nullable(),
    version: z.string().max(255).nullable(),
    serial: z.string().max(255).nullable(),
  }),
  /** The device's timer that was waited out. */
  confirmSeconds: z.int().min(1),
  items: z.array(ItemResult).max(128),
  grade: z.strictObject({
    evidence: Evidence,
    /** What keeps it from `real`. */
    missing: z.array(z.string().max(300)).max(128),
  }),
});
export type Certificate = z.infer<typeof Certificate>;

/** `real` only if every point of the list that applies was passed, and every point stands there. */
export function gradeOf(
  held: Evidence,
  version: string | null,
  items: readonly Pick<ItemResult, "id" | "status">[],
  list: readonly string[],
): Certificate["grade"] {
  const byId = new Map(items.map((item) => [item.id, item.status]));
  const missing = list.flatMap((id) => {
    const status = byId.get(id);
    if (status === undefined) return [`${id}: was not run`];
    return status === "failed" ? [`${id}: failed`] : [];
  });
  if (version === null) missing.push("facts: the device tells no version, and a grade is for one version");
  return { evidence: missing.length === 0 ? "real" : held, missing };
}

/** `certify-cisco_iosxe-17.9.4a-2026-11-24.json`. */
export function fileName({ platform, device, ended }: Certificate): string {
  const version = (device.version ?? "unknown").replaceAll(/[^\w.\-]+/gv, "_").slice(0, 64);
  return `certify-${platform}-${version}-${ended.slice(0, 10)}.json`;
}
