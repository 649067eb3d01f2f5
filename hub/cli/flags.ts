import type { InputParser } from "@stricli/core";
import { z } from "zod";
import { FarhandError } from "../../shared/errors.ts";
import type { CliContext } from "./context.ts";

/** Flags that every command has. */
export interface OutputFlags {
  readonly json: boolean;
  /** `--no-input`: never ask. */
  readonly input: boolean;
}

/** Flags of every command that speaks to the hub. */
export interface HubFlags extends OutputFlags {
  readonly hub?: string;
  readonly ca?: string;
  readonly tokenFile?: string;
  readonly trust?: string;
}

export const text: InputParser<string, CliContext> = (input) => input;

/** A parser of ids and the like from its schema; the message is the schema's. */
export function as<S extends z.ZodType>(schema: S): InputParser<z.output<S>, CliContext> {
  return (input) => {
    const parsed = schema.safeParse(input);
    if (parsed.success) return parsed.data;
    throw new FarhandError("USAGE", parsed.error.issues[0]?.message);
  };
}

export const whole = (min: number, max: number): InputParser<number, CliContext> =>
  as(z.coerce.number().int().min(min).max(max));

const optional = (brief: string, placeholder: string) =>
  ({ kind: "parsed", parse: text, brief, placeholder, optional: true }) as const;

export const outputFlags = {
  json: { kind: "boolean", brief: "Print versioned JSON documents, one per line", default: false, withNegated: false },
  input: {
    kind: "boolean",
    brief: "Ask on the terminal where something is missing; --no-input never asks",
    default: true,
  },
} as const;

export const hubFlags = {
  ...outputFlags,
  hub: optional("The hub's URL [FARHAND_HUB]", "URL"),
  ca: optional("PEM file of the hub's CA, the only one believed [FARHAND_CA]", "FILE"),
  tokenFile: optional("File that holds the API token [FARHAND_TOKEN_FILE]", "FILE"),
  trust: optional("Your trust file: what you believe [FARHAND_TRUST]", "FILE"),
} as const;

/** Flags of every command that signs. */
export interface KeyFlags {
  readonly key: string;
  readonly passphraseFile?: string;
}
export const passphraseFlag = optional("File that holds the key file's passphrase [FARHAND_PASSPHRASE_FILE]", "FILE");
export const keyFlags = {
  key: { kind: "parsed", parse: text, brief: "Your key file", placeholder: "KEYFILE" },
  passphraseFile: passphraseFlag,
} as const;

/** How long a command waits before it leaves the job to itself, in seconds. */
export const waitFlag = (brief: string, seconds: number) =>
  ({ kind: "parsed", parse: whole(1, 86_400), brief, default: String(seconds), placeholder: "S" }) as const;

/** A word that may be left away. */
export const optionalText = (brief: string, placeholder: string) =>
  ({ kind: "parsed", parse: text, brief, placeholder, optional: true }) as const;

/** One that may not. */
export const neededText = (brief: string, placeholder: string) =>
  ({ kind: "parsed", parse: text, brief, placeholder }) as const;
