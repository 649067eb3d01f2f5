/**
 * The HTTPS door of a simulated device, for eAPI, JSON-RPC and REST alike. It knows TLS, connections and the faults that meet any
 * request; what an answer says is the platform's.
 *
 * The TCP listener is our own and stands before the TLS server, because a simulator has to do to a connection what a device's
 * failure does: refuse before the first byte, reset in the middle of an answer, or go silent without closing.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import { timingSafeEqual } from "node:crypto";
import type { Clock } from "../../shared/clock.ts";
import type { FaultBoard } from "../faults.ts";
import type { ServerCertificate } from "./certificate.ts";
import type { Door } from "./start.ts";

export interface HttpsCounters {
  /** TCP connections, refused ones included. */
  accepts: number;
  refused: number;
  openConnections: number;
  requests: number;
  /** Requests with a password, right or wrong. */
  passwordAttempts: number;
  authFailures: number;
  bytesIn: number;
  bytesOut: number;
}

/** One request, read whole. */
export interface HttpsExchange {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: string;
  /** 1 for the first connection that this door accepted; more than one request may come over it. */
  readonly connectionId: number;
  readonly remote: string;
  /** Ends with the connection. */
  readonly signal: AbortSignal;
  /** Ends the connection without an answer: `reset` sends a TCP RST. */
  readonly drop: (how: "reset" | "close") => void;
  /** For the faults `hang` and a login that nobody answers: waits until the client is gone. */
  readonly silence: () => Promise<Response>;
}

export interface HttpsUser {
  readonly username: string;
  readonly password: string;
}

export type HttpsLogin =
  | { readonly kind: "user"; readonly username: string }
  | { readonly kind: "refused" }
  | { readonly kind: "unanswered" };

export interface HttpsDoorOptions {
  readonly address?: string;
  /** 0 takes any free port. */
  readonly port?: number;
  readonly certificate: ServerCertificate;
  readonly clock: Clock;
  readonly faults: () => FaultBoard | undefined;
  /** Connections at one time; the one too many is closed before TLS begins. */
  readonly connectionsMax?: number;
  /** A larger request gets 413. */
  readonly bodyMaxBytes?: number;
  /** What it throws becomes a 500. */
  readonly handle: (exchange: HttpsExchange) => Response | Promise<Response>;
}

export interface HttpsDoor extends Door {
  readonly address: string;
  readonly port: number;
  /** PEM. */
  readonly certificate: string;
  readonly counters: Readonly<HttpsCounters>;
  /** Whose name and password a request carries (RFC 7617). `unanswered`: AAA is gone and says nothing. */
  login(exchange: HttpsExchange, users: readonly HttpsUser[]): HttpsLogin;
}

interface Live {
  readonly id: number;
  readonly client: Socket;
  readonly inner: Socket;
  readonly closed: AbortController;
  dark: boolean;
  bytesOut: number;
  /** Reset when so many bytes have gone out. */
  cutAt: number;
}

const BODY_MAX_BYTES = 32 * 1024 * 1024;

