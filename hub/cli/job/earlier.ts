import { z } from "zod";
import { TableName } from "../../../shared/documents/checks.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { DeviceId } from "../../../shared/ids.ts";
import type { Table, Tables } from "../../../drivers/model/state/rows.ts";
import { ROWS_MAX } from "../../../drivers/model/state/rows.ts";

/** One table of one device, as `farhand run --parse --json` prints it and as it is remembered. */
export const RowsDocument = z.object({
  schema: z.literal("farhand.run-rows/1"),
  device: DeviceId,
  platform: z.string(),
  table: TableName,
  command: z.string(),
  /** Null where it was not read, with `why`. */
  rows: z
    .array(z.object({ key: z.string(), cells: z.record(z.string(), z.union([z.string(), z.number(), z.null()])) }))
    .max(ROWS_MAX)
    .nullable(),
  why: z.string().nullable(),
  strange: z.int(),
  example: z.string().nullable(),
});
export type RowsDocument = z.infer<typeof RowsDocument>;

export type Earlier = ReadonlyMap<DeviceId, Tables>;

/** Lines of JSON; those of another kind are passed over. SCHEMA for a file that holds none. */
export function readEarlier(name: string, text: string): Earlier {
  const devices = new Map<DeviceId, Map<string, Table>>();
  for (const line of text.split("\n")) {
    const parsed = RowsDocument.safeParse(jsonOf(line));
    if (!parsed.success) continue;
    const { device, table, rows, why, strange, example } = parsed.data;
    const tables = devices.get(device) ?? new Map<string, Table>();
    devices.set(device, tables);
    tables.set(table, rows === null ? { kind: "unread", why: why ?? "" } : { kind: "read", rows, strange, example });
  }
  if (devices.size === 0) throw new FarhandError("SCHEMA", `${name}: holds no tables of farhand run --parse --json`);
  return devices;
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
