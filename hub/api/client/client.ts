import type { Clock } from "../../../shared/clock.ts";
import { systemClock } from "../../../shared/clock.ts";
import { sha256, toBase64url, type Bytes } from "../../../shared/bytes.ts";
import { FarhandError } from "../../../shared/errors.ts";
import type { AgentId, Digest } from "../../../shared/ids.ts";
import { routes } from "../contract/routes.ts";
import { errorOf, isTransient, networkError } from "./errors.ts";
import { followEvents, type EventQuery } from "./events.ts";
import { answerSchema, partsOf, urlOf, type RequestParts } from "./request.ts";
import type { InputOf, JsonRouteName, OutputOf, RouteName } from "./route-types.ts";
import type { StreamEvent } from "../contract/views.ts";

export type Fetch = (url: URL, init: FetchInit) => Promise<Response>;
export type FetchInit = RequestInit & { tls?: { ca: string } };

export interface ClientOptions {
  readonly url: string;
  /** PEM of the only CA that is believed; without it, the system's. */
  readonly ca?: string;
  readonly token?: string;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** Each request's deadline. */
  readonly timeoutMs?: number;
  readonly fetch?: Fetch;
}

const TIMEOUT_MS = 30_000;
/** A gigabyte on a slow line. */
const BUNDLE_MS = 3_600_000;
const RETRIES = 2;
const RETRY_DELAY_MS = 300;
const ANSWER_BYTES_MAX = 256 * 1024 * 1024;
const BLOB_BYTES_MAX = 16 * 1024 * 1024;

/** The operator's side of the HTTP API, over TLS only. */
export class HubClient {
  readonly base: URL;
  readonly #options: ClientOptions;
  readonly #fetch: Fetch;
  readonly #clock: Clock;

  constructor(options: ClientOptions) {
    this.base = baseOf(options.url);
    this.#options = options;
    this.#fetch = options.fetch ?? ((url, init) => fetch(url, init));
    this.#clock = options.clock ?? systemClock;
  }

  /** A call of the contract: typed input, answer checked against the contract's schema. */
  async call<K extends JsonRouteName>(name: K, input: InputOf<K>): Promise<OutputOf<K>> {
    const text = await this.#text(name, partsOf(input), {});
    return this.#answer(name, text);
  }

  /** Submits once, however often it has to be sent: the key makes a repeat the same job. */
  async submit(body: InputOf<"submitJob">["body"], key = newKey()): Promise<OutputOf<"submitJob">> {
    const text = await this.#text("submitJob", { body }, { "idempotency-key": key }, true);
    return this.#answer("submitJob", text);
  }

  async putBlob(bytes: Bytes): Promise<{ sha256: Digest; bytes: number }> {
    const response = await this.#send("putBlob", {}, { "content-type": "application/octet-stream" }, bytes, true);
    const stored = this.#answer("putBlob", decode(await bounded(response, ANSWER_BYTES_MAX)));
    if (stored.sha256 !== sha256(bytes))
      throw new FarhandError("PROTOCOL", "the hub stored something else than was sent");
    return stored;
  }

  /** The bytes are what the digest says, or this throws: the hub is not believed. */
  async getBlob(digest: Digest): Promise<Bytes> {
    const response = await this.#send("getBlob", { params: { sha256: digest } }, {}, undefined, true);
    const bytes = await bounded(response, BLOB_BYTES_MAX);
    if (sha256(bytes) !== digest)
      throw new FarhandError("PROTOCOL", `the hub's bytes for ${digest.slice(0, 12)}… are others`);
    return bytes;
  }

  /** A file for an agent without a line, as it comes; whoever takes it checks it. */
  async exportBundle(agent: AgentId, days: number): Promise<{ chunks: AsyncIterable<Uint8Array>; more: boolean }> {
    const body = JSON.stringify({ days });
    const headers = { "content-type": "application/json" };
    const response = await this.#send("exportBundle", { params: { id: agent } }, headers, body, false, BUNDLE_MS);
    if (!response.body) throw new FarhandError("PROTOCOL", "the hub sent no bundle");
    return { chunks: response.body, more: response.headers.get("x-farhand-more") === "1" };
  }

  /** Evidence that an agent exported. Not repeated: a number is taken in once. */
  async importBundle(file: Blob): Promise<OutputOf<"importBundle">> {
    const headers = { "content-type": "application/octet-stream" };
    const response = await this.#send("importBundle", {}, headers, file, false, BUNDLE_MS);
    return this.#answer("importBundle", decode(await bounded(response, ANSWER_BYTES_MAX)));
  }

