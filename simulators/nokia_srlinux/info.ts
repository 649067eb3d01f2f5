/** `info`: a datastore, or a part of it, in one of the forms that the command line has for it. */
import { refuse, say, type Answer } from "./answer.ts";
import type { Token } from "./lexer.ts";
import { ROOT } from "./model/root.ts";
import { walk } from "./parse.ts";
import { flatten, flatText, infoLines, jsonEntry, stepText, toJson, type Json, type PrintOptions } from "./print.ts";
import type { BranchSchema, Schema } from "./schema.ts";
import {
  branchesAt,
  compareEntries,
  emptyBranch,
  schemaAt,
  type Branch,
  type Entry,
  type Item,
  type Path,
} from "./tree.ts";

export interface InfoRequest {
  readonly flat: boolean;
  readonly depth: number | undefined;
  readonly from: string | undefined;
  readonly path: readonly Token[];
}

const STORES = ["baseline", "candidate", "running", "startup", "state"];

export function parseInfo(tokens: readonly Token[]): InfoRequest | string {
  let flat = false;
  let depth: number | undefined;
  let from: string | undefined;
  let at = 0;
  for (; at < tokens.length; at += 1) {
    const word = tokens[at]?.text;
    if (word === "flat") flat = true;
    else if (word === "detail" || word === "with-context") continue;
    else if (word === "depth" || word === "from") {
      at += 1;
      const value = tokens[at]?.text ?? "";
      if (word === "depth") {
        if (!/^\d{1,2}$/.test(value)) return `Parsing error: Invalid value '${value}' for 'depth'`;
        depth = Number(value);
      } else {
        if (!STORES.includes(value))
          return `Parsing error: Unknown token '${value}'.\nOptions are [${STORES.map((store) => `'${store}'`).join(", ")}]`;
        from = value;
      }
    } else break;
  }
  return { flat, depth, from, path: tokens.slice(at) };
}

/** `context`: where the user stands. `withState`: whether the nodes that only the state datastore has are named. */
export function info(tree: Branch, context: Path, request: InfoRequest, withState: boolean): Answer {
  const start = schemaAt(ROOT, context);
  if (start?.kind !== "container" && start?.kind !== "list") return refuse("Error: Path not valid");
  const walked = walk(ROOT, context, start, request.path, { withState, values: false });
  if (walked.kind === "error") return refuse(walked.message);
  if (walked.rest.length > 0) return refuse(`Parsing error: Unknown token '${walked.rest[0]?.text}'`);
  const absolute = request.path[0]?.text === "/";
  const shown = absolute ? walked.end : walked.end.slice(context.length);
  const base = absolute ? [] : context;
  if (request.flat) return flat(tree, walked.end);
  const options: PrintOptions = request.depth === undefined ? {} : { depth: request.depth };
  const rootBranch = branchesAt(tree, base)[0]?.branch ?? emptyBranch();
  const rootSchema = schemaAt(ROOT, base);
  if (rootSchema?.kind !== "container" && rootSchema?.kind !== "list") return refuse("Error: Path not valid");
  const lines = along(rootBranch, rootSchema, shown, options, 1);
  return say(
    lines.map((line) => `${line}\n`).join(""),
    jsonAlong(rootBranch, rootSchema, shown, shown.length === 0 ? base : []),
  );
}

function flat(tree: Branch, path: Path): Answer {
  const last = path.at(-1);
  const schema = schemaAt(ROOT, path);
  if (
    last !== undefined &&
    schema !== undefined &&
    (schema.kind === "leaf" || schema.kind === "leaf-list" || (schema.kind === "list" && last.keys.length === 0))
  ) {
    const lines = [...flatten(tree, ROOT, [], false)].filter((line) => startsWith(line.path, path));
    return say(lines.map((line) => `set ${flatText(ROOT, line)}\n`).join(""));
  }
  if (schema?.kind !== "container" && schema?.kind !== "list") return refuse("Error: Path not valid");
  const lines = branchesAt(tree, path).flatMap((found) => [...flatten(found.branch, schema, found.path, false)]);
  return say(lines.map((line) => `set ${flatText(ROOT, line)}\n`).join(""));
}

function startsWith(path: Path, start: Path): boolean {
  return start.every(
    ({ name, keys }, at) =>
      path[at]?.name === name && keys.every((key, index) => key === "*" || key === path[at]?.keys[index]),
  );
}

/** The way to what was asked for, and then all of it. A container on the way is shown though it be empty. */
function along(branch: Branch, schema: BranchSchema, path: Path, options: PrintOptions, level: number): string[] {
  const [step, ...rest] = path;
  if (step === undefined) return infoLines(branch, schema, options, level);
  const child = schema.children.get(step.name);
  const item = branch.children.get(step.name);
  const pad = "    ".repeat(level);
  if (child === undefined) return [];
  switch (child.kind) {
    case "leaf":
    case "leaf-list":
      return item === undefined
        ? []
        : infoLines({ kind: "branch", children: new Map([[step.name, item]]) }, schema, options, level);
    case "container":
      return [
        `${pad}${step.name} {`,
        ...along(item?.kind === "branch" ? item : emptyBranch(), child, rest, options, level + 1),
        `${pad}}`,
      ];
    case "list":
      return entries(item, step.keys).flatMap((entry) => [
        `${pad}${stepText({ name: step.name, keys: entry.keys }, child)} {`,
        ...along(entry, child, rest, options, level + 1),
        `${pad}}`,
      ]);
    default:
      return child satisfies never;
  }
}

function entries(item: Item | undefined, keys: readonly string[]): Entry[] {
  if (item?.kind !== "list") return [];
  return [...item.entries.values()]
    .filter((entry) => keys.every((key, at) => key === "*" || key === entry.keys[at]))
    .toSorted(compareEntries);
}

/** An entry on the way carries its keys, as every entry does. */
function jsonAlong(branch: Branch, schema: BranchSchema, path: Path, base: Path): Json {
  const [step, ...rest] = path;
  const keys = base.at(-1)?.keys ?? [];
  if (step === undefined)
    return keys.length > 0 ? jsonEntry({ ...branch, keys }, schema, false) : toJson(branch, schema, false);
  const shownKeys = keys.length > 0 ? jsonEntry({ ...emptyBranch(), keys }, schema, false) : {};
  const child: Schema | undefined = schema.children.get(step.name);
  const item = branch.children.get(step.name);
  if (child?.kind === "container")
    return { ...shownKeys, [step.name]: jsonAlong(item?.kind === "branch" ? item : emptyBranch(), child, rest, []) };
  if (child?.kind === "list")
    return {
      ...shownKeys,
      [step.name]: entries(item, step.keys).map((entry) =>
        jsonAlong(entry, child, rest, [{ name: step.name, keys: entry.keys }]),
      ),
    };
  const leaf = new Map(item === undefined ? [] : [[step.name, item]]);
  return { ...shownKeys, ...toJson({ kind: "branch", children: leaf }, schema, false) };
}
