import { z } from "zod";
import { Accepted } from "../../../shared/documents/accepted.ts";
import { Checks } from "../../../shared/documents/checks.ts";
import { Verification } from "../../../shared/documents/common.ts";
import { ChangeMode, DriftMode, Source, TEXT_SOURCE, TextRef } from "../../../shared/documents/manifest.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { AgentId, DeviceId, Digest, JobId, PersonId, PlatformId } from "../../../shared/ids.ts";
import type { CliContext } from "../context.ts";
import { writeFile } from "../files.ts";
import { readText, statePath } from "../settings.ts";

/**
 * What the author asked for, as their own machine remembers it: review compares the warrant with it, so that a hub
 * cannot swap a text for another that an honest agent would plan just as well.
 */
export const PlanRecord = z.strictObject({
  schema: z.literal("farhand.plan-record/1"),
  job: JobId,
  author: PersonId,
  title: z.string(),
  reason: z.string(),
  inventory: Digest,
  mode: ChangeMode,
  drift: DriftMode,
  verify: z.array(Verification),
  checks: Checks.optional(),
  accepted: z.array(Accepted).optional(),
  accepts: z.strictObject({ levelE: z.array(DeviceId), simulatedEvidence: z.array(PlatformId) }),
  attemptsMax: z.int().nullable(),
  standbys: z.array(AgentId).default([]),
  /** What each wave names, and its earliest time; null where the author named no waves. */
  waves: z.array(z.strictObject({ devices: z.array(DeviceId), notBefore: z.int().nullable() })).nullable(),
  texts: z.array(z.strictObject({ device: DeviceId, source: Source.default(TEXT_SOURCE), text: TextRef })),
});
export type PlanRecord = z.infer<typeof PlanRecord>;

export const recordPath = (cli: Pick<CliContext, "env" | "home">, job: JobId): string =>
  statePath(cli, "plans", `${job}.json`);

export function writeRecord(path: string, record: PlanRecord): void {
  writeFile(path, `${JSON.stringify(record, null, 2)}\n`);
}

export function readRecord(path: string): PlanRecord {
  let value: unknown;
  try {
    value = JSON.parse(readText(path));
  } catch (error) {
    if (error instanceof FarhandError) throw error;
    throw new FarhandError("SCHEMA", `${path}: not JSON`, { cause: error });
  }
  const parsed = PlanRecord.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new FarhandError(
    "SCHEMA",
    `${path}: ${parsed.error.issues[0]?.path.join(".") ?? ""}: ${parsed.error.issues[0]?.message ?? ""}`,
  );
}
