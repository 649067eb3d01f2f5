import { SaxesParser, type SaxesTagNS } from "saxes";
import { FarhandError } from "../../../shared/errors.ts";
import { Place, type XmlLanguage } from "./language.ts";
import { refusal } from "../refusal.ts";
import { canonicalValue } from "./names.ts";
import { BASE, type Edit, type From, type Insert, type Meta, type Operation, type XmlNode, YANG } from "./tree.ts";

/** What no configuration reaches and a hostile text would: told before anything is made of it. */
export const BYTES_MAX = 64 * 1024 * 1024;
export const DEPTH_MAX = 48;
export const ELEMENTS_MAX = 500_000;
export const NAME_MAX = 128;
export const ATTRIBUTES_MAX = 16;
export const ATTRIBUTE_MAX = 1024;
export const VALUE_MAX = 1024 * 1024;
const CHUNK = 65_536;

class Fault extends Error {}

/**
 * Well-formed XML to elements. Takes whole replies and bare top elements alike: the envelopes `rpc-reply`, `data` and `config` are
 * opened. Comments, instructions, document types and entities are refused: nothing in a configuration needs them.
 * From an `author` operations are read, and an attribute that says nothing here is refused; a `device`'s is left out.
 * Throws TEXT_REFUSED (author), INCOMPLETE_OUTPUT or OUTPUT_TOO_LARGE (device) with the line.
 */
export function parseXml(language: XmlLanguage, text: string, from: From): XmlNode[] {
  if (Buffer.byteLength(text) > BYTES_MAX) throw new FarhandError("OUTPUT_TOO_LARGE", `more than ${BYTES_MAX} bytes`);
  const reader = new Reader(language, from);
  try {
    return reader.read(text);
  } catch (error) {
    if (error instanceof FarhandError) throw error;
    // What the parser says holds words of the text, which may be a secret: only that it is not well-formed is told.
    const reason = error instanceof Fault ? error.message : "not well-formed XML";
    if (from === "author") throw refusal(reader.line, reason);
    throw new FarhandError("INCOMPLETE_OUTPUT", `line ${reader.line}: ${reason}`);
  }
}

interface Frame {
  readonly ns: Readonly<Record<string, string>>;
  readonly node: Omit<XmlNode, "value" | "bindings" | "children">;
  readonly children: XmlNode[];
  readonly isEnvelope: boolean;
  text: string;
}

const ENVELOPES = new Set(["rpc-reply", "data", "config"]);
const OPERATIONS = new Set<string>(["merge", "replace", "create", "delete", "remove"] satisfies Operation[]);
const isOperation = (value: string): value is Operation => OPERATIONS.has(value);

class Reader {
  readonly #language: XmlLanguage;
  readonly #from: From;
  readonly #parser;
  readonly #stack: Frame[] = [];
  readonly #roots: XmlNode[] = [];
  readonly #root: Place;
  readonly #mapped = new Map<string, string>();
  #elements = 0;

