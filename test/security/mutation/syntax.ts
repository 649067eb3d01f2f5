/** The few shapes of syntax that the search for refusals knows, over the parser's own tree. */
import { parseSync, type ParseResult } from "rolldown/utils";

export type Program = ParseResult["program"];
export type Statement = Extract<Program["body"][number], { type: "BlockStatement" }>["body"][number];
type Named<T extends { type: string }, Name extends string> = Extract<T, { type: Name }>;
export type Expression = Named<Statement, "ExpressionStatement">["expression"];
export type Call = Named<Expression, "CallExpression">;
export type Arrow = Named<Expression, "ArrowFunctionExpression">;

export function parsed(file: string, text: string): Program {
  const { program, errors } = parseSync(file, text);
  const [error] = errors;
  if (error) throw new Error(`${file}: ${error.message}`);
  return program;
}

/** Without brackets, `as T`, `satisfies T`, `await` and the frame around `?.`. */
export function unwrapped(node: Expression): Expression {
  switch (node.type) {
    case "ParenthesizedExpression":
    case "TSAsExpression":
    case "TSSatisfiesExpression":
    case "ChainExpression":
      return unwrapped(node.expression);
    case "AwaitExpression":
      return unwrapped(node.argument);
    default:
      return node;
  }
}

/** What a call calls: `f`, or the last name of `a.b.f` and `this.#f`. */
export function calleeName(call: Call): string {
  const { callee } = call;
  if (callee.type === "Identifier") return callee.name;
  if (callee.type !== "MemberExpression") return "";
  const { property } = callee;
  return property.type === "Identifier" || property.type === "PrivateIdentifier" ? property.name : "";
}

/** The name on which a method is called, as `faults` in `faults.push(…)`. */
export function ownerName(call: Call): string {
  const { callee } = call;
  return callee.type === "MemberExpression" && callee.object.type === "Identifier" ? callee.object.name : "";
}

/** The expression that an arrow answers with. */
export function bodyOf(arrow: Arrow): Expression | undefined {
  return arrow.body.type === "BlockStatement" ? undefined : unwrapped(arrow.body);
}
