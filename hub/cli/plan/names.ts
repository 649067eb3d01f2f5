import { segments, type Token, tokensOf, WORDS } from "./strict.ts";

export interface Named {
  readonly name: string;
  readonly line: number;
}

/** The names that a template uses, whatever of it a device takes. */
export interface TemplateNames {
  /** Variables, by their first word; `asked` where what follows makes an undefined one legitimate. */
  readonly variables: readonly (Named & { readonly asked: boolean })[];
  readonly filters: readonly Named[];
  readonly tests: readonly Named[];
  readonly calls: readonly Named[];
  /** What the template defines itself: loops, macros, `set`, `with`. */
  readonly bound: ReadonlySet<string>;
}

/** The engine's own inside loops, macros and blocks. */
const GIVEN = new Set(["loop", "self", "super", "caller", "varargs", "kwargs"]);
const ASKS = new Set(["defined", "undefined"]);

export function namesOf(source: string): TemplateNames {
  const names = new Names();
  for (const segment of segments(source)) {
    if (segment.kind !== "expression" && segment.kind !== "statement") continue;
    const list = tokensOf(segment).list.filter(({ kind }) => kind !== "space");
    if (segment.kind === "expression") names.expression(list);
    else names.statement(list);
  }
  return names;
}

class Names implements TemplateNames {
  readonly variables: (Named & { asked: boolean })[] = [];
  readonly filters: Named[] = [];
  readonly tests: Named[] = [];
  readonly calls: Named[] = [];
  readonly bound = new Set<string>(GIVEN);

  statement([head, ...rest]: readonly Token[]): void {
    switch (head?.text) {
      case "for": {
        const at = rest.findIndex(({ text }) => text === "in");
        this.#bind(rest.slice(0, at));
        this.expression(rest.slice(at + 1));
        return;
      }
      case "set": {
        const at = rest.findIndex(({ text }) => text === "=");
        // A block that is captured has filters behind its name.
        const target = at === -1 ? rest.slice(0, 1) : rest.slice(0, at);
        if (!target.some(({ text }) => text === ".")) this.#bind(target);
        this.expression(rest.slice(at === -1 ? 1 : at + 1));
        return;
      }
      case "with":
        for (const [at, token] of rest.entries()) if (rest[at + 1]?.text === "=") this.#bind([token]);
        this.expression(rest);
        return;
      case "macro":
      case "call": {
        const open = rest.findIndex(({ text }) => text === "(");
        const close = head.text === "macro" ? rest.length : rest.findIndex(({ text }) => text === ")");
        const isCaller = head.text === "call" && open === 0;
        if (head.text === "macro" || isCaller) this.#bind(parametersOf(rest.slice(0, close)));
        this.expression(head.text === "macro" ? defaultsOf(rest.slice(open)) : rest.slice(isCaller ? close + 1 : 0));
        return;
      }
      case "filter": {
        const [filter, ...args] = rest;
        if (filter) this.filters.push({ name: filter.text, line: filter.line });
        this.expression(args);
        return;
      }
      case "if":
      case "elif":
      case "do":
      case "autoescape":
        this.expression(rest);
        return;
      default:
      // What has no expression, and what the engine refuses.
    }
  }

  expression(list: readonly Token[]): void {
    for (const [at, { kind, text: name, line }] of list.entries()) {
      if (kind !== "name") continue;
      const [before, next] = [list[at - 1]?.text, list[at + 1]?.text];
      if (before === ".") continue;
      if (before === "|") this.filters.push({ name, line });
      else if (isTested(list, at)) {
        if (name !== "not") this.tests.push({ name, line });
      } else if (WORDS.has(name) || next === "=") continue;
      else if (next === "(") this.calls.push({ name, line });
      else this.variables.push({ name, line, asked: asks(list.slice(at + 1, at + 4)) });
    }
  }

  #bind(list: readonly Token[]): void {
    for (const { kind, text } of list) if (kind === "name" && !WORDS.has(text)) this.bound.add(text);
  }
}

const isTested = (list: readonly Token[], at: number): boolean =>
  list[at - 1]?.text === "is" || (list[at - 1]?.text === "not" && list[at - 2]?.text === "is");

function asks([first, second, third]: readonly Token[]): boolean {
  if (first?.text === "|") return second?.text === "default" || second?.text === "d";
  if (first?.text !== "is") return false;
  return ASKS.has((second?.text === "not" ? third : second)?.text ?? "");
}

/** The name of a macro and its parameters: what stands behind a `=` is a value. */
const parametersOf = (list: readonly Token[]): Token[] => list.filter((_, at) => list[at - 1]?.text !== "=");

const defaultsOf = (list: readonly Token[]): Token[] => list.filter((_, at) => list[at - 1]?.text === "=");
