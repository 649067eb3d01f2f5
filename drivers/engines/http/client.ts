import type { Duplex } from "node:stream";
import { HTTPParser, type HeaderInfo } from "http-parser-js";
import type { Clock } from "../../../shared/clock.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { asError } from "../ssh/connect-error.ts";

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path and query, encoded by the caller. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Milliseconds from the first byte sent to the last received. */
  readonly deadlineMs: number;
  readonly outputBytesMax: number;
  /** Receives the body as it comes; resolves when there is room. Without it the body is returned whole. */
  readonly sink?: (chunk: Uint8Array) => Promise<void> | void;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case; of those that come twice, the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface HttpConnectionOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The `Host` header (RFC 9112 §3.2). */
  readonly host: string;
}

/** Of all header lines of an answer together. */
const HEADER_BYTES_MAX = 64 * 1024;
HTTPParser.maxHeaderSize = HEADER_BYTES_MAX;
/** The parser counts the whole piece in which a body ends against the limit of a head. */
const SLICE_BYTES = 16 * 1024;

/**
 * HTTP/1.1 (RFC 9112) on one verified connection, one request at a time: no redirects, no second connection behind the caller's
 * back, nothing decoded that was not asked for. A time-out or a broken answer ends the connection; every call after it throws CONNECTION_LOST.
 */
export class HttpConnection {
  readonly #socket: Duplex;
  readonly #o: HttpConnectionOptions;
  #lost: string | undefined;
  #current: Exchange | undefined;

