import type { DeviceId } from "../../shared/ids.ts";
import { statements, type Tx } from "../../shared/store.ts";
import type { AssignmentKey } from "../core/model.ts";
import { int, json, text, textOrNull } from "./row.ts";

const sql = statements("journal.step", {
  last: "SELECT coalesce(max(no), 0) AS no FROM step WHERE manifest = $manifest AND attempt = $attempt AND device = $device",
  intent: `INSERT INTO step (manifest, attempt, device, no, step, intent, done)
    VALUES ($manifest, $attempt, $device, $no, $step, $intent, NULL)`,
  done: `UPDATE step SET done = $done WHERE manifest = $manifest AND attempt = $attempt AND device = $device AND no =
    (SELECT max(no) FROM step WHERE manifest = $manifest AND attempt = $attempt AND device = $device AND step = $step)`,
  all: "SELECT no, step, intent, done FROM step WHERE manifest = $manifest AND attempt = $attempt AND device = $device ORDER BY no",
});

export interface Step {
  readonly no: number;
  readonly step: string;
  readonly intent: unknown;
  /** Null while the step's end is not known. */
  readonly done: { readonly data: unknown } | null;
}

const at = (key: AssignmentKey, device: DeviceId) => ({ manifest: key.manifest, attempt: key.attempt, device });

/** The row that must be on disk before the packet leaves. */
export async function writeIntent(
  tx: Tx,
  key: AssignmentKey,
  device: DeviceId,
  step: string,
  data: unknown,
): Promise<void> {
  const row = await tx.get(sql.last, at(key, device));
  await tx.run(sql.intent, {
    ...at(key, device),
    no: (row ? int(row, "no") : 0) + 1,
    step,
    intent: JSON.stringify(data ?? null),
  });
}

export async function writeDone(
  tx: Tx,
  key: AssignmentKey,
  device: DeviceId,
  step: string,
  data: unknown,
): Promise<void> {
  await tx.run(sql.done, { ...at(key, device), step, done: JSON.stringify(data ?? null) });
}

export async function stepsOf(tx: Pick<Tx, "all">, key: AssignmentKey, device: DeviceId): Promise<Step[]> {
  return (await tx.all(sql.all, at(key, device))).map((row) => ({
    no: int(row, "no"),
    step: text(row, "step"),
    intent: json(row, "intent"),
    done: textOrNull(row, "done") === null ? null : { data: json(row, "done") },
  }));
}
