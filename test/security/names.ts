/** The names of the tests in a source file, by a real parser: what stands in a comment is no test. */
import { parseSync, Visitor } from "rolldown/utils";

type Node = { type: string; start: number } & Record<string, unknown>;

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && "type" in value;

/** `it` of `it`, `it.each`, `it.skipIf(x)` and `it.each(rows)`. */
function rootOf(callee: unknown): string | undefined {
  if (!isNode(callee)) return undefined;
  if (callee.type === "Identifier") return String(callee["name"]);
  if (callee.type === "MemberExpression") return isSkip(callee) ? undefined : rootOf(callee["object"]);
  if (callee.type === "CallExpression") return rootOf(callee["callee"]);
  return undefined;
}

/** A test that never runs, or is meant to fail, names nothing. */
function isSkip(member: Node): boolean {
  const { property } = member;
  return isNode(property) && ["skip", "todo", "fails"].includes(String(property["name"]));
}

function text(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === "Literal" && typeof node["value"] === "string") return node["value"];
  if (node.type !== "TemplateLiteral" || !Array.isArray(node["quasis"])) return undefined;
  return node["quasis"]
    .map((quasi: unknown) => (isNode(quasi) ? String((quasi["value"] as { cooked: unknown }).cooked) : ""))
    .join("…");
}

/** A group counts when a test stands in it, or in a function of this file that it calls. */
export function testNames(path: string, source: string): string[] {
  const names: string[] = [];
  const groups: { readonly name: string; readonly start: number; readonly end: number }[] = [];
  const tests: number[] = [];
  const makers = new Set<string>();
  const calls: { readonly name: string; readonly start: number }[] = [];
  const functions: { readonly name: string; readonly start: number; readonly end: number }[] = [];
  const { program } = parseSync(path, source);
  new Visitor({
    FunctionDeclaration(made) {
      if (made.id) functions.push({ name: made.id.name, start: made.start, end: made.end });
    },
    CallExpression(call) {
      const root = rootOf(call.callee);
      const name = text(call.arguments[0]);
      if (root === "it" || root === "test") {
        tests.push(call.start);
        if (name !== undefined) names.push(name);
      } else if (root === "describe" && name !== undefined) groups.push({ name, start: call.start, end: call.end });
      else if (call.callee.type === "Identifier") calls.push({ name: call.callee.name, start: call.start });
    },
  }).visit(program);
  const within = (at: number, { start, end }: { start: number; end: number }): boolean => start < at && at < end;
  for (const made of functions) if (tests.some((at) => within(at, made))) makers.add(made.name);
  const full = (group: (typeof groups)[number]): boolean =>
    tests.some((at) => within(at, group)) || calls.some((call) => makers.has(call.name) && within(call.start, group));
  return [...names, ...groups.filter(full).map((group) => group.name)];
}

/** `T7` of "T7, T9: …": a number stands at the start, before the colon or the first other word. */
export function numbersIn(name: string): string[] {
  const head = /^T\d{1,2}(?:, T\d{1,2})*(?=[ :]|$)/.exec(name)?.[0];
  return head === undefined ? [] : head.split(", ");
}
