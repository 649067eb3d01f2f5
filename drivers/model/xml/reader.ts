import { SaxesParser, type SaxesTagNS } from "saxes";
import { FarhandError } from "../../../shared/errors.ts";

/**
 * XML as it comes, from a peer that may be hostile. Nothing is kept but the elements that are open. What NETCONF forbids (RFC 6241
 * §3: document types, other encodings) and what is over a cap is refused before it has meant anything to anybody.
 */
export interface XmlElement {
  readonly local: string;
  /** Empty without one. */
  readonly namespace: string;
  readonly attributes: readonly { readonly local: string; readonly namespace: string; readonly value: string }[];
  /** The namespaces that this very element declares, by prefix; the default one is "". */
  readonly declared: Readonly<Record<string, string>>;
}

/** Each is told of its piece before the next is read; `close` has the name of what was opened. Positions as in `XmlReader.position`. */
export interface XmlHandler {
  open(element: XmlElement): void;
  text(text: string): void;
  close(): void;
}

/** Characters, but where it says elements or attributes. */
export interface XmlCaps {
  readonly depth: number;
  readonly attributes: number;
  readonly name: number;
  /** Of one text, one tag, one comment: what lies between two events. Looked at after each piece of `PIECE`. */
  readonly token: number;
}

const CAPS: XmlCaps = { depth: 256, attributes: 256, name: 1024, token: 4 * 1024 * 1024 };
const PIECE = 64 * 1024;
/** What may stand before the XML declaration though it must not. */
const BLANK_START = /^[ \t\r\n\0]+/v;
const TRAILING_NULS = /\0+$/v;

/** Errors, from every call: NETCONF_MESSAGE; after one the reader is of no more use. Nothing that the peer wrote is in their text. */
export class XmlReader {
  readonly #parser = new SaxesParser<{ xmlns: true }>({ xmlns: true });
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  readonly #caps: XmlCaps;
  #depth = 0;
  #begun = false;
  #closed = false;
  #attributes = 0;
  #nuls = false;
  #lastEvent = 0;

  constructor(handler: XmlHandler, caps: Partial<XmlCaps> = {}) {
    this.#caps = { ...CAPS, ...caps };
    const parser = this.#parser;
    // A handler that throws ends the parsing at once; returning would let the library go on behind the fault.
    parser.on("error", (error) => refuse(wordsOf(error)));
    parser.on("doctype", () => refuse("a document type"));
    parser.on("xmldecl", ({ encoding = "utf-8", version }) => {
      if (version !== "1.0") refuse("XML of another version than 1.0");
      if (!/^(?:utf-?8|us-ascii)$/iv.test(encoding)) refuse("another encoding than UTF-8");
    });
    parser.on("comment", () => this.#mark());
    parser.on("processinginstruction", () => this.#mark());
    parser.on("opentagstart", ({ name }) => {
      this.#attributes = 0;
      this.#named(name);
      this.#depth += 1;
      if (this.#depth > this.#caps.depth) refuse(`elements nested deeper than ${this.#caps.depth}`);
    });
    parser.on("attribute", ({ name }) => {
      this.#named(name);
      this.#attributes += 1;
      if (this.#attributes > this.#caps.attributes) refuse(`more than ${this.#caps.attributes} attributes`);
    });
    parser.on("opentag", (tag) => {
      this.#mark();
      handler.open(new Element(tag));
    });
    parser.on("text", (text) => {
      if (this.#depth > 0) handler.text(text);
    });
    parser.on("cdata", (text) => {
      this.#mark();
      handler.text(text);
    });
    parser.on("closetag", () => {
      this.#mark();
      this.#depth -= 1;
      this.#closed = this.#depth === 0;
      handler.close();
    });
  }

  /** How many characters (UTF-16) of what `decode` returned lie before the end of the tag that is being told of. */
  get position(): number {
    return this.#parser.position;
  }

  /** Bytes as text, for `push`: a character that is cut in two comes with the next ones. */
  decode(bytes: Uint8Array): string {
    let text: string;
    try {
      text = this.#decoder.decode(bytes, { stream: true });
    } catch {
      return refuse("bytes that are no UTF-8");
    }
    if (!this.#begun) text = text.replace(BLANK_START, "");
    // Some devices fill a write up with NULs behind the end of a message.
    const kept = text.replace(TRAILING_NULS, "");
    if (kept !== "" && this.#nuls) refuse("NUL within a message");
    if (kept !== text) this.#nuls = true;
    if (kept !== "") this.#begun = true;
    return kept;
  }

  /** Reads what `decode` returned, in order. */
  push(text: string): void {
    for (let at = 0; at < text.length; at += PIECE) {
      this.#parser.write(text.slice(at, at + PIECE));
      if (this.#parser.position - this.#lastEvent > this.#caps.token)
        refuse(`a text or a tag of over ${this.#caps.token} characters`);
    }
  }

  /** The message has ended: it must have been one whole element. */
  finish(): void {
    try {
      this.#decoder.decode();
    } catch {
      refuse("bytes that are no UTF-8");
    }
    if (!this.#closed) refuse("it ends before its last element does");
    this.#parser.close();
  }

  #named(name: string): void {
    if (name.length > this.#caps.name) refuse(`a name of over ${this.#caps.name} characters`);
  }

  #mark(): void {
    this.#lastEvent = this.#parser.position;
  }
}

/** Attributes are seldom asked for, and there may be millions of elements. */
class Element implements XmlElement {
  readonly #tag: SaxesTagNS;

  constructor(tag: SaxesTagNS) {
    this.#tag = tag;
  }

  get local(): string {
    return this.#tag.local;
  }

  get namespace(): string {
    return this.#tag.uri;
  }

  get declared(): Readonly<Record<string, string>> {
    return this.#tag.ns;
  }

  get attributes(): XmlElement["attributes"] {
    return Object.values(this.#tag.attributes).map(({ local, uri, value }) => ({ local, namespace: uri, value }));
  }
}

function refuse(detail: string): never {
  throw new FarhandError("NETCONF_MESSAGE", detail);
}

/** The library's words with its own place, without what the peer wrote behind the colon. */
const wordsOf = (error: Error): string => {
  const found = /^(\d{1,12}:\d{1,12}): ([a-z "]{1,60})/v.exec(error.message);
  return found ? `XML ${found[1]}: ${found[2]}` : "XML that is not well-formed";
};

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\r": "&#13;",
};

/** Text as element content or in a quoted attribute. TEXT_REFUSED for characters that XML cannot hold. */
export function escapeXml(text: string): string {
  if (/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/v.test(text))
    throw new FarhandError("TEXT_REFUSED", "a character that XML cannot hold");
  return text.replaceAll(/[&<>"\r]/gv, (character) => ESCAPES[character] ?? "");
}

/** TEXT_REFUSED unless the text is whole elements (and text between them) that end where they began: nothing in it can end what holds it. */
export function requireFragment(text: string, what: string): void {
  const nothing = { open: () => undefined, text: () => undefined, close: () => undefined };
  let roots = 0;
  let depth = 0;
  const reader = new XmlReader({
    ...nothing,
    open: () => {
      if (depth === 0) roots += 1;
      depth += 1;
    },
    close: () => void (depth -= 1),
  });
  try {
    reader.push("<fragment>");
    reader.push(text);
    if (depth !== 1 || roots !== 1) refuse("an element too many ends");
    reader.push("</fragment>");
    reader.finish();
  } catch (error) {
    const detail = error instanceof FarhandError ? error.detail : undefined;
    throw new FarhandError("TEXT_REFUSED", `${what}: ${detail ?? "not well-formed"}`, { cause: error });
  }
}
