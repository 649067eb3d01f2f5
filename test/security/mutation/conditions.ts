/** How a condition is made to refuse less: each of its parts alone is held to the side on which nothing is refused. */
import { bodyOf, calleeName, unwrapped, type Expression } from "./syntax.ts";

/** One part of a condition, and the value at which it refuses nothing. */
export interface Part {
  readonly start: number;
  readonly end: number;
  readonly passes: boolean;
}

/** What the callback of these answers decides what is found, so each part of it is a part of the condition. */
const FINDERS = new Set(["some", "every", "find", "findLast", "filter"]);

/**
 * The parts of `test`, which refuses when it is `refusesWhen`. Where one of several suffices to refuse, each is a part; where all
 * must hold to refuse, the whole is.
 */
export function partsOf(test: Expression, refusesWhen: boolean): Part[] {
  const node = unwrapped(test);
  const either = refusesWhen ? "||" : "&&";
  if (node.type === "LogicalExpression" && node.operator === either)
    return [...partsOf(node.left, refusesWhen), ...partsOf(node.right, refusesWhen)];
  if (node.type === "UnaryExpression" && node.operator === "!") return partsOf(node.argument, !refusesWhen);
  const asked = askedBy(node);
  const inner = asked ? partsOf(asked, refusesWhen) : joined(node).flatMap((one) => partsOf(one, refusesWhen));
  const several = asked ? inner.length > 1 : true;
  return [{ start: test.start, end: test.end, passes: !refusesWhen }, ...(several ? inner : [])];

  /** Of what must hold together, those that are a choice again. */
  function joined(of: Expression): Expression[] {
    if (of.type !== "LogicalExpression" || of.operator === "??") return [];
    return [of.left, of.right].flatMap((side) => {
      const bare = unwrapped(side);
      if (bare.type !== "LogicalExpression") return [];
      return bare.operator === either ? [bare] : joined(bare);
    });
  }
}

/** What the callback of a finder answers with, if it is one expression. */
export function askedBy(node: Expression): Expression | undefined {
  if (node.type !== "CallExpression" || !FINDERS.has(calleeName(node))) return undefined;
  const [callback] = node.arguments;
  return callback?.type === "ArrowFunctionExpression" ? bodyOf(callback) : undefined;
}

/** The names whose values a condition asks about, each with the side on which it refuses by being there; undefined where it is counted. */
export function namesIn(test: Expression, refusesWhen: boolean): { name: string; whenThere: boolean | undefined }[] {
  const node = unwrapped(test);
  switch (node.type) {
    case "Identifier":
      return [{ name: node.name, whenThere: refusesWhen }];
    case "UnaryExpression":
      return node.operator === "!" ? namesIn(node.argument, !refusesWhen) : [];
    case "LogicalExpression":
      return [...namesIn(node.left, refusesWhen), ...namesIn(node.right, refusesWhen)];
    case "BinaryExpression":
      return [node.left, node.right].flatMap((side) => countedIn(side));
    default:
      return [];
  }
}

/** `x` and `x.length` beside a comparison. */
function countedIn(side: { readonly type: string }): { name: string; whenThere: undefined }[] {
  const node = side as Expression;
  const of = node.type === "MemberExpression" ? node.object : node;
  return of.type === "Identifier" ? [{ name: of.name, whenThere: undefined }] : [];
}
