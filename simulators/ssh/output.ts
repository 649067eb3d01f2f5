/** The way out of a session: CRLF line ends, back-pressure, and the ways in which a real line is slow or chops its output. */
import type { Writable } from "node:stream";
import type { Clock } from "../../shared/clock.ts";

export interface Pace {
  /** Bytes in one write; unlimited when absent. */
  chunkBytes?: number | undefined;
  /** Wait between two writes. */
  delayMs?: number | undefined;
}

export class SessionClosed extends Error {
  override name = "SessionClosed";
}

export interface OutputOptions {
  stream: Writable;
  clock: Clock;
  signal: AbortSignal;
  /** Read before every write, so that a fault switched on in the middle of an output shows at once. */
  pace: () => Pace | undefined;
  /** Called with what really went out. */
  onBytes?: (count: number) => void;
}

export class Output {
  readonly #options: OutputOptions;
  #tail: Promise<void> = Promise.resolve();

  constructor(options: OutputOptions) {
    this.#options = options;
  }

  /** Text with `\n` line ends, sent with the `\r\n` that a terminal gets. Writes keep their order. */
  text(text: string): Promise<void> {
    if (text === "") return this.#tail;
    return this.raw(Buffer.from(text.replaceAll(/\r?\n/g, "\r\n"), "utf8"));
  }

  raw(bytes: Buffer): Promise<void> {
    const next = this.#tail.then(() => this.#send(bytes));
    this.#tail = next.catch(() => {});
    return next;
  }

  async #send(bytes: Buffer): Promise<void> {
    let at = 0;
    while (at < bytes.length) {
      const pace = this.#options.pace();
      const end = Math.min(bytes.length, at + (pace?.chunkBytes ?? bytes.length));
      await this.#write(bytes.subarray(at, end));
      this.#options.onBytes?.(end - at);
      at = end;
      if (pace?.delayMs) await this.#options.clock.sleep(pace.delayMs, this.#options.signal);
    }
  }

  #write(bytes: Buffer): Promise<void> | undefined {
    const { stream, signal } = this.#options;
    if (signal.aborted || stream.destroyed || stream.writableEnded) throw new SessionClosed("the session is closed");
    if (stream.write(bytes)) return undefined;
    return new Promise<void>((resolve, reject) => {
      const done = () => {
        stream.off("drain", onDrain);
        signal.removeEventListener("abort", onAbort);
      };
      const onDrain = () => {
        done();
        resolve();
      };
      const onAbort = () => {
        done();
        reject(new SessionClosed("the session is closed"));
      };
      stream.once("drain", onDrain);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }
}
