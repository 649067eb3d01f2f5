import { errorOf, networkError } from "../api/client/errors.ts";
import { answerSchema, partsOf, urlOf } from "../api/client/request.ts";
import type { InputOf, OutputOf } from "../api/client/route-types.ts";
import { FarhandError } from "../../shared/errors.ts";
import type { Digest } from "../../shared/ids.ts";
import { logout, session } from "./session.ts";

/** The routes that this page uses: it looks, and it can only stop work. It never signs and never submits. */
type Used =
  | "status"
  | "listAgents"
  | "listSites"
  | "listDevices"
  | "getDevice"
  | "deviceHistory"
  | "listJobs"
  | "getJob"
  | "getWarrant"
  | "cancelJob";

const TIMEOUT_MS = 30_000;
/** The largest text that a document may name. */
const BLOB_BYTES_MAX = 16 * 1024 * 1024;

const base = new URL("/", location.href);

async function send(url: URL, init: RequestInit): Promise<Response> {
  const { token } = session.get();
  const headers = new Headers(init.headers);
  if (token !== null) headers.set("authorization", `Bearer ${token}`);
  let response: Response;
  try {
    response = await fetch(url, { ...init, headers, redirect: "error", credentials: "omit", cache: "no-store" });
  } catch (error) {
    init.signal?.throwIfAborted();
    throw networkError(error, base.host);
  }
  if (response.ok) return response;
  const problem = errorOf(response.status, await response.text());
  // Only the session that asked is over: a new login may have happened while this answer was under way.
  if (response.status === 401 && session.get().token === token) logout(`The hub refused the token: ${problem.what}`);
  throw problem;
}

/** One call of the contract: the answer is checked against the contract's schema before anything is drawn. */
export async function call<K extends Used>(name: K, input: InputOf<K>, signal?: AbortSignal): Promise<OutputOf<K>> {
  const parts = partsOf(input);
  const body = parts.body === undefined ? undefined : JSON.stringify(parts.body);
  const deadline = AbortSignal.timeout(TIMEOUT_MS);
  const response = await send(urlOf(base, name, parts), {
    method: body === undefined ? "GET" : "POST",
    headers: { accept: "application/json", ...(body !== undefined && { "content-type": "application/json" }) },
    signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    ...(body !== undefined && { body }),
  });
  const value: unknown = await response.json().catch(() => undefined);
  const checked = answerSchema(name).safeParse(value);
  if (checked.success) return checked.data as OutputOf<K>;
  const issue = checked.error.issues[0];
  throw new FarhandError("PROTOCOL", `${name}: ${issue ? `${issue.path.join(".")}: ${issue.message}` : "not JSON"}`);
}

const hex = (bytes: ArrayBuffer): string =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** A text by its digest; what the hub sends must be what the digest names. */
export async function blobText(digest: Digest, signal?: AbortSignal): Promise<string> {
  const response = await send(urlOf(base, "getBlob", { params: { sha256: digest } }), { ...(signal && { signal }) });
  if (Number(response.headers.get("content-length") ?? 0) > BLOB_BYTES_MAX) {
    await response.body?.cancel();
    throw new FarhandError("OUTPUT_TOO_LARGE", "too large for this page");
  }
  const bytes = await response.arrayBuffer();
  if (hex(await crypto.subtle.digest("SHA-256", bytes)) !== digest) {
    throw new FarhandError("PROTOCOL", `the hub's bytes are not the ones that ${digest.slice(0, 12)}… names`);
  }
  return new TextDecoder().decode(bytes);
}

export function openEvents(query: { job?: string; after?: number }, last: number | undefined, signal: AbortSignal) {
  const url = urlOf(base, "events", { query: { job: query.job, after: last ?? query.after } });
  const headers: Record<string, string> = { accept: "text/event-stream" };
  if (last !== undefined) headers["last-event-id"] = String(last);
  return send(url, { headers, signal });
}
