import { buildCommand } from "@stricli/core";
import { FarhandError } from "../../shared/errors.ts";
import { CredentialName } from "../../shared/ids.ts";
import { Secret, type Credential } from "../../shared/secret.ts";
import { readConfig, vaultPath, writeConfig, type AgentConfig } from "../config.ts";
import { ProxyUrl, type HubProxy } from "../link/proxy.ts";
import { lockStateDir } from "../state-lock.ts";
import { Vault } from "../vault/vault.ts";
import { command, commonFlags, stateDirOf, vaultKeyOf, type AgentContext, type CommonFlags } from "./context.ts";
import { readSecretFile } from "./input.ts";

/** The vault's name for what the proxy asks for. */
export const PROXY_CREDENTIAL = CredentialName.parse("hub-proxy");

export interface ProxyFlags {
  readonly proxy?: string;
  readonly proxyUser?: string;
  readonly proxyPasswordFile?: string;
}

const optional = (brief: string, placeholder: string) =>
  ({ kind: "parsed", parse: (value: string) => value, brief, placeholder, optional: true }) as const;

export const proxyFlags = {
  proxy: optional("HTTP proxy on the way to the hub, http://host:port", "URL"),
  proxyUser: optional("Its user", "NAME"),
  proxyPasswordFile: optional("File with that user's password; - is standard input", "FILE"),
} as const;

export async function proxyFrom(flags: ProxyFlags): Promise<HubProxy | undefined> {
  const { proxy, proxyUser, proxyPasswordFile } = flags;
  if (proxy === undefined) {
    if (proxyUser !== undefined || proxyPasswordFile !== undefined)
      throw new FarhandError("USAGE", "--proxy-user and --proxy-password-file need --proxy");
    return undefined;
  }
  const parsed = ProxyUrl.safeParse(proxy);
  if (!parsed.success) throw new FarhandError("USAGE", `--proxy ${parsed.error.issues[0]?.message ?? ""}`);
  if ((proxyUser === undefined) !== (proxyPasswordFile === undefined))
    throw new FarhandError("USAGE", "--proxy-user and --proxy-password-file go together");
  if (proxyUser === undefined || proxyPasswordFile === undefined) return { url: parsed.data };
  const password = new Secret((await readSecretFile(proxyPasswordFile)).trimEnd());
  return { url: parsed.data, credential: { username: proxyUser, password } };
}

/** For the vault, which takes plain values. */
export const revealed = (credential: Credential): { username: string; password: string } => ({
  username: credential.username,
  password: credential.password?.reveal() ?? "",
});

export const proxyConfig = (proxy: HubProxy | undefined): Pick<AgentConfig, "proxy" | "proxyCredential"> =>
  proxy ? { proxy: proxy.url, ...(proxy.credential && { proxyCredential: PROXY_CREDENTIAL }) } : {};

export const proxySet = buildCommand<CommonFlags & ProxyFlags, [], AgentContext>({
  docs: {
    brief: "Reach the hub through an HTTP proxy, or without one",
    fullDescription:
      "With --proxy through that proxy from the next start on, without it directly. The environment's proxies are never used.\n" +
      "TLS runs through the proxy from end to end; a proxy that opens it is refused (PROXY_OPENS_TLS).\n\n" +
      "EXAMPLES\n  farhand-agent proxy --proxy http://proxy.site:3128 --vault-key-file vault.key\n" +
      "  farhand-agent proxy --vault-key-file vault.key",
  },
  parameters: { flags: { ...commonFlags, ...proxyFlags } },
  func: command(async (context: AgentContext, flags: CommonFlags & ProxyFlags) => {
    const stateDir = stateDirOf(context, flags);
    const proxy = await proxyFrom(flags);
    const unlock = lockStateDir(stateDir);
    try {
      const { proxy: _url, proxyCredential: _name, ...config } = readConfig(stateDir);
      if (proxy?.credential) {
        const place = { path: vaultPath(stateDir), org: config.org, agent: config.agent };
        const vault = await Vault.open(place, await vaultKeyOf(context, flags));
        try {
          await vault.setCredential(PROXY_CREDENTIAL, revealed(proxy.credential));
        } finally {
          await vault.close();
        }
      }
      writeConfig(stateDir, { ...config, ...proxyConfig(proxy) });
      context.process.stderr.write(
        proxy ? `The hub is reached through ${proxy.url}.\n` : "The hub is reached directly.\n",
      );
    } finally {
      unlock();
    }
  }),
});
