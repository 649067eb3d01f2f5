import type { DiffLine } from "../../../drivers/model/render-diff.ts";
import { escapeLine } from "./escape.ts";
import type { Style } from "./style.ts";

const SIGN = { header: " ", add: "+", remove: "-" } as const;

/** A diff for a terminal: signs say what colours repeat. */
export function diffText(lines: readonly DiffLine[], style: Style, indent = 2): string {
  const paint = { header: style.dim, add: style.green, remove: style.red } as const;
  return lines
    .map(({ kind, depth, text }) =>
      paint[kind](`${" ".repeat(indent)}${SIGN[kind]} ${"  ".repeat(depth)}${escapeLine(text)}`),
    )
    .join("\n");
}
