import type { WatchEvent } from "../core/model.ts";
import type { AgentId, DeviceId, JobId, SiteId } from "../../shared/ids.ts";
import { statements, type Store, type Tx } from "../../shared/store.ts";
import { int, text } from "./columns.ts";

export type StoredWatchEvent =
  | WatchEvent
  | {
      readonly type: "output";
      readonly job: JobId;
      readonly device: DeviceId;
      readonly order: number;
      readonly last: boolean;
      readonly text: string;
    }
  | {
      readonly type: "agent";
      readonly agent: AgentId;
      readonly site: SiteId;
      readonly contact: "LIVE" | "LAPSED" | "DARK";
    };

const sql = statements("watch", {
  add: "INSERT INTO watch_event (at_ms, job, body) VALUES (:atMs, :job, :body)",
  after: "SELECT id, at_ms, body FROM watch_event WHERE id > :after ORDER BY id LIMIT :limit",
  afterOfJob: "SELECT id, at_ms, body FROM watch_event WHERE job = :job AND id > :after ORDER BY id LIMIT :limit",
  last: "SELECT coalesce(max(id), 0) AS id FROM watch_event",
  prune: "DELETE FROM watch_event WHERE id <= (SELECT max(id) FROM watch_event) - :keep",
});

/** How many events a watcher may be behind before it has to look at the state instead. */
export const WATCH_EVENTS_KEPT = 500_000;

export async function addWatchEvent(tx: Tx, nowMs: number, event: StoredWatchEvent): Promise<void> {
  const job = event.type === "agent" ? null : event.job;
  await tx.run(sql.add, { atMs: nowMs, job, body: JSON.stringify(event) });
}

export interface WatchRow {
  readonly id: number;
  readonly atMs: number;
  readonly event: StoredWatchEvent;
}

export async function watchEventsAfter(
  store: Store,
  query: { readonly after: number; readonly job: JobId | null; readonly limit: number },
): Promise<WatchRow[]> {
  const { after, job, limit } = query;
  const rows = await store.read((tx) =>
    job === null ? tx.all(sql.after, { after, limit }) : tx.all(sql.afterOfJob, { after, job, limit }),
  );
  return rows.map((row) => ({
    id: int(row, "id"),
    atMs: int(row, "at_ms"),
    event: JSON.parse(text(row, "body")) as StoredWatchEvent,
  }));
}

export async function lastWatchEvent(store: Store): Promise<number> {
  const row = await store.read((tx) => tx.get(sql.last));
  return row ? int(row, "id") : 0;
}

export function pruneWatchEvents(store: Store, keep: number = WATCH_EVENTS_KEPT): Promise<number> {
  return store.tx("watch.prune", (tx) => tx.run(sql.prune, { keep }));
}
