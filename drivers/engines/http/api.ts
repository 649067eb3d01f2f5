import type { Clock } from "../../../shared/clock.ts";
import type { Device } from "../../../shared/documents/inventory.ts";
import { FarhandError } from "../../../shared/errors.ts";
import type { Credential } from "../../../shared/secret.ts";
import type { LoginGuard, OpenHop } from "../../types.ts";
import { quoted } from "../ssh/connect-error.ts";
import { transportVia } from "../ssh/via.ts";
import { HttpConnection, type HttpRequest, type HttpResponse } from "./client.ts";
import { openTls } from "./tls.ts";

export interface ApiOptions {
  readonly target: Pick<Device, "address" | "port" | "tls">;
  readonly via: readonly OpenHop[];
  readonly credential: Credential;
  readonly guard: LoginGuard;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly connectMs: number;
  readonly redact: (text: string) => string;
}

export type ApiRequest = Omit<HttpRequest, "headers" | "body"> & { readonly json?: unknown };

/** An API may say for how long it wants no more requests; longer than this is not waited. */
const RETRY_AFTER_MAX_MS = 60_000;
const RETRIES_MAX = 5;

/**
 * A device's HTTPS API: one verified connection, dialled again where the device has closed it between two requests, the user's
 * name and password on each (RFC 7617). Only `safe` requests are ever sent twice. Errors: those of the way, TLS and HTTP;
 * LOGIN_REFUSED (401), AUTHORIZATION_DENIED (403), DEVICE_RATE_LIMITED (429, 503), API_REFUSED (any other status that is not 2xx).
 */
export class Api {
  readonly #o: ApiOptions;
  #connection: HttpConnection | undefined;
  #closed = false;
  #proved = false;

  constructor(options: ApiOptions) {
    this.#o = options;
  }

  get usable(): boolean {
    return !this.#closed;
  }

  async request(request: ApiRequest, safe: boolean): Promise<HttpResponse> {
    const { clock, signal } = this.#o;
    const untilMs = clock.monotonicMs() + request.deadlineMs;
    for (let attempt = 0; ; attempt++) {
      const leftMs = Math.max(1, untilMs - clock.monotonicMs());
      const response = await this.#guarded({ ...request, deadlineMs: leftMs });
      // What was refused for its rate was not done, whatever it was.
      if (response.status !== 429 && !(safe && response.status === 503)) return this.#checked(response);
      const waitMs = retryAfterMs(response, attempt);
      if (attempt + 1 >= RETRIES_MAX || waitMs > RETRY_AFTER_MAX_MS || clock.monotonicMs() + waitMs >= untilMs)
        throw new FarhandError("DEVICE_RATE_LIMITED", `status ${response.status}`);
      await clock.sleep(waitMs, signal);
    }
  }

  /** The first answer tells whether the login is taken; it counts as one login against the device's lockout. */
  async #guarded(request: ApiRequest): Promise<HttpResponse> {
    if (this.#proved) return await this.#send(request);
    return await this.#o.guard(async () => {
      const response = await this.#send(request);
      if (response.status === 401) throw new FarhandError("LOGIN_REFUSED", "the API answered 401");
      this.#proved = true;
      return response;
    });
  }

  async #send({ json, ...request }: ApiRequest): Promise<HttpResponse> {
    const { credential } = this.#o;
    const connection = await this.#connected();
    const password = credential.password?.reveal() ?? "";
    const basic = Buffer.from(`${credential.username}:${password}`, "utf8").toString("base64");
    const headers = {
      authorization: `Basic ${basic}`,
      ...(json === undefined ? {} : { "content-type": "application/json" }),
    };
    return await connection.request({
      ...request,
      headers,
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    });
  }

  async #connected(): Promise<HttpConnection> {
    if (this.#closed) throw new FarhandError("CONNECTION_LOST", "closed by us");
    if (this.#connection?.usable === true) return this.#connection;
    const { target, via, clock, signal, connectMs, redact } = this.#o;
    const { tls } = target;
    if (!tls) throw new FarhandError("CERTIFICATE", "the signed inventory names no certificate for this device");
    const options = { target, clock, signal, connectMs, redact };
    this.#connection = await transportVia(via, options, async (transport, whenClosed, leftMs) => {
      const { address } = target;
      const socket = await openTls(transport, { trust: tls, address, clock, signal, connectMs: leftMs, redact });
      socket.once("close", whenClosed);
      return new HttpConnection(socket, { clock, signal, host: address.includes(":") ? `[${address}]` : address });
    });
    return this.#connection;
  }

  #checked(response: HttpResponse): HttpResponse {
    const { status, body } = response;
    if (status >= 200 && status < 300) return response;
    if (status === 401) throw new FarhandError("LOGIN_REFUSED", "the API answered 401");
    if (status === 403) throw new FarhandError("AUTHORIZATION_DENIED", "the API answered 403");
    throw new FarhandError("API_REFUSED", `status ${status}: ${quoted(this.#o.redact, body.slice(0, 4096))}`);
  }

  close(): void {
    this.#closed = true;
    this.#connection?.close();
  }
}

/** RFC 9110 §10.2.3, in seconds; a date is a clock that nobody vouches for. Without one: a second, two, four. */
function retryAfterMs({ headers }: HttpResponse, attempt: number): number {
  const seconds = /^\d{1,6}$/.exec(headers["retry-after"] ?? "")?.[0];
  return seconds === undefined ? 1_000 * 2 ** attempt : Math.max(100, Number(seconds) * 1_000);
}
