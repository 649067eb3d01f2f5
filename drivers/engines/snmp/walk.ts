import { FarhandError } from "../../../shared/errors.ts";
import type { SnmpClient } from "./client.ts";
import { compareOids, isBelow } from "./oid.ts";
import type { SnmpDatum, Varbind } from "./values.ts";

export interface WalkOptions {
  /** How many objects one request asks for. */
  readonly repetitions: number;
  readonly rowsMax: number;
  /** Of names and values together, as they are held here. */
  readonly bytesMax: number;
  /** Takes the objects in order; the next request waits for it. */
  readonly sink: (varbinds: readonly Varbind[]) => Promise<void> | void;
}

export interface WalkSummary {
  readonly rows: number;
  readonly requests: number;
}

const sizeOf = (datum: SnmpDatum): number =>
  "hex" in datum ? datum.hex.length / 2 : "value" in datum && typeof datum.value === "string" ? datum.value.length : 8;

/**
 * Every object below `root`, in order. Each name must come after the one before it (RFC 3416 §4.2.2), so that an agent that goes round
 * in circles or backwards is found at its first step; one that goes on for ever meets a bound.
 * Throws DEVICE_ANSWER, OUTPUT_TOO_LARGE, and what the client throws.
 */
export async function walk(
  client: Pick<SnmpClient, "getBulk">,
  root: string,
  options: WalkOptions,
): Promise<WalkSummary> {
  let cursor = root;
  let { repetitions } = options;
  let rows = 0;
  let bytes = 0;
  for (let requests = 1; ; requests += 1) {
    const found = await client.getBulk(cursor, repetitions);
    if (found === null) {
      repetitions = Math.max(1, Math.floor(repetitions / 2));
      continue;
    }
    const taken: Varbind[] = [];
    let isOver = false;
    for (const varbind of found) {
      const { oid, datum } = varbind;
      isOver = datum.type === "endOfMibView" || !isBelow(root, oid);
      if (datum.type === "endOfMibView") break;
      if (compareOids(oid, cursor) <= 0)
        throw new FarhandError("DEVICE_ANSWER", `${oid} comes after ${cursor}: the walk would not end`);
      if (isOver) break;
      if (datum.type === "noSuchObject" || datum.type === "noSuchInstance" || datum.type === "null")
        throw new FarhandError("DEVICE_ANSWER", `${datum.type} in a walk`);
      cursor = oid;
      rows += 1;
      bytes += oid.length + sizeOf(datum);
      if (rows > options.rowsMax)
        throw new FarhandError("OUTPUT_TOO_LARGE", `more than ${options.rowsMax} objects below ${root}`);
      if (bytes > options.bytesMax)
        throw new FarhandError("OUTPUT_TOO_LARGE", `more than ${options.bytesMax} bytes below ${root}`);
      taken.push(varbind);
    }
    if (taken.length > 0) await options.sink(taken);
    if (isOver) return { rows, requests };
  }
}
