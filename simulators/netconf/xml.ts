/** XML as NETCONF carries it (RFC 6241 §3: well formed, UTF-8, no document type): a small tree, read with saxes, printed by hand. */
import { SaxesParser } from "saxes";

export interface XmlAttribute {
  readonly ns: string;
  readonly name: string;
  value: string;
}

export interface XmlElement {
  readonly ns: string;
  readonly name: string;
  attributes: XmlAttribute[];
  children: XmlElement[];
  /** Character data of an element without children; white space between children is nobody's. */
  text: string;
  /** What the prefix of a value such as `ianaift:ethernetCsmacd` stands for. */
  prefixes?: Record<string, string>;
}

/** The text is not well formed, or larger than a device would read. */
export class XmlFault extends Error {
  override name = "XmlFault";
}

const DEPTH_MAX = 100;
const ELEMENTS_MAX = 2_000_000;

export function element(ns: string, name: string, content: string | readonly XmlElement[] = []): XmlElement {
  return typeof content === "string"
    ? { ns, name, attributes: [], children: [], text: content }
    : { ns, name, attributes: [], children: [...content], text: "" };
}

export function clone(from: XmlElement): XmlElement {
  return {
    ns: from.ns,
    name: from.name,
    attributes: from.attributes.map((one) => ({ ...one })),
    children: from.children.map(clone),
    text: from.text,
    ...(from.prefixes ? { prefixes: from.prefixes } : {}),
  };
}

export function attribute(of: XmlElement, ns: string, name: string): string | undefined {
  return of.attributes.find((one) => one.ns === ns && one.name === name)?.value;
}

export function child(of: XmlElement, name: string, ns?: string): XmlElement | undefined {
  return of.children.find((one) => one.name === name && (ns === undefined || one.ns === ns));
}

/** Throws XmlFault. */
export function parseXml(text: string): XmlElement {
  const parser = new SaxesParser({ xmlns: true });
  const open: XmlElement[] = [];
  let root: XmlElement | undefined;
  let count = 0;
  const scopes: Record<string, string>[] = [];
  parser.on("error", (error) => {
    throw new XmlFault(error.message);
  });
  parser.on("doctype", () => {
    throw new XmlFault("a document type declaration");
  });
  parser.on("opentag", (tag) => {
    count += 1;
    if (open.length >= DEPTH_MAX || count > ELEMENTS_MAX) throw new XmlFault("deeper or larger than this device reads");
    const made = element(tag.uri, tag.local);
    for (const { prefix, local, uri, value } of Object.values(tag.attributes))
      if (prefix !== "xmlns" && !(prefix === "" && local === "xmlns"))
        made.attributes.push({ ns: uri, name: local, value });
    scopes.push({ ...scopes.at(-1), ...tag.ns });
    const parent = open.at(-1);
    if (parent) parent.children.push(made);
    else root = made;
    open.push(made);
  });
  const characters = (piece: string): void => {
    const top = open.at(-1);
    if (top) top.text += piece;
  };
  parser.on("text", characters);
  parser.on("cdata", characters);
  parser.on("closetag", () => {
    const done = open.pop();
    const scope = scopes.pop();
    if (!done) return;
    if (done.children.length > 0) done.text = "";
    const prefix = /^\s*([\w.-]+):[\w.-]+\s*$/.exec(done.text)?.[1];
    const stands = prefix === undefined ? undefined : scope?.[prefix];
    if (prefix !== undefined && stands !== undefined) done.prefixes = { [prefix]: stands };
  });
  parser.write(text).close();
  if (!root) throw new XmlFault("no element");
  return root;
}

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

export function escapeText(text: string): string {
  return text.replaceAll(/[&<>]/g, (one) => ESCAPES[one] ?? one);
}

function escapeAttribute(text: string): string {
  return text.replaceAll(/[&<>"]/g, (one) => ESCAPES[one] ?? one);
}

const ATTRIBUTE_PREFIXES: Record<string, string> = {
  "urn:ietf:params:xml:ns:netconf:base:1.0": "nc",
  "urn:ietf:params:xml:ns:yang:1": "yang",
  "urn:ietf:params:xml:ns:netconf:default:1.0": "wd",
  "http://www.w3.org/XML/1998/namespace": "xml",
};

export interface PrintOptions {
  /** The default namespace where it is put in; an element in another one declares its own. */
  readonly inside?: string;
  /** Spaces for each level; one line without it. */
  readonly indent?: number;
  readonly level?: number;
  /** Elements of this namespace are written with a prefix that is declared around them. */
  readonly prefixed?: { readonly ns: string; readonly prefix: string } | undefined;
}

/** The open tag without its end, so that a caller may stream what comes inside. */
export function openTag(of: XmlElement, { inside = "", prefixed }: PrintOptions = {}): string {
  const own = prefixed?.ns === of.ns;
  let tag = `<${own ? `${prefixed.prefix}:` : ""}${of.name}`;
  if (!own && of.ns !== inside) tag += ` xmlns="${escapeAttribute(of.ns)}"`;
  for (const [prefix, ns] of Object.entries(of.prefixes ?? {})) tag += ` xmlns:${prefix}="${escapeAttribute(ns)}"`;
  const declared = new Set<string>();
  for (const { ns, name, value } of of.attributes) {
    const prefix = ns === "" ? undefined : (ATTRIBUTE_PREFIXES[ns] ?? "x");
    if (prefix !== undefined && prefix !== "xml" && !declared.has(prefix)) {
      declared.add(prefix);
      tag += ` xmlns:${prefix}="${escapeAttribute(ns)}"`;
    }
    tag += ` ${prefix === undefined ? "" : `${prefix}:`}${name}="${escapeAttribute(value)}"`;
  }
  return tag;
}

export function closeTag(of: XmlElement, { prefixed }: PrintOptions = {}): string {
  return `</${prefixed?.ns === of.ns ? `${prefixed.prefix}:` : ""}${of.name}>`;
}

export function printXml(of: XmlElement, options: PrintOptions = {}): string {
  const { inside = "", indent = 0, level = 0, prefixed } = options;
  const margin = indent > 0 ? " ".repeat(indent * level) : "";
  const end = indent > 0 ? "\n" : "";
  const tag = margin + openTag(of, options);
  if (of.children.length === 0)
    return of.text === "" ? `${tag}/>${end}` : `${tag}>${escapeText(of.text)}${closeTag(of, options)}${end}`;
  const below = { inside: prefixed?.ns === of.ns ? inside : of.ns, indent, level: level + 1, prefixed };
  const within = of.children.map((one) => printXml(one, below)).join("");
  return `${tag}>${end}${within}${margin}${closeTag(of, options)}${end}`;
}
