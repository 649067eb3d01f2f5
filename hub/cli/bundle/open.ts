import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { BundleFile } from "../../../shared/bundle/read.ts";
import { openInbound, openOncall, openOutbound, type Opened } from "../../../shared/bundle/index.ts";
import { carriedTrust } from "../../../shared/bundle/trust.ts";
import type { Agents } from "../../../shared/documents/agents.ts";
import type { BundleIndex } from "../../../shared/documents/bundle.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { agentEntry, type TrustStore, type Verified } from "../../../shared/trust.ts";
import { openTrustFrom, type UntimedView } from "../../../shared/tuf/open.ts";
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

/** Signed by whom it should be, from the trust file of this person, and every body what the index says. */
export async function verifyBundle(
  file: BundleFile,
  anchor: UntimedView,
  { agents, nowMs }: { readonly agents?: Verified<Agents> | undefined; readonly nowMs: number },
): Promise<Opened<BundleIndex> & { readonly keys: TrustStore }> {
  const opened = await openFrom(file, anchor, { agents, nowMs });
  await file.checkBodies();
  if (opened.index.org !== opened.keys.org) throw new FarhandError("WRONG_ORG", opened.index.org);
  return opened;
}

async function openFrom(
  file: BundleFile,
  anchor: UntimedView,
  { agents, nowMs }: { readonly agents?: Verified<Agents> | undefined; readonly nowMs: number },
) {
  switch (file.claimed.direction) {
    case "in":
      return inbound(file, anchor, nowMs);
    case "out":
      return outbound(file, anchor, agents);
    case "breakglass":
      return { ...(await openOncall(file.envelope, anchor.keys)), keys: anchor.keys };
    default:
      return file.claimed satisfies never;
  }
}

async function inbound(file: BundleFile, anchor: UntimedView, nowMs: number) {
  const update = await carriedTrust(file);
  const { keys } = update ? await openTrustFrom(anchor, update, { nowMs }) : anchor;
  return { ...(await openInbound(file.envelope, keys.hubKey)), keys };
}

async function outbound(file: BundleFile, anchor: UntimedView, agents: Verified<Agents> | undefined) {
  const { agent } = file.claimed;
  const named = agents ?? anchor.agents;
  if (!named)
    throw new FarhandError("USAGE", "an agent signed it, and your trust file names none: farhand trust fetch");
  const { document } = named;
  const entry = agentEntry(document, agent);
  if (!entry) throw new FarhandError("AGENT_PENDING", agent);
  if (entry.status === "banned") throw new FarhandError("AGENT_BANNED", agent);
  const opened = await openOutbound(file.envelope, (kid) => (kid === entry.kid ? entry.signKey : undefined));
  return { ...opened, keys: anchor.keys };
}
