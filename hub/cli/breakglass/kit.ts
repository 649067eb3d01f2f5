import { z } from "zod";
import { toBase64url, fromBase64url, sha256, type Bytes } from "../../../shared/bytes.ts";
import { checkEnvelope, Envelope, type Envelope as Signed } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import type { Digest } from "../../../shared/ids.ts";
import { TrustFile } from "../../../shared/tuf/file.ts";
import { PlanRecord } from "../plan/record.ts";
import { writeFile } from "../files.ts";
import { readText } from "../settings.ts";

/** What an on-call person has with them. Everything in it is signed, and believed from the person's own trust file only. */
const Kit = z.strictObject({
  schema: z.literal("farhand.breakglass-kit/1"),
  trust: TrustFile,
  breakglass: Envelope,
  grant: Envelope,
});

export interface BreakglassKit {
  readonly trust: TrustFile;
  readonly breakglass: Signed;
  readonly grant: Signed;
}

export const writeKit = (path: string, kit: BreakglassKit): void =>
  writeFile(path, `${JSON.stringify({ schema: "farhand.breakglass-kit/1", ...kit })}\n`, { mode: 0o644 });

export function readKit(path: string): BreakglassKit {
  const { trust, breakglass, grant } = readJson(path, Kit);
  return { trust, breakglass: checkEnvelope(breakglass), grant: checkEnvelope(grant) };
}

/** What was asked to be planned by hand, and the texts: kept on the person's machine until the plan is back. */
const Draft = z.strictObject({
  schema: z.literal("farhand.breakglass-draft/1"),
  record: PlanRecord,
  deadlines: z.record(z.string(), z.int()),
  texts: z.array(z.string()),
});

export interface Draft {
  readonly record: PlanRecord;
  readonly deadlines: Readonly<Record<string, number>>;
  readonly texts: readonly Bytes[];
}

export function writeDraft(path: string, { record, deadlines, texts }: Draft): void {
  const draft = { schema: "farhand.breakglass-draft/1", record, deadlines, texts: texts.map(toBase64url) };
  writeFile(path, `${JSON.stringify(draft)}\n`);
}

export function readDraft(path: string): Draft {
  const { record, deadlines, texts } = readJson(path, Draft);
  return { record, deadlines, texts: texts.map(fromBase64url) };
}

/** As `farhand-agent plan` writes it. */
const BroughtPlan = z.strictObject({
  schema: z.literal("farhand.brought-plan/1"),
  plan: Envelope,
  texts: z.array(z.string()).max(2_000),
});

export function readBroughtPlan(path: string): { plan: Signed; texts: ReadonlyMap<Digest, Bytes> } {
  const { plan, texts } = readJson(path, BroughtPlan);
  return { plan: checkEnvelope(plan), texts: new Map(texts.map(fromBase64url).map((bytes) => [sha256(bytes), bytes])) };
}

function readJson<S extends z.ZodType>(path: string, schema: S): z.output<S> {
  let value: unknown;
  try {
    value = JSON.parse(readText(path));
  } catch (error) {
    if (error instanceof FarhandError) throw error;
    throw new FarhandError("SCHEMA", `${path}: not JSON`, { cause: error });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new FarhandError("SCHEMA", `${path}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`);
}
