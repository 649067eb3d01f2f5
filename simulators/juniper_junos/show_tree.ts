/** What `show` and `show configuration` print of a tree: a part of it, in the form that was asked for. */
import { printBraces, printSet, printStatement, printXml, setLines } from "./config/print.ts";
import { at, pathWords, type Config, type Path } from "./config/tree.ts";
import type { Asked } from "./pipes.ts";

export function rollbackMissing(number: number): string {
  return `error: rollback configuration ${number} does not exist\n`;
}

/** A configuration, or what stands under a path of it, in the form that was asked for. */
export function showTree(root: Config, path: Path, asked: Asked, header: string): string {
  const parent = at(root, path.slice(0, -1));
  const last = path.at(-1);
  const here = at(root, path);
  const words = pathWords(path.slice(0, -1));
  // The keyword of a list alone: every entry of it.
  const entries =
    last && last.keys.length < last.schema.keys.length
      ? (parent?.children.filter((child) => child.schema === last.schema) ?? [])
      : undefined;
  const leaf = here && last && here.children.length === 0 ? [here] : undefined;
  const shown = entries ?? leaf;
  switch (asked.display) {
    case "set": {
      if (shown) return joined(shown.flatMap((statement) => setLines(statement, words)));
      return here ? joined(printSet(here, pathWords(path))) : "";
    }
    case "xml": {
      const inner = shown
        ? shown.flatMap((one) => printXml({ ...one, children: [one] }, 8))
        : here
          ? printXml(here, 8)
          : [];
      return joined(["<rpc-reply>", "    <configuration>", ...inner, "    </configuration>", "</rpc-reply>"]);
    }
    case "json":
      return `${JSON.stringify({ configuration: here ? jsonOf(here) : {} }, null, 4)}\n`;
    case "text":
      if (shown) return joined(shown.flatMap((statement) => printStatement(statement)));
      return here ? header + printBraces(here) : "";
    default:
      return asked.display satisfies never;
  }
}

function joined(lines: readonly string[]): string {
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

function jsonOf(statement: Config): unknown {
  const out: Record<string, unknown> = {};
  for (const child of statement.children) {
    const name = child.schema.words.join(" ") || "name";
    const value =
      child.schema.kind === "flag"
        ? [null]
        : child.values.length > 0 && child.keys.length === 0
          ? child.values
          : undefined;
    const held = value === undefined ? (jsonOf(child) as Record<string, unknown>) : undefined;
    if (child.keys.length > 0) {
      const list = (out[name] ?? []) as unknown[];
      list.push({ name: child.keys.join(" "), ...held });
      out[name] = list;
    } else out[name] = held ?? (value && child.schema.kind === "leaf" ? value[0] : value);
  }
  return out;
}
