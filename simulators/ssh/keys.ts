/** Keystrokes: bytes from the wire, one at a time, waited for by whoever reads next (line editor, pager, password prompt). */
import type { Duplex } from "node:stream";
import { SessionClosed } from "./output.ts";

export class KeyReader {
  readonly #queue: Buffer[] = [];
  #offset = 0;
  #wake: (() => void) | undefined;
  #afterCarriageReturn = false;
  readonly #signal: AbortSignal;
  readonly #stream: Duplex;

  constructor(stream: Duplex, signal: AbortSignal) {
    this.#stream = stream;
    this.#signal = signal;
    stream.on("data", (chunk: Buffer) => {
      this.#queue.push(chunk);
      // A device that has stopped reading fills its window; so does this one.
      if (this.#queue.length > 256) stream.pause();
      this.#wake?.();
    });
    signal.addEventListener("abort", () => this.#wake?.(), { once: true });
  }

  /** What was typed and not yet read is thrown away (a login does that, a password prompt does not). */
  flush(): void {
    this.#queue.length = 0;
    this.#offset = 0;
  }

  /** True when more input waits: an echo can then be sent in one piece. */
  get hasMore(): boolean {
    return this.#queue.length > 0;
  }

  /** The next byte. `\r\n` and `\r\0` count as one `\r`, a bare `\n` as `\r`. */
  async next(): Promise<number> {
    for (;;) {
      const byte = this.#take();
      if (byte === undefined) {
        await this.#more();
        continue;
      }
      const followsReturn = this.#afterCarriageReturn;
      this.#afterCarriageReturn = byte === 0x0d;
      if (followsReturn && (byte === 0x0a || byte === 0)) continue;
      return byte === 0x0a ? 0x0d : byte;
    }
  }

  #take(): number | undefined {
    const head = this.#queue[0];
    if (!head) return undefined;
    const byte = head[this.#offset];
    this.#offset += 1;
    if (this.#offset >= head.length) {
      this.#queue.shift();
      this.#offset = 0;
      if (this.#queue.length < 64) this.#stream.resume();
    }
    return byte;
  }

  #more(): Promise<void> {
    if (this.#signal.aborted) throw new SessionClosed("the session is closed");
    return new Promise<void>((resolve, reject) => {
      this.#wake = () => {
        this.#wake = undefined;
        if (this.#signal.aborted) reject(new SessionClosed("the session is closed"));
        else resolve();
      };
    });
  }
}
