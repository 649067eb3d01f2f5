import { z } from "zod";

/**
 * State checks: the same reads before and after a change, as rows, and what is expected of them. The language is small on purpose: a
 * table, which rows, a column, a comparison. It has no patterns and no arithmetic of its own.
 */
export const TableName = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/);
export type TableName = z.infer<typeof TableName>;
const Column = z.string().regex(/^[a-z][a-z0-9_]{0,31}$/);
const Value = z.union([z.string().max(200), z.number()]);
const CheckName = z.string().regex(/^[a-z0-9][a-z0-9 -]{0,59}$/);

/** `contains` is of text; `lt` to `ge` are of numbers, and of nothing else: a cell that is no number does not meet them. */
const Comparison = z.enum(["eq", "ne", "lt", "le", "gt", "ge", "contains"]);
export type Comparison = z.infer<typeof Comparison>;

export const Condition = z.strictObject({ column: Column, op: Comparison, value: Value });
export type Condition = z.infer<typeof Condition>;

const rows = {
  name: CheckName,
  table: TableName,
  /** Rows that meet all of these; without it every row. */
  where: z.array(Condition).max(8).optional(),
} as const;

export const Expectation = z.discriminatedUnion("expect", [
  /** Each such row from before, by its key, is there after and is still such a row. */
  z.strictObject({ expect: z.literal("kept"), ...rows }),
  /** The column of each such row from before says the same after. */
  z.strictObject({ expect: z.literal("unchanged"), ...rows, column: Column }),
  /** The number in the column does not fall by more than so many per cent of what it was. */
  z.strictObject({
    expect: z.literal("not-fallen"),
    ...rows,
    column: Column,
    tolerancePercent: z.number().min(0).max(100),
  }),
  /** The column of each such row after compares so; a row that did not before is not blamed on the change. */
  z.strictObject({ expect: z.literal("holds"), ...rows, column: Column, op: Comparison, value: Value }),
  /** So many rows after. */
  z
    .strictObject({
      expect: z.literal("rows"),
      ...rows,
      min: z.int().min(0).optional(),
      max: z.int().min(0).optional(),
    })
    .refine(({ min, max }) => min !== undefined || max !== undefined, "needs min or max"),
]);
export type Expectation = z.infer<typeof Expectation>;

export const Checks = z.strictObject({
  /** Whether what people expect of any change is checked: the platform's own list. */
  defaults: z.boolean(),
  /** What the change is meant to break: a default as a whole, or its rows with these keys. */
  except: z
    .array(z.strictObject({ name: CheckName, keys: z.array(z.string().min(1).max(300)).min(1).max(64).optional() }))
    .max(32),
  expect: z.array(Expectation).max(32),
  /** Before the first look: a session that lost its peer stands until its hold time is over. */
  settleMs: z.int().min(0).max(600_000),
  /** Asked again until all hold; routing needs seconds to settle. Never beyond what the device's undo timer leaves. */
  withinMs: z.int().min(0).max(600_000),
});
export type Checks = z.infer<typeof Checks>;

export const CheckVerdict = z.enum(["ok", "broken", "unknown"]);

const Cells = z.record(Column, z.union([z.string().max(300), z.number(), z.null()]));
export const CheckedRow = z.strictObject({
  key: z.string().max(300),
  before: Cells.nullable(),
  after: Cells.nullable(),
});
export type CheckedRow = z.infer<typeof CheckedRow>;

/** What became of one expectation. */
export const CheckResult = z.strictObject({
  name: CheckName,
  table: TableName,
  verdict: CheckVerdict,
  /** It was so before the change, which is not to blame for it. */
  already: z.boolean(),
  detail: z.string().max(300),
  /** The first rows that show it. */
  rows: z.array(CheckedRow).max(8),
  /** How many there are. */
  count: z.int().min(0),
});
export type CheckResult = z.infer<typeof CheckResult>;

/** What a plan says of one: what is read for it, and whether that can be done now. */
export const PlannedCheck = z.strictObject({
  name: CheckName,
  table: TableName,
  command: z.string().max(200),
  /** Rows that are there now; null where the device does not tell, and the check will be unknown. */
  rows: z.int().min(0).nullable(),
  /** It does not hold now. */
  already: z.boolean(),
  detail: z.string().max(300),
});
export type PlannedCheck = z.infer<typeof PlannedCheck>;

/** What a receipt says of all of them; the rows are in the task's output. */
export const CheckSummary = z.strictObject({
  ok: z.int().min(0),
  /** Those that are not, what the change has to answer for first. */
  others: z.array(CheckResult.omit({ rows: true })).max(16),
});
export type CheckSummary = z.infer<typeof CheckSummary>;
