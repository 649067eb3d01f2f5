import type { Bytes } from "../../../shared/bytes.ts";
import type { Agents } from "../../../shared/documents/agents.ts";
import { FarhandError } from "../../../shared/errors.ts";
import type { InventoryView, TrustStore, Verified } from "../../../shared/trust.ts";
import { updateOfFile, type TrustFile } from "../../../shared/tuf/file.ts";
import { expiresMs, readMetadata } from "../../../shared/tuf/metadata.ts";
import { staleRole } from "../../../shared/tuf/set.ts";
import { openTrustFrom, type TrustView, type UntimedView } from "../../../shared/tuf/open.ts";
import type { HubClient } from "../../api/client/index.ts";
import type { Cli } from "../command.ts";
import type { HubFlags } from "../flags.ts";
import { loadAnchor } from "./anchor.ts";
import { endsSoon } from "./ends.ts";
import { refuseOlder } from "./seen.ts";

/** The hub's trust repository, verified from the one file that this person trusts. */
export interface Trusted {
  readonly store: TrustStore;
  readonly agents: Verified<Agents> | null;
  readonly inventory: InventoryView | null;
  readonly view: TrustView;
  /** As the hub showed it. */
  readonly file: TrustFile;
}

export async function loadTrust(cli: Cli, flags: HubFlags, client: HubClient): Promise<Trusted> {
  const anchor = await loadAnchor(cli, flags);
  const trusted = await openTrust(anchor, await client.call("getTrust", {}), cli.clock.nowMs());
  refuseOlder(cli, trusted);
  const [now, yours] = [trusted.store.keys.document.version, anchor.keys.keys.document.version];
  if (now > yours)
    cli.out.note(`keys.json is version ${now} now, yours is ${yours}; who may sign signed the newer one`);
  for (const warning of endsSoon(trusted, cli.clock.nowMs())) cli.out.note(warning);
  return trusted;
}

export async function openTrust(anchor: UntimedView, file: TrustFile, nowMs: number): Promise<Trusted> {
  const view = await openTrustFrom(anchor, updateOfFile(file), { nowMs });
  if (view.keys.keys.document.exp * 1000 <= nowMs) throw new FarhandError("EXPIRED", "keys.json");
  return { store: view.keys, agents: view.agents ?? null, inventory: view.inventory ?? null, view, file };
}

/** The same where no hub lives to stamp it: as old as it is, what people signed must be in its time. */
export async function openUnstamped(anchor: UntimedView, file: TrustFile, nowMs: number): Promise<Trusted> {
  const { timestamp } = updateOfFile(file);
  const stampedMs = timestamp ? expiresMs(readMetadata("timestamp", timestamp).signed) - 1 : nowMs;
  const trusted = await openTrust(anchor, file, Math.min(nowMs, stampedMs));
  const stale = staleRole(trusted.view.facts, nowMs, ["timestamp"]);
  if (stale) throw new FarhandError("TRUST_STALE", `${stale}.json`);
  if (trusted.store.keys.document.exp * 1000 <= nowMs) throw new FarhandError("EXPIRED", "keys.json");
  return trusted;
}

/** Every root from the first one on. */
export const shownRoots = ({ file }: Pick<Trusted, "file">): readonly Bytes[] => updateOfFile(file).roots ?? [];

export function requireInventory(trusted: Pick<Trusted, "inventory">): InventoryView {
  if (!trusted.inventory)
    throw new FarhandError("NOT_FOUND", "no inventory is published yet: farhand inventory import FILE --publish");
  return trusted.inventory;
}
