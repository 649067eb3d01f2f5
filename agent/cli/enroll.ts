import { buildCommand } from "@stricli/core";
import { createHmac } from "node:crypto";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { boxProof, openBoxChallenge } from "../../shared/box-proof.ts";
import { jcs, toBase64url } from "../../shared/bytes.ts";
import { FarhandError, isErrorCode } from "../../shared/errors.ts";
import type { KeyId } from "../../shared/ids.ts";
import { SEALED_CHALLENGE_MAX, signerFrom } from "../../shared/keys.ts";
import { TrustFile, updateOfFile } from "../../shared/tuf/file.ts";
import { openFirstTrust } from "../../shared/tuf/open.ts";
import { rootFingerprint, type TrustSet, type TrustUpdate } from "../../shared/tuf/set.ts";
import { vaultPath, writeConfig } from "../config.ts";
import { bunProxy, reachError, type HubProxy } from "../link/proxy.ts";
import { lockStateDir } from "../state-lock.ts";
import { makeKeyFile } from "../vault/key-file.ts";
import { KEY_WORDS } from "../vault/key.ts";
import { Vault } from "../vault/vault.ts";
import { command, commonFlags, newVaultKeyOf, stateDirOf, type AgentContext, type CommonFlags } from "./context.ts";
import { readSecretFile } from "./input.ts";
import { readToken, type JoinToken } from "./join-token.ts";
import { PROXY_CREDENTIAL, proxyConfig, proxyFlags, proxyFrom, revealed, type ProxyFlags } from "./proxy.ts";

interface Flags extends CommonFlags, ProxyFlags {
  readonly tokenFile?: string;
}

export const enroll = buildCommand<Flags, [string?], AgentContext>({
  docs: {
    brief: "Join an organisation with a token from `farhand agent invite`",
    fullDescription:
      "Makes this agent's keys and its vault, proves them to the hub, and prints the agent's fingerprint.\n" +
      "The agent gets work once a keyadmin has compared that fingerprint and approved it: farhand agent approve.\n" +
      "What opens the vault is settled here for good: what the flags name, else a systemd credential farhand-vault-key, else the OS\n" +
      "key store, else a passphrase that is typed. A vault key file that is not there yet is made, with mode 0400.\n\n" +
      "EXAMPLES\n  farhand-agent enroll --token-file agent-ams.join --vault-key-file /etc/farhand-agent/vault.key\n" +
      "  farhand-agent enroll agent-ams.join --vault-key-file vault.key --proxy http://proxy.site:3128 --proxy-user agent --proxy-password-file proxy.pw",
  },
  parameters: {
    flags: {
      ...commonFlags,
      ...proxyFlags,
      tokenFile: {
        kind: "parsed",
        parse: (value: string) => value,
        brief: "File with the join token; - is standard input",
        placeholder: "FILE",
        optional: true,
      },
    },
    positional: {
      kind: "tuple",
      parameters: [
        { parse: (value: string) => value, brief: "The same, without the flag", placeholder: "FILE", optional: true },
      ],
    },
  },
  func: command(async (context: AgentContext, flags: Flags, file?: string) => {
    const tokenFile = flags.tokenFile ?? file;
    if (tokenFile === undefined) throw new FarhandError("USAGE", "give the join token with --token-file");
    const token = readToken(await readSecretFile(tokenFile));
    const stateDir = stateDirOf(context, flags);
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const unlock = lockStateDir(stateDir);
    try {
      if (existsSync(join(stateDir, "agent.json")))
        throw new FarhandError("CONFLICT", `an agent is enrolled in ${stateDir}`);
      const key = await newVaultKeyOf(context, flags);
      if (key.kind === "file" && !existsSync(key.path)) makeKeyFile(key.path);
      // Left over from an enrolment that did not come to its end: nobody countersigned that identity.
      for (const suffix of ["", "-wal", "-shm"]) rmSync(vaultPath(stateDir) + suffix, { force: true });
      const vault = await Vault.create({ path: vaultPath(stateDir), org: token.org, agent: token.agent }, key);
      try {
        const proxy = await proxyFrom(flags);
        if (proxy?.credential) await vault.setCredential(PROXY_CREDENTIAL, revealed(proxy.credential));
        const kid = await joinHub(token, vault, proxy);
        const { org, site, agent, url, ca } = token;
        writeConfig(stateDir, { v: 1, org, site, agent, kid, url, ca, vaultKey: key.kind, ...proxyConfig(proxy) });
        context.process.stdout.write(`${kid}\n`);
        context.process.stderr.write(
          `Enrolled ${agent} at ${site}. Above is its fingerprint. Its vault opens with ${KEY_WORDS[key.kind]} and nothing else.\nNext: farhand agent approve ${agent}; farhand-agent credential set NAME --username USER; farhand-agent run\n`,
        );
      } finally {
        await vault.close();
      }
    } finally {
      unlock();
    }
  }),
});

