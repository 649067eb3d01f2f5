import { FarhandError } from "../../../shared/errors.ts";

/**
 * NETCONF over SSH, RFC 6242. A message ends with `]]>]]>` (base 1.0, §4.3) or comes in counted chunks (base 1.1, §4.2). The hello is
 * always of the first kind; both sides change after it. Octets are counted, so the line must be clean of any terminal: one CR
 * taken away shifts everything that follows.
 */
export type Framing = "end-of-message" | "chunked";

/** A piece of the message that is being read, or its end. The piece is a view of what was pushed: use it before the next push. */
export type FrameEvent = { readonly kind: "payload"; readonly bytes: Uint8Array } | { readonly kind: "end" };

const END: FrameEvent = { kind: "end" };
const END_OF_MESSAGE = Uint8Array.from("]]>]]>", (character) => character.charCodeAt(0));
/** How much of the delimiter may still be running when its character n, the index, was not the one that came. */
const FALLBACK = [0, 0, 1, 0, 1, 2] as const;

const NUL = 0x00;
const LF = 0x0a;
const HASH = 0x23;
const ZERO = 0x30;
const BRACKET = 0x5d;
/** RFC 6242 §4.2. */
const CHUNK_BYTES_MAX = 4_294_967_295;
const CHUNK_DIGITS_MAX = 10;
/** NULs with which some devices fill their writes up, and line feeds that others put too many of, between messages and chunks. */
const PADDING_MAX = 64 * 1024;
/** What we send in one chunk: some devices hold a whole one before they look at it. */
const SENT_CHUNK_BYTES = 64 * 1024;

const bad = (detail: string): FarhandError => new FarhandError("NETCONF_FRAMING", detail);

/** Where in a chunk's frame the next byte stands. */
type Place = "line-feed" | "hash" | "first-digit" | "digits" | "last-line-feed" | "data";

/**
 * Turns bytes into messages, however they are cut, and holds none of them. `push` may be called when `next` has said undefined.
 * Errors: NETCONF_FRAMING; after one the stream means nothing any more.
 */
export class FrameDecoder {
  #framing: Framing = "end-of-message";
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  readonly #ready: FrameEvent[] = [];
  /** Whether anything of the current message has come. */
  #open = false;
  #padding = 0;
  /** Characters of the delimiter that came last, and may be payload yet. */
  #matched = 0;
  #place: Place = "line-feed";
  #size = 0;
  #digits = 0;
  #chunks = 0;

  /** Between two messages: what was pushed and not read yet is read the new way. */
  use(framing: Framing): void {
    this.#framing = framing;
  }