  constructor(socket: Duplex, options: HttpConnectionOptions) {
    this.#socket = socket;
    this.#o = options;
    socket.on("data", (chunk: Buffer) => this.#received(chunk));
    socket.on("error", (error: Error) => this.#lose(error.message));
    socket.on("end", () => this.#ended());
    socket.on("close", () => this.#ended());
  }

  get usable(): boolean {
    return this.#lost === undefined;
  }

  /** Errors: COMMAND_TIMEOUT, OUTPUT_TOO_LARGE, CONNECTION_LOST, API_REFUSED (no HTTP), and the signal's reason. */
  async request(request: HttpRequest): Promise<HttpResponse> {
    if (this.#lost !== undefined) throw new FarhandError("CONNECTION_LOST", this.#lost);
    if (this.#current) throw new FarhandError("INTERNAL", "two requests at once on one connection");
    const { clock, signal } = this.#o;
    signal.throwIfAborted();
    const exchange = new Exchange(this.#socket, request);
    this.#current = exchange;
    const stop = (error: Error): void => {
      exchange.fail(error);
      this.#lose(error.message);
    };
    const abort = (): void => stop(asError(signal.reason));
    const timer = clock.after(request.deadlineMs, () =>
      stop(new FarhandError("COMMAND_TIMEOUT", `no end after ${request.deadlineMs} ms`)),
    );
    signal.addEventListener("abort", abort, { once: true });
    try {
      this.#socket.write(this.#bytes(request));
      const response = await exchange.done;
      if (exchange.closes) this.#lose("the device closes after each answer");
      return response;
    } catch (error) {
      // What comes after half an answer belongs to nobody.
      this.#lose(asError(error).message);
      throw error;
    } finally {
      timer.clear();
      signal.removeEventListener("abort", abort);
      this.#current = undefined;
    }
  }

  #bytes({ method, path, headers = {}, body = "" }: HttpRequest): string {
    const lines = Object.entries({
      host: this.#o.host,
      accept: "application/json",
      ...headers,
      ...(method === "GET" ? {} : { "content-length": String(Buffer.byteLength(body)) }),
    }).map(([name, value]) => `${name}: ${value}`);
    const head = [`${method} ${path} HTTP/1.1`, ...lines];
    if (head.some((line) => /[\r\n\0]/.test(line)))
      throw new FarhandError("INTERNAL", "a line feed in a request's head");
    return `${head.join("\r\n")}\r\n\r\n${body}`;
  }

  #received(chunk: Buffer): void {
    if (!this.#current) {
      // Nothing was asked.
      if (chunk.length > 0) this.#lose("the device speaks without being asked");
      return;
    }
    this.#current.feed(chunk);
  }

  #ended(): void {
    this.#current?.end();
    this.#lose("closed by the device");
  }

  #lose(why: string): void {
    if (this.#lost !== undefined) return;
    this.#lost = why;
    this.#current?.lost(new FarhandError("CONNECTION_LOST", why.slice(0, 200)));
    this.#socket.destroy();
  }

  close(): void {
    this.#lose("closed by us");
  }
}

/** One request and its answer. */
class Exchange {
  readonly done: Promise<HttpResponse>;
  closes = false;
  readonly #parser = new HTTPParser(HTTPParser.RESPONSE);
  readonly #socket: Duplex;
  readonly #request: HttpRequest;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #status = 0;
  #headers: Record<string, string> = {};
  #pending: Promise<void> = Promise.resolve();
  #resolve: (response: HttpResponse) => void = () => {};
  #reject: (error: Error) => void = () => {};
  /** The answer is all there, and perhaps still being put away. */
  #whole = false;
  #over = false;

  constructor(socket: Duplex, request: HttpRequest) {
    this.#socket = socket;
    this.#request = request;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const parser = this.#parser;
    parser[HTTPParser.kOnHeadersComplete] = (info: HeaderInfo) => this.#head(info);
    parser[HTTPParser.kOnBody] = (buffer: Buffer, at: number, length: number) =>
      this.#body(buffer.subarray(at, at + length));
    parser[HTTPParser.kOnMessageComplete] = () => this.#complete();
  }

  feed(chunk: Buffer): void {
    if (this.#whole) this.closes = true;
    if (this.#over || this.#whole) return;
    try {
      for (let at = 0; at < chunk.length && !this.#over; at += SLICE_BYTES) {
        const parsed = this.#parser.execute(chunk.subarray(at, at + SLICE_BYTES));
        if (parsed instanceof Error) this.fail(noHttp(parsed));
      }
    } catch (error) {
      this.fail(noHttp(asError(error)));
    }
  }

  /** The end of the connection is the end of an answer that tells no length. */
  end(): void {
    if (this.#over) return;
    try {
      this.#parser.finish();
    } catch {
      // It was in the middle of one: the caller is told that the line broke.
    }
  }

  /** The end of the connection; it takes nothing from an answer that is whole. */
  lost(error: Error): void {
    if (!this.#whole) this.fail(error);
  }

  fail(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#reject(error);
  }

  #head({ statusCode, headers, shouldKeepAlive }: HeaderInfo): void {
    // A second answer behind the first: nobody asked, and none of it belongs to what was.
    if (this.#whole) {
      this.closes = true;
      return;
    }
    this.#status = statusCode;
    this.closes = !shouldKeepAlive;
    for (let at = 0; at + 1 < headers.length; at += 2)
      this.#headers[(headers[at] ?? "").toLowerCase()] = headers[at + 1] ?? "";
  }

  #body(bytes: Buffer): void {
    if (this.#whole) return;
    this.#bytes += bytes.length;
    if (this.#bytes > this.#request.outputBytesMax) {
      this.fail(new FarhandError("OUTPUT_TOO_LARGE", `more than ${this.#request.outputBytesMax} bytes`));
      return;
    }
    const { sink } = this.#request;
    if (!sink || this.#status >= 300) {
      this.#chunks.push(Uint8Array.from(bytes));
      return;
    }
    // The device waits while what came is put away.
    this.#socket.pause();
    const copy = Uint8Array.from(bytes);
    this.#pending = this.#pending
      .then(() => sink(copy))
      .then(
        () => void this.#socket.resume(),
        (error: unknown) => this.fail(asError(error)),
      );
  }

  #complete(): void {
    // An interim answer (RFC 9110 §15.2) is not the answer.
    if (this.#whole || (this.#status >= 100 && this.#status < 200)) return;
    this.#whole = true;
    const body = Buffer.concat(this.#chunks).toString("utf8");
    void this.#pending.then(() => {
      if (this.#over) return;
      this.#over = true;
      this.#resolve({ status: this.#status, headers: this.#headers, body });
    });
  }
}

const noHttp = (error: Error): FarhandError =>
  new FarhandError("API_REFUSED", `what the device said is no HTTP: ${error.message.slice(0, 100)}`, { cause: error });
