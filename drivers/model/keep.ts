import type { Language, SetForm } from "./language.ts";
import { scan } from "./lines.ts";
import type { Hide } from "./public-form.ts";
import { publicLines, secretsOfLine } from "./public-form.ts";
import { parseLines, placed } from "./tree.ts";

/**
 * What `‹secret:tag›` in an author's text keeps: the value that the live configuration holds in the same section, in a line that
 * begins with the same word; in a set language, behind the same words. So a tag can not be used to carry one account's secret into another
 * kind of line. `start` is where the token begins in the line.
 */
export type Keep = (path: string, line: string, tag: string, start: number) => string | undefined;

export function keeper(language: Language, raw: string, hide: Hide): Keep {
  let values: Map<string, string> | undefined;
  return (path, line, tag, start) => {
    values ??= secretsOf(language, raw, hide);
    return values.get(key(language, path, line.slice(0, start), `‹secret:${tag}›`));
  };
}

const key = (language: Language, path: string, head: string, token: string): string =>
  `${path}\n${language.set ? pathHead(language.set, head) : language.menu ? menuHead(head) : (head.split(/\s/v, 1)[0] ?? "")}\n${token}`;

/** The menu and the property: an item's password is no other property's, and no other menu's. */
function menuHead(head: string): string {
  const menu = /^\/[a-z0-9 \-]+? (?=(?:add|set|remove) )/v.exec(head)?.[0] ?? "";
  return `${menu}${/(?<property>[\w.\-]{1,80})="?$/v.exec(head)?.groups?.["property"] ?? ""}`;
}

/** Without the verb: a removal names the secret that was set. */
function pathHead({ assert, negate }: SetForm, head: string): string {
  const verb = [assert, negate].find((one) => head.startsWith(`${one} `));
  return head.slice(verb?.length ?? 0).replace(/"$/v, "");
}

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
      const secret = offset === 0 && own.secret ? { secret: own.secret } : {};
      let head = "";
      let at = 0;
      for (const { start, end } of secretsOfLine(language, { text, ...secret }, offset === 0 ? (header ?? "") : "")) {
        const value = text.slice(start, end).trim();
        head += text.slice(at, start);
        values.set(key(language, path, head, hide(value)), value);
        head += hide(value);
        at = end;
      }
    }
  }
  return values;
}
