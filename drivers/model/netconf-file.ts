import { z } from "zod";
import { UndoCost } from "../../shared/documents/common.ts";

/** The local names of an element and those above it, joined by `/`: `system/hostname`. */
const Path = z
  .string()
  .max(400)
  .regex(/^[A-Za-z_][\w.\-]*(?:\/[A-Za-z_][\w.\-]*)*$/v);

/** Of `xml/languages`. */
export const NetconfLanguage = z.enum(["netconf", "cisco_iosxe", "juniper_junos"]);
export type NetconfLanguage = z.infer<typeof NetconfLanguage>;

const Fact = z.strictObject({
  /** Elements of a subtree filter (RFC 6241 §6) of a `get`. */
  filter: z.string().min(1).max(2000).optional(),
  /** Or an operation of the vendor's that reads. */
  operation: z.string().min(1).max(400).optional(),
  /**
   * Only in that entry of a list: a leaf named `key` begins each, and in the one that counts the leaf at `path` ends with `ends`. A filter cannot
   * say it where the value has a prefix, which every server writes as it likes.
   */
  entry: z.strictObject({ key: Path, path: Path, ends: z.string().min(1).max(64) }).optional(),
  /** The first leaf at one of these paths is the fact. */
  hostname: Path.optional(),
  model: Path.optional(),
  version: Path.optional(),
  serial: Path.optional(),
});

/** What a platform file says about a device's NETCONF, and about its departures from RFC 6241. What the device can, it says itself. */
export const NetconfFile = z.strictObject({
  language: NetconfLanguage,
  /** Of a whole configuration. */
  bytesMax: z
    .int()
    .min(1024)
    .max(64 * 1024 * 1024),
  /** A device that does not know what is asked for has no such fact. */
  facts: z
    .array(
      Fact.refine(
        ({ filter, operation }) => (filter === undefined) !== (operation === undefined),
        "a filter or an operation",
      ),
    )
    .max(8),
  /** Where a `get` shows its time, as RFC 6991 writes it. */
  clock: z.strictObject({ filter: z.string().min(1).max(2000), time: Path }).optional(),
  undoCost: UndoCost,
  /** Whether a whole text may replace what is there. */
  replaces: z.boolean(),
  /** False for a device that offers base:1.1 and does not master it. */
  chunked: z.boolean().default(true),
  /**
   * False for a device that `validate` harms: after it, yuma123 2.13 commits nothing and says ok. The commit validates too (RFC 6241
   * §8.3.4.1), only later.
   */
  validates: z.boolean().default(true),
  /** False for a device that offers :confirmed-commit:1.1 and takes no `persist`: it then confirms from the session that made the change. */
  persists: z.boolean().default(true),
  /**
   * For a device whose only lock is the candidate's (RFC 6241 §7.5 would have running's denied while a timer runs): the vendor's operation that tells
   * of commits, newest first. `entry` begins each of them, and the leaf at `path` of the first holds these words while its timer runs.
   */
  timer: z
    .strictObject({
      operation: z.string().max(400),
      entry: Path,
      path: Path,
      holds: z.string().min(1).max(100),
      owner: Path,
    })
    .optional(),
  /** Where running is not what a reboot loads and there is no :startup to copy it to: the vendor's operation, and a word of its answer when it was done. */
  save: z.strictObject({ operation: z.string().max(400), done: z.string().min(1).max(100) }).optional(),
  /** SECONDS that a confirmed commit may wait. */
  confirmSecondsMin: z.int().min(1).default(10),
  confirmSecondsMax: z.int().min(1).max(4_294_967_295).default(3600),
});
export type NetconfFile = z.infer<typeof NetconfFile>;