  /** Server-sent events from an offset on, without a gap; reconnects, within bounds. */
  events(query: EventQuery, signal?: AbortSignal): AsyncGenerator<StreamEvent> {
    const ended = anySignal([this.#options.signal, signal]);
    const open = (last: number | undefined, connection: AbortSignal) => {
      const parts: RequestParts = { query: { job: query.job, after: last ?? query.after } };
      const headers: Record<string, string> = { accept: "text/event-stream" };
      if (last !== undefined) headers["last-event-id"] = String(last);
      return this.#fetchOnce("events", parts, headers, undefined, connection);
    };
    return followEvents(open, { clock: this.#clock, ...(ended && { signal: ended }), host: this.base.host });
  }

  #answer<K extends JsonRouteName>(name: K, text: string): OutputOf<K> {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw new FarhandError("PROTOCOL", `${name}: the answer is not JSON`, { cause: error });
    }
    const checked = answerSchema(name).safeParse(value);
    if (checked.success) return checked.data as OutputOf<K>;
    const issue = checked.error.issues[0];
    throw new FarhandError(
      "PROTOCOL",
      `${name}: ${issue ? `${issue.path.join(".")}: ${issue.message}` : "unexpected answer"}`,
    );
  }

  async #text(
    name: RouteName,
    parts: RequestParts,
    headers: Record<string, string>,
    repeatable = false,
  ): Promise<string> {
    const { method } = routes[name];
    const body = parts.body === undefined ? undefined : JSON.stringify(parts.body);
    const typed = body === undefined ? headers : { ...headers, "content-type": "application/json" };
    const response = await this.#send(name, parts, typed, body, repeatable || method === "get" || method === "put");
    return decode(await bounded(response, ANSWER_BYTES_MAX));
  }

  async #send(
    name: RouteName,
    parts: RequestParts,
    headers: Record<string, string>,
    body: string | Bytes | Blob | undefined,
    repeatable: boolean,
    timeoutMs = this.#options.timeoutMs ?? TIMEOUT_MS,
  ): Promise<Response> {
    for (let tried = 0; ; tried++) {
      try {
        const deadline = AbortSignal.timeout(timeoutMs);
        const response = await this.#fetchOnce(
          name,
          parts,
          headers,
          body,
          anySignal([deadline, this.#options.signal]) ?? deadline,
        );
        if (response.ok) return response;
        throw errorOf(response.status, decode(await bounded(response, 1024 * 1024)));
      } catch (error) {
        this.#options.signal?.throwIfAborted();
        const known = networkError(error, this.base.host);
        if (!repeatable || tried >= RETRIES || !isTransient(known)) throw known;
        await this.#clock.sleep(RETRY_DELAY_MS * 2 ** tried, this.#options.signal);
      }
    }
  }

  #fetchOnce(
    name: RouteName,
    parts: RequestParts,
    headers: Record<string, string>,
    body: string | Bytes | Blob | undefined,
    signal: AbortSignal,
  ): Promise<Response> {
    const { ca, token } = this.#options;
    return this.#fetch(urlOf(this.base, name, parts), {
      method: routes[name].method.toUpperCase(),
      headers: {
        accept: "application/json",
        ...headers,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      redirect: "error",
      signal,
      ...(body !== undefined && { body }),
      ...(ca !== undefined && { tls: { ca } }),
    });
  }
}

function baseOf(text: string): URL {
  const url = URL.parse(text);
  if (!url) throw new FarhandError("USAGE", `${text} is not a URL`);
  if (url.protocol !== "https:")
    throw new FarhandError("USAGE", `the hub's URL must start with https://, not ${url.protocol}//`);
  if (url.username !== "" || url.password !== "")
    throw new FarhandError("USAGE", "a hub's URL holds no credentials; use a token file");
  return url;
}

const newKey = (): string => toBase64url(crypto.getRandomValues(new Uint8Array(18)));
const decode = (bytes: Bytes): string => new TextDecoder().decode(bytes);

function anySignal(signals: readonly (AbortSignal | undefined)[]): AbortSignal | undefined {
  const given = signals.filter((signal) => signal !== undefined);
  return given.length > 1 ? AbortSignal.any(given) : given[0];
}

/** Reads a body up to a cap: a hub that answers without end does not fill the operator's memory. */
async function bounded(response: Response, bytesMax: number): Promise<Bytes> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > bytesMax) throw new FarhandError("PROTOCOL", "the hub's answer is too large");
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
