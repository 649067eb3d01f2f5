import { z } from "zod";
import { statements, type Tx } from "../../shared/store.ts";
import { Epoch } from "../../shared/wire/epoch.ts";
import { clearMeta, getMeta, putMeta } from "./meta.ts";

type Read = Pick<Tx, "get">;

/** Since when nothing starts because the state went back, and in which epoch: the one that a readmission must name. */
export const Quarantine = z.strictObject({ epoch: Epoch, sinceMs: z.int(), detail: z.string().max(500) });
export type Quarantine = z.infer<typeof Quarantine>;

const sql = statements("journal.life", {
  raise: `INSERT INTO meta (key, value) VALUES ('state-counter', '1')
    ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)`,
});

export async function stateCounter(tx: Read): Promise<number> {
  return Number((await getMeta(tx, "state-counter")) ?? 0);
}

/** Something was taken that must not be taken twice. */
export async function raiseStateCounter(tx: Tx): Promise<void> {
  await tx.run(sql.raise);
}

export async function quarantineOf(tx: Read): Promise<Quarantine | null> {
  const held = await getMeta(tx, "quarantine");
  return held === undefined ? null : Quarantine.parse(JSON.parse(held));
}

/**
 * The numbers of the lanes and the chain of receipts were used further than this copy knows: both begin anew, in an epoch of their own. What a hub
 * holds of the old epoch stays what it is.
 */
export async function enterQuarantine(tx: Tx, quarantine: Quarantine): Promise<void> {
  await putMeta(tx, "quarantine", JSON.stringify(quarantine));
  await putMeta(tx, "epoch", quarantine.epoch);
  await clearMeta(tx, "chain");
}

export async function leaveQuarantine(tx: Tx, readmittedMs: number): Promise<void> {
  await clearMeta(tx, "quarantine");
  if (readmittedMs > (await readmittedAtMs(tx))) await putMeta(tx, "readmitted", String(readmittedMs));
}

/** What was signed up to then may have been done by the state that is lost. Zero where none was. */
export async function readmittedAtMs(tx: Read): Promise<number> {
  return Number((await getMeta(tx, "readmitted")) ?? 0);
}
