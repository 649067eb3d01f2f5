import { z } from "zod";
import { lintPattern } from "../pattern-lint.ts";

/**
 * The `language` section of a platform whose configuration is XML (NETCONF). A *path* is the local names of an element and those
 * above it, joined by `/`, without prefixes and keys: `interfaces/interface/ipv4/address`. Names of models are left out on purpose: a
 * rule that guards something would rather match in one model too many.
 */
const Pattern = z
  .string()
  .min(1)
  .max(1000)
  .refine((source) => lintPattern(source) === undefined, "does not compile, or could be slow");

/** The end of a path: `interface/ipv4/address` is every `address` of an `ipv4` of an `interface`. The longest that fits counts. */
const Where = z
  .string()
  .max(400)
  .regex(/^[A-Za-z_][\w.\-]*(?:\/[A-Za-z_][\w.\-]*)*$/v);
const Name = z.string().regex(/^[A-Za-z_][\w.\-]{0,127}$/v);
const Wheres = z.array(Where).max(256).default([]);

export const XmlLanguageFile = z.strictObject({
  kind: z.literal("xml"),
  /** Namespaces that mean the same, or that change with the software's version, and what stands for them. `""`: none. */
  namespaces: z
    .array(z.strictObject({ uri: Pattern, as: z.string().max(400) }))
    .max(16)
    .default([]),
  /** The top element that holds all there is (Junos: `configuration`). A text that replaces takes the place of what it names in there. */
  envelope: Name.optional(),
  /** Elements that are no configuration or differ from read to read. */
  volatile: Wheres,
  /** Attributes that mean something (Junos: `inactive`), by local name. All others that a device shows are left out, and an author's are refused. */
  metadata: z.array(Name).max(8).default([]),
  /** Lists and the leaves that name their entries, in the model's order (RFC 7950 section 7.8.2). */
  keys: z.record(Where, z.array(Name).min(1).max(8)).default({}),
  /** What names an entry where `keys` does not say: the first leaf, if it has one of these names. For platforms that promise so. */
  keyNames: z.array(Name).max(8).optional(),
  /** Lists and leaf-lists whose order means something (`ordered-by user`, RFC 7950 section 7.7.7). */
  ordered: Wheres,
  /** Leaf-lists. Where one leaf stands alone nothing else tells that a second value would not take its place. */
  leafLists: Wheres,
  /** Choices (RFC 7950 section 7.9) of an element's children: the names of each case. What is set takes the other cases away. */
  choices: z.record(Where, z.array(z.array(Name).min(1).max(16)).min(2).max(16)).default({}),
  /** Elements that are shown while nothing is in them (RFC 7950 section 7.5.1). All others go with the last thing in them. */
  presence: Wheres,
  /** Values that begin with a prefix (identityref, RFC 7950 section 9.10), where the prefix may be declared further up. */
  identities: Wheres,
  /** The operation that takes something away. Servers of NETCONF 1.0 have no `remove` (RFC 6241 appendix F). */
  removal: z.enum(["remove", "delete"]).default("remove"),
  /** The value of a leaf with this name, below a path that matches `under`, is secret; with `value`, only what its group `secret` matches. */
  secrets: z
    .array(
      z.strictObject({
        name: Pattern,
        under: Pattern.refine(
          (source) => !source.startsWith("^"),
          "is tried on transcripts too: no anchor at the top",
        ).optional(),
        value: Pattern.refine((source) => source.includes("(?<secret>"), "has no group `secret`").optional(),
      }),
    )
    .max(128)
    .default([]),
  /**
   * The management path: a changed element whose path, or a path above it, matches; or anything in an element (`section`, a path) that
   * `holds` a leaf, written as its path from there, a blank and its value. `‹address›` stands for the management address.
   */
  management: z
    .array(z.union([Pattern, z.strictObject({ section: Pattern, holds: Pattern })]))
    .max(64)
    .default([]),
  /** Names of elements whose removal, or replacement, is of the destructive class. Tried on the name alone. */
  destructive: z.array(Pattern).max(64).default([]),
  /** What may not be sent at all, by path and value. */
  forbidden: z
    .array(
      z.strictObject({
        path: Pattern,
        value: Pattern.optional(),
        reason: z.string().max(200),
        mode: z.enum(["merge", "replace"]).optional(),
      }),
    )
    .max(64)
    .default([]),
  /** How the device may write a leaf's value back. In `shown`, `$<name>` copies a group and `#` stands for a number that the device chose. */
  rewrites: z
    .array(z.strictObject({ path: Pattern, typed: Pattern, shown: z.string().min(1).max(1000) }))
    .max(64)
    .default([]),
  /** Paths of what the device adds by itself in an element that the change adds. */
  implied: z.array(Pattern).max(64).default([]),
  /** Paths of leaves whose change ends a session or takes a link down for a moment, flagged in the plan as `what`. */
  resets: z
    .array(z.strictObject({ path: Pattern, what: z.string().max(120) }))
    .max(64)
    .default([]),
  /** What a configuration cannot be put back with. */
  notRestorable: z
    .array(z.strictObject({ path: Pattern, value: Pattern.optional(), reason: z.string().max(200) }))
    .max(16)
    .default([]),
});
export type XmlLanguageFile = z.infer<typeof XmlLanguageFile>;
