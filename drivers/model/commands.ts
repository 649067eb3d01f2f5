import type { Language } from "./language.ts";
import { type Line, wholeText } from "./lines.ts";
import type { SourceNode } from "./tree.ts";

/** One thing to type. `source` is the author's line that it comes from; undefined for what only opens or closes a section. */
export interface Command {
  readonly text: string;
  readonly source: Line | undefined;
  readonly path: string;
}

/**
 * What is typed in configuration mode: the lines that do something, in the author's order, each inside its sections, which are left
 * by the command that the platform file names.
 */
export function mergeCommands(
  language: Language,
  text: readonly SourceNode[],
  effective: ReadonlySet<SourceNode>,
): Command[] {
  const out: Command[] = [];
  const walk = (nodes: readonly SourceNode[], path: string): void => {
    for (const node of nodes) {
      if (!effective.has(node)) continue;
      out.push({ text: typedBlock(node.source), source: node.source, path });
      walk(node.children, path === "" ? node.line : `${path} > ${node.line}`);
      if (opensSection(language, node)) {
        const closer = language.close.find((rule) => rule.header.test(node.line));
        out.push({ text: closer?.command ?? language.leave, source: undefined, path });
      }
    }
  };
  walk(text, "");
  return out;
}

function opensSection(language: Language, node: SourceNode): boolean {
  if (language.positive(node.line) !== undefined) return false;
  return node.children.length > 0 || language.sections.some((pattern) => pattern.test(node.line));
}

/** For a file: every line as it stands. A block is one command here too. */
export function replaceCommands(lines: readonly Line[]): Command[] {
  return lines
    .slice(0, lines.findLastIndex((line) => line.text !== "") + 1)
    .map((line) => ({ text: " ".repeat(line.indent) + typedBlock(line), source: line, path: "" }));
}

const DELIMITERS = ["~", "@", "#", "%", "=", "|", "&", "+", "_", "Z"];

/** `^C` is the device's picture of one byte; typed, `^` alone would end the banner. Another character that the text does not hold stands for it. */
export function typedBlock(line: Line): string {
  const whole = wholeText(line);
  const { block } = line;
  if (!block || block.closed === "never" || block.delimiter === undefined || block.delimiter !== block.rule.shown)
    return whole;
  const start = block.at + block.delimiter.length;
  const end = whole.indexOf(block.delimiter, start);
  const words = whole.slice(start, end);
  const other = DELIMITERS.find((character) => !words.includes(character)) ?? block.delimiter;
  return line.text.slice(0, block.at) + other + words + other;
}
