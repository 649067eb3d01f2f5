/** The text of a configuration, with EOS's three blanks and its `!` between groups, before sections inside sections, and before `end`. */
import { compareIn, type TopOrder } from "./order.ts";
import { isSection } from "./edit.ts";
import type { ConfigNode } from "./tree.ts";

const INDENT = "   ";

/** Without header and `end`. Lines, so that a diff has them at once. */
export function bodyLines(nodes: readonly ConfigNode[], order: TopOrder): string[] {
  const out: string[] = [];
  let previous: ConfigNode | undefined;
  for (const entry of nodes.toSorted((a, b) => order.compare(a, b))) {
    const together =
      previous !== undefined &&
      !isSection("global", previous) &&
      !isSection("global", entry) &&
      order.groupOf(previous.line) === order.groupOf(entry.line);
    if (previous !== undefined && !together) out.push("!");
    printNode(entry, 0, out);
    previous = entry;
  }
  if (previous !== undefined) out.push("!");
  return out;
}

function printNode(entry: ConfigNode, depth: number, out: string[]): void {
  out.push(INDENT.repeat(depth) + entry.line);
  if (entry.body) out.push(...entry.body);
  const children = entry.children.toSorted((a, b) => compareIn(entry.line, a, b));
  for (const [at, child] of children.entries()) {
    if (at > 0 && child.children.length > 0) out.push(`${INDENT.repeat(depth + 1)}!`);
    printNode(child, depth + 1, out);
  }
}

/** Lines as they are typed, without separators. */
export function flatten(entry: ConfigNode, depth = 0): string[] {
  return [
    INDENT.repeat(depth) + entry.line,
    ...(entry.body ?? []),
    ...entry.children.flatMap((child) => flatten(child, depth + 1)),
  ];
}
