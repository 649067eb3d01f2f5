import { FarhandError } from "../../../shared/errors.ts";
import type { SnmpClient } from "./client.ts";
import { compareOids, isBelow } from "./oid.ts";
import type { SnmpDatum } from "./values.ts";

export interface WalkOptions {
  /** How many objects one request asks for; 40 mostly fit a datagram that is not fragmented. */
  readonly objects: number;
  readonly rowsMax: number;
  /** Of names and values together. */
  readonly bytesMax: number;
  /** Takes the rows in the order of their indices; the next request waits for it. */
  readonly sink: (rows: readonly WalkedRow[]) => Promise<void> | void;
}

export interface WalkedRow {
  /** What follows the column's name. */
  readonly index: string;
  /** One for each column; null where the row has no such object. */
  readonly data: readonly (SnmpDatum | null)[];
}

export interface WalkSummary {
  readonly rows: number;
  readonly requests: number;
}

interface Column {
  readonly root: string;
  cursor: string;
  isOver: boolean;
  readonly waiting: { index: string; datum: SnmpDatum }[];
}

const sizeOf = (datum: SnmpDatum): number =>
  "hex" in datum ? datum.hex.length / 2 : "value" in datum && typeof datum.value === "string" ? datum.value.length : 8;

/**
 * Every object below each of `roots`, joined by index into rows, without holding more than one answer. Each name must come after the
 * one before it (RFC 3416 §4.2.2), so that an agent that goes round in circles or backwards is found at its first step; one that goes
 * on for ever meets a bound. Throws DEVICE_ANSWER, OUTPUT_TOO_LARGE, and what the client throws.
 */
export async function walkColumns(
  client: Pick<SnmpClient, "getBulk">,
  roots: readonly string[],
  options: WalkOptions,
): Promise<WalkSummary> {
  const columns = roots.map((root): Column => ({ root, cursor: root, isOver: false, waiting: [] }));
  let { objects } = options;
  let bytes = 0;
  let rows = 0;
  for (let requests = 0; ;) {
    const hungry = columns.filter((column) => !column.isOver && column.waiting.length === 0).slice(0, objects);
    if (hungry.length === 0) return { rows, requests };
    requests += 1;
    const repetitions = Math.floor(objects / hungry.length);
    const found = await client.getBulk(
      hungry.map(({ cursor }) => cursor),
      repetitions,
    );
    if (found === null) {
      objects = Math.max(1, Math.floor((hungry.length * repetitions) / 2));
      continue;
    }
    for (const [place, { oid, datum }] of found.entries()) {
      const column = hungry[place % hungry.length];
      if (column) bytes += take(column, oid, datum);
    }
    if (bytes > options.bytesMax) throw new FarhandError("OUTPUT_TOO_LARGE", `more than ${options.bytesMax} bytes`);
    const whole = joined(columns);
    rows += whole.length;
    if (rows > options.rowsMax) throw new FarhandError("OUTPUT_TOO_LARGE", `more than ${options.rowsMax} rows`);
    if (whole.length > 0) await options.sink(whole);
  }
}

/** Octets taken. Past the end of its column the rest of an answer says nothing. */
function take(column: Column, oid: string, datum: SnmpDatum): number {
  if (column.isOver) return 0;
  if (datum.type === "endOfMibView") {
    column.isOver = true;
    return 0;
  }
  if (compareOids(oid, column.cursor) <= 0)
    throw new FarhandError("DEVICE_ANSWER", `${oid} comes after ${column.cursor}: the walk would not end`);
  if (!isBelow(column.root, oid)) {
    column.isOver = true;
    return 0;
  }
  if (datum.type === "noSuchObject" || datum.type === "noSuchInstance" || datum.type === "null")
    throw new FarhandError("DEVICE_ANSWER", `${datum.type} in a walk`);
  column.cursor = oid;
  column.waiting.push({ index: oid.slice(column.root.length + 1), datum });
  return oid.length + sizeOf(datum);
}

/** Rows of which every column that goes on has shown its next: none of them can grow any more. */
function joined(columns: readonly Column[]): WalkedRow[] {
  const rows: WalkedRow[] = [];
  for (;;) {
    if (columns.some(({ isOver, waiting }) => !isOver && waiting.length === 0)) return rows;
    const heads = columns.map(({ waiting }) => waiting[0]?.index).filter((index) => index !== undefined);
    const index = heads.reduce<string | undefined>(
      (least, head) => (least === undefined || compareOids(head, least) < 0 ? head : least),
      undefined,
    );
    if (index === undefined) return rows;
    const data = columns.map(({ waiting }) => (waiting[0]?.index === index ? (waiting.shift()?.datum ?? null) : null));
    rows.push({ index, data });
  }
}
