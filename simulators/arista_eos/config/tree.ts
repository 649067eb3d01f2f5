/** A configuration as EOS prints it: lines that own lines, three blanks deeper. Knows nothing of what lines mean. */

export interface ConfigNode {
  /** Without indentation. */
  line: string;
  children: ConfigNode[];
  /** A banner's text, byte by byte, up to and with the line `EOF`. */
  body?: string[];
}

export function node(line: string, children: ConfigNode[] = [], body?: readonly string[]): ConfigNode {
  return body ? { line, children, body: [...body] } : { line, children };
}

export function clone(nodes: readonly ConfigNode[]): ConfigNode[] {
  return nodes.map((entry) => node(entry.line, clone(entry.children), entry.body));
}

/** The same settings, wherever they stand in the text. */
export function fingerprint(nodes: readonly ConfigNode[]): string {
  return nodes
    .map((entry) => JSON.stringify([entry.line, entry.body ?? null, fingerprint(entry.children)]))
    .toSorted()
    .join("\n");
}

export const opensBody = (line: string): boolean => /^banner (?:login|motd)$/.test(line);
export const endsBody = (line: string): boolean => line.trim() === "EOF";

/** Lenient, as a boot is: what the grammar does not know stays as it is written. */
export function parseConfig(text: string): ConfigNode[] {
  const lines = text.split(/\r?\n/);
  const root: ConfigNode[] = [];
  const stack: { indent: number; children: ConfigNode[] }[] = [{ indent: -1, children: root }];
  for (let at = 0; at < lines.length; at += 1) {
    const raw = lines[at] ?? "";
    const line = raw.trim();
    if (line === "" || line.startsWith("!")) continue;
    if (line === "end" && !raw.startsWith(" ")) break;
    const entry = node(line);
    if (opensBody(line)) {
      const from = at + 1;
      while (at + 1 < lines.length && !endsBody(lines[at] ?? "")) at += 1;
      entry.body = lines.slice(from, at + 1);
    }
    const indent = raw.length - raw.trimStart().length;
    while ((stack.at(-1)?.indent ?? -1) >= indent) stack.pop();
    stack.at(-1)?.children.push(entry);
    stack.push({ indent, children: entry.children });
  }
  return root;
}

export function sectionAt(root: readonly ConfigNode[], path: readonly string[]): ConfigNode | undefined {
  let section: ConfigNode | undefined;
  for (const line of path) section = (section?.children ?? root).find((entry) => entry.line === line);
  return section;
}
