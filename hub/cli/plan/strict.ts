/**
 * MiniJinja's strict mode finds an undefined variable where it is printed or tested, but filters, `~`, comparisons and lists swallow
 * it: `{{ vlan_nmae|upper }}` renders to nothing. So each reference is rewritten, on its own line, to
 * `(ref if ref is defined else __undefined("ref", line))`. What asks on purpose (`is defined`, `default`) stays as it is.
 */
export const UNDEFINED = "__undefined";

export interface Token {
  readonly kind: "name" | "number" | "string" | "operator" | "space";
  readonly text: string;
  readonly line: number;
}

const TOKEN =
  /(?<space>\s+)|(?<name>[A-Za-z_]\w*)|(?<number>\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?<string>"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*')|(?<operator>==|!=|<=|>=|\/\/|\*\*|[\s\S])/y;
const OPENING = /\{#|\{\{|\{%/g;
const RAW_END = /\{%[-+]?\s*endraw\s*[-+]?%\}/g;

export const WORDS: ReadonlySet<string> = new Set([
  "if",
  "else",
  "elif",
  "in",
  "is",
  "not",
  "and",
  "or",
  "true",
  "false",
  "none",
  "True",
  "False",
  "None",
  "recursive",
  "scoped",
]);
/** Statements that hold expressions which print or decide; in the others the engine's own checks must do. */
const STATEMENTS = new Set(["if", "elif", "for", "set", "with", "do"]);

/** The whole template, rewritten. What is not understood stays as it is: the engine then names the fault. */
export function strict(source: string): string {
  let out = "";
  for (const { kind, text, line } of segments(source))
    out += kind === "expression" || kind === "statement" ? rewriteBlock(text, line) : text;
  return out;
}

export interface Segment {
  /** `rest`: from where the template is not understood. */
  readonly kind: "text" | "comment" | "raw" | "expression" | "statement" | "rest";
  readonly text: string;
  /** Where it begins, from 1. */
  readonly line: number;
}

/** A template in its order, nothing left out. */
export function* segments(source: string): Generator<Segment> {
  let at = 0;
  const lineAt = lineCounter(source);
  const cut = (kind: Segment["kind"], end: number): Segment => {
    const segment = { kind, text: source.slice(at, end), line: lineAt(at) };
    at = end;
    return segment;
  };
  for (;;) {
    OPENING.lastIndex = at;
    const open = OPENING.exec(source);
    if (at < (open?.index ?? source.length)) yield cut("text", open?.index ?? source.length);
    if (!open) return;
    const end = open[0] === "{#" ? after(source, "#}", at) : closeOf(source, at + 2, open[0] === "{{" ? "}}" : "%}");
    if (end === -1) {
      yield cut("rest", source.length);
      return;
    }
    if (open[0] === "{#") yield cut("comment", end);
    else if (open[0] === "{{") yield cut("expression", end);
    else if (/^\{%[-+]?\s*raw\s*[-+]?%\}$/.test(source.slice(at, end))) {
      RAW_END.lastIndex = end;
      yield cut("raw", RAW_END.exec(source) ? RAW_END.lastIndex : source.length);
    } else yield cut("statement", end);
  }
}

const after = (source: string, text: string, from: number): number => {
  const at = source.indexOf(text, from);
  return at === -1 ? -1 : at + text.length;
};

/** Asked with offsets that only rise: each line feed is looked at once. */
function lineCounter(source: string): (offset: number) => number {
  let line = 1;
  let feed = source.indexOf("\n");
  return (offset) => {
    for (; feed !== -1 && feed < offset; feed = source.indexOf("\n", feed + 1)) line++;
    return line;
  };
}

/** Where the block ends: its closing mark outside strings and outside braces of its own. */
function closeOf(source: string, from: number, mark: string): number {
  let braces = 0;
  TOKEN.lastIndex = from;
  for (let at = from; at < source.length; at = TOKEN.lastIndex) {
    if (braces === 0 && source.startsWith(mark, at)) return at + 2;
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(source);
    if (!found) return -1;
    if (found[0] === "{") braces++;
    else if (found[0] === "}") braces--;
  }
  return -1;
}

function tokens(text: string, line: number): Token[] {
  const list: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let found = TOKEN.exec(text); found; found = TOKEN.exec(text)) {
    const kind = (Object.entries(found.groups ?? {}).find(([, value]) => value !== undefined)?.[0] ??
      "operator") as Token["kind"];
    list.push({ kind, text: found[0], line });
    line += found[0].split("\n").length - 1;
  }
  return list;
}

/** A block's marks, and the tokens between them. */
export function tokensOf({ text, line }: Pick<Segment, "text" | "line">): {
  readonly head: string;
  readonly list: readonly Token[];
  readonly tail: string;
} {
  const [, head = "", body = "", tail = ""] = /^(\{[{%][-+]?)([\s\S]*?)([-+]?[}%]\})$/.exec(text) ?? [];
  return { head, list: tokens(body, line), tail };
}

function rewriteBlock(block: string, line: number): string {
  const { head, list, tail } = tokensOf({ text: block, line });
  let from = 0;
  if (head.startsWith("{%")) {
    from = list.findIndex((token) => token.kind === "name");
    const statement = list[from]?.text ?? "";
    if (!STATEMENTS.has(statement)) return block;
    from = statement === "for" ? next(list, from, "in") : statement === "set" ? next(list, from, "=") : from + 1;
    if (from === -1) return block;
  }
  return head + texts(list.slice(0, from)) + new Rewriter(list.slice(from)).all() + tail;
}

/** Behind the first token with this text; what stands before are targets of an assignment. */
function next(list: readonly Token[], from: number, text: string): number {
  const at = list.findIndex((token, index) => index > from && token.text === text);
  return at === -1 ? -1 : at + 1;
}

const texts = (list: readonly Token[]): string => list.map((token) => token.text).join("");

/** No expression nests its indexes like this; what does stays as it is, and the engine judges it. */
const DEPTH_MAX = 32;

/** Of each `[` the place of its `]`. */
function closesOf(list: readonly Token[]): ReadonlyMap<number, number> {
  const open: number[] = [];
  const closes = new Map<number, number>();
  for (const [at, { text }] of list.entries()) {
    if (text === "[") open.push(at);
    const start = text === "]" ? open.pop() : undefined;
    if (start !== undefined) closes.set(start, at);
  }
  return closes;
}

class Rewriter {
  readonly #list: readonly Token[];
  readonly #closes: ReadonlyMap<number, number>;
  readonly #depth: number;
  #at = 0;
  /** The last two tokens that are not space: they say whether a name is a filter's or a test's. */
  #before: readonly [string, string] = ["", ""];

  constructor(list: readonly Token[], depth = 0) {
    this.#list = list;
    this.#closes = closesOf(list);
    this.#depth = depth;
  }

  all(): string {
    let out = "";
    while (this.#at < this.#list.length) out += this.#step();
    return out;
  }

  #step(): string {
    const token = this.#list[this.#at];
    if (!token) return "";
    const [last, earlier] = this.#before;
    const named = last === "|" || last === "." || last === "is" || (last === "not" && earlier === "is");
    if (token.kind === "name" && !WORDS.has(token.text) && !named) return this.#reference(token);
    this.#at++;
    if (token.kind !== "space") this.#before = [token.text, last];
    return token.text;
  }

  /** A name with what hangs on it: `.attribute`, `[index]`. A call is left alone: the engine refuses to call what is not there. */
  #reference(start: Token): string {
    const from = this.#at++;
    let chain = start.text;
    for (;;) {
      const token = this.#list[this.#at];
      if (token?.text === "." && this.#list[this.#at + 1]?.kind === "name") {
        chain += `.${this.#list[this.#at + 1]?.text ?? ""}`;
        this.#at += 2;
      } else if (token?.text === "[") {
        const inner = this.#bracket();
        if (inner === undefined) break;
        chain += inner;
      } else break;
    }
    const raw = texts(this.#list.slice(from, this.#at));
    this.#before = [")", ""];
    return this.#asks()
      ? chain
      : `(${chain} if ${chain} is defined else ${UNDEFINED}(${JSON.stringify(raw)}, ${start.line}))`;
  }

  #bracket(): string | undefined {
    const close = this.#closes.get(this.#at);
    if (close === undefined || this.#depth === DEPTH_MAX) return undefined;
    const inner = new Rewriter(this.#list.slice(this.#at + 1, close), this.#depth + 1).all();
    this.#at = close + 1;
    return `[${inner}]`;
  }

  /** Whether what follows makes an undefined value legitimate, or the name is no reference: a call, a keyword argument. */
  #asks(): boolean {
    const [first, second, third] = this.#following();
    if (first?.text === "(" || first?.text === "=") return true;
    if (first?.text === "|") return second?.text === "default" || second?.text === "d";
    if (first?.text !== "is") return false;
    const test = second?.text === "not" ? third?.text : second?.text;
    return test === "defined" || test === "undefined";
  }

  /** The next three that are not space. */
  #following(): readonly Token[] {
    const found: Token[] = [];
    for (let at = this.#at; at < this.#list.length && found.length < 3; at++) {
      const token = this.#list[at];
      if (token && token.kind !== "space") found.push(token);
    }
    return found;
  }
}
