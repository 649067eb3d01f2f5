import type { Language } from "./language.ts";
import { below } from "./language.ts";
import { scan, wholeText, type Line } from "./lines.ts";

/** No configuration nests like this; a hostile one must not exhaust the stack. */
const DEPTH_MAX = 32;

/** A configuration as sections by indentation. A node's `line` holds line feeds only where it is a block. */
export interface ConfigNode {
  readonly line: string;
  readonly children: ConfigNode[];
}

export interface PlacedLine {
  readonly line: Line;
  /** The headers above, joined: what the language's `path` patterns see. */
  readonly path: string;
  readonly header: string | undefined;
}

/** The same node in the making, with the line that it came from. */
export interface SourceNode extends ConfigNode {
  readonly source: Line;
  readonly children: SourceNode[];
}

/**
 * Parses by indentation: the parent is the nearest line above that stands further left, whatever the widths are. Old IOS prints the
 * lines of an address family at the indent of its header; the closing command then shows what belonged to it.
 */
export function parseLines(language: Language, lines: readonly Line[]): SourceNode[] {
  const root: SourceNode[] = [];
  const stack: SourceNode[] = [];
  const headers: Headers = new WeakMap();
  for (const line of lines) {
    if (line.text === "") continue;
    const closer = language.close.some((rule) => rule.command === line.text);
    if (!closer && language.isNoise(line.text)) continue;
    while (stack.length >= DEPTH_MAX || (stack.at(-1)?.source.indent ?? -1) >= line.indent) stack.pop();
    const siblings = stack.at(-1)?.children ?? root;
    if (closer) {
      adopt(siblings, line.text, headers);
      continue;
    }
    const node: SourceNode = { line: wholeText(line), children: [], source: line };
    siblings.push(node);
    noteHeader(language, siblings, node, headers);
    stack.push(node);
  }
  return root;
}

/** Of each list of siblings: where the last header stands that a closing command belongs to. A device may print any number of them. */
type Headers = WeakMap<readonly SourceNode[], Map<string, number>>;

function noteHeader(language: Language, siblings: SourceNode[], node: SourceNode, headers: Headers): void {
  for (const { header, command } of language.close) {
    if (!header.test(node.line)) continue;
    const last = headers.get(siblings) ?? new Map<string, number>();
    last.set(command, siblings.length - 1);
    headers.set(siblings, last);
  }
}

function adopt(siblings: SourceNode[], command: string, headers: Headers): void {
  const last = headers.get(siblings);
  const at = last?.get(command);
  const owner = at === undefined ? undefined : siblings[at];
  // A header that has lines of its own was indented properly: what follows it is not its own.
  if (at === undefined || !owner || owner.children.length > 0) return;
  for (const node of siblings.splice(at + 1)) owner.children.push(node);
  for (const [other, index] of last ?? []) if (index > at) last?.delete(other);
}

export function parse(language: Language, text: string): ConfigNode[] {
  return parseLines(language, scan(language, text));
}

export function print(language: Language, nodes: readonly ConfigNode[]): string {
  const out: string[] = [];
  const walk = (list: readonly ConfigNode[], indent: string): void => {
    for (const node of list) {
      out.push(indent + node.line);
      walk(node.children, indent + " ".repeat(language.indent));
    }
  };
  walk(nodes, "");
  return out.length === 0 ? "" : `${out.join("\n")}\n`;
}

/** Every line of the tree with its place, parents first. */
export function placed(nodes: readonly SourceNode[]): PlacedLine[] {
  const out: PlacedLine[] = [];
  const walk = (list: readonly SourceNode[], path: string, header: string | undefined): void => {
    for (const node of list) {
      out.push({ line: node.source, path, header });
      if (node.children.length > 0) walk(node.children, below(path, node.line), node.line);
    }
  };
  walk(nodes, "", undefined);
  return out;
}
