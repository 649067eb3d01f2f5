import { z } from "zod";
import { CommandText, Verification } from "../../../shared/documents/common.ts";
import type { Device } from "../../../shared/documents/inventory.ts";
import { FarhandError } from "../../../shared/errors.ts";
import type { DeviceId } from "../../../shared/ids.ts";
import type { InventoryView } from "../../../shared/trust.ts";
import { readYaml } from "../inventory/yaml.ts";
import { parseSelector, pick } from "../select.ts";

const OneOrMore = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (typeof value === "string" ? [value] : value));

/** A verification as people write it: `contains: Established`, and half a minute to come true. */
const VerificationLine = z
  .strictObject({
    command: CommandText,
    contains: OneOrMore.optional(),
    absent: OneOrMore.optional(),
    withinSeconds: z.number().min(0).max(600).default(30),
  })
  .refine(
    (line) => (line.contains?.length ?? 0) + (line.absent?.length ?? 0) > 0,
    "needs contains or absent: a check that expects nothing proves nothing",
  );

export function readVerifications(name: string, text: string): Verification[] {
  const { faults, value } = readYaml(text);
  const [broken] = faults;
  if (broken) throw new FarhandError("USAGE", `${name}:${broken.line}:${broken.column}: ${broken.message}`);
  const parsed = z.array(VerificationLine).min(1).max(32).safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new FarhandError("USAGE", `${name}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not understood"}`);
  }
  return parsed.data.map(({ command, contains, absent, withinSeconds }) =>
    Verification.parse({
      command,
      ...(contains && { contains }),
      ...(absent && { absent }),
      withinMs: Math.round(withinSeconds * 1000),
    }),
  );
}

export interface WaveLine {
  readonly devices: readonly DeviceId[];
  readonly notBefore: number | null;
}

/** `SELECTOR[@TIME]`: the job's devices that it picks and that no earlier wave has; TIME is ISO 8601 with a zone. */
export function readWaves(lines: readonly string[], job: readonly Device[], inventory: InventoryView): WaveLine[] {
  const left = new Map(job.map((device) => [device.id, device]));
  return lines.map((line) => {
    const at = line.lastIndexOf("@");
    const selection = parseSelector(at === -1 ? line : line.slice(0, at));
    const devices = pick(selection, inventory)
      .filter((device) => left.delete(device.id))
      .map((device) => device.id);
    if (devices.length === 0) throw new FarhandError("USAGE", `--wave ${line}: no device of this job is left for it`);
    return { devices, notBefore: at === -1 ? null : timeOf(line.slice(at + 1)) };
  });
}

export function timeOf(text: string): number {
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms))
    throw new FarhandError("USAGE", `${text}: a time is written 2026-11-25T02:00Z or 2026-11-25T02:00+01:00`);
  return Math.floor(ms / 1000);
}
