import { z } from "zod";
import { Evidence, Level, UndoCost } from "../shared/documents/common.ts";
import { PlatformId } from "../shared/ids.ts";
import { HttpToken } from "./model/http-file.ts";
import { NetconfFile } from "./model/netconf-file.ts";
import { LimitsFile, PreflightFile } from "./model/preflight-file.ts";
import { StandingFile } from "./model/standing-file.ts";

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

const Answer = z.strictObject({ question: Pattern, answer: z.string().max(200) });

/** One thing to say to the device and what its answer must, or must not, hold. `${…}` names come from the transaction token. */
export const Instruction = z.strictObject({
  send: z.string().max(4096),
  /** Every pattern must match somewhere in the answer. */
  expect: z.array(Pattern).max(8).optional(),
  /** None may match. */
  refuse: z.array(Pattern).max(16).optional(),
  /** Tried before `refuse`: somebody else's lock or candidate (CANDIDATE_BUSY); the line that matches and those after it name the owner. */
  busy: z.array(Pattern).max(8).optional(),
  /** Answers to questions that the device asks before its prompt returns. */
  answers: z.array(Answer).max(8).optional(),
});
export type Instruction = z.infer<typeof Instruction>;

const Mode = z.strictObject({
  name: z.string(),
  /** What follows the learned hostname on the last line: `#`, `(config…)#`. Anchored at the end by the engine. */
  suffix: Pattern,
  /** What the line above the prompt must be, where only that line tells the mode (SR Linux). It is no part of any answer. */
  above: Pattern.optional(),
  /** How to get here from another mode, and back. */
  enter: z.strictObject({ from: z.string(), steps: z.array(Instruction).min(1) }).optional(),
  /** How a read is said here without leaving (`run ${command}`); without it reads go back to the base mode. */
  reads: z.string().max(100).optional(),
  leave: z.strictObject({ to: z.string(), steps: z.array(Instruction).min(1) }).optional(),
});

const Recipe = z.array(Instruction).min(1).max(32);

/**
 * Where the words that tell of a timer stay when it is over. Some releases write another line (`waits`) as long as it runs; of those
 * `known` to, its absence is the end. Of others only the time is known: when it `began` (groups `time`, `minutes`), and what the device
 * calls `now` (group `time`), both as `YYYY-MM-DD hh:mm:ss` in one time zone.
 */
const Lasting = z.strictObject({
  waits: Pattern,
  known: z.strictObject({ send: z.string(), pattern: Pattern }),
  began: Pattern,
  now: z.strictObject({ send: z.string(), pattern: Pattern }),
});
export type Lasting = z.infer<typeof Lasting>;

