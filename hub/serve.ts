import packageJson from "../package.json" with { type: "json" };
import { randomBytes } from "node:crypto";
import type { Server } from "bun";
import type { Clock, TimerHandle } from "../shared/clock.ts";
import { BUNDLE_BYTES_MAX } from "../shared/bundle/format.ts";
import { errorCode, FarhandError } from "../shared/errors.ts";
import type { BoundaryObserver, RefusalObserver } from "../shared/store.ts";
import { loadConsole, serveConsole, type ConsoleFile } from "./console/assets.ts";
import { LINK_PATH, type LinkSocketData } from "./links/ws/server.ts";
import { silentLog, type Log } from "./log.ts";
import { openHub, type OpenHub } from "./parts.ts";
import { StateFolder } from "./state-folder.ts";
import { serverTls, type ServerTls } from "./tls/server-certificate.ts";

/** Each route has its own cap; this is that of the largest. */
const REQUEST_BYTES_MAX = BUNDLE_BYTES_MAX;
const IDLE_SECONDS = 60;
const EVENTS_PATH = "/api/v1/events";
const CERTIFICATE_LOOK_MS = 6 * 3_600_000;

export interface StartOptions {
  readonly stateDir: string;
  /** Port 0 takes a free one. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Another than the one of init. */
  readonly publicUrl?: string | undefined;
  readonly clock: Clock;
  /** Stops the hub when it aborts. */
  readonly signal: AbortSignal;
  readonly onBoundary?: BoundaryObserver;
  readonly onRefused?: RefusalObserver;
  readonly log?: Log;
}

export interface RunningHub {
  /** The public one. */
  readonly url: string;
  readonly port: number;
  readonly ca: string;
  readonly spkiPin: string;
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** One hub: its store, its links, its API and its page, behind one TLS port. */
export async function startHub(options: StartOptions): Promise<RunningHub> {
  const { clock, signal, listen, log = silentLog } = options;
  const folder = new StateFolder(options.stateDir);
  const config = folder.config();
  const publicUrl = options.publicUrl ?? config.publicUrl;
  const tlsNow = (): Promise<ServerTls> =>
    serverTls({ folder, hubId: config.id, publicUrl, nowMs: clock.nowMs(), randomBytes });
  const tls = await tlsNow();
  const version = packageJson.version;
  const { onBoundary, onRefused } = options;
  const hub = await openHub({
    folder,
    config,
    publicUrl,
    caPem: tls.ca,
    clock,
    log,
    version,
    ...(onBoundary && { onBoundary }),
    ...(onRefused && { onRefused }),
  });
  const front = new Front(hub, listen);
  try {
    front.listen(tls);
  } catch (error) {
    await hub.close();
    throw new FarhandError("IO", `cannot listen on ${listen.host}:${listen.port}: ${String(error)}`, { cause: error });
  }
  hub.start();
  const renewal = new Renewal(clock, log, tls, tlsNow, (fresh) => front.listen(fresh));
  log.info("serving", { url: publicUrl, port: front.port });

  const ended = Promise.withResolvers<void>();
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      signal.removeEventListener("abort", onAbort);
      renewal.stop();
      front.refuse();
      await hub.close();
      await front.close();
      log.info("stopped");
    })();
    stopping.then(ended.resolve, ended.reject);
    return stopping;
  };
  const onAbort = (): void => void stop().catch(() => undefined);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  return { url: publicUrl, port: front.port, ca: tls.ca, spkiPin: tls.spkiPin, ended: ended.promise, stop };
}

/** The one TLS port: links, the page, and the API for all the rest. */
class Front {
  readonly #hub: OpenHub;
  readonly #listen: { readonly host: string; readonly port: number };
  #server: Server<LinkSocketData> | undefined;
  #console: Promise<ReadonlyMap<string, ConsoleFile>> | undefined;
  #refusing = false;

  constructor(hub: OpenHub, listen: { readonly host: string; readonly port: number }) {
    this.#hub = hub;
    this.#listen = listen;
  }

  get port(): number {
    return this.#server?.port ?? this.#listen.port;
  }

  /** Again with another certificate: what is connected stays, what comes next sees the new one. */
  listen(tls: ServerTls): void {
    const { host } = this.#listen;
    const { port } = this;
    void this.#server?.stop(false);
    this.#server = Bun.serve({
      hostname: host,
      port,
      tls: { cert: tls.chain, key: tls.key },
      idleTimeout: IDLE_SECONDS,
      maxRequestBodySize: REQUEST_BYTES_MAX,
      development: false,
      fetch: (request, server) => this.#fetch(request, server),
      websocket: this.#hub.ws.handler,
      error: (error) => {
        this.#hub.log.error("request", { code: errorCode(error), detail: String(error).slice(0, 500) });
        return new Response("Internal error\n", { status: 500 });
      },
    });
  }

  async #fetch(request: Request, server: Server<LinkSocketData>): Promise<Response | undefined> {
    const { pathname } = new URL(request.url);
    if (this.#refusing) return new Response("Stopping\n", { status: 503, headers: { "retry-after": "2" } });
    if (pathname === LINK_PATH) {
      if (this.#hub.ws.isFull) return new Response("Full\n", { status: 503, headers: { "retry-after": "10" } });
      const data: LinkSocketData = { session: undefined };
      return server.upgrade(request, { data }) ? undefined : new Response("A WebSocket only\n", { status: 426 });
    }
    if (pathname === "/healthz") return this.#health();
    if (pathname === "/console" || pathname.startsWith("/console/")) {
      // Takes a second from sources, so only who asks for it waits for it.
      this.#console ??= loadConsole();
      const page = serveConsole(await this.#console, request);
      if (page) return page;
    }
    // A stream of events is silent for as long as nothing happens.
    if (pathname === EVENTS_PATH) server.timeout(request, 0);
    return this.#hub.api.fetch(request, server.requestIP(request)?.address);
  }

  async #health(): Promise<Response> {
    try {
      await this.#hub.probe();
      return new Response("ok\n");
    } catch {
      return new Response("the store does not answer\n", { status: 503 });
    }
  }

  refuse(): void {
    this.#refusing = true;
  }

  async close(): Promise<void> {
    await this.#server?.stop(true);
  }
}

/** Looks now and then whether the certificate must be made anew, and listens with the new one. */
class Renewal {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #made: () => Promise<ServerTls>;
  readonly #use: (tls: ServerTls) => void;
  #pin: string;
  #timer: TimerHandle | undefined;
  #stopped = false;

  constructor(clock: Clock, log: Log, held: ServerTls, made: () => Promise<ServerTls>, use: (tls: ServerTls) => void) {
    this.#clock = clock;
    this.#log = log;
    this.#pin = held.spkiPin;
    this.#made = made;
    this.#use = use;
    this.#later();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.clear();
  }

  #later(): void {
    this.#timer = this.#clock.after(CERTIFICATE_LOOK_MS, () => void this.#look());
  }

  async #look(): Promise<void> {
    try {
      const tls = await this.#made();
      if (this.#stopped) return;
      if (tls.spkiPin !== this.#pin) this.#use(tls);
      this.#pin = tls.spkiPin;
    } catch (error) {
      this.#log.error("certificate", { code: errorCode(error), detail: String(error).slice(0, 300) });
    }
    if (!this.#stopped) this.#later();
  }
}
