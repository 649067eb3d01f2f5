import type { ChangeMode, Source } from "../../../shared/documents/manifest.ts";
import type { Finding } from "../../../shared/documents/receipt.ts";
import type { FarhandError } from "../../../shared/errors.ts";
import type { Hide } from "../public-form.ts";
import { type HangsOn, INVISIBLE, MARK, REASON, refusal, type Refused, stop, UNRENDERED } from "../refusal.ts";
import { hasStrayMark, tokensIn } from "../token.ts";
import { groups, isKey, keyLeaf, ownLabel } from "./identity.ts";
import { PATH_SEPARATOR, type XmlLanguage } from "./language.ts";
import { parseXml } from "./parse.ts";
import { hidden } from "./public.ts";
import { BASE, isLeaf, type XmlNode } from "./tree.ts";

/** What an author wrote, checked element by element before anything is made of it. The rules are those of `../author.ts`. */
export interface XmlAuthor {
  /** On public forms; what was written out stands in `written`. */
  readonly nodes: readonly XmlNode[];
  readonly warnings: readonly Finding[];
}

type Named = Pick<XmlNode, "line" | "name">;

const refused = (node: Named, reason: string, hangsOn?: HangsOn): FarhandError =>
  refusal(node.line, reason, `<${node.name}>`, hangsOn);

export function refuse(node: Named, reason: string, hangsOn?: HangsOn): never {
  throw refused(node, reason, hangsOn);
}

/**
 * `live` is the public tree of the device: an odd value that stands there already is no mistake of the text. Throws TEXT_REFUSED at the
 * first element that may not be sent, unless `told` goes on; always for what is no XML.
 */
export const readXmlAuthor = (
  language: XmlLanguage,
  mode: ChangeMode,
  text: string,
  live: readonly XmlNode[],
  hide: Hide,
  source: Source["kind"] = "text",
  told: Refused = stop,
): XmlAuthor => readXmlNodes(language, mode, parseXml(language, text, "author"), live, hide, source, told);

/** The same, of what an author's text was parsed to. */
export function readXmlNodes(
  language: XmlLanguage,
  mode: ChangeMode,
  written: readonly XmlNode[],
  live: readonly XmlNode[],
  hide: Hide,
  source: Source["kind"],
  told: Refused = stop,
): XmlAuthor {
  const reader = new AuthorReader(language, mode, source === "sealed", live, told);
  const nodes = written.map((node) => keysFirst(node));
  const shown = hidden(nodes, hide);
  const needsModel = !language.namespaces.some(({ as }) => as === "");
  for (const node of nodes)
    if (needsModel && (node.ns === "" || node.ns === BASE))
      told(refused(node, "an element without the namespace of its model"));
  reader.siblings(nodes, shown, "");
  return { nodes: shown, warnings: reader.warnings };
}

class AuthorReader {
  readonly warnings: Finding[] = [];
  readonly #language: XmlLanguage;
  readonly #mode: ChangeMode;
  readonly #sealed: boolean;
  readonly #live: readonly XmlNode[];
  #liveValues: ReadonlySet<string> | undefined;

  readonly #told: Refused;

  constructor(language: XmlLanguage, mode: ChangeMode, sealed: boolean, live: readonly XmlNode[], told: Refused) {
    this.#told = told;
    this.#language = language;
    this.#mode = mode;
    this.#sealed = sealed;
    this.#live = live;
  }

