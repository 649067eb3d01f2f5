/** A configuration as IOS prints it: lines that own lines. Reads and writes text; knows nothing of what lines mean. */

export interface ConfigNode {
  /** Without indentation. */
  line: string;
  children: ConfigNode[];
  /** Lines that belong to this one byte by byte: a banner's text, a certificate. The last one ends it. */
  body?: string[];
}

export function node(line: string, children: ConfigNode[] = [], body?: string[]): ConfigNode {
  return body ? { line, children, body } : { line, children };
}

export function clone(nodes: readonly ConfigNode[]): ConfigNode[] {
  return nodes.map((entry) => node(entry.line, clone(entry.children), entry.body ? [...entry.body] : undefined));
}

/** The same settings, wherever they stand in the text. */
export function sameConfig(a: readonly ConfigNode[], b: readonly ConfigNode[]): boolean {
  return fingerprint(a) === fingerprint(b);
}

function fingerprint(nodes: readonly ConfigNode[]): string {
  return nodes
    .map((entry) => JSON.stringify([entry.line, entry.body ?? null, fingerprint(entry.children)]))
    .toSorted()
    .join("\n");
}

const BANNER = /^banner (?:motd|login|exec|incoming|prompt-timeout|slip-ppp) (\^C)/;
const CERTIFICATE = /^\s*certificate (?:self-signed |ca )?[0-9A-F]+$/i;
/** Lines that close a submode in the text of a configuration and are not settings. */
const CLOSING = /^(?:exit-address-family|exit-af-interface|exit-peer-policy|exit-peer-session|exit-vrf|exit)$/;

/** In shown text the delimiter is always `^C`; what is typed or read from a file goes through banner.ts first. */
function bannerDelimiter(line: string): { delimiter: string; closed: boolean } | undefined {
  const found = BANNER.exec(line);
  if (!found) return undefined;
  const delimiter = found[1] ?? "";
  return { delimiter, closed: line.indexOf(delimiter, found[0].length) >= 0 };
}

export interface ParsedConfig {
  nodes: ConfigNode[];
  /** `end` was there: the text is complete. */
  ended: boolean;
}

export function parseConfig(text: string): ParsedConfig {
  const lines = text.split(/\r?\n/);
  const root: ConfigNode[] = [];
  const stack: { indent: number; children: ConfigNode[] }[] = [{ indent: -1, children: root }];
  let ended = false;
  for (let at = 0; at < lines.length; at += 1) {
    const raw = lines[at] ?? "";
    const line = raw.trim();
    if (line === "" || line.startsWith("!") || CLOSING.test(line)) continue;
    if (line === "end" && !raw.startsWith(" ")) {
      ended = true;
      break;
    }
    const indent = raw.length - raw.trimStart().length;
    const entry = node(line);
    const banner = bannerDelimiter(line);
    if (banner && !banner.closed) {
      entry.body = takeUntil(lines, at + 1, (next) => next.includes(banner.delimiter));
      at += entry.body.length;
    } else if (CERTIFICATE.test(line)) {
      entry.body = takeUntil(lines, at + 1, (next) => next.trim() === "quit");
      at += entry.body.length;
    }
    while ((stack.at(-1)?.indent ?? -1) >= indent) stack.pop();
    stack.at(-1)?.children.push(entry);
    stack.push({ indent, children: entry.children });
  }
  return { nodes: root, ended };
}

function takeUntil(lines: readonly string[], from: number, isLast: (line: string) => boolean): string[] {
  const taken: string[] = [];
  for (const line of lines.slice(from)) {
    taken.push(line);
    if (isLast(line)) break;
  }
  return taken;
}
