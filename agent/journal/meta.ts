import { z } from "zod";
import { Epoch } from "../../shared/wire/messages.ts";
import { statements, type Store, type Tx } from "../../shared/store.ts";
import { text } from "./row.ts";

type Read = Pick<Tx, "get">;

const sql = statements("journal.meta", {
  get: "SELECT value FROM meta WHERE key = $key",
  clear: "DELETE FROM meta WHERE key = $key",
  put: "INSERT INTO meta (key, value) VALUES ($key, $value) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
});

type Key =
  | "epoch"
  | "sequence"
  | "time-floor"
  | "chain"
  | "checkpoint"
  | "link"
  | "lost-before"
  | "follows"
  | "state-counter"
  | "quarantine"
  | "readmitted"
  | "bundle-acknowledged"
  | "bundle-credentials";

export async function getMeta(tx: Read, key: Key): Promise<string | undefined> {
  const row = await tx.get(sql.get, { key });
  return row ? text(row, "value") : undefined;
}

export async function putMeta(tx: Tx, key: Key, value: string): Promise<void> {
  await tx.run(sql.put, { key, value });
}

export async function clearMeta(tx: Tx, key: Key): Promise<void> {
  await tx.run(sql.clear, { key });
}

/** What the running agent last knew of its link. */
export const LinkNote = z.strictObject({ state: z.enum(["up", "down"]), code: z.string().nullable(), atMs: z.int() });
export type LinkNote = z.infer<typeof LinkNote>;

/** The epoch of this file; made once, when the file is new. */
export function ensureEpoch(
  store: Store,
  make: () => string,
  lost: { readonly atMs: number; readonly epoch: string | null } | null = null,
): Promise<string> {
  return store.tx("epoch", async (tx) => {
    const held = await getMeta(tx, "epoch");
    if (held !== undefined) return Epoch.parse(held);
    const epoch = Epoch.parse(make());
    await putMeta(tx, "epoch", epoch);
    if (lost) await putMeta(tx, "lost-before", String(lost.atMs));
    if (lost?.epoch) await putMeta(tx, "follows", lost.epoch);
    return epoch;
  });
}

/** The epoch of the damaged journal that this one stands in for. */
export async function followsEpoch(tx: Read): Promise<string | null> {
  return (await getMeta(tx, "follows")) ?? null;
}

/** The time that authenticated documents prove to have passed. Never raised from the local clock. */
export async function timeFloorMs(tx: Read): Promise<number> {
  return Number((await getMeta(tx, "time-floor")) ?? 0);
}

export async function raiseTimeFloor(tx: Tx, provedMs: number): Promise<void> {
  if (provedMs > (await timeFloorMs(tx))) await putMeta(tx, "time-floor", String(provedMs));
}

/** What was signed before this may have been done already: the journal that knew is lost. Zero where none was. */
export async function lostBeforeMs(tx: Read): Promise<number> {
  return Number((await getMeta(tx, "lost-before")) ?? 0);
}