  siblings(nodes: readonly XmlNode[], shown: readonly XmlNode[], path: string): void {
    for (const { kind, after } of groups(this.#language, [], nodes)) {
      const [node, second] = after;
      if (kind !== "unkeyed" || !node) continue;
      if (node.place.facts.keys && !this.#sealed)
        this.#refuse(node, "an entry without its key, or one that stands here twice");
      if (second && after.every((one) => isLeaf(one))) this.#refuse(second, "stands here twice");
    }
    for (const [at, node] of nodes.entries()) {
      const own = shown[at];
      if (!own) continue;
      const label = path + ownLabel(this.#language, own);
      this.#check(node, own, label);
      this.siblings(node.children, own.children, label + PATH_SEPARATOR);
    }
  }

  #check(node: XmlNode, shown: XmlNode, label: string): void {
    const { value, edit, place } = node;
    const isTwice = (key: string): boolean => node.children.filter((child) => isKey(node, child, [key])).length > 1;
    if (!this.#sealed && place.facts.keys?.some(isTwice) === true) this.#refuse(node, "a key that stands here twice");
    if (edit && this.#mode === "replace") this.#refuse(node, "an operation in a text that replaces");
    if (edit?.insert && !place.facts.isOrdered)
      this.#refuse(node, "yang:insert in a list that has no order of its own");
    const inAttributes = [...node.meta.map((meta) => meta.value), ...anchors(node)];
    if (inAttributes.some((text) => INVISIBLE.test(text) || MARK.test(text)))
      this.#refuse(node, "an attribute of odd characters");
    // Whoever may write on a device could otherwise have a secret of the vault's put in when it is restored.
    if (this.#sealed && MARK.test(value)) this.#refuse(node, "a mark ‹ or ›, which stands for a secret");
    if (value !== "") this.#checkValue(node, shown, label);
    const reason = forbiddenAt(this.#language, this.#mode, place.path, value);
    if (reason !== undefined) this.#refuse(node, reason);
  }

  #checkValue(node: XmlNode, shown: XmlNode, label: string): void {
    const { value, place } = node;
    const isOdd = INVISIBLE.test(value) ? REASON.invisible : UNRENDERED.test(value) ? REASON.unrendered : undefined;
    if (isOdd !== undefined && !this.#sealed && !this.#isLive(label, shown.value)) this.#refuse(node, isOdd);
    if (hasStrayMark(value)) this.#refuse(node, REASON.mark);
    const tokens = tokensIn(value);
    // Elsewhere the device would show it in the clear, and it would travel home.
    if (tokens.some(({ kind }) => kind === "name") && place.facts.secret !== "whole") this.#refuse(node, REASON.shown);
    const tags = (text: string): number => tokensIn(text).filter((token) => token.kind === "tag").length;
    if (!this.#sealed && tags(shown.value) > tags(value))
      this.warnings.push({
        code: "INLINE_SECRET",
        detail: `line ${node.line}: a secret is written out; use secret("name")`,
      });
  }

  #refuse(node: Named, reason: string): void {
    this.#told(refused(node, reason));
  }

  #isLive(label: string, value: string): boolean {
    this.#liveValues ??= valuesOf(this.#language, this.#live);
    return this.#liveValues.has(`${label}\n${value}`);
  }
}

function anchors({ edit }: XmlNode): string[] {
  const insert = edit?.insert;
  return insert && (insert.at === "before" || insert.at === "after") ? [insert.anchor] : [];
}

function valuesOf(language: XmlLanguage, nodes: readonly XmlNode[]): ReadonlySet<string> {
  const values = new Set<string>();
  const walk = (siblings: readonly XmlNode[], path: string): void => {
    for (const node of siblings) {
      const label = path + ownLabel(language, node);
      if (node.value !== "") values.add(`${label}\n${node.value}`);
      walk(node.children, label + PATH_SEPARATOR);
    }
  };
  walk(nodes, "");
  return values;
}

export function forbiddenAt(language: XmlLanguage, mode: ChangeMode, path: string, value: string): string | undefined {
  return language.forbidden.find(
    (rule) =>
      (rule.mode === undefined || rule.mode === mode) && rule.path.test(path) && (rule.value?.test(value) ?? true),
  )?.reason;
}

/** An author may write the leaves of an entry in any order; on the wire its keys come first (RFC 7950 section 7.8.5). */
function keysFirst(node: XmlNode): XmlNode {
  if (isLeaf(node)) return node;
  const children = node.children.map((child) => keysFirst(child));
  const { keys } = node.place.facts;
  if (!keys) return { ...node, children };
  const first = keys.flatMap((key) => keyLeaf({ ...node, children }, key) ?? []);
  if (first.some((leaf) => leaf.edit !== undefined)) refuse(node, "an operation on the key of an entry");
  return { ...node, children: [...first, ...children.filter((child) => !first.includes(child))] };
}
