/** Which mode a stored line opens: for the `!` around it and for a place given by its lines. */
import { grammarOf } from "./grammar.ts";
import type { Mode } from "./modes.ts";

const compiled = new Map<Mode, readonly (readonly [RegExp, Mode])[]>();

function openersOf(mode: Mode): readonly (readonly [RegExp, Mode])[] {
  const there = compiled.get(mode);
  if (there) return there;
  const made = [...grammarOf(mode).rules.values()].flatMap((rule) => {
    if (rule.opens === undefined) return [];
    const source = rule.words.map((word) => (/^[a-z0-9]/.test(word) ? `(?:${word.replaceAll("+", "\\+")})` : "\\S+"));
    return [[new RegExp(`^${source.join(" ")}$`), rule.opens] as const];
  });
  compiled.set(mode, made);
  return made;
}

export function openedBy(mode: Mode, line: string): Mode | undefined {
  return openersOf(mode).find(([pattern]) => pattern.test(line))?.[1];
}
