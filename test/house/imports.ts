/** What a source file imports, by a real parser: static, re-exported, type-only, dynamic, required, and by URL. */
import { parseSync, Visitor } from "rolldown/utils";

export interface Import {
  /** The specifier as written; `undefined` where it is computed and nobody can read it from the text. */
  specifier: string | undefined;
  line: number;
  /** `import type` and `export type`; `import { type T }` still loads the module under verbatimModuleSyntax. */
  typeOnly: boolean;
}

export interface Source {
  imports: Import[];
  /** Uses of time, randomness, timers and I/O by global name, such as `Date.now`. */
  impure: { what: string; line: number }[];
}

type Node = { type: string; start: number } & Record<string, unknown>;

const impureGlobals = new Set([
  "Bun",
  "WebSocket",
  "Worker",
  "console",
  "crypto",
  "fetch",
  "performance",
  "process",
  "queueMicrotask",
  "setImmediate",
  "setInterval",
  "setTimeout",
]);

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value;
}

function nameOf(value: unknown): string | undefined {
  return isNode(value) && value.type === "Identifier" && typeof value["name"] === "string" ? value["name"] : undefined;
}

function textOf(value: unknown): string | undefined {
  return isNode(value) && value.type === "Literal" && typeof value["value"] === "string" ? value["value"] : undefined;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** `typeof x` in a type position and the like never reach these visitors, so a name here is a use at run time. */
function impurityOf(node: Node): string | undefined {
  if (node.type === "MemberExpression") {
    const object = nameOf(node["object"]);
    const property = nameOf(node["property"]);
    if (object === "Date") return property === "now" ? "Date.now" : undefined;
    if (object === "Math") return property === "random" ? "Math.random" : undefined;
    return object !== undefined && impureGlobals.has(object) ? `${object}.${property ?? "…"}` : undefined;
  }
  const callee = nameOf(node["callee"]);
  if (callee === "Date") {
    const readsTheClock = node.type === "CallExpression" || list(node["arguments"]).length === 0;
    return readsTheClock ? "Date()" : undefined;
  }
  return callee !== undefined && impureGlobals.has(callee) ? `${callee}()` : undefined;
}

function parserLanguage(path: string): "ts" | "tsx" | "js" {
  if (path.endsWith(".tsx")) return "tsx";
  return path.endsWith(".ts") ? "ts" : "js";
}

export function readSource(path: string, text: string): Source {
  const parsed = parseSync(path, text, { lang: parserLanguage(path) });
  const failure = parsed.errors[0];
  if (failure) throw new Error(`${path}: cannot be parsed: ${failure.message}`);

  const lineAt = (offset: number): number => text.slice(0, offset).split("\n").length;
  const found: Source = { imports: [], impure: [] };
  const add = (specifier: string | undefined, at: unknown, typeOnly: boolean): void => {
    found.imports.push({ specifier, line: lineAt(isNode(at) ? at.start : 0), typeOnly });
  };
  const fromDeclaration = (kind: "importKind" | "exportKind") => (node: unknown) => {
    if (!isNode(node) || node["source"] === null) return;
    add(textOf(node["source"]), node, node[kind] === "type");
  };
  const impure = (node: unknown) => {
    const what = isNode(node) ? impurityOf(node) : undefined;
    if (what !== undefined && isNode(node)) found.impure.push({ what, line: lineAt(node.start) });
  };

  new Visitor({
    ImportDeclaration: fromDeclaration("importKind"),
    ExportNamedDeclaration: fromDeclaration("exportKind"),
    ExportAllDeclaration: fromDeclaration("exportKind"),
    ImportExpression: (node) => add(textOf(node.source), node, false),
    TSImportType: (node) => add(textOf(node.source), node, true),
    CallExpression: (node) => {
      if (nameOf(node.callee) === "require") add(textOf(node.arguments[0]), node, false);
      impure(node);
    },
    NewExpression: (node) => {
      const target = textOf(node.arguments[0]);
      if (nameOf(node.callee) === "URL" && node.arguments.length === 2 && target?.startsWith(".")) {
        add(target, node, false);
      }
      impure(node);
    },
    MemberExpression: impure,
  }).visit(parsed.program);
  return found;
}
