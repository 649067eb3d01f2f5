import type { Clock } from "../../../shared/clock.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { asError, quoted } from "../ssh/connect-error.ts";
import type { ByteStream } from "../ssh/stream.ts";
import { encodeMessage, FrameDecoder, type Framing } from "./framing.ts";
import { HelloReader, helloMessage, type Hello } from "./hello.ts";
import { BASE } from "./names.ts";
import { ReplyReader, type ReplyHead } from "./reply.ts";
import { describe, RpcRefused, type RpcError } from "./rpc-error.ts";

export interface NetconfOptions {
  /** The subsystem's channel; closed with the client. */
  readonly stream: ByteStream;
  readonly clock: Clock;
  /** Ends whatever is running, and with it the client. */
  readonly signal: AbortSignal;
  /** Milliseconds for both hellos. */
  readonly helloMs: number;
  /** Hides secrets in the device's own words before anybody reads them. */
  readonly redact: (text: string) => string;
  /** False for a device that offers base:1.1 and does not master it. */
  readonly chunked?: boolean;
  /** Hears each operation as it is sent, secrets and all, and what came of it but for its data. */
  readonly told?: (direction: "sent" | "received", text: string) => Promise<void> | void;
}

export interface RpcOptions {
  /** Milliseconds from the first byte of the request to the last of the reply. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
  /** Bytes of data after which the reply is refused. */
  readonly dataBytesMax?: number;
  /** Takes the data piece by piece, and resolves when it has room for more: meanwhile the device waits. */
  readonly sink?: (text: string) => Promise<void> | void;
  /** Whether a reply with nothing in it is an answer: Junos has nothing to show then. */
  readonly mayBeEmpty?: boolean;
}

export interface Reply {
  readonly ok: boolean;
  /** The data as a document of its own; null without any, or when a sink took it. */
  readonly data: string | null;
  readonly warnings: readonly RpcError[];
}

const DATA_BYTES_MAX = 64 * 1024 * 1024;

/**
 * One NETCONF session (RFC 6241) on a byte stream. One `rpc` at a time. Whatever ends an exchange before its end (deadline, abort, a fault in the
 * framing, a sink that throws) ends the session with it, since nobody knows then what the next bytes belong to: from there on every
 * call throws CONNECTION_LOST. An `rpc-error` does not.
 */
export class NetconfClient {
  readonly hello: Hello;
  readonly framing: Framing;
  readonly #wire: Wire;
  #lastId = 0;
  #isBusy = false;

  private constructor(wire: Wire, hello: Hello, framing: Framing) {
    this.#wire = wire;
    this.hello = hello;
    this.framing = framing;
  }

  /** Exchanges hellos. Errors: COMMAND_TIMEOUT, CONNECTION_LOST, NETCONF_FRAMING, NETCONF_MESSAGE, the signal's reason. */
  static async open(options: NetconfOptions): Promise<NetconfClient> {
    const { chunked = true } = options;
    const wire = new Wire(options);
    const reader = new HelloReader();
    const hello = await wire.exchange("hello", { deadlineMs: options.helloMs }, async () => {
      // Neither side waits for the other's (RFC 6241 §8.1), and some devices do.
      await Promise.all([wire.send(helloMessage(chunked)), wire.receive((bytes) => reader.push(bytes))]);
      const theirs = reader.finish();
      const framing = theirs.capabilities.base() === "1.1" && chunked ? "chunked" : "end-of-message";
      wire.use(framing);
      return { theirs, framing } as const;
    });
    return new NetconfClient(wire, hello.theirs, hello.framing);
  }

  get alive(): boolean {
    return this.#wire.lost === undefined;
  }

