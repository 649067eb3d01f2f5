import { z } from "zod";
import { Severity } from "../../shared/documents/check.ts";

/**
 * What a preflight reads, and what it must find there, as data of a platform file. Patterns are JavaScript with the `v` flag, linear
 * by the lint of all patterns, tried against the whole answer (`^` and `$` at each line).
 */
const Pattern = z
  .string()
  .min(1)
  .max(1000)
  .refine((source) => {
    try {
      return new RegExp(source, "mv") instanceof RegExp;
    } catch {
      return false;
    }
  }, "is not a regular expression");

const told = {
  code: z.string().regex(/^[A-Z0-9_]{3,40}$/),
  severity: Severity,
  hint: z.string().min(1).max(500),
} as const;

/** A number on a line of the answer: the named group `n`, times 1024 to the power of its group `unit` (K, M, G, T) where it has one. */
const Counted = { number: Pattern } as const;

export const Rule = z.union([
  /** Found where nothing matches. */
  z.strictObject({ ...told, holds: Pattern }),
  /** Found for each match. */
  z.strictObject({ ...told, absent: Pattern }),
  /** Found for each number that is too small, or too large. */
  z.strictObject({ ...told, ...Counted, atLeast: z.number().optional(), atMost: z.number().optional() }),
  /**
   * Sessions in use are the lines that match, ours among them; found where fewer than `leave` are free. How many there are is the largest
   * number that `total` finds in its own answer, plus one where it counts from nought, else the platform's `limits`.
   */
  z.strictObject({
    ...told,
    sessions: Pattern,
    total: z.strictObject({ send: z.string().max(200), ...Counted, fromNought: z.boolean() }).optional(),
    leave: z.int().min(0).max(16),
  }),
  /**
   * The device's clock: the named groups `year`, `month` (a number or an English name), `day`, `time` (hh:mm:ss), and `zone` where it is
   * said. Found where it is further from ours than `seconds`.
   */
  z.strictObject({ ...told, clock: Pattern, seconds: z.int().min(1).max(3600) }),
]);
export type Rule = z.infer<typeof Rule>;

export const PreflightFile = z
  .array(
    z.strictObject({
      send: z.string().max(200),
      /** Said to the host's own shell on a channel beside the CLI, where the CLI is a program on a host. */
      host: z.boolean().optional(),
      rules: z.array(Rule).min(1).max(16),
    }),
  )
  .max(24);
export type PreflightFile = z.infer<typeof PreflightFile>;

/** What a device of this platform takes before it refuses or slows down; the agent stays below, with room for people. */
export const LimitsFile = z.strictObject({
  /** Logins at one time, as the platform comes from its factory. */
  sessions: z.int().min(1).max(1000),
  connectsPerMinute: z.int().min(1).max(10_000),
  /** Channels open at one time on one SSH connection. */
  channelsPerConnection: z.int().min(1).max(100),
});
export type LimitsFile = z.infer<typeof LimitsFile>;
