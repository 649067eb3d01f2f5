import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { BundleFile } from "../../../shared/bundle/read.ts";
import { openInbound, openOncall, openOutbound, type Opened } from "../../../shared/bundle/index.ts";
import { trustBodies, walkKeys } from "../../../shared/bundle/trust.ts";
import type { BundleIndex } from "../../../shared/documents/bundle.ts";
import { parseEnvelope } from "../../../shared/envelope.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { agentEntry, openAgents, type TrustStore } from "../../../shared/trust.ts";
import type { Cli } from "../command.ts";

/** Reads a bundle from a copy that nobody else can reach, and leaves nothing behind. */
export async function withBundle<T>(cli: Cli, path: string, act: (file: BundleFile) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), "farhand-bundle-"));
  try {
    const file = await BundleFile.open(resolve(cli.cwd, path), dir);
    try {
      return await act(file);
    } finally {
      await file.close();
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Signed by whom it should be, from the one keys.json that this person trusts, and every body what the index says. */
export async function verifyBundle(
  file: BundleFile,
  anchor: TrustStore,
  agents: Uint8Array | undefined,
): Promise<Opened<BundleIndex> & { readonly keys: TrustStore }> {
  const opened = await openFrom(file, anchor, agents);
  await file.checkBodies();
  if (opened.index.org !== opened.keys.org) throw new FarhandError("WRONG_ORG", opened.index.org);
  return opened;
}

async function openFrom(file: BundleFile, anchor: TrustStore, agents: Uint8Array | undefined) {
  switch (file.claimed.direction) {
    case "in":
      return inbound(file, anchor);
    case "out":
      return outbound(file, anchor, agents);
    case "breakglass":
      return { ...(await openOncall(file.envelope, anchor)), keys: anchor };
    default:
      return file.claimed satisfies never;
  }
}

async function inbound(file: BundleFile, anchor: TrustStore) {
  const { keys } = await walkKeys(await trustBodies(file, "keys"), anchor);
  return { ...(await openInbound(file.envelope, keys.hubKey)), keys };
}

async function outbound(file: BundleFile, anchor: TrustStore, agents: Uint8Array | undefined) {
  const { agent } = file.claimed;
  if (agents === undefined)
    throw new FarhandError("USAGE", "an agent signed it: give the agents.json that names its key with --agents FILE");
  const { document } = await openAgents(parseEnvelope(agents), anchor);
  const entry = agentEntry(document, agent);
  if (!entry) throw new FarhandError("AGENT_PENDING", agent);
  if (entry.status === "banned") throw new FarhandError("AGENT_BANNED", agent);
  const opened = await openOutbound(file.envelope, (kid) => (kid === entry.kid ? entry.signKey : undefined));
  return { ...opened, keys: anchor };
}
