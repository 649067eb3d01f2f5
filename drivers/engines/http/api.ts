import type { Clock } from "../../../shared/clock.ts";
import type { Device } from "../../../shared/documents/inventory.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { Secret, type Credential } from "../../../shared/secret.ts";
import type { HttpToken } from "../../model/http-file.ts";
import type { LoginGuard, OpenHop } from "../../types.ts";
import { quoted } from "../ssh/connect-error.ts";
import { transportVia } from "../ssh/via.ts";
import { HttpConnection, type HttpRequest, type HttpResponse } from "./client.ts";
import { textAt } from "./pointer.ts";
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
  /** Where a login gives a token; without it every request carries name and password. */
  readonly token?: HttpToken | undefined;
}

export type ApiRequest = Omit<HttpRequest, "headers" | "body"> & { readonly json?: unknown };

/** An API may say for how long it wants no more requests; longer than this is not waited. */
const RETRY_AFTER_MAX_MS = 60_000;
const RETRIES_MAX = 5;
const LOGIN_MS = 30_000;
const LOGOUT_MS = 5_000;
const LOGIN_BYTES_MAX = 256 * 1024;
const TOKEN_CHARACTERS_MAX = 16_384;

/**
 * A device's HTTPS API: one verified connection, dialled again where the device has closed it between two requests, the user's
 * name and password on each (RFC 7617), or the token that they were given for. Only `safe` requests are ever sent twice, and what was
 * refused for a token that had run out. Errors: those of the way, TLS and HTTP;
 * LOGIN_REFUSED (401), AUTHORIZATION_DENIED (403), DEVICE_RATE_LIMITED (429, 503), API_REFUSED (any other status that is not 2xx).
 */
export class Api {
  readonly #o: ApiOptions;
  #connection: HttpConnection | undefined;
  #closed = false;
  #proved = false;
  #token: Secret | undefined;

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
    const { token } = this.#o;
    if (token) return await this.#withToken(token, request);
    if (this.#proved) return await this.#send(request, this.#basic());
    return await this.#o.guard(async () => {
      const response = await this.#send(request, this.#basic());
      if (response.status === 401) throw new FarhandError("LOGIN_REFUSED", "the API answered 401");
      this.#proved = true;
      return response;
    });
  }

  /** A token runs out: then there is one login more, and what was refused for it, and so not done, is said once more. */
  async #withToken(rules: HttpToken, request: ApiRequest): Promise<HttpResponse> {
    const had = this.#token !== undefined;
    const first = await this.#send(request, await this.#tokenHeaders(rules));
    if (first.status !== 401) return first;
    this.#token = undefined;
    if (had) {
      const again = await this.#send(request, await this.#tokenHeaders(rules));
      if (again.status !== 401) return again;
      this.#token = undefined;
    }
    throw new FarhandError("LOGIN_REFUSED", "the API answered 401 to the token that it had just given");
  }

  async #tokenHeaders(rules: HttpToken): Promise<Record<string, string>> {
    this.#token ??= await this.#o.guard(() => this.#login(rules));
    const { header, prefix } = rules.send;
    return { [header]: `${prefix}${this.#token.reveal()}` };
  }

  async #login({ login, from }: HttpToken): Promise<Secret> {
    const { method, path, as } = login;
    const { username, password } = this.#o.credential;
    const request = { method, path, deadlineMs: LOGIN_MS, outputBytesMax: LOGIN_BYTES_MAX } as const;
    const fields = as.kind === "basic" ? {} : { [as.username]: username, [as.password]: password?.reveal() ?? "" };
    const response =
      as.kind === "basic"
        ? await this.#send(request, this.#basic())
        : as.kind === "json"
          ? await this.#send({ ...request, json: fields }, {})
          : await this.#send(
              request,
              { "content-type": "application/x-www-form-urlencoded" },
              new URLSearchParams(fields).toString(),
            );
    if (response.status === 401 || response.status === 403)
      throw new FarhandError("LOGIN_REFUSED", `the API answered ${response.status} to the login`);
    if (response.status === 429 || response.status === 503)
      throw new FarhandError("DEVICE_RATE_LIMITED", `status ${response.status} to the login`);
    this.#checked(response);
    const token = tokenIn(response, from);
    // Its words are not shown: a token may be among them.
    if (token === "" || token.length > TOKEN_CHARACTERS_MAX || /[^!-~]/.test(token))
      throw new FarhandError("API_REFUSED", "the answer to the login holds no token");
    return new Secret(token);
  }

  #basic(): Record<string, string> {
    const { username, password } = this.#o.credential;
    return {
      authorization: `Basic ${Buffer.from(`${username}:${password?.reveal() ?? ""}`, "utf8").toString("base64")}`,
    };
  }

  async #send(
    { json, ...request }: ApiRequest,
    authorization: Readonly<Record<string, string>>,
    body = json === undefined ? undefined : JSON.stringify(json),
  ): Promise<HttpResponse> {
    const connection = await this.#connected();
    const headers = { ...(json === undefined ? {} : { "content-type": "application/json" }), ...authorization };
    return await connection.request({ ...request, headers, ...(body === undefined ? {} : { body }) });
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

  /** Gives the session back where the API has one. Never throws. */
  async close(): Promise<void> {
    if (this.#closed) return;
    const { token: rules } = this.#o;
    const connection = this.#connection;
    try {
      if (rules?.logout && this.#token && connection?.usable === true) {
        const request = { ...rules.logout, deadlineMs: LOGOUT_MS, outputBytesMax: LOGIN_BYTES_MAX };
        await this.#send(request, await this.#tokenHeaders(rules));
      }
    } catch {
      // It runs out by itself.
    } finally {
      this.#closed = true;
      this.#token = undefined;
      connection?.close();
    }
  }
}

function tokenIn({ headers, body }: HttpResponse, from: HttpToken["from"]): string {
  switch (from.kind) {
    case "header":
      return (headers[from.name] ?? "").split(";", 1)[0]?.trim() ?? "";
    case "body": {
      let json: unknown;
      try {
        json = JSON.parse(body);
      } catch {
        return "";
      }
      return textAt(json, from.pointer) ?? "";
    }
    default:
      return from satisfies never;
  }
}

/** RFC 9110 §10.2.3, in seconds; a date is a clock that nobody vouches for. Without one: a second, two, four. */
function retryAfterMs({ headers }: HttpResponse, attempt: number): number {
  const seconds = /^\d{1,6}$/.exec(headers["retry-after"] ?? "")?.[0];
  return seconds === undefined ? 1_000 * 2 ** attempt : Math.max(100, Number(seconds) * 1_000);
}
