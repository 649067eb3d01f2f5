import { FarhandError } from "../../../shared/errors.ts";
import { isBase } from "./names.ts";
import { RpcErrorReader, type RpcError } from "./rpc-error.ts";
import { escapeXml, XmlReader, type XmlElement } from "../../model/xml/reader.ts";

/** Everything of a reply but its data. */
export interface ReplyHead {
  readonly ok: boolean;
  /** Whether it had data; they are whole. */
  readonly hasData: boolean;
  readonly errors: readonly RpcError[];
  readonly warnings: readonly RpcError[];
  /** How many errors there were, kept or not. */
  readonly errorCount: number;
}

/** Characters of a reply that are not its data. */
const HEAD_CHARACTERS_MAX = 16 * 1024 * 1024;
/** Errors that are kept, and warnings; a device can write one for each line that it was sent. */
const ERRORS_MAX = 100;

const refused = (detail: string): FarhandError => new FarhandError("NETCONF_MESSAGE", detail);

/**
 * Reads an `rpc-reply` (RFC 6241 §4.2) in pieces. Its data, `<data>` or the one other element with which an operation of the vendor's
 * answers, come out as the very text that the device wrote, piece by piece; their first tag gets the namespaces that were declared
 * above it, so that together the pieces are a document of their own. Errors: NETCONF_MESSAGE.
 */
export class ReplyReader {
  readonly #reader: XmlReader;
  readonly #safe: (text: string) => string;
  readonly #messageId: string;
  #isNamed = false;
  #depth = 0;
  #ok = false;
  #namespaces: Readonly<Record<string, string>> = {};
  readonly #errors: RpcError[] = [];
  readonly #warnings: RpcError[] = [];
  #errorCount = 0;
  #error: RpcErrorReader | undefined;
  #data: "none" | "open" | "whole" = "none";
  /** `<data>`: what stands in it is configuration and state, in which nothing speaks to us. */
  #isOpaque = false;
  #dataName = "";
  /** Text from `#textAt` on (a position in the message), down to the last tag that was told of or further. */
  #text = "";
  #textAt = 0;
  #lastTagAt = 0;
  #sentAt = 0;
  #out: string[] = [];
  #headCharacters = 0;

  /** `safe` makes words of the device safe to show: redacted, one line, short. */
  constructor(messageId: string, safe: (text: string) => string) {
    this.#messageId = messageId;
    this.#safe = safe;
    this.#reader = new XmlReader({
      open: (element) => this.#open(element),
      text: (text) => this.#error?.text(text),
      close: () => this.#close(),
    });
  }

  /** The part of the data that is in these bytes; empty where there is none. */
  push(bytes: Uint8Array): string {
    const text = this.#reader.decode(bytes);
    this.#text += text;
    if (this.#data !== "open") this.#headCharacters += text.length;
    if (this.#headCharacters > HEAD_CHARACTERS_MAX)
      throw refused(`over ${HEAD_CHARACTERS_MAX} characters without data`);
    this.#out = [];
    this.#reader.push(text);
    if (this.#data === "open") this.#send(this.#lastTagAt);
    this.#text = this.#text.slice(this.#lastTagAt - this.#textAt);
    this.#textAt = this.#lastTagAt;
    return this.#out.join("");
  }

  finish(): ReplyHead {
    this.#reader.finish();
    // A device that could not make out the id of what it refuses has none to give back (RFC 6241 §4.2).
    if (!this.#isNamed && this.#errorCount === 0) throw refused("a reply without a message-id");
    return {
      ok: this.#ok,
      hasData: this.#data === "whole",
      errors: this.#errors,
      warnings: this.#warnings,
      errorCount: this.#errorCount,
    };
  }

  #open(element: XmlElement): void {
    this.#depth += 1;
    this.#lastTagAt = this.#reader.position;
    if (this.#isOpaque && this.#data === "open") return;
    if (this.#depth === 1) this.#openRoot(element);
    else if (this.#error) this.#error.open(element.local);
    else this.#openMember(element);
  }

  #openRoot({ local, namespace, attributes, declared }: XmlElement): void {
    if (!isBase(namespace) || local !== "rpc-reply") throw refused("it is no rpc-reply");
    const id = attributes.find((one) => one.local === "message-id" && isBase(one.namespace))?.value;
    if (id !== undefined && id !== this.#messageId) throw refused("the reply to another message");
    this.#isNamed = id !== undefined;
    this.#namespaces = declared;
  }

  /** Junos puts errors, and the ok beside warnings, one deeper: into `commit-results`, `load-configuration-results`. */
  #openMember(element: XmlElement): void {
    const isOurs = isBase(element.namespace);
    if (isOurs && element.local === "rpc-error") this.#error = new RpcErrorReader(this.#safe);
    else if (isOurs && element.local === "ok" && this.#depth <= 3) this.#ok = true;
    else if (this.#depth === 2) this.#openData(element);
  }

  #openData({ local, namespace, declared }: XmlElement): void {
    if (this.#data !== "none") throw refused("two elements with data in one reply");
    this.#data = "open";
    this.#isOpaque = isBase(namespace) && local === "data";
    const end = this.#lastTagAt - this.#textAt;
    // No `<` can stand in a tag but its first.
    const tag = this.#text.slice(this.#text.lastIndexOf("<", end - 1), end).replace(/\/?>$/v, "");
    const missing = Object.entries(this.#namespaces).filter(([prefix]) => declared[prefix] === undefined);
    const added = missing.map(([prefix, uri]) => ` xmlns${prefix === "" ? "" : `:${prefix}`}="${escapeXml(uri)}"`);
    this.#dataName = /^<([^\s]+)/v.exec(tag)?.[1] ?? "";
    this.#out.push(`${tag}${added.join("")}>`);
    this.#sentAt = this.#lastTagAt;
  }

  #close(): void {
    this.#lastTagAt = this.#reader.position;
    if (this.#error && !this.#error.close()) {
      this.#keep(this.#error.finish());
      this.#error = undefined;
    }
    if (this.#depth === 2 && this.#data === "open") {
      // `<data/>` has no end tag of its own.
      if (this.#sentAt === this.#lastTagAt) this.#out.push(`</${this.#dataName}>`);
      else this.#send(this.#lastTagAt);
      this.#data = "whole";
    }
    this.#depth -= 1;
  }

  #keep(error: RpcError): void {
    const list = error.severity === "error" ? this.#errors : this.#warnings;
    if (error.severity === "error") this.#errorCount += 1;
    if (list.length < ERRORS_MAX) list.push(error);
  }

  #send(until: number): void {
    this.#out.push(this.#text.slice(this.#sentAt - this.#textAt, until - this.#textAt));
    this.#sentAt = until;
  }
}
