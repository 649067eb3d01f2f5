/**
 * Finds what a source file refuses, and for each refusal the edit that makes a pass of it: the condition of a `throw`, of a refusing
 * call and of a `return false` or `return undefined`, a `throw` by itself, a call that is made only to be refused, the answer of a
 * predicate, a guard that leaves something out of what counts, a refinement and a closed object of a schema.
 */
import { Visitor } from "rolldown/utils";
import { askedBy, namesIn, partsOf, type Part } from "./conditions.ts";
import { calleeName, ownerName, parsed, unwrapped, type Call, type Expression, type Statement } from "./syntax.ts";

/** One refusal, and what is written around the text from `start` to `end` to make a pass of it while `ON` holds. */
export interface Refusal {
  readonly file: string;
  readonly line: number;
  /** The function that refuses, "" at the top of the file. */
  readonly within: string;
  /** The code that it refuses with, "" where it has none. */
  readonly code: string;
  /** The text that is overruled, on one line. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly before: string;
  readonly after: string;
}

/** Stands in an edit for the question whether its mutant is the one that is on. */
export const ON = "\u0000";

/** Functions that never return, or note a fault: calling one is refusing. */
const REFUSE = /^(refuse|fail|broken|addIssue)$/;
/** Lists of faults: adding to one is refusing. */
const FAULTS = /^(faults|others)$/;
/** Functions that are called, as a statement, for nothing but what they refuse. */
const CHECKS =
  /^(check|refuse|require|inspect|fromBase64url|keyOfHex|readMetadata|stage|take(Timestamp|Snapshot|Targets))/;
/** What adds to a set or a map that counts. */
const ADDS = new Set(["set", "add"]);
const PREDICATE = /^(is|has|holds|fits)([A-Z]|$)/;
/** Predicates that say yes to refuse. */
const REFUSING_YES = /^is(Weak|Banned)/;
/** Answers in words that refuse. */
const REFUSING_WORDS = new Set<unknown>(["shrunk", "forked"]);

export function refusalsIn(file: string, text: string): Refusal[] {
  return new Finder(file, text).all();
}

interface Scope {
  readonly name: string;
  /** What a predicate answers to refuse; undefined in what is no predicate. */
  readonly refusesWhen: boolean | undefined;
}

interface FunctionNode {
  readonly start: number;
  readonly returnType?: { readonly typeAnnotation: { readonly type: string } } | null;
}

class Finder {
  readonly #file: string;
  readonly #text: string;
  readonly #found = new Map<string, Refusal>();
  readonly #scopes: Scope[] = [];
  /** Names of functions by where they begin. */
  readonly #names = new Map<number, string>();
  readonly #declared: { readonly name: string; readonly value: Expression }[] = [];
  /** Where a `throw` or a refusing call begins that a condition stands for already. */
  readonly #conditional = new Set<number>();
  #thrownUntil = 0;

  constructor(file: string, text: string) {
    this.#file = file;
    this.#text = text;
  }

