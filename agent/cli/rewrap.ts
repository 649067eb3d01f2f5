import { buildCommand } from "@stricli/core";
import { existsSync } from "node:fs";
import { FarhandError } from "../../shared/errors.ts";
import { readConfig, vaultPath, writeConfig } from "../config.ts";
import { lockStateDir } from "../state-lock.ts";
import { makeKeyFile } from "../vault/key-file.ts";
import { KEY_WORDS } from "../vault/key.ts";
import { Vault } from "../vault/vault.ts";
import {
  command,
  commonFlags,
  newVaultKeyOf,
  stateDirOf,
  vaultKeyOf,
  type AgentContext,
  type CommonFlags,
} from "./context.ts";

interface Flags extends CommonFlags {
  readonly newVaultKeyFile?: string;
  readonly newPassphraseFile?: string;
}

const text = (value: string): string => value;

export const vaultRewrap = buildCommand<Flags, [], AgentContext>({
  docs: {
    brief: "Put the vault under another key",
    fullDescription:
      "Gives each value's own key a new wrapping; the values stay as they are. A crash leaves the vault under the old key or under the\n" +
      "new one. Keep the old key as long as you keep backups made under it. The agent must not run meanwhile.\n" +
      "Without a --new flag the new key comes from a systemd credential, the OS key store, or a passphrase that is typed, as at enrolment.\n\n" +
      "EXAMPLES\n  farhand-agent vault rewrap --vault-key-file old.key --new-vault-key-file new.key",
  },
  parameters: {
    flags: {
      ...commonFlags,
      newVaultKeyFile: {
        kind: "parsed",
        parse: text,
        brief: "The new key; made, with mode 0400, when it is not there",
        placeholder: "FILE",
        optional: true,
      },
      newPassphraseFile: {
        kind: "parsed",
        parse: text,
        brief: "File with the new passphrase; - is standard input",
        placeholder: "FILE",
        optional: true,
      },
    },
  },
  func: command(async (context: AgentContext, flags: Flags) => {
    const stateDir = stateDirOf(context, flags);
    const config = readConfig(stateDir);
    const unlock = lockStateDir(stateDir);
    try {
      const { org, agent } = config;
      const vault = await Vault.open({ path: vaultPath(stateDir), org, agent }, await vaultKeyOf(context, flags));
      try {
        // The variable names the key of now.
        const env = { ...context.env, FARHAND_VAULT_KEY_FILE: undefined };
        const next = await newVaultKeyOf({ ...context, env }, newKeyFlags(flags));
        if (next.kind === "file" && !existsSync(next.path)) makeKeyFile(next.path);
        await vault.rewrap(next);
        writeConfig(stateDir, { ...config, vaultKey: next.kind });
        context.process.stderr.write(`The vault opens with ${KEY_WORDS[next.kind]} now, and with nothing else.\n`);
      } finally {
        await vault.close();
      }
    } finally {
      unlock();
    }
  }),
});

function newKeyFlags(flags: Flags): CommonFlags {
  const { newVaultKeyFile, newPassphraseFile } = flags;
  if (newVaultKeyFile !== undefined && newVaultKeyFile === flags.vaultKeyFile)
    throw new FarhandError("USAGE", "the new key is the old one");
  return {
    ...(newVaultKeyFile === undefined ? {} : { vaultKeyFile: newVaultKeyFile }),
    ...(newPassphraseFile === undefined ? {} : { passphraseFile: newPassphraseFile }),
  };
}
