import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { FarhandError } from "../shared/errors.ts";
import { AgentId, CredentialName, KeyId, OrgId, SiteId } from "../shared/ids.ts";
import { ProxyUrl } from "./link/proxy.ts";
import { VaultKeyKind } from "./vault/key.ts";

/** What enrolment settled: who this agent is and where its hub is. Nothing in it is secret. */
export const AgentConfig = z.strictObject({
  v: z.literal(1),
  org: OrgId,
  site: SiteId,
  agent: AgentId,
  /** The agent's fingerprint: what a keyadmin compares before it is approved. */
  kid: KeyId,
  /** Absent where there is never a line: then work comes and evidence leaves as files. */
  url: z
    .url({ protocol: /^https$/ })
    .max(2048)
    .optional(),
  /** PEM of the one certification authority that vouches for the hub. */
  ca: z.string().min(1).max(65_536),
  /** An HTTP proxy on the way to the hub, and the vault's credential for it. */
  proxy: ProxyUrl.optional(),
  proxyCredential: CredentialName.optional(),
  /** The file of the jump host's owner that narrows what may run here; see agent/policy. */
  policy: z.string().min(1).max(4096).optional(),
  /** Where the mark of the journal lies: best on another file system than the state folder; beside that folder unless it is said. */
  stateMark: z.string().min(1).max(4096).optional(),
  /** How its vault was made; the vault itself holds the record that counts. */
  vaultKey: VaultKeyKind,
});
export type AgentConfig = z.infer<typeof AgentConfig>;

const FILE = "agent.json";

export function readConfig(stateDir: string): AgentConfig {
  let text: string;
  try {
    text = readFileSync(join(stateDir, FILE), "utf8");
  } catch (error) {
    throw new FarhandError("NOT_FOUND", `no agent is enrolled in ${stateDir}`, { cause: error });
  }
  const parsed = AgentConfig.safeParse(JSON.parse(text));
  if (!parsed.success) throw new FarhandError("SCHEMA", `${FILE}: ${parsed.error.issues[0]?.path.join(".") ?? ""}`);
  return parsed.data;
}

/** Written last in enrolment: with it the agent is enrolled, without it it is not. */
export function writeConfig(stateDir: string, config: AgentConfig): void {
  const path = join(stateDir, FILE);
  const fd = openSync(`${path}.new`, "w", 0o600);
  try {
    writeSync(fd, `${JSON.stringify(AgentConfig.parse(config), null, 2)}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(`${path}.new`, path);
}

export const vaultPath = (stateDir: string): string => join(stateDir, "vault.db");
