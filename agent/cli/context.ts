import type { CommandContext } from "@stricli/core";
import { homedir } from "node:os";
import { join } from "node:path";
import { errorCode, FarhandError, type ErrorCode } from "../../shared/errors.ts";
import { Secret } from "../../shared/secret.ts";
import type { VaultKey } from "../vault/key.ts";
import { readSecretFile } from "./input.ts";

interface Streams {
  readonly stdout: { write(text: string): void };
  readonly stderr: { write(text: string): void };
  readonly env?: Readonly<Record<string, string | undefined>>;
  exitCode?: number | string | null;
}

export interface AgentContext extends CommandContext {
  readonly process: Streams;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export const EXIT = { ok: 0, failure: 1, authentication: 4, usage: 64 } as const;

export function exitOf(code: ErrorCode): number {
  switch (code) {
    case "VAULT_LOCKED":
    case "VAULT_KEY_MODE":
    case "JOIN_TOKEN":
    case "CHALLENGE":
    case "UNAUTHORIZED":
      return EXIT.authentication;
    case "USAGE":
      return EXIT.usage;
    default:
      return EXIT.failure;
  }
}

export interface CommonFlags {
  readonly stateDir?: string;
  readonly vaultKeyFile?: string;
  readonly passphraseFile?: string;
}

const text = (value: string): string => value;
export const stateFlag = {
  stateDir: { kind: "parsed", parse: text, brief: "The agent's folder", placeholder: "DIR", optional: true },
} as const;
export const commonFlags = {
  ...stateFlag,
  vaultKeyFile: {
    kind: "parsed",
    parse: text,
    brief: "File with the vault's key, mode 0400 (or FARHAND_VAULT_KEY_FILE)",
    placeholder: "FILE",
    optional: true,
  },
  passphraseFile: {
    kind: "parsed",
    parse: text,
    brief: "File with the vault's passphrase; - is standard input",
    placeholder: "FILE",
    optional: true,
  },
} as const;

/** As a service the agent lives in /var/lib; for a person who tries it out, where their programs keep state. */
export function stateDirOf(context: AgentContext, flags: { stateDir?: string }): string {
  if (flags.stateDir !== undefined) return flags.stateDir;
  const { env } = context;
  if (env["STATE_DIRECTORY"]) return env["STATE_DIRECTORY"];
  if (process.getuid?.() === 0) return "/var/lib/farhand-agent";
  return join(env["XDG_STATE_HOME"] ?? join(homedir(), ".local", "state"), "farhand-agent");
}

/** Exactly one way in, named by the person. */
export async function vaultKeyOf(context: AgentContext, flags: CommonFlags): Promise<VaultKey> {
  const file =
    flags.vaultKeyFile ?? (flags.passphraseFile === undefined ? context.env["FARHAND_VAULT_KEY_FILE"] : undefined);
  if (file !== undefined && flags.passphraseFile !== undefined)
    throw new FarhandError("USAGE", "either --vault-key-file or --passphrase-file");
  if (file !== undefined) return { kind: "file", path: file };
  if (flags.passphraseFile === undefined)
    throw new FarhandError("VAULT_LOCKED", "give --vault-key-file or --passphrase-file");
  return { kind: "passphrase", passphrase: new Secret((await readSecretFile(flags.passphraseFile)).trimEnd()) };
}

/** Where a command's error becomes words and a status. */
export function command<F, A extends readonly unknown[]>(
  act: (context: AgentContext, flags: F, ...args: A) => Promise<void>,
) {
  return async function (this: AgentContext, flags: F, ...args: A): Promise<void> {
    try {
      await act(this, flags, ...args);
      this.process.exitCode ??= EXIT.ok;
    } catch (error) {
      const known =
        error instanceof FarhandError
          ? error
          : new FarhandError("INTERNAL", error instanceof Error ? (error.stack ?? error.message) : String(error));
      const detail = known.detail === undefined ? "" : ` (${known.detail})`;
      this.process.stderr.write(`farhand-agent: ${known.code}: ${known.what}${detail}\n  ${known.next}\n`);
      this.process.exitCode = exitOf(errorCode(error));
    }
  };
}
