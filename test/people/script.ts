import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../support/child.ts";

/** One line that a person types, with its continuations joined and its comment gone. */
export interface Typed {
  readonly program: "farhand" | "farhand-agent";
  readonly args: readonly string[];
  readonly line: string;
}

/** The commands of the README's `sh` blocks under a heading, by the comment that stands above them. */
export function scriptOf(heading: string): ReadonlyMap<string, readonly Typed[]> {
  const text = readFileSync(join(ROOT, "README.md"), "utf8");
  const section = text.split(/^#{2,3} /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`README.md has no section "${heading}"`);
  const steps = new Map<string, Typed[]>();
  let step = "";
  for (const [, block = ""] of section.matchAll(/^```sh\n(.*?)^```$/gms)) {
    for (const raw of block.replaceAll(/\\\n\s*/g, "").split("\n")) {
      const line = raw.trim();
      if (line.startsWith("#")) step = line.slice(1).trim();
      else if (line !== "") (steps.get(step) ?? steps.set(step, []).get(step))?.push(typed(line));
    }
  }
  if (steps.size === 0) throw new Error(`README.md has no commands under "${heading}"`);
  return steps;
}

/** Words and double quotes; no person needs more here, and what needs more is no line for a README. */
function typed(text: string): Typed {
  const line = text.replace(/\s+#.*$/, "");
  const [program, ...args] = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? "");
  if (program !== "farhand" && program !== "farhand-agent") throw new Error(`README.md: what is ${line}?`);
  return { program, args, line };
}
