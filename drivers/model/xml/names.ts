import type { Binding } from "./tree.ts";

/**
 * What a namespace is called where people read: the module's name, which is how most of them end. Prefixes of values are
 * rewritten to it, so that a server's choice of prefixes is no difference.
 */
export function shortName(uri: string): string {
  const end = /[^:\/#]*$/v.exec(uri.replace(/[:\/#]+$/v, ""))?.[0] ?? "";
  const name = end.replaceAll(/[^\w.\-]/gv, "-").slice(0, 64);
  return /^(?!xml)[a-z_]/iv.test(name) && !OURS.has(name) ? name : `n-${name}`;
}

/** Prefixes of operations, which no value may give another meaning. */
const OURS = new Set(["nc", "yang"]);

export interface CanonicalValue {
  readonly value: string;
  readonly bindings: readonly Binding[];
}

const QNAME = /^([A-Za-z_][\w.\-]*):[A-Za-z_][\w.\-]*$/v;
/** Quoted text, which no prefix stands in, or a prefix with what follows it. */
const IN_PATH = /'[^']*'|"[^"]*"|(?<![\w.\-])([A-Za-z_][\w.\-]*):(?=[A-Za-z_])/gv;
const PREFIX = /(?<![\w.\-])([A-Za-z_][\w.\-]*):(?=[A-Za-z_])/gv;

/**
 * The value with prefixes of our own. Without the schema nothing tells an identity from a text that happens to have a colon: a
 * prefix is rewritten only where it is declared on the leaf itself, which nobody does for a text, or where the platform file says that an identity stands
 * there. Elsewhere the value stays as it is, and a prefix that it may mean stays declared.
 */
export function canonicalValue(
  value: string,
  isIdentity: boolean,
  own: (prefix: string) => string | undefined,
  inScope: (prefix: string) => string | undefined,
): CanonicalValue {
  const resolve = isIdentity ? inScope : own;
  const name = QNAME.exec(value)?.[1];
  if (name !== undefined) {
    const uri = resolve(name);
    if (uri !== undefined)
      return {
        value: shortName(uri) + value.slice(name.length),
        bindings: [{ prefix: shortName(uri), uri }],
      };
  }
  if (value.startsWith("/")) {
    const rewritten = pathValue(value, resolve);
    if (rewritten) return rewritten;
  }
  const kept = new Map<string, string>();
  for (const [, prefix] of value.matchAll(PREFIX)) {
    const uri = prefix === undefined ? undefined : inScope(prefix);
    if (prefix !== undefined && uri !== undefined && !OURS.has(prefix)) kept.set(prefix, uri);
  }
  return { value, bindings: sorted(kept) };
}

/** An instance-identifier (RFC 7950 section 9.13). Undefined: a prefix is not declared there, or two namespaces end alike. */
function pathValue(value: string, resolve: (prefix: string) => string | undefined): CanonicalValue | undefined {
  const used = new Map<string, string>();
  let known = true;
  const out = value.replaceAll(IN_PATH, (found, prefix: string | undefined) => {
    if (prefix === undefined) return found;
    const uri = resolve(prefix);
    if (uri === undefined || (used.get(shortName(uri)) ?? uri) !== uri) {
      known = false;
      return found;
    }
    used.set(shortName(uri), uri);
    return `${shortName(uri)}:`;
  });
  return known && used.size > 0 ? { value: out, bindings: sorted(used) } : undefined;
}

const sorted = (bindings: ReadonlyMap<string, string>): Binding[] =>
  [...bindings].map(([prefix, uri]) => ({ prefix, uri })).toSorted((a, b) => (a.prefix < b.prefix ? -1 : 1));
