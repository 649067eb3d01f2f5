/**
 * Messages on a byte stream, as RFC 6242 has them: `]]>]]>` after each (§4.3, and always for the hello), or chunks that say
 * their length in octets (§4.2). The server's half only: what a device reads and how it cuts what it writes.
 */

export type Framing = "end-of-message" | "chunked";

/** What came is no frame; RFC 6242 §4.2: the session is closed without a word. */
export class FrameFault extends Error {
  override name = "FrameFault";
}

const END = Buffer.from("]]>]]>");
const LF = 0x0a;
const HASH = 0x23;
const SIZE_MAX = 4_294_967_295;
/** `\n#4294967295\n` */
const HEADER_MAX = 13;

/** Bytes in, whole messages out. The framing may change between two messages, in the middle of what has arrived. */
export class FrameReader {
  framing: Framing = "end-of-message";
  readonly #messageMaxBytes: number;
  #held: Buffer = Buffer.alloc(0);
  #looked = 0;
  #chunks: Buffer[] = [];
  #chunksBytes = 0;
  #missing = 0;

  constructor(messageMaxBytes: number) {
    this.#messageMaxBytes = messageMaxBytes;
  }

  /** What has arrived and belongs to no message yet. */
  get heldBytes(): number {
    return this.#held.length;
  }

  push(bytes: Buffer): void {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
  }

  /** The next whole message, if it is there. Throws FrameFault. */
  next(): Buffer | undefined {
    return this.framing === "chunked" ? this.#nextChunked() : this.#nextMarked();
  }

  #nextMarked(): Buffer | undefined {
    const at = this.#held.indexOf(END, Math.max(0, this.#looked - END.length));
    if (at < 0) {
      this.#looked = this.#held.length;
      this.#bound(this.#held.length);
      return undefined;
    }
    const message = this.#held.subarray(0, at);
    this.#held = this.#held.subarray(at + END.length);
    this.#looked = 0;
    return message;
  }

  #nextChunked(): Buffer | undefined {
    for (;;) {
      if (this.#missing > 0) {
        const part = this.#held.subarray(0, this.#missing);
        if (part.length === 0) return undefined;
        this.#chunks.push(part);
        this.#chunksBytes += part.length;
        this.#missing -= part.length;
        this.#held = this.#held.subarray(part.length);
        continue;
      }
      const header = this.#header();
      if (header === undefined) return undefined;
      if (header !== "end") {
        this.#bound(this.#chunksBytes + header);
        this.#missing = header;
        continue;
      }
      const message = Buffer.concat(this.#chunks);
      this.#chunks = [];
      this.#chunksBytes = 0;
      return message;
    }
  }

  /** The size of the chunk that starts here, or the end of the message. */
  #header(): number | "end" | undefined {
    const held = this.#held;
    if (held.length === 0) return undefined;
    if (held[0] !== LF) throw new FrameFault("a chunk starts with LF");
    if (held.length < 2) return undefined;
    if (held[1] !== HASH) throw new FrameFault("a chunk starts with LF and #");
    const close = held.indexOf(LF, 2);
    if (close < 0) {
      if (held.length >= HEADER_MAX) throw new FrameFault("a chunk's header has no end");
      return undefined;
    }
    const word = held.subarray(2, close).toString("latin1");
    this.#held = held.subarray(close + 1);
    if (word === "#") {
      if (this.#chunks.length === 0) throw new FrameFault("a message without a chunk");
      return "end";
    }
    if (!/^[1-9]\d{0,9}$/.test(word) || Number(word) > SIZE_MAX) throw new FrameFault("no chunk size");
    return Number(word);
  }

  #bound(bytes: number): void {
    if (bytes > this.#messageMaxBytes) throw new FrameFault("a message larger than this device takes");
  }
}

/** How long the next chunk may be. */
export type ChunkPlan = () => number;

/** Frames one message; `pieces` may be endless work, nothing is held. */
export function* frame(pieces: Iterable<Buffer>, framing: Framing, plan: ChunkPlan): Generator<Buffer> {
  if (framing === "end-of-message") {
    yield* pieces;
    yield END;
    return;
  }
  for (const piece of pieces) {
    let at = 0;
    while (at < piece.length) {
      const part = piece.subarray(at, at + Math.max(1, plan()));
      yield Buffer.concat([Buffer.from(`\n#${part.length}\n`, "latin1"), part]);
      at += part.length;
    }
  }
  yield Buffer.from("\n##\n", "latin1");
}
