/** The text of a configuration, with IOS's indentation and `!` separators. */
import { compareGlobal, compareIn, globalRank } from "./order.ts";
import type { ConfigNode } from "./tree.ts";

const CLOSED_BY: readonly (readonly [RegExp, string])[] = [[/^address-family /, "exit-address-family"]];

export function printConfig(nodes: readonly ConfigNode[]): string {
  const out: string[] = [];
  let previous: ConfigNode | undefined;
  for (const entry of nodes.toSorted(compareGlobal)) {
    if (previous === undefined || needsSeparator(previous, entry)) out.push("!");
    printNode(entry, 0, out);
    previous = entry;
  }
  out.push("!", "end");
  return `${out.slice(1).join("\n")}\n`;
}

function needsSeparator(previous: ConfigNode, next: ConfigNode): boolean {
  if (previous.children.length > 0 || next.line.startsWith("interface ") || next.line.startsWith("router "))
    return !next.line.startsWith("line ");
  return (
    globalRank(previous.line) !== globalRank(next.line) && !/^(?:no )?(?:service|platform|version) /.test(next.line)
  );
}

function printNode(entry: ConfigNode, depth: number, out: string[]): void {
  const indent = " ".repeat(depth);
  out.push(indent + entry.line);
  if (entry.body) out.push(...entry.body);
  for (const child of entry.children.toSorted((a, b) => compareIn(entry.line, a, b))) {
    const closing = CLOSED_BY.find(([pattern]) => pattern.test(child.line))?.[1];
    if (closing !== undefined) out.push(`${indent} !`);
    printNode(child, depth + 1, out);
    if (closing !== undefined) out.push(`${indent} ${closing}`);
  }
}

/** Lines as they are typed or listed, without separators. */
export function flatten(entry: ConfigNode, depth = 0): string[] {
  return [
    " ".repeat(depth) + entry.line,
    ...(entry.body ?? []),
    ...entry.children.flatMap((child) => flatten(child, depth + 1)),
  ];
}
