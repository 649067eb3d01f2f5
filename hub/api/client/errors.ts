import { FarhandError, type ErrorCode } from "../../../shared/errors.ts";
import { ErrorBody } from "../contract/views.ts";

/** What a status means where the body is not ours: a proxy, or a server that died half-way. */
function codeOfStatus(status: number): ErrorCode {
  if (status === 401) return "UNAUTHORIZED";
  if (status === 403) return "FORBIDDEN";
  if (status === 404) return "NOT_FOUND";
  if (status === 409) return "CONFLICT";
  if (status === 429) return "RATE_LIMITED";
  return "IO";
}

/** The server's own code and detail. Its `message` and `next` are not used: our error table says the same, in this version's words. */
export function errorOf(status: number, text: string): FarhandError {
  const body = ErrorBody.safeParse(parsed(text));
  if (!body.success) return new FarhandError(codeOfStatus(status), `the hub answered with HTTP ${status}`);
  const { code, detail, requestId } = body.data;
  const parts = [detail, code === "INTERNAL" ? `request ${requestId}` : null].filter((part) => part !== null);
  return new FarhandError(code, parts.length > 0 ? parts.join("; ") : undefined);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const TLS_FAULT = /CERT|SELF_SIGNED|ISSUER|SIGNATURE|ALTNAME|CRL|INVALID_CA|CHAIN|SSL|TLS/;

/** A failure below HTTP. A certificate that the pinned CA did not make is named as such: it is the one that must not be shrugged off. */
export function networkError(error: unknown, host: string): FarhandError {
  if (error instanceof FarhandError) return error;
  const name = error instanceof Error ? error.name : "";
  if (name === "TimeoutError") return new FarhandError("DEADLINE", `no answer from ${host} in time`, { cause: error });
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : name;
  if (TLS_FAULT.test(code))
    return new FarhandError("CHALLENGE", `${host} is not certified by the hub's CA (${code})`, { cause: error });
  return new FarhandError("IO", `cannot reach ${host} (${code})`, { cause: error });
}

/** Worth another try: the request may not have arrived, or the hub is coming back. */
export function isTransient(error: FarhandError): boolean {
  return error.code === "IO" || error.code === "DEADLINE";
}
