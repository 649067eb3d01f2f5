import { z } from "zod";
import { Evidence, Level, UndoCost } from "../shared/documents/common.ts";
import { PlatformId } from "../shared/ids.ts";

/**
 * A platform file: everything the CLI engine needs to know about one operating system, as data.
 * Patterns are JavaScript regular expressions compiled with the `v` flag, linear by a lint of their own, and tried against
 * one line at a time unless said otherwise.
 */
const Pattern = z.string().min(1).max(1000).refine(compiles, "is not a regular expression");

function compiles(source: string): boolean {
  try {
    return new RegExp(source, "v") instanceof RegExp;
  } catch {
    return false;
  }
}

/** One thing to say to the device and what its answer must, or must not, hold. `${…}` names come from the transaction token. */
export const Instruction = z.strictObject({
  send: z.string().max(4096),
  /** Every pattern must match somewhere in the answer. */
  expect: z.array(Pattern).max(8).optional(),
  /** None may match. */
  refuse: z.array(Pattern).max(16).optional(),
  /** Answers to questions that the device asks before its prompt returns. */
  answers: z.array(z.strictObject({ question: Pattern, answer: z.string().max(200) })).max(8).optional(),
});
export type Instruction = z.infer<typeof Instruction>;

const Mode = z.strictObject({
  name: z.string(),
  /** What follows the learned hostname on the last line: `#`, `(config…)#`. Anchored at the end by the engine. */
  suffix: Pattern,
  /** How to get here from another mode, and back. */
  enter: z.strictObject({ from: z.string(), steps: z.array(Instruction).min(1) }).optional(),
  leave: z.strictObject({ to: z.string(), steps: z.array(Instruction).min(1) }).optional(),
});

const Recipe = z.array(Instruction).min(1).max(32);

/** A native transaction as data. Where a platform needs more, `hook` names the code that does it. */
const Transaction = z.strictObject({
  hook: z.string().optional(),
  level: Level,
  undoCost: UndoCost,
  timer: z.strictObject({ unit: z.enum(["seconds", "minutes"]), min: z.int(), max: z.int() }),
  /** Asked in order; each that does not hold blocks the level with its finding and hint. */
  requires: z.array(z.strictObject({ send: z.string(), holds: Pattern, code: z.string(), hint: z.string() })).max(16),
  blockedLevel: Level,
  arm: Recipe.optional(),
  armed: z.strictObject({ send: z.string(), ours: Pattern, none: Pattern }).optional(),
  before: Recipe.optional(),
  after: Recipe.optional(),
  confirm: Recipe.optional(),
  revert: Recipe.optional(),
  save: Recipe.optional(),
  cleanup: Recipe.optional(),
});

export const PlatformFile = z.strictObject({
  id: PlatformId,
  vendor: z.string(),
  names: z.record(z.string(), z.string()),
  evidence: Evidence,
  transport: z.strictObject({
    kind: z.literal("ssh-shell"),
    newline: z.enum(["\n", "\r", "\r\n"]),
    ptyColumns: z.int().min(80).max(32_767),
    ptyRows: z.int().min(24).max(10_000),
    /** A command typed once to reach the CLI from the login shell (`vtysh`), and the prompt of that login shell. */
    enterCli: z.strictObject({ shellPrompt: Pattern, command: z.string() }).optional(),
  }),
  prompt: z.strictObject({
    /** The first prompt, with the hostname as the named group `host`. Later prompts are matched with the learned hostname. */
    first: Pattern,
    excludes: z.array(Pattern).max(16),
    lines: z.int().min(1).max(2),
  }),
  login: z.array(z.strictObject({ question: Pattern, answer: z.enum(["password", "enable", "username", "newline", "yes", "no"]) })).max(8),
  modes: z.array(Mode).min(1).max(16),
  /** The mode in which reads and changes start. */
  base: z.string(),
  config: z.string(),
  onOpen: z.array(Instruction).max(16),
  onClose: z.array(Instruction).max(8),
  paging: z.strictObject({ more: Pattern, next: z.string() }).optional(),
  errors: z
    .array(z.strictObject({ pattern: Pattern, code: z.enum(["COMMAND_REFUSED", "AUTHORIZATION_DENIED"]), unless: Pattern.optional() }))
    .max(64),
  warnings: z.array(Pattern).max(32),
  reads: z.strictObject({
    /** Anchored by the engine at both ends. */
    allow: z.array(Pattern).min(1).max(200),
    pipes: z.array(Pattern).max(32),
  }),
  facts: z.strictObject({
    commands: z.array(z.string()).max(8),
    model: Pattern.optional(),
    version: Pattern.optional(),
    serial: Pattern.optional(),
  }),
  get: z.strictObject({
    command: z.string(),
    /** The last line of a complete configuration. */
    endMarker: Pattern,
    bytesMin: z.int().min(0),
    bytesMax: z.int().min(1024),
  }),
  /** The configuration language. */
  language: z.strictObject({
    indent: z.int().min(1).max(8),
    comment: Pattern,
    negate: z.string(),
    /** Lines that close or separate sections and carry nothing. */
    noise: z.array(Pattern).max(64),
    /** Removed or rewritten before hashing: volatile lines. */
    normalise: z.array(z.strictObject({ pattern: Pattern, replace: z.string() })).max(64),
    /** Each has the named group `secret`. */
    redact: z.array(Pattern).max(128),
    /** A section whose header matches is opened by its line and closed by this command (`exit-address-family`). */
    close: z.array(z.strictObject({ header: Pattern, command: z.string() })).max(32),
    /** Settings that hold one value: a new line replaces the sibling that shares the named group `key` (or the whole match). */
    single: z.array(z.strictObject({ path: Pattern, line: Pattern })).max(128),
    /** How the device writes back what was typed: the signed line on the left reads back as on the right. `$<name>` copies groups; `#` stands for a number that the device chose. */
    rewrites: z.array(z.strictObject({ path: Pattern, typed: Pattern, shown: Pattern })).max(64),
    /** Lines that open a delimited block (banner), with the named group `delimiter`. */
    blocks: z.array(Pattern).max(16),
    /** A change below a matching path or line touches the management path. */
    management: z.array(Pattern).max(64),
    destructive: z.array(Pattern).max(64),
    /** Text that may not be sent at all. */
    forbidden: z.array(z.strictObject({ pattern: Pattern, reason: z.string() })).max(64),
  }),
  transactions: z.strictObject({ merge: Transaction.optional(), replace: Transaction.optional() }),
});
export type PlatformFile = z.infer<typeof PlatformFile>;