async function joinHub(token: JoinToken, vault: Vault, proxy: HubProxy | undefined): Promise<KeyId> {
  const identity = await vault.identity();
  const signer = await signerFrom(identity.sign);
  const { nonce, sealed } = answered(
    Challenge,
    await post({ token, proxy }, "/api/v1/enrol/challenge", { boxKey: identity.box.x }),
  );
  const proof = {
    token: token.id,
    nonce,
    agent: token.agent,
    site: token.site,
    signKey: identity.sign.x,
    boxKey: identity.box.x,
  };
  const bytes = jcs(proof);
  const signature = toBase64url(new Uint8Array(await crypto.subtle.sign("Ed25519", signer.key, bytes)));
  // The secret never travels: it proves that this request and no other is what its holder meant.
  const mac = createHmac("sha256", token.secret).update(bytes).digest("base64url");
  const boxMac = boxProof(await openBoxChallenge(sealed, identity.box), bytes);
  const enrolled = await post({ token, proxy }, "/api/v1/enrol", { ...proof, signature, mac, boxMac });
  await vault.setTrust(await firstTrust(token, updateOfFile(answered(Enrolled, enrolled).trust)));
  return signer.kid;
}

const Challenge = z.object({ nonce: z.string().min(1).max(64), sealed: z.string().max(SEALED_CHALLENGE_MAX) });
const Enrolled = z.object({ trust: TrustFile });

/** Whoever answers at the hub's address is nobody yet: what it says is looked at before it is used. */
function answered<T>(schema: z.ZodType<T>, answer: unknown): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new FarhandError("PROTOCOL", `the hub's answer: ${parsed.error.issues[0]?.path.join(".") ?? ""}`);
}

/** Everything that the hub shows is checked from the one root whose fingerprint came with the token. */
async function firstTrust(token: JoinToken, update: TrustUpdate): Promise<TrustSet> {
  const roots = update.roots ?? [];
  const at = roots.findIndex((bytes) => rootFingerprint(bytes) === token.root);
  const root = roots[at];
  if (!root) throw new FarhandError("TRUST_ROOT", "the hub does not show the root that the join token names");
  const { set, keys } = await openFirstTrust(root, { ...update, roots: roots.slice(at) }, { nowMs: Date.now() });
  if (keys.org !== token.org) throw new FarhandError("WRONG_ORG");
  return set;
}

const TIMEOUT_MS = 30_000;
const Problem = z.object({ code: z.string().refine(isErrorCode), detail: z.string().max(500).optional() });

interface Way {
  readonly token: JoinToken;
  readonly proxy: HubProxy | undefined;
}

async function post({ token, proxy }: Way, path: string, body: unknown): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(new URL(path, token.url), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: "error",
      tls: { ca: token.ca },
      ...(proxy && { proxy: bunProxy(proxy) }),
    } as RequestInit);
  } catch (error) {
    throw reachError(`${token.url}: ${error instanceof Error ? error.message : String(error)}`, proxy);
  }
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok) return answer;
  const problem = Problem.safeParse(z.object({ error: z.unknown() }).safeParse(answer).data?.error ?? answer);
  if (problem.success && isErrorCode(problem.data.code)) throw new FarhandError(problem.data.code, problem.data.detail);
  throw new FarhandError("IO", `the hub answered ${response.status}`);
}