  constructor(language: XmlLanguage, from: From) {
    this.#language = language;
    this.#from = from;
    this.#root = new Place(language);
    const parser = new SaxesParser({
      xmlns: true,
      fragment: true,
      position: true,
      // An author need not declare what every edit uses.
      ...(from === "author" ? { additionalNamespaces: { nc: BASE, yang: YANG } } : {}),
    });
    parser.on("error", (error) => {
      throw error;
    });
    const refuse = (what: string) => (): never => {
      throw new Fault(`${what} is not taken`);
    };
    // A document type has no place in a fragment: the parser refuses it by itself.
    parser.on("comment", refuse("a comment"));
    parser.on("processinginstruction", refuse("a processing instruction"));
    parser.on("opentag", (tag) => this.#open(tag));
    parser.on("text", (text) => this.#text(text));
    parser.on("cdata", (text) => this.#text(text));
    parser.on("closetag", () => this.#close());
    this.#parser = parser;
  }

  get line(): number {
    return this.#parser.line;
  }

  read(text: string): XmlNode[] {
    // A fragment has no declaration; the text is decoded by now, whatever it said.
    const start = /^\uFEFF?\s*(?:<\?xml\s[^?<>]{0,200}\?>)?/v.exec(text)?.[0].length ?? 0;
    const lines = text.slice(0, start).replaceAll(/[^\n]/gv, "");
    this.#parser.write(lines);
    for (let at = start; at < text.length; at += CHUNK) this.#parser.write(text.slice(at, at + CHUNK));
    this.#parser.close();
    return this.#roots;
  }

  #open(tag: SaxesTagNS): void {
    if (++this.#elements > ELEMENTS_MAX)
      throw new FarhandError("OUTPUT_TOO_LARGE", `more than ${ELEMENTS_MAX} elements`);
    if (this.#stack.length >= DEPTH_MAX) throw new Fault(`more than ${DEPTH_MAX} levels`);
    const { local, ns } = tag;
    if (local.length > NAME_MAX || !/^[A-Za-z_][\w.\-]*$/v.test(local)) throw new Fault("an odd element name");
    const parent = this.#stack.at(-1);
    const isEnvelope = (!parent || parent.isEnvelope) && ENVELOPES.has(local) && (tag.uri === BASE || tag.uri === "");
    const { meta, edit } = this.#attributes(tag, isEnvelope);
    this.#stack.push({
      ns,
      node: {
        place: isEnvelope ? this.#root : (parent?.node.place ?? this.#root).child(local),
        ns: this.#namespace(tag.uri),
        name: local,
        from: this.#from,
        line: this.#parser.line,
        written: undefined,
        meta,
        edit,
      },
      children: [],
      isEnvelope,
      text: "",
    });
  }

  #attributes(tag: SaxesTagNS, isEnvelope: boolean): { meta: readonly Meta[]; edit: Edit | undefined } {
    const attributes = Object.values(tag.attributes);
    if (attributes.length === 0) return NONE;
    if (attributes.length > ATTRIBUTES_MAX) throw new Fault(`more than ${ATTRIBUTES_MAX} attributes`);
    const meta: Meta[] = [];
    const edit: Record<string, string> = {};
    for (const { name, local, prefix, uri, value } of attributes) {
      if (name.length > NAME_MAX || value.length > ATTRIBUTE_MAX) throw new Fault("a long attribute");
      if (prefix === "xmlns" || name === "xmlns" || isEnvelope) continue;
      const author = this.#from === "author";
      if (author && uri === BASE && local === "operation") edit["operation"] = value;
      else if (author && uri === YANG && /^(?:insert|key|value)$/v.test(local)) edit[local] = value;
      else if (uri === "" && this.#language.metadata.has(local)) meta.push({ name: local, value });
      else if (author && local === "operation") throw new Fault('write operations as nc:operation="…"');
      else if (author) throw new Fault("an attribute that means nothing here");
    }
    meta.sort((a, b) => (a.name < b.name ? -1 : 1));
    return { meta, edit: readEdit(edit) };
  }

  #text(text: string): void {
    const frame = this.#stack.at(-1);
    if (!frame || frame.isEnvelope) {
      if (text.trim() !== "") throw new Fault("text outside of elements");
      return;
    }
    frame.text += text;
    if (frame.text.length > VALUE_MAX) throw new Fault("a long value");
  }

  #close(): void {
    const frame = this.#stack.pop();
    if (!frame || frame.isEnvelope) {
      if (frame && this.#stack.length === 0) this.#roots.push(...frame.children);
      else this.#stack.at(-1)?.children.push(...(frame?.children ?? []));
      return;
    }
    const siblings = this.#stack.at(-1)?.children ?? this.#roots;
    const { node, children } = frame;
    if (node.place.facts.isVolatile) return;
    if (children.length > 0) {
      if (frame.text.trim() !== "") throw new Fault("text beside elements");
      siblings.push({ ...node, value: "", bindings: [], children });
      return;
    }
    // What a server put between an opening and a closing tag to make it look well is no value.
    const text = frame.text.trim() === "" && frame.text.includes("\n") ? "" : frame.text;
    const scope = [...this.#stack.map((above) => above.ns), frame.ns];
    const canonical = text.includes(":")
      ? canonicalValue(
          text,
          node.place.facts.isIdentity,
          (prefix) => this.#uri([frame.ns], prefix),
          (prefix) => this.#uri(scope, prefix),
        )
      : { value: text, bindings: [] };
    siblings.push({ ...node, ...canonical, children });
  }

  #uri(scope: readonly Readonly<Record<string, string>>[], prefix: string): string | undefined {
    const uri = scope.findLast((ns) => ns[prefix] !== undefined)?.[prefix];
    return uri === undefined || uri === "" ? undefined : this.#namespace(uri);
  }

  #namespace(uri: string): string {
    let mapped = this.#mapped.get(uri);
    if (mapped === undefined) {
      if (uri.length > ATTRIBUTE_MAX || this.#mapped.size >= 1024) throw new Fault("too many namespaces");
      mapped = this.#language.namespaces.find((rule) => rule.uri.test(uri))?.as ?? uri;
      this.#mapped.set(uri, mapped);
    }
    return mapped;
  }
}

const NONE = { meta: [], edit: undefined } as const;

function readEdit({ operation, insert, key, value }: Record<string, string>): Edit | undefined {
  if (operation !== undefined && !isOperation(operation)) throw new Fault("an operation that RFC 6241 does not know");
  if (insert === undefined) {
    if (key !== undefined || value !== undefined) throw new Fault("yang:key or yang:value without yang:insert");
    return operation === undefined ? undefined : { operation };
  }
  return { operation, insert: readInsert(insert, key, value) };
}

function readInsert(insert: string, key: string | undefined, value: string | undefined): Insert {
  switch (insert) {
    case "first":
    case "last":
      return { at: insert };
    case "before":
    case "after":
      if (key !== undefined && value === undefined) return { at: insert, by: "key", anchor: key };
      if (value !== undefined && key === undefined) return { at: insert, by: "value", anchor: value };
      throw new Fault("yang:insert without one yang:key or yang:value");
    default:
      throw new Fault("a yang:insert that RFC 7950 does not know");
  }
}