/** A native transaction as data. Where a platform needs more, `hook` names the code that does it. */
const Transaction = z.strictObject({
  hook: z.string().optional(),
  level: Level,
  undoCost: UndoCost,
  timer: z.strictObject({ unit: z.enum(["seconds", "minutes"]), min: z.int(), max: z.int() }),
  /** Asked in order; each that does not hold blocks the level with its finding and hint. */
  requires: z
    .array(
      z.strictObject({
        send: z.string(),
        holds: Pattern,
        code: z.string().regex(/^[A-Z0-9_]{3,40}$/),
        hint: z.string().max(500),
      }),
    )
    .max(16),
  blockedLevel: Level,
  /** Asked when a token is made: a variable for the recipes that depends on the device. */
  learn: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z]{1,20}$/),
        send: z.string().max(200),
        holds: Pattern,
        yes: z.string().max(100),
        no: z.string().max(100),
      }),
    )
    .max(4)
    .optional(),
  arm: Recipe.optional(),
  /** The timer, read back. `ours` may name `${…}` of the token; `any` is somebody's, and what matches `owner` (else `any`) says whose. */
  armed: z
    .strictObject({
      send: z.string(),
      ours: z.string().max(1000),
      none: Pattern,
      any: Pattern,
      owner: Pattern.optional(),
      lasting: Lasting.optional(),
    })
    .optional(),
  /** What others began and have not put in force, and what harms nobody until they do: told with the lines that match. */
  unfinished: z.strictObject({ send: z.string(), pattern: Pattern, hint: z.string().max(300) }).optional(),
  /** Replace: by lines where the platform takes no whole text: what goes is removed by name, and what is missing is typed. */
  byLines: z.boolean().optional(),
  /** Replace: how the whole text becomes a file, before `arm` puts it in force with its timer. */
  upload: z
    .strictObject({
      enter: Instruction,
      open: z.string(),
      more: Pattern,
      close: z.string(),
      leave: Instruction,
      refuse: z.array(Pattern).max(8),
    })
    .optional(),
  /**
   * A candidate: lines are staged in it, compared and validated, and one commit puts them in force with the timer armed (`commit`
   * in place of `arm`). Reads while it is open use the `reads` of its mode.
   */
  candidate: z
    .strictObject({
      /** Opens it for us alone: an exclusive lock, a private or a named one. From the base mode into `mode`. */
      open: Recipe,
      /** The mode in which its lines are typed; left by `abort` or `commit`. */
      mode: z.string(),
      /** For a whole text: what empties the candidate before the lines are typed (`rollback clean-config`, `delete`). */
      clear: Recipe.optional(),
      /** Shows the candidate in the form of `get.command`: what is staged is compared with what was signed before it is committed. */
      show: z.string().max(200).optional(),
      /** The device's own diff, for people. */
      diff: z.string().max(200).optional(),
      validate: Recipe.optional(),
      /** Puts it in force and arms the timer in one step; ends in the base mode. */
      commit: Recipe,
      /** Gives everything up that is not committed; ends in the base mode. */
      abort: Recipe,
    })
    .optional(),
  /** Whether running differs from what a reboot would load. */
  unsaved: z.strictObject({ send: z.string(), no: Pattern, yes: Pattern }).optional(),
  before: Recipe.optional(),
  after: Recipe.optional(),
  confirm: Recipe.optional(),
  revert: Recipe.optional(),
  save: Recipe.optional(),
  cleanup: Recipe.optional(),
});

/** Where a line stands: `path` is tried against its section headers joined by ` > ` (the empty text at the top), `line` against the line without indent. */
const Place = { path: Pattern, line: Pattern } as const;

/**
 * The set form of a language (Junos `set`, SR Linux `info flat`). `negate` of the language is its removal (`delete`). In `single`, `ordered`
 * and `resets` a place is then `path`, the words above joined by blanks, and `line`, the words below it; elsewhere it is the whole line.
 */
const SetFile = z.strictObject({
  /** What states a path: `set`, `set /`. */
  assert: z.string().min(1).max(20),
  /** Moves an element of an ordered list: `insert PATH keyword name before keyword name`. */
  insert: z.string().max(20).optional(),
  /** Whether text in braces (`a { b c; }`) is read too; it becomes set lines. */
  braces: z.boolean().default(false),
  /** A comment of the device's behind a line whose last word is secret. */
  secretMark: z.string().max(40).optional(),
  /** Marks on a path, shown as lines of their own: `deactivate PATH`, taken away by `activate PATH`; `tag:` in braces. */
  marks: z
    .array(z.strictObject({ put: z.string().max(20), take: z.string().max(20), tag: z.string().max(20).optional() }))
    .max(8)
    .default([]),
  /** Paths that may be removed as a whole, tried against the words joined by blanks. All else is removed line by line. */
  objects: z.array(Pattern).max(64).default([]),
  /** Paths that stay, as a line of their own, when the last thing below them is removed. All others go with it. */
  presence: z.array(Pattern).max(64).default([]),
  /** Lists whose order matters: `insert` where the device can move an element, `rebuild` where it only appends. */
  ordered: z
    .array(z.strictObject({ ...Place, by: z.enum(["insert", "rebuild"]) }))
    .max(64)
    .default([]),
});

/** The menu form of a language (RouterOS): every line says its menu, a verb and named values. All patterns are tried against whole lines. */
const MenuFile = z.strictObject({
  /** Names of values that are secret: these are always in quotes, so that a secret is never half a word. */
  quoted: Pattern,
  /** What names an item of a menu; `name` elsewhere. */
  keys: z.record(z.string(), z.array(z.string()).min(1)).default({}),
  /** Items that are there without being shown, as `menu name=value`: `set` may speak of them. */
  builtin: z.array(Pattern).max(32).default([]),
  /** By menu (`*`: all), then by name: the value that is not shown, and that undoes another. */
  defaults: z.record(z.string(), z.record(z.string(), z.string())).default({}),
  /** What the device fills in by itself: the network of an address. */
  derived: z
    .array(z.strictObject({ menu: z.string(), from: z.string(), to: z.string() }))
    .max(8)
    .default([]),
});