  all(): Refusal[] {
    const leave = (): void => void this.#scopes.pop();
    new Visitor({
      VariableDeclarator: ({ id, init }) => {
        if (id.type !== "Identifier" || !init) return;
        this.#names.set(init.start, id.name);
        this.#declared.push({ name: id.name, value: unwrapped(init) });
      },
      MethodDefinition: ({ key, value }) => this.#name(value.start, key),
      PropertyDefinition: ({ key, value }) => value && this.#name(value.start, key),
      FunctionDeclaration: (node) => this.#enter(node, node.id?.name),
      "FunctionDeclaration:exit": leave,
      FunctionExpression: (node) => this.#enter(node),
      "FunctionExpression:exit": leave,
      ArrowFunctionExpression: (node) => {
        this.#enter(node);
        if (node.body.type !== "BlockStatement") this.#answer(node.body);
      },
      "ArrowFunctionExpression:exit": leave,
      IfStatement: ({ test, consequent, alternate }) => this.#if(test, consequent, alternate !== null),
      ReturnStatement: ({ argument }) => argument && this.#answer(argument),
      ThrowStatement: ({ start, end }) => {
        this.#thrownUntil = end;
        if (!this.#conditional.has(start) && !this.#isOwnFault(start, end)) this.#statement(start, end);
      },
      ExpressionStatement: ({ start, end, expression }) => {
        const call = unwrapped(expression);
        if (call.type !== "CallExpression" || this.#conditional.has(start)) return;
        if (CHECKS.test(calleeName(call)) || isRefusingCall(call)) this.#statement(start, end);
      },
      ConditionalExpression: ({ test, consequent, alternate }) => {
        // What is thrown is refused whatever it says.
        if (asksWhetherThere(test) || test.end < this.#thrownUntil) return;
        if (isNothing(consequent) || isChoiceOfStore(consequent, alternate)) this.#condition(test, true, "");
        else if (isNothing(alternate) || isZero(consequent)) this.#condition(test, false, "");
      },
      CallExpression: (node) => this.#schema(node),
    }).visit(parsed(this.#file, this.#text));
    return [...this.#found.values()].toSorted((a, b) => a.start - b.start || b.end - a.end);
  }

  #name(start: number, key: { readonly type: string; readonly name?: unknown }): void {
    if (typeof key.name === "string") this.#names.set(start, key.name);
  }

  #enter({ start, returnType }: FunctionNode, own?: string): void {
    const outer = this.#scopes.at(-1)?.name ?? "";
    const name = own ?? this.#names.get(start) ?? "";
    const annotated = returnType?.typeAnnotation.type ?? "";
    const isPredicate = annotated === "TSBooleanKeyword" || annotated === "TSTypePredicate" || PREDICATE.test(name);
    this.#scopes.push({ name: name || outer, refusesWhen: isPredicate ? REFUSING_YES.test(name) : undefined });
  }

  /** What a predicate answers with; a plain yes or no is its condition's matter. */
  #answer(argument: Expression): void {
    const refusesWhen = this.#scopes.at(-1)?.refusesWhen;
    if (refusesWhen !== undefined && unwrapped(argument).type !== "Literal") this.#condition(argument, refusesWhen, "");
  }

  #if(test: Expression, consequent: Statement, hasElse: boolean): void {
    const last = lastOf(consequent);
    const code = codeIn(this.#text.slice(consequent.start, consequent.end));
    if (last.type === "ThrowStatement") {
      this.#conditional.add(last.start);
      if (!this.#isOwnFault(last.start, last.end)) this.#condition(test, true, code);
    } else if (last.type === "ExpressionStatement") {
      const call = unwrapped(last.expression);
      if (call.type !== "CallExpression") return;
      if (isRefusingCall(call)) {
        this.#conditional.add(last.start);
        this.#condition(test, true, code);
      } else if (!hasElse && ADDS.has(calleeName(call))) this.#condition(test, false, "");
    } else if (last.type === "ContinueStatement") this.#condition(test, true, "");
    else if (last.type === "ReturnStatement" && last.argument && this.#isRefusal(last.argument))
      this.#condition(test, true, "");
  }

  #isRefusal(argument: Expression): boolean {
    const answer = unwrapped(argument);
    if (answer.type === "Literal" && typeof answer.value === "boolean")
      return answer.value === (this.#scopes.at(-1)?.refusesWhen ?? false);
    return isNothing(answer) || (answer.type === "Literal" && REFUSING_WORDS.has(answer.value));
  }

  #condition(test: Expression, refusesWhen: boolean, code: string): void {
    for (const part of partsOf(test, refusesWhen)) this.#part(part, code);
    for (const { name, whenThere } of namesIn(test, refusesWhen)) {
      const value = this.#declared.findLast((one) => one.name === name)?.value;
      if (!value) continue;
      const asked = askedBy(value);
      if (asked) for (const part of partsOf(asked, whenThere ?? false)) this.#part(part, code);
      else if (whenThere !== undefined && value.type === "LogicalExpression" && value.operator !== "??")
        for (const part of partsOf(value, whenThere)) this.#part(part, code);
    }
  }

  #part({ start, end, passes }: Part, code: string): void {
    const before = passes ? `(${ON}||(` : `(!${ON}&&(`;
    this.#take({ start, end, before, after: "))" }, code);
  }

  #statement(start: number, end: number): void {
    const code = codeIn(this.#text.slice(start, end));
    this.#take({ start, end, before: `{if(!${ON})`, after: "}" }, code);
  }

  #schema(node: Call): void {
    const { callee, arguments: given } = node;
    const name = calleeName(node);
    const [first] = given;
    if (name === "strictObject" && ownerName(node) === "z")
      this.#take({ start: callee.start, end: callee.end, before: `(${ON}?z.object:`, after: ")" }, "", node.end);
    if (name === "refine" && first)
      this.#take({ start: first.start, end: first.end, before: `(${ON}?()=>true:`, after: ")" }, "");
  }

  /** `until` is where the text that names it ends, where that is more than what is overruled. */
  #take(edit: Pick<Refusal, "start" | "end" | "before" | "after">, code: string, until = edit.end): void {
    const { start, end } = edit;
    const key = `${start} ${end} ${edit.before}`;
    if (this.#found.has(key)) return;
    const text = this.#text.slice(start, until).replace(/\s+/g, " ").trim();
    const line = this.#text.slice(0, start).split("\n").length;
    const within = this.#scopes.at(-1)?.name ?? this.#declared.at(-1)?.name ?? "";
    this.#found.set(key, { file: this.#file, line, within, code, text, ...edit });
  }

  /** A fault of the program itself refuses nobody. */
  #isOwnFault(start: number, end: number): boolean {
    return codeIn(this.#text.slice(start, end)) === "INTERNAL";
  }
}

const codeIn = (text: string): string => /FarhandError\(\s*"([A-Z_]+)"/.exec(text)?.[1] ?? "";

const isRefusingCall = (call: Call): boolean =>
  REFUSE.test(calleeName(call)) || (calleeName(call) === "push" && FAULTS.test(ownerName(call)));

function isNothing(node: Expression): boolean {
  return (node.type === "Identifier" && node.name === "undefined") || (node.type === "Literal" && node.value === null);
}

/** `x === undefined ? undefined : f(x)` refuses nothing: it passes on that there is nothing. */
const asksWhetherThere = (test: Expression): boolean =>
  test.type === "BinaryExpression" &&
  /^[!=]==$/.test(test.operator) &&
  [test.left, test.right].some((side) => side.type === "Identifier" && side.name === "undefined");

/** A threshold of none. */
const isZero = (node: Expression): boolean => node.type === "Literal" && node.value === 0;

/** `revoked ? this.#revoked : this.#people`: where something is held says what it counts for. */
const isChoiceOfStore = (...nodes: Expression[]): boolean =>
  nodes.every((node) => node.type === "MemberExpression" && node.object.type === "ThisExpression");

function lastOf(statement: Statement): Statement {
  const last = statement.type === "BlockStatement" ? statement.body.at(-1) : undefined;
  return last ? lastOf(last) : statement;
}
