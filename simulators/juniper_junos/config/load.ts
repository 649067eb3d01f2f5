/**
 * `load`: text with braces into a tree. What does not parse is said and left out, the rest goes in: a load with errors is not
 * taken back by the device (seen on vJunos 25.4: `load complete (1 errors)` with the good lines in the candidate).
 */
import { assign, schemaAt } from "./edit.ts";
import { resolve } from "./resolve.ts";
import { at, makeStatement, pathWords, prune, reachFrom, type Config, type Path, type Statement } from "./tree.ts";
import { unescape, type Word } from "./words.ts";

export interface LoadProblem {
  readonly text: string;
}

interface Token {
  readonly kind: "word" | "{" | "}" | ";" | "[" | "]";
  readonly word: Word;
  readonly line: number;
  /** Behind its last character: the number that Junos prints in parentheses. */
  readonly column: number;
}

const MAX_BYTES = 16 * 1024 * 1024;

export function* tokens(text: string): Generator<Token> {
  if (text.length > MAX_BYTES) throw new RangeError("a configuration of more than 16 MiB");
  let line = 1;
  let start = 0;
  let at = 0;
  const token = (kind: Token["kind"], from: number, value: string, quoted = false): Token => ({
    kind,
    word: { text: value, from: from - start, to: at - start, quoted },
    line,
    column: at - start,
  });
  while (at < text.length) {
    const char = text[at] ?? "";
    const from = at;
    if (char === "\n") {
      at += 1;
      line += 1;
      start = at;
    } else if (/\s/.test(char)) at += 1;
    else if (char === "#") {
      const end = text.indexOf("\n", at);
      at = end === -1 ? text.length : end;
    } else if (text.startsWith("/*", at)) {
      const end = text.indexOf("*/", at);
      const stop = end === -1 ? text.length : end + 2;
      for (; at < stop; at += 1)
        if (text[at] === "\n") {
          line += 1;
          start = at + 1;
        }
    } else if (char === "{" || char === "}" || char === ";" || char === "[" || char === "]") {
      at += 1;
      yield token(char, from, char);
    } else if (char === '"') {
      let value = "";
      at += 1;
      while (at < text.length && text[at] !== '"') {
        const escaped = unescape(text, at);
        value += escaped.text;
        at += escaped.length;
      }
      at += 1;
      yield token("word", from, value, true);
    } else {
      while (at < text.length && !/[\s{};"]/.test(text[at] ?? "")) {
        // `[ a b ]` ends a word, `ge-0/0/[0-3]` is one.
        if (text[at] === "]" && !text.slice(from, at).includes("[")) break;
        at += 1;
      }
      yield token("word", from, text.slice(from, at));
    }
  }
}

export interface LoadOptions {
  /** Where the text came from, as Junos names it: `terminal` or a file. */
  readonly source: string;
  /** `load replace`: what stands under `replace:` takes the whole place of what was there. */
  readonly replace?: boolean;
  /** A fault's or a policy's word about a statement. */
  readonly meets?: (line: string) => string | undefined;
}

export function loadBraces(root: Config, base: Path, text: string, options: LoadOptions): LoadProblem[] {
  const problems: LoadProblem[] = [];
  const stack: Path[] = [base];
  const queue = [...tokens(text)];
  const source = options.source;
  const say = (token: Token, what: string, statement: string): void => {
    const where = pathWords(stack.at(-1) ?? []).join(" ");
    const edit = where === "" ? "[edit]" : `[edit ${where}]`;
    problems.push({
      text: `${source}:${token.line}:(${token.column}) ${what}: ${token.word.text}\n  ${edit}\n    '${statement}'\n      ${what}\n`,
    });
  };
  let position = 0;
  const skipBlock = (): void => {
    let depth = 1;
    while (position < queue.length && depth > 0) {
      const token = queue[position];
      position += 1;
      if (token?.kind === "{") depth += 1;
      if (token?.kind === "}") depth -= 1;
      if (depth === 0 && token) say(token, "error recovery ignores input until this point", "}");
    }
  };
  while (position < queue.length) {
    const words: Token[] = [];
    let end: Token | undefined;
    while (position < queue.length) {
      const token = queue[position];
      position += 1;
      if (!token) break;
      if (token.kind === "{" || token.kind === "}" || token.kind === ";") {
        end = token;
        break;
      }
      words.push(token);
    }
    if (end?.kind === "}" && words.length === 0) {
      if (stack.length > 1) stack.pop();
      else say(end, "syntax error", "}");
      continue;
    }
    const first = words[0];
    if (!first) continue;
    const shown = `${words.map((token) => token.word.text).join(" ")}${end?.kind === "{" ? " {" : ";"}`;
    if (!end || end.kind === "}") {
      say(words.at(-1) ?? first, "syntax error", shown.slice(0, -1));
      if (end && stack.length > 1) stack.pop();
      continue;
    }
    const tags = new Set<string>();
    while (
      words[0] &&
      !words[0].word.quoted &&
      /^(?:inactive|replace|delete|protect|active):$/.test(words[0].word.text)
    )
      tags.add(words.shift()?.word.text ?? "");
    const here = stack.at(-1) ?? [];
    const met = options.meets?.(words.map((token) => token.word.text).join(" "));
    const { targets, reached, refusal } = resolve(
      schemaAt(root, here),
      words.map((token) => token.word),
      { open: tags.has("delete:") },
    );
    const opens = targets[0];
    if (met !== undefined || refusal || (end.kind === "{" && (!opens || opens.at(-1)?.schema.children.length === 0))) {
      const wrong = words.find((token) => token.word === refusal?.word) ?? words.at(-1) ?? first;
      const what = met ?? (refusal?.word ? refusal.message.split("\n")[0] : undefined) ?? "syntax error";
      say(wrong, what, shown);
      if (met === undefined && end.kind === ";") assign(reachFrom(root, here), reached);
      if (end.kind === "{") skipBlock();
      continue;
    }
    const holder = reachFrom(root, here);
    for (const target of targets) {
      if (tags.has("replace:") && options.replace === true) clear(holder, target);
      if (tags.has("delete:")) clear(holder, target);
      else assign(holder, target);
      const made = at(root, [...here, ...target]);
      if (made && (tags.has("inactive:") || tags.has("active:"))) made.inactive = tags.has("inactive:");
    }
    if (end.kind === "{") {
      const path = (opens ?? []).map(({ schema, keys }) => makeStatement(schema, keys));
      reachFrom(holder, path);
      stack.push([...here, ...path]);
    }
  }
  if (stack.length > 1) problems.push({ text: `${source}: error: unexpected end of file, missing '}'\n` });
  prune(root);
  return problems;
}

function clear(holder: Statement, target: Path): void {
  const parent = at(holder, target.slice(0, -1));
  const last = target.at(-1);
  if (parent && last)
    parent.children = parent.children.filter(
      (child) => child.schema !== last.schema || child.keys.join(" ") !== last.keys.join(" "),
    );
}

/** Throws on the first thing that does not parse: a configuration to boot with has to be whole. */
export function parseConfig(root: Config, text: string): Config {
  const isSet = /^\s*(?:set|delete|deactivate|activate) /m.test(text) && !/[{}]\s*$/m.test(text);
  if (isSet) throw new Error("a device boots with braces, not with set lines");
  const problem = loadBraces(root, [], text, { source: "juniper.conf" })[0];
  if (problem) throw new Error(problem.text);
  return root;
}
