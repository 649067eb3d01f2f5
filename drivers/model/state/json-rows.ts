import type { JsonFile } from "./pack.ts";
import type { Findings, Found } from "./parse.ts";
import { ROWS_MAX } from "./rows.ts";

type Down = JsonFile["down"][number];

/** A table of JSON. What is not there is no row and no cell; what is no JSON is said. */
export function jsonRows(file: JsonFile | undefined, output: string): Findings | string {
  if (!file) return "nothing says how it is read";
  // A device may say something before it: a banner, a blank line.
  const start = output.search(/[\{\[]/v);
  let value: unknown;
  try {
    value = JSON.parse(start === -1 ? output : output.slice(start));
  } catch {
    return "not JSON";
  }
  const rows: Found[] = [];
  walk(file, 0, value, new Map(), rows);
  return { rows, strange: 0, example: null };
}

function walk(file: JsonFile, depth: number, value: unknown, above: Found, rows: Found[]): void {
  const step = file.down[depth];
  if (!step) {
    const row = rowOf(file, value, above);
    if (row) rows.push(row);
    return;
  }
  for (const [name, entry] of membersOf(step, value)) {
    if (rows.length > ROWS_MAX) return;
    const cells = new Map(above);
    if (step.key !== undefined) cells.set(step.key, name);
    for (const [column, path] of Object.entries(step.take)) {
      const [text] = textsAt(entry, path.split("."));
      if (text !== undefined) cells.set(column, text);
    }
    walk(file, depth + 1, entry, cells, rows);
  }
}

function membersOf(step: Down, value: unknown): readonly (readonly [string, unknown])[] {
  const held = step.of === undefined ? value : step.of.split(".").reduce(memberOf, value);
  if (Array.isArray(held)) return held.map((entry: unknown, at) => [String(at), entry] as const);
  return isObject(held) ? Object.entries(held) : [];
}

function rowOf(file: JsonFile, value: unknown, above: Found): Found | undefined {
  if (file.where) {
    const [found] = textsAt(value, file.where.path.split("."));
    if (found !== String(file.where.is)) return undefined;
  }
  const row = new Map(above);
  for (const [column, paths] of Object.entries(file.columns)) {
    for (const path of typeof paths === "string" ? [paths] : paths) {
      const texts = textsAt(value, path.split("."));
      if (texts.length === 0) continue;
      row.set(column, texts);
      break;
    }
  }
  return row;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** By its name, or by its name behind a YANG module's. */
function memberOf(value: unknown, name: string): unknown {
  if (!isObject(value)) return undefined;
  if (Object.hasOwn(value, name)) return value[name];
  return Object.entries(value).find(([key]) => key.endsWith(`:${name}`))?.[1];
}

function textsAt(value: unknown, path: readonly string[]): string[] {
  const [head, ...rest] = path;
  if (head === undefined) return isScalar(value) ? [String(value)] : [];
  if (head.endsWith("[]")) {
    const list = memberOf(value, head.slice(0, -2));
    const entries: unknown[] = Array.isArray(list) ? list : isObject(list) ? Object.values(list) : [];
    return entries.slice(0, 64).flatMap((entry) => textsAt(entry, rest));
  }
  return textsAt(memberOf(value, head), rest);
}

const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean";