/**
 * The configuration language of a platform: how its text is read, hidden, compared and predicted. drivers/model interprets it.
 * Every list that is not needed stays away.
 */
export const LanguageFile = z.strictObject({
  /** Columns per level when a tree is printed. Parsing takes any. */
  indent: z.int().min(1).max(8),
  comment: Pattern,
  negate: z.string(),
  /** What leaves a section; `close` names the exceptions. */
  leave: z.string(),
  /** Lines that close or separate sections and carry nothing. */
  noise: z.array(Pattern).max(64),
  /**
   * Volatile lines, rewritten before hashing; a line that becomes empty is removed. With `beside`, only where the same section
   * also holds a line that matches it.
   */
  normalise: z.array(z.strictObject({ pattern: Pattern, replace: z.string(), beside: Pattern.optional() })).max(64),
  /** Each has the named group `secret`. With `under`, only below a section header that matches it; transcripts, which have no sections, ignore `under`. */
  redact: z.array(z.union([Pattern, z.strictObject({ under: Pattern, pattern: Pattern })])).max(128),
  /** What a device puts between a keyword and a secret to say how the secret is encrypted; it may come, go or change when the device writes the line back. */
  secretType: Pattern.optional(),
  /** Headers that open a section even where nothing is typed below them, so that it is left again. */
  sections: z.array(Pattern).max(128).default([]),
  /** A section whose header matches is closed by this command instead of `leave` (`exit-address-family`). */
  close: z.array(z.strictObject({ header: Pattern, command: z.string() })).max(32),
  /** Sections that the device does not show while they are empty (headers joined by ` > `). */
  vanish: z.array(Pattern).max(32).default([]),
  /** Settings that hold one value: a new line replaces the siblings that share the values of all named groups (without any: the whole match). */
  single: z.array(z.strictObject(Place)).max(128),
  /**
   * Negated lines that the device shows (`no ip address`). All others only take something away. Where the positive line is shown its absence
   * is the default, and nothing is shown for it, unless the device shows `both`. One that stands `alone` does not take away what begins with
   * the same words (`no switchport` on EOS).
   */
  negatives: z
    .array(z.strictObject({ ...Place, both: z.literal(true).optional(), alone: z.literal(true).optional() }))
    .max(128)
    .default([]),
  /** Lines that the device does not show because they state the default, unless a section on the way there holds a line that matches `unless`. */
  defaults: z
    .array(z.strictObject({ ...Place, unless: Pattern.optional() }))
    .max(128)
    .default([]),
  /**
   * Removals (the line without its negation) that also take the lines of this section and of those in it that begin with the group
   * `key`, and the lines that match `refers`, in which `$<key>` and other groups stand for what was matched.
   */
  cascade: z
    .array(z.strictObject({ ...Place, refers: z.string().max(200).optional() }))
    .max(32)
    .default([]),
  /** Lines whose order among themselves matters; those that share the named group `list` are one list. All others are compared without order. */
  ordered: z.array(z.strictObject(Place)).max(64).default([]),
  /**
   * Lines and sections of the top that the device shows in the order in which they came to be, which says nothing: they are read in the order of what
   * the group `name` holds.
   */
  byName: z.array(Pattern).max(16).optional(),
  /** Lines that the device adds by itself in a section that the change adds. */
  implied: z.array(z.strictObject(Place)).max(64).default([]),
  /** How the device may write back what was typed. In `shown`, `$<name>` copies a group and `#` stands for a number that the device chose. */
  rewrites: z.array(z.strictObject({ path: Pattern, typed: Pattern, shown: z.string().min(1).max(1000) })).max(64),
  /** Lines that the device moves into a section below the one they were typed in (FRR: `network` into `address-family ipv4 unicast`). */
  moves: z
    .array(z.strictObject({ ...Place, into: z.string() }))
    .max(32)
    .default([]),
  /**
   * Lines that open a block of free text: up to the named group `delimiter`, with which the pattern ends, or to a line that matches
   * `end`. `shown` is the picture of the delimiter when the device prints it (`^C`); it is never typed, as `^` alone would delimit.
   * With `trim`, what stands unseen at the ends of its lines means nothing: IOS shows a blank behind each line of a certificate, and
   * whoever keeps the text loses it.
   */
  blocks: z
    .array(
      z.strictObject({
        open: Pattern,
        end: Pattern.optional(),
        shown: z.string().max(4).optional(),
        trim: z.literal(true).optional(),
      }),
    )
    .max(16),
  /**
   * What is the management path: a changed line whose place (headers and line joined by ` > `), or a header above it, matches; or
   * any line of a section that `holds` a line. `‹address›` stands for the device's management address.
   */
  management: z.array(z.union([Pattern, z.strictObject({ section: Pattern, holds: Pattern })])).max(64),
  /** Tried on typed lines, and on removed lines with their negation. */
  destructive: z.array(Pattern).max(64),
  /** Text that may not be sent at all, or not in this mode. */
  forbidden: z
    .array(z.strictObject({ pattern: Pattern, reason: z.string(), mode: z.enum(["merge", "replace"]).optional() }))
    .max(64),
  /**
   * Changed lines that end a session or take a link down for a moment, flagged in the plan as `what`. With the named group `key`, a line
   * that is added counts only where the section holds a line with the same key already: a new neighbour has no session to lose. With
   * `gone`, only where the key is there no more.
   */
  resets: z
    .array(z.strictObject({ ...Place, what: z.string().max(120), gone: z.literal(true).optional() }))
    .max(64)
    .optional(),
  /**
   * Values (all named groups) that one section, or one line, at a time may hold: an address, an entry of a list. One that moves is removed
   * first, even where typing the new value would replace it.
   */
  exclusive: z
    .array(z.strictObject({ ...Place, by: z.enum(["section", "line"]) }))
    .max(16)
    .optional(),
  /** Lines whose removal names only the group `name` of them: `no description`. */
  removals: z.array(z.strictObject(Place)).max(32).optional(),
  /** A language of whole paths, one to a line (`set a b c`), instead of sections by indentation. */
  set: SetFile.optional(),
  /** A language of menus and their items, instead of sections by indentation. */
  menu: MenuFile.optional(),
});
export type LanguageFile = z.infer<typeof LanguageFile>;

