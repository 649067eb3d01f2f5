import { FarhandError } from "../../../shared/errors.ts";
import type { ChangeMode } from "../../../shared/documents/manifest.ts";
import { substitute } from "../author.ts";
import type { Hide } from "../public-form.ts";
import { tokensIn } from "../token.ts";
import { forbiddenAt, refuse } from "./author.ts";
import { ownLabel } from "./identity.ts";
import { PATH_SEPARATOR, type XmlLanguage } from "./language.ts";
import { parseXml } from "./parse.ts";
import { printXml } from "./print.ts";
import { hidden } from "./public.ts";
import { isLeaf, type XmlNode } from "./tree.ts";

/** What `‹secret:tag›` keeps: the value that the live configuration holds in the same leaf of the same entries. */
type Keep = (place: string, tag: string) => string | undefined;

function keeper(language: XmlLanguage, raw: string, hide: Hide): Keep {
  let values: Map<string, string> | undefined;
  return (place, tag) => {
    values ??= secretsOf(language, raw, hide);
    return values.get(`${place}\n${tag}`);
  };
}

function secretsOf(language: XmlLanguage, raw: string, hide: Hide): Map<string, string> {
  const values = new Map<string, string>();
  const walk = (nodes: readonly XmlNode[], path: string): void => {
    for (const node of nodes) {
      const place = path + ownLabel(language, node);
      walk(node.children, place + PATH_SEPARATOR);
      if (node.written === undefined) continue;
      const { secret } = node.place.facts;
      const parts =
        secret instanceof RegExp
          ? [...node.written.matchAll(secret)].map((found) => found.groups?.["secret"] ?? "")
          : [node.written];
      for (const part of parts) {
        const core = part.trim();
        if (core === "") continue;
        for (const { kind, value } of tokensIn(hide(core))) if (kind === "tag") values.set(`${place}\n${value}`, core);
      }
    }
  };
  walk(hidden(parseXml(language, raw, "device"), hide), "");
  return values;
}

// oxlint-disable-next-line no-control-regex -- control bytes are exactly what is refused here
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/v;

interface Leaf {
  readonly node: XmlNode;
  readonly place: string;
}

/** Puts secrets into the edits and prints them. Fails at once where a kept secret is not there: a plan must not promise what the run cannot do. */
export function renderer(
  language: XmlLanguage,
  mode: ChangeMode,
  edits: readonly XmlNode[],
  raw: string,
  hide: Hide,
): (secret: (name: string) => string | undefined) => readonly string[] {
  const keep = keeper(language, raw, hide);
  const leaves: Leaf[] = [];
  const walk = (nodes: readonly XmlNode[], path: string): void => {
    for (const node of nodes) {
      const place = path + ownLabel(language, node);
      if (isLeaf(node) && (node.written !== undefined || tokensIn(node.value).length > 0)) leaves.push({ node, place });
      walk(node.children, place + PATH_SEPARATOR);
    }
  };
  walk(edits, "");
  const kept = (place: string, tag: string): string => {
    const value = keep(place, tag);
    if (value === undefined) throw new FarhandError("SECRET_KEEP", place.slice(0, 200));
    return value;
  };
  for (const { node, place } of leaves)
    substitute(node.written ?? node.value, (token) => (token.kind === "tag" ? kept(place, token.value) : ""));
  return (secret) => {
    if (edits.length === 0) return [];
    const values = new Map(leaves.map(({ node, place }) => [node, valueOf(node, place, secret)]));
    return [printXml(edits, (node) => values.get(node) ?? node.value).trimEnd()];
  };

  function valueOf(node: XmlNode, place: string, secret: (name: string) => string | undefined): string {
    const { line } = substitute(node.written ?? node.value, (token) => {
      if (token.kind === "tag") return kept(place, token.value);
      // A device may show what looks like the name of a secret: it is not an author's word.
      if (node.from !== "author") refuse(node, "a mark ‹ or ›, which stands for a secret");
      const value = secret(token.value);
      if (value === undefined) throw new FarhandError("SECRET_UNKNOWN", token.value);
      if (value === "" || CONTROL.test(value))
        refuse(node, `the secret ${token.value} is empty or holds control characters`);
      return value;
    });
    if (forbiddenAt(language, mode, node.place.path, line) !== undefined)
      refuse(node, "the value of a secret does not fit this platform");
    return line;
  }
}