  push(bytes: Uint8Array): void {
    if (this.#at < this.#bytes.length || this.#ready.length > 0)
      throw new FarhandError("INTERNAL", "what was pushed before is not read yet");
    this.#bytes = bytes;
    this.#at = 0;
  }

  /** The next event in what was pushed; undefined when it needs more. */
  next(): FrameEvent | undefined {
    const ready = this.#ready.shift();
    if (ready) return ready;
    if (this.#framing === "chunked") return this.#nextChunked();
    this.#scan();
    return this.#ready.shift();
  }

  /** Whether the end of the stream would now cut a message short. */
  get isWithinMessage(): boolean {
    return this.#open;
  }

  /** Up to the delimiter, or to the end of what there is. */
  #scan(): void {
    const bytes = this.#bytes;
    if (!this.#open) this.#skipPadding();
    const start = this.#at;
    const held = this.#matched;
    let at = start;
    let matched = held;
    while (at < bytes.length && matched < END_OF_MESSAGE.length) {
      if (matched === 0) {
        const bracket = bytes.indexOf(BRACKET, at);
        at = bracket === -1 ? bytes.length : bracket;
        if (bracket === -1) break;
      }
      const byte = bytes[at];
      while (matched > 0 && byte !== END_OF_MESSAGE[matched]) matched = FALLBACK[matched] ?? 0;
      if (byte === END_OF_MESSAGE[matched]) matched += 1;
      at += 1;
    }
    if (at > start) this.#open = true;
    this.#at = at;
    this.#matched = matched;
    const released = held + (at - start) - matched;
    const ofHeld = Math.min(held, released);
    if (ofHeld > 0) this.#ready.push({ kind: "payload", bytes: END_OF_MESSAGE.slice(0, ofHeld) });
    if (released > ofHeld)
      this.#ready.push({ kind: "payload", bytes: bytes.subarray(start, start + released - ofHeld) });
    if (matched === END_OF_MESSAGE.length) {
      this.#matched = 0;
      this.#ready.push(this.#end());
    }
  }

  #nextChunked(): FrameEvent | undefined {
    for (;;) {
      if (this.#place === "data") return this.#data();
      if (this.#place === "line-feed") this.#skipPadding();
      const byte = this.#bytes[this.#at];
      if (byte === undefined) return undefined;
      this.#at += 1;
      if (this.#header(byte)) return this.#end();
    }
  }

  /** One byte of what stands between chunks; true when it ends the message. */
  #header(byte: number): boolean {
    switch (this.#place) {
      case "line-feed":
        if (byte !== LF) throw bad(`a chunk must begin with a line feed, not ${named(byte)}`);
        this.#open = true;
        this.#place = "hash";
        return false;
      case "hash":
        if (byte === LF || byte === NUL) this.#countPadding(1);
        else if (byte === HASH) this.#place = "first-digit";
        else throw bad(`a chunk's size must begin with #, not ${named(byte)}`);
        return false;
      case "first-digit":
        this.#size = 0;
        this.#digits = 0;
        if (byte === HASH && this.#chunks === 0) throw bad("a message without a chunk");
        if (byte === ZERO) throw bad("a chunk's size begins with 0");
        if (byte === HASH) this.#place = "last-line-feed";
        else this.#digit(byte);
        return false;
      case "digits":
        if (byte === LF) this.#beginData();
        else this.#digit(byte);
        return false;
      case "last-line-feed":
        if (byte !== LF) throw bad(`the end of chunks must be followed by a line feed, not ${named(byte)}`);
        return true;
      case "data":
        throw new FarhandError("INTERNAL", "data read as a header");
      default:
        return this.#place satisfies never;
    }
  }

  #digit(byte: number): void {
    const digit = byte - ZERO;
    if (digit < 0 || digit > 9) throw bad(`${named(byte)} in a chunk's size`);
    this.#digits += 1;
    this.#size = this.#size * 10 + digit;
    if (this.#digits > CHUNK_DIGITS_MAX || this.#size > CHUNK_BYTES_MAX)
      throw bad(`a chunk's size is over ${CHUNK_BYTES_MAX}`);
    this.#place = "digits";
  }

  #beginData(): void {
    this.#chunks = 1;
    this.#padding = 0;
    this.#place = "data";
  }

  #data(): FrameEvent | undefined {
    const bytes = this.#bytes.subarray(this.#at, Math.min(this.#bytes.length, this.#at + this.#size));
    if (bytes.length === 0) return undefined;
    this.#at += bytes.length;
    this.#size -= bytes.length;
    if (this.#size === 0) this.#place = "line-feed";
    return { kind: "payload", bytes };
  }

  #end(): FrameEvent {
    this.#open = false;
    this.#padding = 0;
    this.#chunks = 0;
    this.#place = "line-feed";
    return END;
  }

  /** NULs before a chunk; NULs and line ends before a message of the old kind, which may begin with neither. */
  #skipPadding(): void {
    const start = this.#at;
    const blank = (byte: number | undefined): boolean =>
      byte === NUL || (this.#framing === "end-of-message" && (byte === LF || byte === 0x0d));
    while (blank(this.#bytes[this.#at])) this.#at += 1;
    this.#countPadding(this.#at - start);
  }

  #countPadding(bytes: number): void {
    this.#padding += bytes;
    if (this.#padding > PADDING_MAX) throw bad(`over ${PADDING_MAX} bytes of nothing between messages`);
  }
}

const named = (byte: number): string => `byte 0x${byte.toString(16).padStart(2, "0")}`;

const encoder = new TextEncoder();

/**
 * The bytes of one message, in pieces, a frame around them. Errors: NETCONF_FRAMING for an empty message, and for one that holds the
 * delimiter where the delimiter is what ends it.
 */
export function* encodeMessage(framing: Framing, message: string): Generator<Uint8Array> {
  if (message === "") throw bad("an empty message");
  switch (framing) {
    case "end-of-message":
      if (message.includes("]]>]]>")) throw bad("the message holds ]]>]]>");
      yield encoder.encode(`${message}]]>]]>`);
      return;
    case "chunked": {
      const bytes = encoder.encode(message);
      for (let at = 0; at < bytes.length; at += SENT_CHUNK_BYTES) {
        const chunk = bytes.subarray(at, at + SENT_CHUNK_BYTES);
        yield encoder.encode(`\n#${chunk.length}\n`);
        yield chunk;
      }
      yield encoder.encode("\n##\n");
      return;
    }
    default:
      framing satisfies never;
  }
}
