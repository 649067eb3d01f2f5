/** One simulated NETCONF server: what it announces, how it speaks, and what it is set up with. */
import { z } from "zod";
import { BaseConfig } from "../kit/start.ts";

const DefaultsMode = z.enum(["report-all", "trim", "explicit", "report-all-tagged"]);

export const Abilities = z.strictObject({
  base: z.enum(["1.0", "1.0+1.1"]).default("1.0+1.1"),
  /** `private-if-asked`: as SR OS, for who announces `urn:nokia.com:nc:pc`. */
  candidate: z.enum(["none", "shared", "private", "private-if-asked"]).default("shared"),
  writableRunning: z.boolean().default(true),
  startup: z.boolean().default(false),
  /** Whether a commit is what boots, where there is no `:startup`. IOS-XE has none and yet saves only when told to. */
  commitSaves: z.boolean().default(true),
  confirmedCommit: z.enum(["none", "1.0", "1.1"]).default("1.1"),
  /** What a number in `<confirm-timeout>` of `<commit>` means. RFC 6241 §8.4.5.1: seconds; old Junos guides: minutes. */
  confirmTimeoutUnit: z.enum(["seconds", "minutes"]).default("seconds"),
  /** Whether the end of the session takes a commit without `persist` back (RFC 6241 §8.4.1). Junos lets it wait. */
  sessionLossReverts: z.boolean().default(true),
  /** Junos: any commit, of any session, and even a validation, confirms. */
  anyCommitConfirms: z.boolean().default(false),
  validate: z.enum(["none", "1.0", "1.1"]).default("1.1"),
  rollbackOnError: z.boolean().default(true),
  /** Every edit is all or nothing, whatever its `error-option`, as on servers with a transaction manager. */
  atomicEdits: z.boolean().default(false),
  withDefaults: z
    .strictObject({ basic: DefaultsMode.exclude(["report-all-tagged"]), also: z.array(DefaultsMode) })
    .optional(),
  /** RFC 6241 §8.3.5.2: what was not committed goes when the lock is let go. SR OS keeps it. */
  unlockDiscards: z.boolean().default(true),
});
export type Abilities = z.output<typeof Abilities>;

/** Each was seen on a real box; drivers.md 2.1 says where. */
export const Oddities = z.strictObject({
  /** Whether messages begin with `<?xml …?>`. Junos leaves it away, and ncclient's handler for Junos relies on that. */
  declaration: z.boolean().default(true),
  /** A line feed inside `<capability>` (IOS-XR 7.3.1), in those beside the base versions: ncclient 0.6.13 takes no other. */
  newlineInCapability: z.boolean().default(false),
  /** Zero octets behind each message (Huawei). */
  nulPadding: z.number().int().min(0).max(64).default(0),
  /** Most octets in one chunk; boundaries fall where they fall, inside tags and characters too. */
  chunkBytes: z.number().int().min(1).optional(),
  /** With `chunkBytes`: every chunk has another length, from this seed. */
  chunkSeed: z.number().int().optional(),
  /** The end mark of 1.0 inside the data of 1.1, where a comment may hold it. */
  endMarkInComment: z.boolean().default(false),
  /** `bare`: replies without the base namespace (Junos without `rfc-compliant`); `prefixed`: `nc:rpc-reply`. */
  replies: z.enum(["plain", "bare", "prefixed"]).default("plain"),
  /** Comments before the hello (Junos). */
  helloComments: z.array(z.string()).default([]),
});
export type Oddities = z.output<typeof Oddities>;

export const Personality = z.enum(["generic", "iosxe", "junos"]);
export type Personality = z.output<typeof Personality>;

export const NetconfConfig = BaseConfig.extend({
  personality: Personality.default("generic"),
  /** Over what the personality has. */
  abilities: Abilities.partial().default({}),
  oddities: Oddities.partial().default({}),
  /** More capabilities, as they stand in the hello. */
  capabilities: z.array(z.string()).default([]),
  /** `generic` alone: OpenConfig's BGP and LLDP beside the IETF's models. */
  openconfig: z.boolean().default(false),
  /** Models of YANG 1.1 are then not in the hello, but in a library that it names (RFC 7950 §5.6.4, RFC 7895). */
  yangLibrary: z.boolean().default(false),
  /** The personality's own without them. */
  model: z.string().optional(),
  version: z.string().optional(),
  /** NETCONF sessions at one time; the next one is closed before its hello. */
  netconfSessionsMax: z.number().int().positive().default(16),
  messageMaxBytes: z
    .number()
    .int()
    .positive()
    .default(16 * 1024 * 1024),
  /** A reply to a read of everything, or of `<bulk>`, has about so many bytes of generated data more. Not held in memory. */
  bulkBytes: z.number().int().min(0).default(0),
  /** Children of `<config>`, one after the other. A sample without it. */
  config: z.string().optional(),
});
export type NetconfConfig = z.output<typeof NetconfConfig>;
export type NetconfConfigInput = z.input<typeof NetconfConfig>;

export interface Nature {
  readonly abilities: Abilities;
  readonly oddities: Oddities;
}

const NATURES: Record<Personality, { abilities: z.input<typeof Abilities>; oddities: z.input<typeof Oddities> }> = {
  generic: {
    abilities: {
      startup: true,
      withDefaults: { basic: "explicit", also: ["report-all", "report-all-tagged", "trim"] },
    },
    oddities: {},
  },
  iosxe: {
    // As after `netconf-yang` alone; `netconf-yang feature candidate-datastore` trades writable-running for a candidate.
    abilities: {
      candidate: "none",
      commitSaves: false,
      confirmedCommit: "none",
      atomicEdits: true,
      withDefaults: { basic: "explicit", also: ["report-all-tagged", "report-all"] },
    },
    oddities: {},
  },
  junos: {
    abilities: {
      base: "1.0",
      writableRunning: false,
      confirmedCommit: "1.0",
      validate: "1.0",
      rollbackOnError: false,
      sessionLossReverts: false,
      anyCommitConfirms: true,
    },
    oddities: {
      replies: "bare",
      declaration: false,
      helloComments: [
        "No zombies were killed during the creation of this user interface",
        "user {user}, class j-super-user",
      ],
    },
  },
};

export function natureOf(config: NetconfConfig): Nature {
  const nature = NATURES[config.personality];
  return {
    abilities: Abilities.parse({ ...nature.abilities, ...config.abilities }),
    oddities: Oddities.parse({ ...nature.oddities, ...config.oddities }),
  };
}
