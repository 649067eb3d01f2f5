/** How a condition is made to refuse less: each of its parts alone is held to the side on which nothing is refused. */
import type { Expression } from "./syntax.ts";
import { bodyOf, unwrapped } from "./syntax.ts";

/** One part of a condition, and the value at which it refuses nothing. */
export interface Part {
  readonly start: number;
  readonly end: number;
  readonly passes: boolean;
}

/** Finders of one or all: what their callback says decides what is found, so each part of it is a part of the condition. */
const ASKING = new Set(["some", "every", "find", "findLast", "filter"]);

/**
 * The parts of `test`, which refuses when it is `refusesWhen`. Where one of several parts suffices to refuse, each is one; where all
 * must hold to refuse, the whole is.
 */
export function partsOf(test: Expression, refusesWhen: boolean): Part[] {
  const node = unwrapped(test);
  if (node.type === "LogicalExpression" && node.operator === (refusesWhen ? "||" : "&&"))
    return [...partsOf(node.left, refusesWhen), ...partsOf(node.right, refusesWhen)];
  if (node.type === "UnaryExpression" && node.operator === "!") return partsOf(node.argument, !refusesWhen);
  return [{ start: node.start, end: node.end, passes: !refusesWhen }, ...askedOf(node, refusesWhen)];
}

/** The parts of a callback, where it has several: `every` of both is not `every` of either. */
function askedOf(node: Expression, refusesWhen: boolean): Part[] {
  const body = askedBody(node);
  if (body?.type !== "LogicalExpression") return [];
  const parts = partsOf(body, refusesWhen);
  return parts.length > 1 ? parts : [];
}

/** What the callback of a finder answers with, if it is one expression. */
export function askedBody(node: Expression): Expression | undefined {
  if (node.type === "ChainExpression") return askedBody(node.expression);
  if (node.type !== "CallExpression" || node.callee.type !== "MemberExpression") return undefined;
  const { property } = node.callee;
  if (property.type !== "Identifier" || !ASKING.has(property.name)) return undefined;
  const [callback] = node.arguments;
  return callback?.type === "ArrowFunctionExpression" ? bodyOf(callback) : undefined;
}
