import type { Clock, TimerHandle } from "../../shared/clock.ts";
import { FarhandError } from "../../shared/errors.ts";
import { bunProxy, reachError, type HubProxy } from "./proxy.ts";

/** More than this waiting to be handled means that the hub ignores the credit it was given. */
const INBOUND_BYTES_MAX = 16 * 1024 * 1024;
const PING_EVERY_MS = 20_000;
const SILENCE_MS = 50_000;

export interface SocketOptions {
  /** `wss://…` only. */
  readonly url: string;
  /** The one certification authority that vouches for the hub; the system's are not asked. */
  readonly ca: string;
  /** Asked to CONNECT; without it the connection is direct. */
  readonly proxy?: HubProxy | undefined;
  readonly clock: Clock;
  readonly connectMs: number;
  readonly signal: AbortSignal;
}

/** Bun's client: the pinned CA, pings and a hard close are its additions to the browser's WebSocket. */
interface BunWebSocket extends WebSocket {
  ping(): void;
  terminate(): void;
}
const BunWebSocket = WebSocket as unknown as new (
  url: string,
  options: { tls: { ca: string }; proxy?: ReturnType<typeof bunProxy> },
) => BunWebSocket;

/**
 * One TLS WebSocket as a queue of binary messages. A silent peer is found by pings; the queue is bounded; every way to end
 * ends in `closed`.
 */
export class Socket {
  readonly #ws: BunWebSocket;
  readonly #clock: Clock;
  readonly #inbound: Uint8Array[] = [];
  #inboundBytes = 0;
  #waiting: (() => void) | undefined;
  #ended: FarhandError | undefined;
  #heardMs: number;
  #pinger: TimerHandle | undefined;
  readonly #onAbort: () => void;
  readonly #signal: AbortSignal;

  static connect(options: SocketOptions): Promise<Socket> {
    if (!options.url.startsWith("wss://"))
      return Promise.reject(new FarhandError("USAGE", "the hub's address must be wss://"));
    if (options.signal.aborted) return Promise.reject(options.signal.reason as Error);
    return new Promise((resolve, reject) => {
      const socket = new Socket(options);
      const timer = options.clock.after(options.connectMs, () =>
        socket.end(new FarhandError("CONNECT_TIMEOUT", "hub")),
      );
      socket.#ws.addEventListener("open", () => {
        timer.clear();
        socket.#keepAlive();
        resolve(socket);
      });
      socket.#waiting = () => {
        timer.clear();
        reject(socket.#ended ?? new FarhandError("CONNECTION_LOST", "hub"));
      };
    });
  }

  private constructor(options: SocketOptions) {
    this.#clock = options.clock;
    this.#signal = options.signal;
    this.#heardMs = options.clock.monotonicMs();
    this.#ws = new BunWebSocket(options.url, {
      tls: { ca: options.ca },
      ...(options.proxy && { proxy: bunProxy(options.proxy) }),
    });
    this.#ws.binaryType = "arraybuffer";
    this.#ws.addEventListener("message", (event: MessageEvent<unknown>) => this.#take(event.data));
    this.#ws.addEventListener("pong", () => this.#heard());
    this.#ws.addEventListener("error", (event) => {
      const message = "message" in event && typeof event.message === "string" ? event.message : "hub";
      this.end(reachError(message, options.proxy));
    });
    this.#ws.addEventListener("close", () => this.end(new FarhandError("CONNECTION_LOST", "the hub closed the link")));
    this.#onAbort = () => this.end(new FarhandError("CANCELED", "the link was stopped"));
    options.signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  get ended(): FarhandError | undefined {
    return this.#ended;
  }

  send(message: Uint8Array): void {
    if (this.#ended) throw this.#ended;
    this.#ws.send(message as Uint8Array<ArrayBuffer>);
  }

  /** The next message; throws why the link ended once everything that arrived before is taken. */
  async receive(): Promise<Uint8Array> {
    for (;;) {
      const next = this.#inbound.shift();
      if (next) {
        this.#inboundBytes -= next.length;
        return next;
      }
      if (this.#ended) throw this.#ended;
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }

  end(reason: FarhandError): void {
    if (this.#ended) return;
    this.#ended = reason;
    this.#pinger?.clear();
    this.#signal.removeEventListener("abort", this.#onAbort);
    // A peer that does not answer would keep a polite close waiting.
    if (this.#ws.readyState === WebSocket.OPEN) this.#ws.close(1000);
    else this.#ws.terminate();
    this.#wake();
  }

  #take(data: unknown): void {
    this.#heard();
    if (!(data instanceof ArrayBuffer)) {
      this.end(new FarhandError("PROTOCOL", "a text message"));
      return;
    }
    this.#inbound.push(new Uint8Array(data));
    this.#inboundBytes += data.byteLength;
    if (this.#inboundBytes > INBOUND_BYTES_MAX) this.end(new FarhandError("CREDIT", "the hub sends without credit"));
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }

  #heard(): void {
    this.#heardMs = this.#clock.monotonicMs();
  }

  #keepAlive(): void {
    this.#pinger = this.#clock.after(PING_EVERY_MS, () => {
      if (this.#ended) return;
      if (this.#clock.monotonicMs() - this.#heardMs > SILENCE_MS) {
        const silent = new FarhandError("CONNECTION_LOST", "the hub is silent");
        this.#ws.terminate();
        this.end(silent);
        return;
      }
      this.#ws.ping();
      this.#keepAlive();
    });
  }
}
