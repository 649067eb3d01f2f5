import { z } from "zod";
import { Expectation, TableName } from "../../../shared/documents/checks.ts";
import { TransportName } from "../../../shared/documents/inventory.ts";
import { PlatformId } from "../../../shared/ids.ts";
import { lintPattern } from "../pattern-lint.ts";

/** A pattern meets one line that a device chose: linear by the lint, and the line is bounded. */
const Pattern = z
  .string()
  .min(1)
  .max(500)
  .refine((source) => lintPattern(source) === undefined, {
    error: (issue) => `pattern: ${lintPattern(String(issue.input)) ?? ""}`,
  });
const Column = z.string().regex(/^[a-z][a-z0-9_]{0,31}$/);

const ColumnFile = z.strictObject({
  /** `list`: several values, in no order, shown as one text. `sum`: several numbers, added. */
  as: z.enum(["text", "number", "sum", "list"]).default("text"),
  /** Counters and ages: shown, and no difference. */
  volatile: z.literal(true).optional(),
  /** The first that matches says what the cell is: vendors call the same state by many names. */
  values: z
    .array(z.strictObject({ pattern: Pattern, value: z.string().max(60) }))
    .max(16)
    .default([]),
  /** The cell where the output has none. */
  missing: z.string().max(60).optional(),
});
export type ColumnFile = z.infer<typeof ColumnFile>;

/** How a table is read out of text, line by line. Named groups are columns. */
const TextFile = z.strictObject({
  /** Nothing is read above a line that matches: the header of the columns. */
  start: Pattern.optional(),
  /** Its groups are cells of every row below it. */
  carry: z.array(Pattern).max(8).default([]),
  rows: z
    .array(z.strictObject({ pattern: Pattern, set: z.record(Column, z.string().max(60)).default({}) }))
    .min(1)
    .max(16),
  /** Adds to the row above: to its lists, and to its empty cells. */
  more: z.array(Pattern).max(8).default([]),
  /** The first half of a row whose rest stands on the next line. */
  wrap: Pattern.optional(),
  /** Lines that say nothing. Any other is counted as not understood. */
  skip: z.array(Pattern).max(32).default([]),
});
export type TextFile = z.infer<typeof TextFile>;

const Path = z.string().regex(/^[\w \(\)\-]+(?:\[\])?(?:\.[\w \(\)\-]+(?:\[\])?){0,8}$/v);

/** How it is read out of JSON: down through members that hold many. */
const JsonFile = z.strictObject({
  down: z
    .array(
      z.strictObject({
        /** A member, or a path of them; without it the value itself. */
        of: Path.optional(),
        /** The column that takes the name of each member. */
        key: Column.optional(),
        /** Columns out of each member on the way, rather than out of the last. */
        take: z.record(Column, Path).default({}),
      }),
    )
    .min(1)
    .max(8),
  /** The first of the paths that is there; `nexthops[].ip` gathers. */
  columns: z.record(Column, z.union([Path, z.array(Path).min(1).max(6)])),
  /** Rows without it are left out. */
  where: z.strictObject({ path: Path, is: z.union([z.string(), z.boolean()]) }).optional(),
});
export type JsonFile = z.infer<typeof JsonFile>;

const Key = z.string().regex(/^[a-z][a-z0-9.\-]{0,60}$/v);

/** How it is read out of `key=value` pairs (RouterOS): an entry is what stands behind one head of flags. */
const PairFile = z.strictObject({
  /** Nothing else is a key; without it every word before an equals sign is one. */
  keys: z.array(Key).max(32).default([]),
  /** The first of the keys that has a value. */
  columns: z.record(Column, z.union([Key, z.array(Key).min(1).max(4)])),
  /** Columns that take the letters of the head. */
  flags: z.array(Column).max(4).default([]),
  /** Entries whose letters do not match are left out. */
  where: Pattern.optional(),
  /** Lines that say nothing: what the letters and the columns mean. Any other without a pair is counted as not understood. */
  skip: z.array(Pattern).max(8).default([]),
});
export type PairFile = z.infer<typeof PairFile>;

/** Local names of elements, joined by `/`. */
const XmlPath = z
  .string()
  .max(300)
  .regex(/^[A-Za-z_][\w.\-]*(?:\/[A-Za-z_][\w.\-]*)*$/v);

const XmlRows = z.strictObject({
  /** Of the element that is a row, from below `<data>`, or from an operation's own element; where there are several, all of them are rows. */
  path: z.array(XmlPath).min(1).max(4),
  /** Leaves that stand before it in what holds it, by their paths from the same place: the keys of lists (RFC 7950 §7.8.5 has them first). */
  above: z.record(Column, XmlPath).default({}),
  /** Leaves within it; the first of the paths that is there. */
  columns: z.record(Column, z.union([XmlPath, z.array(XmlPath).min(1).max(6)])),
  /** Rows without this leaf, or with another value in it, are left out. */
  where: z.strictObject({ path: XmlPath, is: z.string().max(60).optional() }).optional(),
  /** They count only where what stands above them in this list gave none. */
  otherwise: z.literal(true).optional(),
});
export type XmlRows = z.infer<typeof XmlRows>;

/** How a table is asked for over NETCONF, and what of the answer is a row. */
const XmlRead = z
  .strictObject({
    /** Namespaces that the device must have said it has: an answer to anything else would be empty, and look fine. */
    offers: z.array(z.string().min(1).max(200)).max(4).default([]),
    /** A subtree filter of `get` (RFC 6241 §6): elements with a default namespace each, no prefixes. */
    filter: z.string().min(1).max(1000).optional(),
    /** Or an operation of the vendor's that only reads. */
    operation: z
      .string()
      .max(400)
      .regex(/^<get-[^>]/v)
      .optional(),
    rows: z.array(XmlRows).min(1).max(4),
  })
  .refine(
    ({ filter, operation }) => (filter === undefined) !== (operation === undefined),
    "needs a filter or an operation",
  );
export type XmlRead = z.infer<typeof XmlRead>;

const TableFile = z
  .strictObject({
    /** A read of the platform's allow-list; over NETCONF `table NAME`, which stands for the first of `xml` that the device offers. */
    command: z.string().min(1).max(200),
    /** Others that show the same. */
    also: z.array(z.string().min(1).max(200)).max(8).default([]),
    key: z.array(Column).min(1).max(4),
    columns: z.record(Column, ColumnFile),
    /** What a device says where there is nothing to show: no such process. An answer, and no rows. */
    none: z.array(Pattern).max(8).default([]),
    /** With both, what opens with a brace is JSON: a device gives text for what it has not converted. */
    text: TextFile.optional(),
    json: JsonFile.optional(),
    pairs: PairFile.optional(),
    xml: z.array(XmlRead).min(1).max(4).optional(),
  })
  .refine(({ text, json, pairs, xml }) => [text, json, pairs, xml].some(Boolean), "needs text, json, pairs or xml")
  .refine(({ key, columns }) => key.every((name) => columns[name]), "a key that is no column");
export type TableFile = z.infer<typeof TableFile>;

/** The reads of one platform. Adding one is a few lines here, and a recorded output in a test. */
export const PackFile = z.strictObject({
  id: PlatformId,
  /** Over this transport alone; without it over every one that has no pack of its own. */
  transport: TransportName.optional(),
  tables: z.record(TableName, TableFile),
});
export type PackFile = z.infer<typeof PackFile>;

export const DefaultsFile = z.strictObject({ expect: z.array(Expectation).max(32) });
