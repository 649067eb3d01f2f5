import type { z } from "@hono/zod-openapi";
import { ERRORS, FarhandError, type ErrorCode } from "../../../shared/errors.ts";
import type { ErrorBody } from "../contract/views.ts";

export type ErrorStatus = 400 | 401 | 403 | 404 | 409 | 413 | 429 | 500;

const STATUS: Partial<Record<ErrorCode, ErrorStatus>> = {
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  JOIN_TOKEN: 403,
  CHALLENGE: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  ID_SPENT: 409,
  KEY_REUSED: 409,
  ENVELOPE_TOO_LARGE: 413,
  OUTPUT_TOO_LARGE: 413,
  RATE_LIMITED: 429,
  GRANT_RATE: 429,
  IO: 500,
  DISK_FULL: 500,
  INTERNAL: 500,
};

/** What is not named is the fault of what was handed over. */
export const statusOf = (code: ErrorCode): ErrorStatus => STATUS[code] ?? 400;

export function bodyOf(error: unknown, requestId: string): { status: ErrorStatus; body: z.infer<typeof ErrorBody> } {
  const code = error instanceof FarhandError ? error.code : "INTERNAL";
  const status = statusOf(code);
  const { what: message, next } = ERRORS[code];
  // The detail of a fault of ours may name files or rows: it stands in the log under the request's id.
  const detail = error instanceof FarhandError && status !== 500 ? (error.detail ?? null) : null;
  return { status, body: { code, message, next, detail: detail?.slice(0, 500) ?? null, requestId } };
}
