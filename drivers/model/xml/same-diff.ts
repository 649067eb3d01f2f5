import { anyOf, NUMBER } from "../rewrite.ts";
import { sameDiffBy } from "../same-diff.ts";
import type { XmlLanguage } from "./language.ts";

/** Whether the measured diff is the signed one; what `../same-diff.ts` allows, by the rules of an XML language. */
export function sameXmlDiff(language: XmlLanguage, signed: string, measured: string): boolean {
  const factsAt = (path: readonly string[], line: string): { path: string; name: string } => {
    const names = [...path, line].map(nameOf);
    return { path: names.join("/"), name: names.at(-1) ?? "" };
  };
  return sameDiffBy(
    {
      listOf: (path, line) => {
        if (line.startsWith("@")) return undefined;
        const at = factsAt(path, line);
        return language.facts(at.path, at.name).isOrdered ? at.name : undefined;
      },
      shownAs: (path, typed) => {
        const at = factsAt(path, typed).path;
        const space = typed.indexOf(" ");
        const [name, value] = space < 0 ? [typed, ""] : [typed.slice(0, space), typed.slice(space + 1)];
        const forms = language.rewrites.flatMap((rule) => {
          const found = rule.path.test(at) ? rule.typed.exec(value) : null;
          if (!found) return [];
          const shown = rule.shown
            .replaceAll("#", NUMBER)
            .replaceAll(/\$<(\w+)>/gv, (_, group: string) => found.groups?.[group] ?? "");
          return [`${name} ${shown}`];
        });
        return anyOf([typed, ...forms]);
      },
      isImplied: (path, line) => language.implied.some((pattern) => pattern.test(factsAt(path, line).path)),
    },
    signed,
    measured,
  );
}

/** `ietf-ip:address[ip=10.0.0.1]` and `mtu 1500` without module, keys and value. */
const nameOf = (line: string): string => /^(?:\{[^\}]*\}|[\w.\-]+:)?(@?[\w.\-]+)/v.exec(line)?.[1] ?? line;
