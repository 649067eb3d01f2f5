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

/** A test that never runs names nothing. */
function isSkip(member: Node): boolean {
  const { property } = member;
  return isNode(property) && (property["name"] === "skip" || property["name"] === "todo");
}

function text(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === "Literal" && typeof node["value"] === "string") return node["value"];
  if (node.type !== "TemplateLiteral" || !Array.isArray(node["quasis"])) return undefined;
  return node["quasis"]
    .map((quasi: unknown) => (isNode(quasi) ? String((quasi["value"] as { cooked: unknown }).cooked) : ""))
    .join("…");
}

export function testNames(path: string, source: string): string[] {
  const names: string[] = [];
  const { program } = parseSync(path, source);
  new Visitor({
    CallExpression(call) {
      const root = rootOf(call.callee);
      if (root !== "it" && root !== "test" && root !== "describe") return;
      const name = text(call.arguments[0]);
      if (name !== undefined) names.push(name);
    },
  }).visit(program);
  return names;
}

/** `T7` of "T7, T9: …": a number stands at the start, before the colon or the first other word. */
export function numbersIn(name: string): string[] {
  const head = /^T\d{1,2}(?:, T\d{1,2})*(?=[ :]|$)/.exec(name)?.[0];
  return head === undefined ? [] : head.split(", ");
}