export const PlatformFile = z.strictObject({
  id: PlatformId,
  vendor: z.string(),
  names: z.record(z.string(), z.string()),
  evidence: Evidence,
  transport: z.strictObject({
    /** `ssh-exec`: each command on a channel of its own, without terminal, prompt, echo and pager; what concerns prompts is then not asked. */
    kind: z.enum(["ssh-shell", "ssh-exec"]),
    newline: z.enum(["\n", "\r", "\r\n"]),
    ptyColumns: z.int().min(80).max(32_767),
    ptyRows: z.int().min(24).max(10_000),
    /** The program that is the CLI, started on a terminal of its own (`sudo -n vtysh`); without it the login shell is the CLI. */
    program: z.string().optional(),
    /** `ssh-exec`: how the device tells its name, as the first group. */
    identity: z.strictObject({ send: z.string().max(200), pattern: Pattern }).optional(),
    /** `ssh-exec`: a line that ends so goes on in the next one, whose indent is none of it; joined before anything looks for secrets. */
    continues: z.string().max(4).optional(),
  }),
  /** An HTTPS API that runs the commands of the CLI: everything below is said over it too, but for prompts and paging. */
  https: z
    .strictObject({
      api: z.enum(["eapi", "srlinux"]),
      path: z.string().max(200),
      /** Where name and password are given for a token; else every request carries them. */
      token: HttpToken.optional(),
      /** Commands in one request. */
      batchMax: z.int().min(1).max(10_000),
      /**
       * An API has no prompt: what is said in a mode other than the base is sent behind the commands that lead there. `keeps`: what is
       * typed there is still there at the next request (a named session); otherwise it is all said again (a candidate that ends with its request).
       */
      modes: z
        .array(
          z.strictObject({
            name: z.string(),
            prefix: z.array(z.string().max(200)).min(1),
            keeps: z.boolean(),
            /** Reads that mean the same outside of it, and are said without what leads there; without this all do. */
            outside: Pattern.optional(),
            /** What the commands that lead there may say, where an API gives all answers as one text: it begins with that. */
            notice: Pattern.optional(),
          }),
        )
        .max(8),
      /** A command that ends such a mode when it succeeds. */
      leaves: Pattern,
    })
    .optional(),
  /** The same device over NETCONF, where it speaks another language. */
  netconf: NetconfFile.optional(),
  prompt: z.strictObject({
    /** The first prompt, with the hostname as the named group `host`. Later prompts are matched with the learned hostname. */
    first: Pattern,
    /** What may stand before the hostname in every prompt: a user's name, a chassis half. */
    prefix: Pattern.optional(),
    excludes: z.array(Pattern).max(16),
    /** Some prompts show only so many characters of a long hostname. */
    truncatesAt: z.int().min(1).max(63).optional(),
    /** A configuration line that renames the device, with the named group `host`: the prompt changes with it. */
    renames: Pattern.optional(),
  }),
  login: z
    .array(
      z.strictObject({
        question: Pattern,
        answer: z.union([
          z.enum(["password", "enable", "username", "newline", "yes", "no"]),
          /** A command that makes a terminal speak plainly: some draw a toolbar behind their prompt until they are told not to. */
          z.strictObject({ say: z.string().max(200) }),
        ]),
      }),
    )
    .max(8),
  modes: z.array(Mode).min(1).max(16),
  /** The mode in which reads and changes start. */
  base: z.string(),
  config: z.string(),
  onOpen: z.array(Instruction).max(16),
  onClose: z.array(Instruction).max(8),
  paging: z.strictObject({ more: Pattern, next: z.string() }).optional(),
  errors: z
    .array(
      z.strictObject({
        pattern: Pattern,
        code: z.enum(["COMMAND_REFUSED", "AUTHORIZATION_DENIED"]),
        unless: Pattern.optional(),
        /** Only in answers to configuration lines, or only in answers to reads. */
        in: z.enum(["config", "read"]).optional(),
      }),
    )
    .max(64),
  warnings: z.array(Pattern).max(32),
  /** Answers to questions that configuration lines may ask (`[confirm]`). */
  answers: z.array(Answer).max(16).optional(),
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
    /** What it is a part of, what is in it, who manages it. */
    standing: StandingFile.optional(),
  }),
  get: z.strictObject({
    command: z.string(),
    /** The last line of a complete configuration. */
    endMarker: Pattern,
    /** What a device shows in place of what this login may not see: AUTHORIZATION_DENIED, or a backup would lack it without a word. */
    denied: z.array(Pattern).max(8).optional(),
    bytesMin: z.int().min(0),
    bytesMax: z.int().min(1024),
  }),
  /** The configuration language. */
  language: LanguageFile,
  transactions: z.strictObject({ merge: Transaction.optional(), replace: Transaction.optional() }),
  /** How the password of the login is changed: lines of the configuration, with `${username}` and `${password}`, or the host's account. */
  loginChange: z
    .discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("lines"), commands: z.array(z.string().max(200)).min(1).max(4) }),
      z.strictObject({ kind: z.literal("linux-account") }),
    ])
    .optional(),
  /** Lines of a shown configuration without which, or with which, it cannot be put back as a whole. */
  notRestorable: z
    .array(z.strictObject({ pattern: Pattern, reason: z.string().max(200) }))
    .max(16)
    .default([]),
  /** What `check` reads, and what it must find there. */
  preflight: PreflightFile.default([]),
  /** Where no read tells what a login may change, and to log in proves nothing of it. */
  rights: z.literal("untold").optional(),
  limits: LimitsFile.optional(),
});
export type PlatformFile = z.infer<typeof PlatformFile>;

/** A platform that is spoken to by NETCONF alone. */
export const NetconfPlatformFile = z.strictObject({
  id: PlatformId,
  vendor: z.string(),
  names: z.record(z.string(), z.string()),
  evidence: Evidence,
  netconf: NetconfFile,
});
export type NetconfPlatformFile = z.infer<typeof NetconfPlatformFile>;