export async function startHttpsDoor(options: HttpsDoorOptions): Promise<HttpsDoor> {
  const counters: HttpsCounters = {
    accepts: 0,
    refused: 0,
    openConnections: 0,
    requests: 0,
    passwordAttempts: 0,
    authFailures: 0,
    bytesIn: 0,
    bytesOut: 0,
  };
  /** By the port from which the front speaks to the TLS server: how a request finds its connection. */
  const live = new Map<number, Live>();
  const opening = new Set<Socket>();
  let reachability: "up" | "refuse" | "blackhole" = "up";

  const tls = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    maxRequestBodySize: options.bodyMaxBytes ?? BODY_MAX_BYTES,
    tls: { cert: options.certificate.cert, key: options.certificate.key },
    fetch: async (request, server) => {
      const entry = live.get(server.requestIP(request)?.port ?? -1);
      if (!entry) return new Response(null, { status: 503 });
      counters.requests += 1;
      try {
        const response = await options.handle(await exchangeOf(request, entry));
        const drop = options.faults()?.get("drop");
        if (drop?.afterBytes !== undefined) entry.cutAt = entry.bytesOut + drop.afterBytes;
        return response;
      } catch (error) {
        if (entry.closed.signal.aborted) return new Response(null, { status: 503 });
        return new Response(error instanceof Error ? error.message : "internal error", { status: 500 });
      }
    },
  });

  async function exchangeOf(request: Request, entry: Live): Promise<HttpsExchange> {
    const { signal } = entry.closed;
    return {
      method: request.method,
      url: new URL(request.url),
      headers: request.headers,
      body: await request.text(),
      connectionId: entry.id,
      remote: entry.client.remoteAddress ?? "",
      signal,
      drop: (how) => end(entry, how),
      silence: () =>
        new Promise((_resolve, reject) => {
          const gone = (): void => reject(new Error("the client is gone"));
          if (signal.aborted) gone();
          else signal.addEventListener("abort", gone, { once: true });
        }),
    };
  }

  function end(entry: Live, how: "reset" | "close"): void {
    if (how === "reset") entry.client.resetAndDestroy();
    else entry.client.destroy();
    entry.inner.destroy();
  }

  /** From the device to the client, at the client's pace and the fault's. */
  async function pump(entry: Live): Promise<void> {
    try {
      for await (const chunk of entry.inner as AsyncIterable<Buffer>) {
        let at = 0;
        while (at < chunk.length) {
          const pace = options.faults()?.pace;
          const room = Math.min(chunk.length - at, pace?.chunkBytes ?? chunk.length, entry.cutAt - entry.bytesOut);
          const part = chunk.subarray(at, at + room);
          if (!entry.dark && !(await write(entry, part))) return;
          at += room;
          entry.bytesOut += room;
          counters.bytesOut += room;
          if (entry.bytesOut >= entry.cutAt) return end(entry, options.faults()?.get("drop")?.how ?? "reset");
          if (pace !== undefined && pace.delayMs > 0) await options.clock.sleep(pace.delayMs, entry.closed.signal);
        }
      }
      entry.client.end();
    } catch {
      end(entry, "close");
    }
  }

  /** False where the client is gone. */
  function write(entry: Live, part: Buffer): Promise<boolean> {
    const { client, closed } = entry;
    if (client.destroyed) return Promise.resolve(false);
    if (client.write(part)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (value: boolean) => (): void => {
        client.off("drain", drained);
        closed.signal.removeEventListener("abort", gone);
        resolve(value);
      };
      const drained = settle(true);
      const gone = settle(false);
      client.once("drain", drained);
      closed.signal.addEventListener("abort", gone, { once: true });
    });
  }

  const tcp: Server = createServer({ noDelay: true, pauseOnConnect: true }, (client) => {
    counters.accepts += 1;
    const id = counters.accepts;
    client.on("error", () => {});
    const full =
      options.faults()?.get("full-session-table") !== undefined ||
      live.size + opening.size >= (options.connectionsMax ?? Number.POSITIVE_INFINITY);
    if (reachability === "refuse") return void client.resetAndDestroy();
    if (reachability === "up" && full) {
      counters.refused += 1;
      return void client.destroy();
    }
    opening.add(client);
    const inner = connect({ host: "127.0.0.1", port: tls.port ?? 0, noDelay: true });
    inner.on("error", () => client.destroy());
    inner.on("connect", () => {
      opening.delete(client);
      if (client.destroyed) return void inner.destroy();
      const port = inner.localPort ?? 0;
      const entry: Live = {
        id,
        client,
        inner,
        closed: new AbortController(),
        dark: reachability === "blackhole",
        bytesOut: 0,
        cutAt: Number.POSITIVE_INFINITY,
      };
      live.set(port, entry);
      counters.openConnections = live.size;
      client.on("close", () => {
        live.delete(port);
        opening.delete(client);
        counters.openConnections = live.size;
        entry.closed.abort(new Error("the connection is closed"));
        inner.destroy();
      });
      client.on("data", (chunk: Buffer) => {
        counters.bytesIn += chunk.length;
        if (entry.dark || inner.write(chunk)) return;
        client.pause();
        inner.once("drain", () => client.resume());
      });
      client.on("end", () => inner.end());
      client.resume();
      void pump(entry);
    });
    client.on("close", () => opening.delete(client));
  });

  await new Promise<void>((resolve, reject) => {
    tcp.once("error", reject);
    tcp.listen(options.port ?? 0, options.address ?? "127.0.0.1", () => {
      tcp.off("error", reject);
      resolve();
    });
  });
  const bound = tcp.address();
  if (bound === null || typeof bound === "string") throw new Error("the HTTPS door has no TCP address");

  const endAll = (): void => {
    for (const entry of live.values()) end(entry, "reset");
    for (const client of opening) client.resetAndDestroy();
  };

  return {
    address: bound.address,
    port: bound.port,
    certificate: options.certificate.cert,
    counters,
    setReachability(next) {
      if (next === reachability) return;
      reachability = next;
      // Whoever was left in the dark stays broken, as after a path change that lost the session's state.
      if (next === "blackhole") for (const entry of live.values()) entry.dark = true;
      else if (next === "refuse") endAll();
      else for (const entry of live.values()) if (entry.dark) end(entry, "reset");
    },
    dropSessions: endAll,
    async stop() {
      const closed = new Promise<void>((resolve) => tcp.close(() => resolve()));
      endAll();
      await closed;
      await tls.stop(true);
    },
    login(exchange, users) {
      const down = options.faults()?.get("aaa-down")?.how;
      const given = basicCredentials(exchange.headers);
      if (given) counters.passwordAttempts += 1;
      if (given && down === "hang") return { kind: "unanswered" };
      const user = given && down === undefined ? users.find((one) => one.username === given.username) : undefined;
      if (user && given && same(user.password, given.password)) return { kind: "user", username: user.username };
      counters.authFailures += 1;
      return { kind: "refused" };
    },
  };
}

function basicCredentials(headers: Headers): HttpsUser | undefined {
  const found = /^basic +([a-z0-9+/=]+)$/i.exec(headers.get("authorization") ?? "");
  const decoded = Buffer.from(found?.[1] ?? "", "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  return colon < 0 ? undefined : { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

function same(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
