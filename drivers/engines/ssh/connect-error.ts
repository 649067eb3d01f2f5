import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { FarhandError, type ErrorCode } from "../../../shared/errors.ts";

const WORDS_MAX = 200;

/** What the peer said: one line, short, safe to tell. */
export const quoted = (redact: (text: string) => string, text: string): string =>
  // Redacted before it is cut, or a cut would leave half a secret.
  redact(text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gv, " ")).slice(0, WORDS_MAX);

const TCP_CODES: Readonly<Record<string, ErrorCode>> = {
  ECONNREFUSED: "CONNECT_REFUSED",
  ECONNRESET: "SESSIONS_FULL",
  EHOSTUNREACH: "CONNECT_TIMEOUT",
  ENETUNREACH: "CONNECT_TIMEOUT",
  ETIMEDOUT: "CONNECT_TIMEOUT",
  ENOTFOUND: "CONNECT_TIMEOUT",
};

/** ssh2's errors are told apart by level and words; nothing else tells an algorithm mismatch from a broken line. */
export function connectError(
  error: Error & { level?: string; code?: unknown },
  hostKeyRefused: boolean,
  socket: Duplex,
  redact: (text: string) => string,
): FarhandError {
  const made = (code: ErrorCode, detail = quoted(redact, error.message)): FarhandError =>
    new FarhandError(code, detail);
  if (hostKeyRefused) return made("HOST_KEY", "the key that the device showed is not pinned");
  if (error.level === "client-authentication") return made("LOGIN_REFUSED");
  if (error.level === "client-timeout") return made("CONNECT_TIMEOUT");
  if (/no matching host key format/i.test(error.message))
    return made("HOST_KEY", "the device has no key of a pinned type");
  if (/no matching|unsupported algorithm/i.test(error.message)) return made("ALGORITHMS");
  const silent = socket instanceof Socket && socket.bytesRead === 0;
  const tcp = typeof error.code === "string" ? TCP_CODES[error.code] : undefined;
  if (tcp !== undefined && (tcp !== "SESSIONS_FULL" || silent)) return made(tcp);
  // A box without a free line takes the TCP connection and ends it before it says its version.
  if (silent) return made("SESSIONS_FULL", "the device closed the connection before SSH began");
  return made("CONNECTION_LOST");
}

export function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
