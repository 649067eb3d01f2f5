/** JSON-RPC's paths and values (SR Linux System Management Guide, "JSON interface"; gNMI path conventions) against the model. */
import { z } from "zod";
import { stored } from "./secrets.ts";
import { refusal, visible, type BranchSchema, type LeafType, type ListSchema, type Schema } from "./schema.ts";
import { schemaAt, type Edit, type Path, type Step } from "./tree.ts";

/** What the device answers instead of a result. */
export class Refused extends Error {}

export interface Located {
  readonly path: Path;
  readonly schema: Schema;
  /** From `…/description:text`. */
  readonly value: string | undefined;
}

interface Segment {
  readonly name: string;
  readonly keys: ReadonlyMap<string, string>;
  readonly value: string | undefined;
}

/** `/interface[name=ethernet-1/1]/description:text`: a slash inside brackets is none, and the first colon after the last name begins a value. */
function segments(text: string): Segment[] {
  const found: Segment[] = [];
  let at = text.startsWith("/") ? 1 : 0;
  while (at < text.length) {
    let name = "";
    for (; at < text.length && !"[/:".includes(text[at] ?? ""); at += 1) name += text[at];
    if (text[at] === ":" && name.startsWith("srl_nokia-")) {
      at += 1;
      name = "";
      for (; at < text.length && !"[/:".includes(text[at] ?? ""); at += 1) name += text[at];
    }
    const keys = new Map<string, string>();
    while (text[at] === "[") {
      const end = text.indexOf("]", at);
      const [key = "", value] = end < 0 ? [] : text.slice(at + 1, end).split(/=(.*)/s);
      if (value === undefined) throw new Refused(`Path not valid - cannot parse '${text}'`);
      keys.set(key, value);
      at = end + 1;
    }
    const value = text[at] === ":" ? text.slice(at + 1) : undefined;
    found.push({ name, keys, value });
    if (value !== undefined) break;
    if (at < text.length && text[at] !== "/") throw new Refused(`Path not valid - cannot parse '${text}'`);
    at += 1;
  }
  return found;
}

function unknown(name: string, schema: BranchSchema, withState: boolean): Refused {
  const options = visible(schema, withState).map(([child]) => child);
  return new Refused(`Path not valid - unknown element '${name}'. Options are [${options.join(", ")}]`);
}

export function locate(root: BranchSchema, text: string, withState: boolean): Located {
  let schema: Schema = root;
  const path: Step[] = [];
  let value: string | undefined;
  for (const segment of segments(text)) {
    if (schema.kind !== "container" && schema.kind !== "list")
      throw new Refused(`Path not valid - '${text}' goes on behind a leaf`);
    const child: Schema | undefined = schema.children.get(segment.name);
    if (child === undefined || (child.state && !withState)) throw unknown(segment.name, schema, withState);
    path.push({ name: segment.name, keys: child.kind === "list" ? keysOf(segment, child) : [] });
    schema = child;
    ({ value } = segment);
  }
  return { path, schema, value };
}

function keysOf({ name, keys }: Segment, schema: ListSchema): string[] {
  for (const given of keys.keys())
    if (schema.keys.every((key) => key.name !== given))
      throw new Refused(`Path not valid - unknown key '${given}' for '${name}'`);
  if (keys.size === 0) return [];
  return schema.keys.map((key) => {
    const value = keys.get(key.name) ?? "*";
    if (value !== "*") check(key.type, value, `key '${key.name}' (node '${name}')`);
    return value;
  });
}

function check(type: LeafType, value: string, where: string): void {
  const why = refusal(type, value);
  if (why !== undefined) throw new Refused(`Failed to parse value '${value}' for ${where} - ${why}`);
}

/** Throws where a path does not name one place: only a read and a delete may mean many. */
export function assertSingular({ path }: Located, root: BranchSchema): void {
  for (const [at, { name, keys }] of path.entries()) {
    const isList = schemaAt(root, path.slice(0, at + 1))?.kind === "list";
    if (isList && (keys.includes("*") || (keys.length === 0 && at < path.length - 1)))
      throw new Refused(`Path not valid - key of '${name}' is missing`);
  }
}

const Scalar = z.union([z.string(), z.number(), z.boolean()]);
const JsonObject = z.record(z.string(), z.unknown());

/** Edits that put a JSON value at a place, in the order of the model. Module names in front of members are taken off. */
export function editsOf({ path, schema, value }: Located, json: unknown): Edit[] {
  const given = value ?? json;
  switch (schema.kind) {
    case "leaf":
      return [leafEdit(path, schema.type, given)];
    case "leaf-list": {
      const values = (Array.isArray(given) ? given : [given]).map((one) => scalar(one, path));
      for (const one of values) check(schema.type, one, `leaf-list '${path.at(-1)?.name}'`);
      return [{ op: "leaf-list", path, values }];
    }
    case "container":
      return [...(schema.presence ? [{ op: "create", path } as const] : []), ...members(path, schema, given)];
    case "list": {
      const last = path.at(-1);
      if (last === undefined) return [];
      if (last.keys.length > 0) return [{ op: "create", path }, ...members(path, schema, given)];
      const entries = Array.isArray(given) ? given : [given];
      return entries.flatMap((entry) => {
        const object = objectOf(entry, path);
        const keys = schema.keys.map((key) => {
          const word = object.get(key.name);
          if (word === undefined) throw new Refused(`Missing key '${key.name}' of '${last.name}'`);
          const text = scalar(word, path);
          check(key.type, text, `key '${key.name}' (node '${last.name}')`);
          return text;
        });
        const at = [...path.slice(0, -1), { name: last.name, keys }];
        return [{ op: "create", path: at } as const, ...members(at, schema, entry)];
      });
    }
    default:
      return schema satisfies never;
  }
}

function members(path: Path, schema: BranchSchema, json: unknown): Edit[] {
  if (json === undefined || json === null) return [];
  const object = objectOf(json, path);
  const isKey = (name: string): boolean => schema.kind === "list" && schema.keys.some((key) => key.name === name);
  for (const name of object.keys()) {
    const child = schema.children.get(name);
    if (!isKey(name) && (child === undefined || child.state)) throw unknown(name, schema, false);
  }
  return [...schema.children].flatMap(([name, child]) =>
    object.has(name)
      ? editsOf({ path: [...path, { name, keys: [] }], schema: child, value: undefined }, object.get(name))
      : [],
  );
}

function objectOf(json: unknown, path: Path): ReadonlyMap<string, unknown> {
  const parsed = JsonObject.safeParse(json);
  if (!parsed.success || Array.isArray(json))
    throw new Refused(`Failed to parse value for '${path.at(-1)?.name ?? "/"}' - expected an object`);
  return new Map(
    Object.entries(parsed.data).map(([name, value]) => [name.replace(/^srl_nokia-[a-z0-9-]+:/, ""), value]),
  );
}

function scalar(json: unknown, path: Path): string {
  const parsed = Scalar.safeParse(json);
  if (!parsed.success) throw new Refused(`Failed to parse value for '${path.at(-1)?.name}' - expected a scalar`);
  return String(parsed.data);
}

function leafEdit(path: Path, type: LeafType, json: unknown): Edit {
  if (json === undefined) throw new Refused(`Value is missing for leaf '${path.at(-1)?.name}'`);
  const text = scalar(json, path);
  check(type, text, `leaf '${path.at(-1)?.name}'`);
  return { op: "leaf", path, value: stored(type, text) };
}
