import type { Device } from "../../../shared/documents/inventory.ts";
import { FarhandError } from "../../../shared/errors.ts";
import type { AgentId, DeviceId } from "../../../shared/ids.ts";
import type { Tx } from "../../../shared/store.ts";
import { Epoch } from "../../../shared/wire/epoch.ts";
import type { InventoryView } from "../../../shared/trust.ts";
import { standingHold } from "../../holds.ts";
import { adoptionsOf, baselineOf } from "../../store/adoptions.ts";
import { listContacts, listEnrolments, type Contact, type ContactRow } from "../../store/agents.ts";
import { runningByAgent } from "../../store/assignments.ts";
import { snapshotsOf } from "../../store/receipts.ts";
import { deviceStanding } from "../../store/views.ts";
import type { AgentView, BaselineView, DeviceView, SiteView, SnapshotView } from "../contract/views.ts";
import type { ApiDeps } from "./deps.ts";
import { cursorOf } from "./job-views.ts";

type Deps = Pick<ApiDeps, "store" | "trust">;
type TimedDeps = Pick<ApiDeps, "store" | "trust" | "clock">;

/** Countersigned agents, and those that enrolled and wait for it. A key that is not countersigned is pending, whoever had one before. */
export async function agentViews(deps: Deps): Promise<AgentView[]> {
  const contacts = new Map((await listContacts(deps.store)).map((row) => [row.agent, row]));
  const running = await deps.store.read((tx) => runningByAgent(tx));
  const listed = deps.trust.state?.agents?.document.agents ?? [];
  const kids = new Map(listed.map((entry) => [entry.id, entry.kid]));
  const banned = new Set(listed.filter((entry) => entry.status === "banned").map((entry) => entry.id));
  const pending = (await listEnrolments(deps.store)).filter(
    (row) => kids.get(row.agent) !== row.kid && !banned.has(row.agent),
  );
  const waiting = new Set(pending.map((row) => row.agent));
  const entries = [
    ...listed.filter((entry) => !waiting.has(entry.id)),
    ...pending.map(({ agent: id, ...row }) => ({ id, ...row, status: "pending" as const })),
  ];
  return entries
    .map(({ id, site, kid, signKey, boxKey, status }) => ({
      id,
      site,
      kid,
      signKey,
      boxKey,
      status,
      ...contactOf(contacts.get(id)),
      running: running.get(id) ?? 0,
    }))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

const contactOf = (
  row: ContactRow | undefined,
): Pick<AgentView, "contact" | "lastSeenMs" | "software" | "quarantine"> => ({
  contact: row?.contact ?? "DARK",
  lastSeenMs: row?.lastSeenMs ?? null,
  software: row?.software ?? null,
  quarantine: row?.quarantine ? { ...row.quarantine, epoch: Epoch.parse(row.quarantine.epoch) } : null,
});

const CONTACT_RANK: Record<Contact, number> = { LIVE: 2, LAPSED: 1, DARK: 0 };

export async function siteViews(deps: Deps): Promise<SiteView[]> {
  const inventory = deps.trust.state?.inventory;
  if (!inventory) return [];
  const { sites, devices } = inventory.inventory.document;
  const perSite = new Map<string, number>();
  for (const { site } of devices) perSite.set(site, (perSite.get(site) ?? 0) + 1);
  const contacts = new Map<AgentId, Contact>((await listContacts(deps.store)).map((row) => [row.agent, row.contact]));
  const agents = (deps.trust.state.agents?.document.agents ?? []).filter((entry) => entry.status === "active");
  return sites.map(({ id, parallel }) => {
    const own = agents.filter((entry) => entry.site === id).map((entry) => entry.id);
    const best = own
      .map((agent) => contacts.get(agent) ?? "DARK")
      .reduce<Contact>((a, b) => (CONTACT_RANK[b] > CONTACT_RANK[a] ? b : a), "DARK");
    return { id, devices: perSite.get(id) ?? 0, agents: own, contact: best, parallel };
  });
}

async function deviceViewOf(
  tx: Pick<Tx, "get" | "all">,
  device: Device,
  inventory: InventoryView,
  nowMs: number,
): Promise<DeviceView> {
  const { id, site, platform, address, port, tags } = device;
  const via = inventory.pathTo(device).map((hop) => hop.id);
  const hold = await standingHold(tx, id, nowMs);
  const view = hold && {
    owner: hold.owner,
    reason: hold.reason,
    sinceMs: hold.iat * 1000,
    untilMs: hold.exp === null ? null : hold.exp * 1000,
  };
  return {
    id,
    site,
    platform,
    address,
    port,
    via,
    tags,
    ...(await deviceStanding(tx, id)),
    hold: view ?? null,
    baseline: (await baselineOf(tx, id))?.config ?? null,
  };
}

export async function deviceView(deps: TimedDeps, id: DeviceId): Promise<DeviceView> {
  const inventory = deps.trust.state?.inventory;
  const device = inventory?.device(id);
  if (!inventory || !device) throw new FarhandError("NOT_FOUND", `no device ${id} in the signed inventory`);
  return deps.store.read((tx) => deviceViewOf(tx, device, inventory, deps.clock.nowMs()));
}

export interface DeviceQuery {
  readonly limit: number;
  readonly after?: string | undefined;
  readonly site?: string | undefined;
  readonly platform?: string | undefined;
  /** `key`, or `key=value`. */
  readonly tag?: string | undefined;
}

export async function devicePage(
  deps: TimedDeps,
  query: DeviceQuery,
): Promise<{ devices: DeviceView[]; next: string | null }> {
  const { limit, after, site, platform, tag } = query;
  const [key, ...value] = tag?.split("=") ?? [];
  const matches = (device: Device): boolean =>
    (after === undefined || device.id > after) &&
    (site === undefined || device.site === site) &&
    (platform === undefined || device.platform === platform) &&
    (key === undefined || (value.length > 0 ? device.tags[key] === value.join("=") : Object.hasOwn(device.tags, key)));
  const inventory = deps.trust.state?.inventory;
  if (!inventory) return { devices: [], next: null };
  const found = inventory.inventory.document.devices.filter(matches).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const shown = found.slice(0, limit);
  const nowMs = deps.clock.nowMs();
  const devices = await deps.store.read(async (tx) => {
    const views: DeviceView[] = [];
    for (const device of shown) views.push(await deviceViewOf(tx, device, inventory, nowMs));
    return views;
  });
  return { devices, next: found.length > limit ? (shown.at(-1)?.id ?? null) : null };
}

/** Newest first; the cursor is the time. */
export async function historyPage(
  deps: Deps,
  device: DeviceId,
  query: { readonly limit: number; readonly after?: string | undefined },
): Promise<{
  snapshots: SnapshotView[];
  next: string | null;
  baseline: BaselineView | null;
  adoptions: BaselineView[];
}> {
  const beforeMs = query.after === undefined ? Number.MAX_SAFE_INTEGER : cursorOf(query.after);
  const snapshots = await snapshotsOf(deps.store, device, beforeMs, query.limit);
  const last = snapshots.at(-1);
  const about = await deps.store.read(async (tx) => ({
    baseline: (await baselineOf(tx, device)) ?? null,
    adoptions: await adoptionsOf(tx, device),
  }));
  return { ...about, snapshots, next: last && snapshots.length === query.limit ? String(last.takenMs) : null };
}
