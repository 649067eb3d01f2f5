import { buildCommand } from "@stricli/core";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { FarhandError } from "../../shared/errors.ts";
import { CredentialName } from "../../shared/ids.ts";
import { Secret } from "../../shared/secret.ts";
import { openSqlite } from "../../shared/sqlite.ts";
import { readConfig, vaultPath } from "../config.ts";
import { releaseCredential } from "../journal/logins.ts";
import { journalMigrations } from "../journal/open.ts";
import { SecretName, Vault } from "../vault/vault.ts";
import {
  command,
  commonFlags,
  stateDirOf,
  stateFlag,
  vaultKeyOf,
  type AgentContext,
  type CommonFlags,
} from "./context.ts";
import { snmpForm } from "../../shared/snmp-form.ts";
import { askSecrets } from "./input.ts";

async function withVault(
  context: AgentContext,
  flags: CommonFlags,
  use: (vault: Vault) => Promise<void>,
): Promise<void> {
  const stateDir = stateDirOf(context, flags);
  const { org, agent } = readConfig(stateDir);
  const vault = await Vault.open({ path: vaultPath(stateDir), org, agent }, await vaultKeyOf(context, flags));
  try {
    await use(vault);
  } finally {
    await vault.close();
  }
}

function named<T>(
  schema: { safeParse(value: unknown): { success: true; data: T } | { success: false } },
  what: string,
) {
  return (value: string): T => {
    const parsed = schema.safeParse(value);
    if (!parsed.success) throw new FarhandError("USAGE", `${what} must be 1 to 63 of a-z, 0-9, '.', '_', '-'`);
    return parsed.data;
  };
}

interface CredentialFlags extends CommonFlags {
  readonly username: string;
  readonly enable: boolean;
  readonly snmp?: string;
}

export const credentialSet = buildCommand<CredentialFlags, [CredentialName], AgentContext>({
  docs: {
    brief: "Store what logs in to devices",
    fullDescription:
      "The password is read from standard input, or typed without echo; with --enable the enable secret is the second line.\n" +
      "A running agent uses it from its next task on.\n\n" +
      "EXAMPLES\n  farhand-agent credential set lab --username ops < password.txt\n" +
      "  farhand-agent credential set snmp --username monitor --snmp 3:sha256:aes128",
  },
  parameters: {
    flags: {
      ...commonFlags,
      username: { kind: "parsed", parse: (value: string) => value, brief: "The login", placeholder: "USER" },
      enable: { kind: "boolean", brief: "Also read the enable secret", default: false, withNegated: false },
      snmp: {
        kind: "parsed",
        parse: (value: string) => value,
        brief: "It is for SNMP: 2c, 3:AUTH or 3:AUTH:PRIVACY; reads its community, or one line for each passphrase",
        placeholder: "FORM",
        optional: true,
      },
    },
    positional: {
      kind: "tuple",
      parameters: [
        {
          parse: named(CredentialName, "NAME"),
          brief: "The name that signed inventory binds to devices",
          placeholder: "NAME",
        },
      ],
    },
  },
  func: command((context: AgentContext, flags: CredentialFlags, name: CredentialName) =>
    withVault(context, flags, async (vault) => {
      if (flags.snmp !== undefined) {
        if (flags.enable) throw new FarhandError("USAGE", "--snmp goes with --username alone");
        const { questions, valueOf } = snmpForm(flags.snmp);
        const snmp = valueOf(await askSecrets(questions, context.process.stderr));
        await vault.setCredential(name, { username: flags.username, snmp });
        context.process.stderr.write(`Stored credential ${name}.\n`);
        return;
      }
      const [password, enable] = await askSecrets(
        flags.enable ? ["Password", "Enable secret"] : ["Password"],
        context.process.stderr,
      );
      await vault.setCredential(name, {
        username: flags.username,
        ...(password === undefined ? {} : { password }),
        ...(enable === undefined ? {} : { enable }),
      });
      context.process.stderr.write(`Stored credential ${name}.\n`);
    }),
  ),
});

export const credentialRelease = buildCommand<StateFlags, [CredentialName], AgentContext>({
  docs: {
    brief: "Let a credential be used again that devices refused too often",
    fullDescription:
      "First find out why it was refused. A newer version of it needs no release. It may then be refused as often as a new one.\n\n" +
      "EXAMPLES\n  farhand-agent credential release lab",
  },
  parameters: {
    flags: stateFlag,
    positional: {
      kind: "tuple",
      parameters: [{ parse: named(CredentialName, "NAME"), brief: "Its name", placeholder: "NAME" }],
    },
  },
  func: command(async (context: AgentContext, flags: StateFlags, name: CredentialName) => {
    const released = await releaseIn(stateDirOf(context, flags), name);
    if (!released) throw new FarhandError("NOT_FOUND", `${name} is not stopped`);
    context.process.stderr.write(`${name} is used again.\n`);
  }),
});

/** Beside a running agent too: SQLite lets one write after the other, and the agent looks before each login. */
async function releaseIn(stateDir: string, name: CredentialName): Promise<boolean> {
  const path = join(stateDir, "journal.db");
  if (!existsSync(path)) throw new FarhandError("NOT_FOUND", "this agent has not run yet");
  const store = openSqlite({ path, migrations: journalMigrations, isShared: true });
  try {
    return await store.tx("credential-release", (tx) => releaseCredential(tx, name));
  } finally {
    await store.close();
  }
}

interface StateFlags {
  readonly stateDir?: string;
}

export const secretSet = buildCommand<CommonFlags, [string], AgentContext>({
  docs: {
    brief: 'Store a value that texts name as secret("NAME")',
    fullDescription:
      "The value is read from standard input, or typed without echo.\n\nEXAMPLES\n  farhand-agent secret set bgp-md5 < value.txt",
  },
  parameters: {
    flags: commonFlags,
    positional: {
      kind: "tuple",
      parameters: [{ parse: named(SecretName, "NAME"), brief: "Its name", placeholder: "NAME" }],
    },
  },
  func: command((context: AgentContext, flags: CommonFlags, name: string) =>
    withVault(context, flags, async (vault) => {
      const [value] = await askSecrets(["Value"], context.process.stderr);
      await vault.setSecret(name, new Secret(value ?? ""));
      context.process.stderr.write(`Stored secret ${name}.\n`);
    }),
  ),
});
