import { FarhandError } from "../../../shared/errors.ts";
import { Capabilities } from "./capabilities.ts";
import { BASE, isBase } from "./names.ts";
import { XmlReader, type XmlElement } from "../../model/xml/reader.ts";

/** What both sides say first, RFC 6241 §8.1. */
export interface Hello {
  readonly capabilities: Capabilities;
  /** 1..4294967295; what `lock-denied` and the device's own lists call us. */
  readonly sessionId: number;
}

/** A router with every model that its vendor has written says about two thousand. */
const CAPABILITIES_MAX = 20_000;
const CAPABILITY_CHARACTERS_MAX = 8192;
const HELLO_CHARACTERS_MAX = 16 * 1024 * 1024;
const SESSION_ID_MAX = 4_294_967_295;

const refused = (detail: string): FarhandError => new FarhandError("NETCONF_MESSAGE", `hello: ${detail}`);

/** Takes a hello in pieces. Errors: NETCONF_MESSAGE. */
export class HelloReader {
  readonly #reader: XmlReader;
  readonly #path: string[] = [];
  readonly #uris: string[] = [];
  #text = "";
  #sessionId: string | undefined;
  #characters = 0;

  constructor() {
    this.#reader = new XmlReader({
      open: (element) => this.#open(element),
      text: (text) => this.#onText(text),
      close: () => this.#close(),
    });
  }

  push(bytes: Uint8Array): void {
    const text = this.#reader.decode(bytes);
    this.#characters += text.length;
    if (this.#characters > HELLO_CHARACTERS_MAX) throw refused("larger than any list of capabilities");
    this.#reader.push(text);
  }

  finish(): Hello {
    this.#reader.finish();
    const id = this.#sessionId ?? "";
    if (!/^[1-9]\d{0,9}$/v.test(id) || Number(id) > SESSION_ID_MAX) throw refused("no session id");
    return { capabilities: new Capabilities(this.#uris), sessionId: Number(id) };
  }

  #open({ local, namespace }: XmlElement): void {
    // What is not of the base namespace is an extension that we do not know.
    this.#path.push(isBase(namespace) ? local : "?");
    this.#text = "";
    if (this.#path.length === 1 && this.#path[0] !== "hello") throw refused("the first message is another");
  }

  #onText(text: string): void {
    const place = this.#path.join("/");
    if (place !== "hello/capabilities/capability" && place !== "hello/session-id") return;
    this.#text += text;
    if (this.#text.length > CAPABILITY_CHARACTERS_MAX)
      throw refused(`a capability of over ${CAPABILITY_CHARACTERS_MAX} characters`);
  }

  #close(): void {
    // IOS-XR breaks long ones over lines; a URI holds no blank.
    const text = this.#text.replaceAll(/\s/gv, "");
    switch (this.#path.join("/")) {
      case "hello/capabilities/capability":
        this.#uris.push(text);
        if (this.#uris.length > CAPABILITIES_MAX) throw refused(`more than ${CAPABILITIES_MAX} capabilities`);
        break;
      case "hello/session-id":
        if (this.#sessionId !== undefined) throw refused("two session ids");
        this.#sessionId = text;
        break;
      default:
        break;
    }
    this.#path.pop();
    this.#text = "";
  }
}

/** Ours. Without `chunked` the device has no choice but the old framing. */
export function helloMessage(chunked: boolean): string {
  const versions = chunked ? ["1.0", "1.1"] : ["1.0"];
  const capabilities = versions.map((version) => `<capability>urn:ietf:params:netconf:base:${version}</capability>`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<hello xmlns="${BASE}"><capabilities>${capabilities.join("")}</capabilities></hello>`;
}
