import { z } from "zod";
import { Evidence } from "../../../shared/documents/common.ts";
import { PlatformId } from "../../../shared/ids.ts";
import { PreflightFile } from "../preflight-file.ts";

/** The platform file of a host whose configuration is files and services. Patterns are JavaScript with the `v` flag, linear. */

const Pattern = z.string().min(1).max(1000).refine(compiles, "is not a regular expression");

function compiles(source: string): boolean {
  try {
    return new RegExp(source, "v") instanceof RegExp;
  } catch {
    return false;
  }
}

/** Goes into scripts for the host's shell: nothing in it may mean anything there, but for the one `*`. */
const PATH = /^(?:\/[A-Za-z0-9][A-Za-z0-9._@+\-]*)+$/v;
const GLOB = /^(?:\/[A-Za-z0-9][A-Za-z0-9._@+\-]*)+(?:\/\*[A-Za-z0-9._@+\-]*)?$/v;
const WORD = /^[A-Za-z0-9][A-Za-z0-9._@+:=\/\-]*$/v;
const WORDS = /^[A-Za-z0-9][A-Za-z0-9._@+:=\/\-]*(?: [A-Za-z0-9\/\-][A-Za-z0-9._@+:=\/\-]*){0,8}$/v;

const Test = z.strictObject({
  /** Said in a copy of /etc as it would be; a status other than 0 refuses the change before it is in force. Skipped where the program is not there. */
  run: z.string().regex(WORDS),
  /** A folder that the program wants to find. */
  folder: z.string().regex(PATH).optional(),
});

export const HostFileRule = z.strictObject({
  /** One `*`, in the last name: any name of letters, digits and `._@+-` that begins with a letter or a digit. */
  path: z.string().regex(GLOB),
  /** What a new file gets when the text does not say. */
  mode: z
    .string()
    .regex(/^0[0-7]{3}$/)
    .default("0644"),
  /** It decides whether the host can be reached, and by whom. */
  management: z.boolean().default(false),
  tests: z.array(Test).max(4).default([]),
  /** What puts it in force, once for all files of a change. */
  run: z.array(z.string().regex(WORDS)).max(4).default([]),
  /** Services that take the file up; those that do not run are left alone. */
  reload: z.array(z.string().regex(WORD)).max(4).default([]),
  restart: z.array(z.string().regex(WORD)).max(4).default([]),
  /** Its lines set kernel values (`key = value`): what they were is remembered, and put back by the undo. */
  sysctl: z.boolean().default(false),
});
export type HostFileRule = z.infer<typeof HostFileRule>;

export const HostPlatformFile = z.strictObject({
  id: PlatformId,
  vendor: z.string(),
  names: z.record(z.string(), z.string()),
  evidence: Evidence,
  host: z.strictObject({
    caps: z.strictObject({
      filesMax: z.int().min(1).max(4096),
      fileBytesMax: z.int().min(1).max(4_194_304),
      bytesMax: z.int().min(1024).max(16_777_216),
    }),
    files: z.array(HostFileRule).min(1).max(200),
    services: z
      .array(z.strictObject({ name: z.string().regex(WORD), management: z.boolean().default(false) }))
      .max(100),
    timer: z.strictObject({ min: z.int().min(5), max: z.int() }),
  }),
  reads: z
    .array(
      z.strictObject({
        /** The words of a command, one blank between two. Anchored. */
        words: Pattern,
        /** Said as root. */
        root: z.boolean().default(false),
      }),
    )
    .max(200),
  /** Each has the named group `secret`; with `under`, only in files whose path matches it. Transcripts ignore `under`. */
  redact: z
    .array(z.union([Pattern, z.strictObject({ under: Pattern, pattern: Pattern })]))
    .min(1)
    .max(128),
  /** Tried on lines as they stand in a change, and on removed ones behind `no `. */
  destructive: z.array(Pattern).max(64),
  /** DMI strings that say nothing. */
  noSerial: z.array(Pattern).max(16).default([]),
  loginChange: z.strictObject({ kind: z.literal("linux-account") }).optional(),
  /** Asked by commands of the list of reads. What a change needs of the host besides stands in its readiness. */
  preflight: PreflightFile.default([]),
});
export type HostPlatformFile = z.infer<typeof HostPlatformFile>;