  /**
   * Sends one operation, an XML element, as `name`; takes its reply. Errors: RpcRefused (COMMAND_REFUSED, AUTHORIZATION_DENIED,
   * CANDIDATE_BUSY) when it holds an error; COMMAND_TIMEOUT, OUTPUT_TOO_LARGE, CONNECTION_LOST, NETCONF_FRAMING, NETCONF_MESSAGE.
   */
  async rpc(name: string, operation: string, options: RpcOptions): Promise<Reply> {
    if (this.#isBusy) throw new FarhandError("INTERNAL", `${name}: another rpc is running`);
    this.#isBusy = true;
    try {
      const { head, data } = await this.#wire.exchange(name, options, () => this.#ask(operation, options));
      await this.#wire.told?.("received", `${name}: ${summary(head)}`);
      if (head.errorCount > 0) throw new RpcRefused(name, head.errors, head.errorCount);
      return { ok: head.ok, data, warnings: head.warnings };
    } finally {
      this.#isBusy = false;
    }
  }

  /** Ends the line; the device then gives back this session's locks and drops what only this session held. */
  close(): void {
    this.#wire.end("closed by us");
  }

  async #ask(
    operation: string,
    { sink, dataBytesMax = DATA_BYTES_MAX, mayBeEmpty = false }: RpcOptions,
  ): Promise<Asked> {
    this.#lastId += 1;
    const id = String(this.#lastId);
    const reader = new ReplyReader(id, (text) => quoted(this.#wire.redact, text));
    const parts: string[] = [];
    let bytes = 0;
    await this.#wire.told?.("sent", operation);
    await this.#wire.send(
      `<?xml version="1.0" encoding="UTF-8"?>\n<rpc xmlns="${BASE}" message-id="${id}">${operation}</rpc>`,
    );
    await this.#wire.receive(async (piece) => {
      const text = reader.push(piece);
      if (text === "") return;
      bytes += Buffer.byteLength(text);
      if (bytes > dataBytesMax) throw new FarhandError("OUTPUT_TOO_LARGE", `more than ${dataBytesMax} bytes`);
      if (sink) await sink(text);
      else parts.push(text);
    });
    const head = reader.finish();
    if (!mayBeEmpty && !head.ok && !head.hasData && head.errorCount + head.warnings.length === 0)
      throw new FarhandError("NETCONF_MESSAGE", "a reply with neither ok, data nor an error");
    return { head, data: head.hasData && !sink ? parts.join("") : null };
  }
}

function summary({ ok, hasData, errors, errorCount, warnings }: ReplyHead): string {
  const parts = [
    errorCount > 0 ? `refused: ${describe(errors, errorCount)}` : hasData ? "data" : ok ? "ok" : "no ok",
    ...(warnings.length > 0 ? [`with warnings: ${describe(warnings)}`] : []),
  ];
  return parts.join(", ");
}

interface Asked {
  readonly head: ReplyHead;
  readonly data: string | null;
}

/** Messages on the stream, and the one end that they all have. */
class Wire {
  lost: string | undefined;
  readonly redact: (text: string) => string;
  readonly told: NetconfOptions["told"];
  readonly #stream: ByteStream;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #frames = new FrameDecoder();
  #framing: Framing = "end-of-message";

  constructor({ stream, clock, signal, redact, told }: NetconfOptions) {
    this.told = told;
    this.#stream = stream;
    this.#clock = clock;
    this.#signal = signal;
    this.redact = redact;
  }

  use(framing: Framing): void {
    this.#framing = framing;
    this.#frames.use(framing);
  }

  end(why: string): void {
    if (this.lost !== undefined) return;
    this.lost = why;
    this.#stream.close();
  }

  /** Runs `work` until its end, the deadline or an abort, whichever comes first; all but a good end is the end of the wire. */
  exchange<T>(name: string, limits: Pick<RpcOptions, "deadlineMs" | "signal">, work: () => Promise<T>): Promise<T> {
    if (this.lost !== undefined) return Promise.reject(new FarhandError("CONNECTION_LOST", this.lost));
    const signal = limits.signal ? AbortSignal.any([limits.signal, this.#signal]) : this.#signal;
    return new Promise<T>((resolve, reject) => {
      const settle = (act: () => void): void => {
        timer.clear();
        signal.removeEventListener("abort", abort);
        act();
      };
      const fail = (error: Error): void => {
        this.end(`${name} was broken off`);
        settle(() => reject(error));
      };
      const abort = (): void => fail(asError(signal.reason));
      const timer = this.#clock.after(limits.deadlineMs, () =>
        fail(new FarhandError("COMMAND_TIMEOUT", `${name}: no end after ${limits.deadlineMs} ms`)),
      );
      if (signal.aborted) return abort();
      signal.addEventListener("abort", abort, { once: true });
      work().then(
        (value) => settle(() => resolve(value)),
        (error: unknown) => fail(asError(error)),
      );
    });
  }

  async send(message: string): Promise<void> {
    for (const bytes of encodeMessage(this.#framing, message)) {
      this.#requireOpen();
      await this.#stream.write(bytes);
    }
  }

  /** One message, in the order of its bytes; none is read before the last one is taken. */
  async receive(take: (bytes: Uint8Array) => Promise<void> | void): Promise<void> {
    for (;;) {
      this.#requireOpen();
      const event = this.#frames.next();
      if (event?.kind === "end") return;
      if (event?.kind === "payload") {
        await take(event.bytes);
        continue;
      }
      const bytes = await this.#stream.read();
      if (bytes === null) {
        const where = this.#frames.isWithinMessage ? " within a message" : "";
        throw new FarhandError("CONNECTION_LOST", `the device has ended the NETCONF session${where}`);
      }
      this.#frames.push(bytes);
    }
  }

  #requireOpen(): void {
    if (this.lost !== undefined) throw new FarhandError("CONNECTION_LOST", this.lost);
  }
}
