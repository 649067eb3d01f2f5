import type { Language } from "./language.ts";
import { scan } from "./lines.ts";
import type { Hide } from "./public-form.ts";
import { publicLines } from "./public-form.ts";
import { findSecrets } from "./redact.ts";
import { parseLines, placed } from "./tree.ts";

/**
 * What `‹secret:tag›` in an author's text keeps: the value that the live configuration holds in the same section, in a line that
 * begins with the same word. So a tag can not be used to carry one account's secret into another kind of line.
 */
export type Keep = (path: string, line: string, tag: string) => string | undefined;

export function keeper(language: Language, raw: string, hide: Hide): Keep {
  let values: Map<string, string> | undefined;
  return (path, line, tag) => {
    values ??= secretsOf(language, raw, hide);
    return values.get(key(path, line, `‹secret:${tag}›`));
  };
}

const key = (path: string, line: string, token: string): string =>
  `${path}\n${line.split(/\s/v, 1)[0] ?? ""}\n${token}`;

function secretsOf(language: Language, raw: string, hide: Hide): Map<string, string> {
  const values = new Map<string, string>();
  const lines = scan(language, raw);
  // Paths are those of the public form, as the author sees them; lines are the raw ones.
  const shown = publicLines(language, lines, hide);
  const index = new Map(shown.map((line, at) => [line, at]));
  for (const { line, path, header } of placed(parseLines(language, shown))) {
    const own = lines[index.get(line) ?? -1];
    if (!own) continue;
    for (const [offset, text] of [own.text, ...(own.body ?? [])].entries()) {
      if (text === line.text) continue;
      for (const { start, end } of findSecrets(language, text, offset === 0 ? (header ?? "") : "")) {
        const value = text.slice(start, end).trim();
        values.set(key(path, text, hide(value)), value);
      }
    }
  }
  return values;
}
