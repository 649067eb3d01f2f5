import { parseDocument } from "yaml";
import { z } from "zod";
import { JobKind, Risk } from "../../shared/documents/common.ts";
import { FarhandError } from "../../shared/errors.ts";
import { CredentialName, DeviceId, Digest, PlatformId } from "../../shared/ids.ts";

export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
const Weekday = z.enum(WEEKDAYS);
export type Weekday = z.infer<typeof Weekday>;

const TIME = /^([01]\d|2[0-3]):[0-5]\d$|^24:00$/;
const TimeOfDay = z.string().regex(TIME, "must be hh:mm, 00:00 to 24:00");

/** From `from` on the named days until `to`, which is on the next day where it is not later than `from`. */
const Opening = z
  .strictObject({ days: z.array(Weekday).min(1).max(7), from: TimeOfDay, to: TimeOfDay })
  .refine(({ from, to }) => from !== to && from !== "24:00" && to !== "00:00", {
    message: "begins and ends at different times; a day ends at 24:00",
  });
export type Opening = z.infer<typeof Opening>;

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/** When anything but reads may begin, by the clock on the wall of that place. No opening at all: never. */
export const Windows = z.strictObject({
  timeZone: z.string().min(1).max(60).refine(isTimeZone, "must be a time zone by name, such as Europe/Amsterdam"),
  open: z.array(Opening).max(50),
});
export type Windows = z.infer<typeof Windows>;

/**
 * What the owner of the jump host says: each member that stands takes something away from what people may sign, none gives anything. What is
 * not named is not narrowed.
 */
export const LocalPolicy = z.strictObject({
  v: z.literal(1),
  /** Nothing begins, reads included. The words are told to whoever asked. */
  stop: z.string().min(1).max(200).optional(),
  /** The same while a file of this name exists. */
  stopFile: z.string().max(4096).regex(/^\//, "must be a path from the root on").optional(),
  risks: z.array(Risk).max(3).optional(),
  kinds: z.array(JobKind).max(JobKind.options.length).optional(),
  devices: z.array(DeviceId).max(10_000).optional(),
  /** As the signed inventory binds them to devices. */
  credentials: z.array(CredentialName).max(1_000).optional(),
  /** Digests of the platform files that may drive a platform; a platform that is not named is not narrowed. */
  platforms: z.record(PlatformId, z.array(Digest).max(100)).optional(),
  devicesPerManifestMax: z.int().min(1).max(1_000).optional(),
  /** How many devices changes may begin on within an hour: a bucket that holds so many and is full again an hour after it was empty. */
  changesPerHourMax: z.int().min(1).max(100_000).optional(),
  /** What is opened on a device at one time, and how often within a minute; below what its platform takes, less two for people. */
  deviceLimits: z
    .record(
      DeviceId,
      z.strictObject({
        sessions: z.int().min(1).max(1_000).optional(),
        connectsPerMinute: z.int().min(1).max(10_000).optional(),
      }),
    )
    .optional(),
  windows: Windows.optional(),
});
export type LocalPolicy = z.infer<typeof LocalPolicy>;

/** Throws LOCAL_POLICY_FILE with the place of the first fault. */
export function readPolicyText(text: string): LocalPolicy {
  let value: unknown;
  try {
    const document = parseDocument(text, {
      version: "1.2",
      schema: "core",
      uniqueKeys: true,
      merge: false,
      // A pretty error quotes the source, and a broken file has thousands.
      prettyErrors: false,
    });
    const [fault] = [...document.errors, ...document.warnings];
    if (fault) throw fault;
    value = document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    const words = error instanceof Error ? (error.message.split("\n")[0] ?? "") : "not YAML";
    throw new FarhandError("LOCAL_POLICY_FILE", words.slice(0, 200), { cause: error });
  }
  const parsed = LocalPolicy.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue && issue.path.length > 0 ? `${issue.path.join(".")}: ` : "";
  throw new FarhandError("LOCAL_POLICY_FILE", `${where}${issue?.message ?? ""}`.slice(0, 300));
}
