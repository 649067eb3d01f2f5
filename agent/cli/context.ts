import type { CommandContext } from "@stricli/core";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { errorCode, FarhandError, type ErrorCode } from "../../shared/errors.ts";
import { Secret } from "../../shared/secret.ts";
import { vaultPath } from "../config.ts";
import { isUsable, systemKeyStore } from "../vault/key-store.ts";
import { KEY_WORDS, type VaultKey, type VaultKeyKind } from "../vault/key.ts";
import { recordedKey } from "../vault/recorded.ts";
import { askSecrets, readSecretFile } from "./input.ts";

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

/** The key that opens this agent's vault: the one way by which it was made, whatever else is at hand. */
export async function vaultKeyOf(context: AgentContext, flags: CommonFlags): Promise<VaultKey> {
  const recorded = recordedKey(vaultPath(stateDirOf(context, flags)));
  const named = await namedKey(flags);
  // What a person names is tried, and refused if it is another way: nothing falls back.
  if (named) return named;
  switch (recorded) {
    case "systemd":
      return systemdKey(context) ?? missing(recorded, "start it by its unit, with LoadCredentialEncrypted=");
    case "keystore":
      return { kind: "keystore", store: systemKeyStore };
    case "passphrase":
      return (await typedPassphrase(context, ["Passphrase of the vault"])) ?? missing(recorded, "--passphrase-file");
    case "file":
      return environmentKey(context) ?? missing(recorded, "--vault-key-file");
    case undefined:
      return environmentKey(context) ?? missing(undefined, "--vault-key-file or --passphrase-file");
    default:
      return recorded satisfies never;
  }
}

/**
 * For a new vault: what a person names, else the strongest that is at hand, in this order: a systemd credential, the OS key
 * store, a passphrase that somebody types. A key file is never taken unasked: it is the weakest.
 */
export async function newVaultKeyOf(context: AgentContext, flags: CommonFlags): Promise<VaultKey> {
  const named = (await namedKey(flags)) ?? environmentKey(context) ?? systemdKey(context);
  if (named) return named;
  if (await isUsable(systemKeyStore)) return { kind: "keystore", store: systemKeyStore };
  const typed = await typedPassphrase(context, ["New passphrase of the vault", "The same again"]);
  return typed ?? missing(undefined, "--vault-key-file or --passphrase-file");
}

const missing = (recorded: VaultKeyKind | undefined, give: string): never => {
  const made = recorded === undefined ? "" : `the vault was made with ${KEY_WORDS[recorded]}; `;
  throw new FarhandError("VAULT_LOCKED", `${made}give ${give}`);
};

async function namedKey(flags: CommonFlags): Promise<VaultKey | undefined> {
  if (flags.vaultKeyFile !== undefined && flags.passphraseFile !== undefined)
    throw new FarhandError("USAGE", "either --vault-key-file or --passphrase-file");
  if (flags.vaultKeyFile !== undefined) return { kind: "file", path: flags.vaultKeyFile };
  if (flags.passphraseFile === undefined) return undefined;
  return passphraseKey((await readSecretFile(flags.passphraseFile)).trimEnd());
}

function passphraseKey(text: string): VaultKey {
  if (text === "") throw new FarhandError("USAGE", "the passphrase is empty");
  return { kind: "passphrase", passphrase: new Secret(text) };
}

const environmentKey = ({ env }: AgentContext): VaultKey | undefined => {
  const path = env["FARHAND_VAULT_KEY_FILE"];
  return path === undefined ? undefined : { kind: "file", path };
};

function systemdKey({ env }: AgentContext): VaultKey | undefined {
  const folder = env["CREDENTIALS_DIRECTORY"];
  const path = folder === undefined ? undefined : join(folder, "farhand-vault-key");
  return path !== undefined && existsSync(path) ? { kind: "systemd", path } : undefined;
}

async function typedPassphrase(context: AgentContext, questions: string[]): Promise<VaultKey | undefined> {
  if (!process.stdin.isTTY) return undefined;
  const [typed, again] = await askSecrets(questions, context.process.stderr);
  if (again !== undefined && typed !== again) throw new FarhandError("USAGE", "the two are not the same");
  return passphraseKey(typed ?? "");
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
