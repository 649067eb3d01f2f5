import { isAt, type Language } from "./language.ts";
import { TAG_PATTERN, tokensIn } from "./token.ts";

/** Whether a line that a device shows is what somebody typed, as that device writes it back. */
export type ShownAs = (shown: string) => boolean;

/**
 * What a typed line may read back as: itself; what a rewrite of the platform file makes of it; and for `‹secret("name")›` any
 * secret, with whatever the device says about its encryption.
 */
export function shownAs(language: Language, path: string, typed: string): ShownAs {
  return anyOf(formsOf(language, path, typed), language.secretType);
}

/** The typed line, then what the rewrites make of it, with `NUMBER` where the device chooses a number. */
export function formsOf(language: Language, path: string, typed: string): string[] {
  const forms = [typed];
  for (const rule of language.rewrites) {
    if (!rule.path.test(path)) continue;
    const groups = rule.typed.exec(typed)?.groups;
    if (groups === undefined && !rule.typed.test(typed)) continue;
    // A marker that no configuration holds keeps a `#` of the author's own text apart from the device's number.
    forms.push(rule.shown.replaceAll("#", NUMBER).replaceAll(/\$<(\w+)>/gv, (_, name: string) => groups?.[name] ?? ""));
  }
  return forms;
}

/** The first form stands for itself; every form may hold secrets, and numbers of the device's choice. */
export function anyOf(forms: readonly string[], secretType?: string): ShownAs {
  const patterns = forms.filter((form, at) => at > 0 || hasName(form)).map((form) => pattern(secretType, form));
  return (shown) => shown === forms[0] || patterns.some((form) => form.test(shown));
}

export const NUMBER = "\u{f8ff}";

export const hasName = (text: string): boolean => tokensIn(text).some((token) => token.kind === "name");

function pattern(secretType: string | undefined, form: string): RegExp {
  let source = "";
  let at = 0;
  const literal = (text: string): string => RegExp.escape(text).replaceAll(NUMBER, "\\d+");
  for (const token of tokensIn(form)) {
    if (token.kind !== "name") continue;
    const before = literal(form.slice(at, token.start));
    source +=
      secretType === undefined ? before : `${withoutType(secretType, form.slice(at, token.start))}(?:${secretType})?`;
    source += TAG_PATTERN;
    at = token.end;
  }
  return new RegExp(`^${source}${literal(form.slice(at))}$`, "v");
}

/** `password 0 ‹secret("x")›` reads back as `password 7 ‹secret:…›`: the typed type goes, the shown one is free. */
function withoutType(secretType: string, text: string): string {
  const bare = text.replace(new RegExp(`(?<= )(?:${secretType})$`, "v"), "");
  return RegExp.escape(bare).replaceAll(NUMBER, "\\d+");
}

/** Lines that a rule says the device adds by itself at this place. */
export const isImplied = (language: Language, path: string, line: string): boolean =>
  language.implied.some((rule) => isAt(rule, path, line));
