/** Typed words against the commands of operational mode. Unique beginnings of words count, as on a box. */
import type { Word } from "../config/words.ts";

export interface CommandSpec<Id extends string> {
  readonly id: Id;
  /** Words; `<x>` takes any word, `...` the rest of the line. */
  readonly words: string;
  /** What a user of class read-only sees too. */
  readonly view: boolean;
}

export type Match<Id extends string> =
  | { readonly kind: "matched"; readonly command: Id; readonly args: readonly Word[] }
  | { readonly kind: "refused"; readonly word: Word | undefined; readonly message: string };

const EXPECTING = "syntax error, expecting <command>.";

interface Candidate<Id extends string> {
  readonly spec: CommandSpec<Id>;
  readonly pattern: readonly string[];
}

export function matchCommand<Id extends string>(
  specs: readonly CommandSpec<Id>[],
  words: readonly Word[],
  viewOnly: boolean,
): Match<Id> {
  let alive: Candidate<Id>[] = specs
    .filter((spec) => !viewOnly || spec.view)
    .map((spec) => ({ spec, pattern: spec.words.split(" ") }));
  const args: Word[] = [];
  for (const [at, word] of words.entries()) {
    const open = alive.filter(
      ({ pattern }) => pattern[at] === "..." || (pattern.at(-1) === "..." && at >= pattern.length),
    );
    const literal = alive.filter(({ pattern }) => {
      const wanted = pattern[at];
      return wanted !== undefined && wanted !== "..." && !wanted.startsWith("<") && wanted.startsWith(word.text);
    });
    const exact = literal.filter(({ pattern }) => pattern[at] === word.text);
    const names = new Set(literal.map(({ pattern }) => pattern[at] ?? ""));
    const any = alive.filter(({ pattern }) => pattern[at]?.startsWith("<") === true);
    if (exact.length > 0) alive = exact;
    else if (names.size === 1) alive = literal;
    else if (any.length > 0) {
      alive = any;
      args.push(word);
    } else if (open.length > 0) {
      alive = open;
      args.push(word);
    } else if (names.size > 1) {
      const list = [...names].map((name) => `  ${name}`).join("\n");
      return { kind: "refused", word, message: `'${word.text}' is ambiguous.\nPossible completions:\n${list}` };
    } else return { kind: "refused", word, message: at === 0 ? "unknown command." : EXPECTING };
  }
  const whole =
    alive.find(({ pattern }) => pattern.length === words.length && pattern.at(-1) !== "...") ??
    alive.find(({ pattern }) => pattern.at(-1) === "..." && pattern.length <= words.length + 1);
  if (!whole) return { kind: "refused", word: undefined, message: EXPECTING };
  return { kind: "matched", command: whole.spec.id, args };
}
