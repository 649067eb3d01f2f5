import type { OpenAPIHono } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { BUNDLE_BYTES_MAX } from "../../../shared/bundle/format.ts";
import { FarhandError } from "../../../shared/errors.ts";
import { TRUST_FILE_BYTES_MAX } from "../../../shared/tuf/file.ts";
import { callerOf, mayAct, type Caller, type TokenRole } from "../../store/tokens.ts";
import type { Routes } from "../contract/routes.ts";
import type { ApiDeps } from "./deps.ts";

export interface ApiEnv {
  Bindings: {
    /** Whom the server says that the request came from; for rates only. */
    readonly peer?: string;
  };
  Variables: { requestId: string; caller: Caller; route: keyof Routes };
}
export type Api = OpenAPIHono<ApiEnv>;

const JSON_BYTES_MAX = 1024 * 1024;
/** A change of 20,000 devices names as many texts. */
const JOB_BYTES_MAX = 8 * 1024 * 1024;
const BLOB_BYTES_MAX = 16 * 1024 * 1024;
const BYTES_MAX: Readonly<Record<string, number>> = {
  putBlob: BLOB_BYTES_MAX,
  submitJob: JOB_BYTES_MAX,
  importBundle: BUNDLE_BYTES_MAX,
  putTrust: TRUST_FILE_BYTES_MAX,
};
const REQUEST_ID_BYTES = 9;

const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "strict-transport-security": "max-age=31536000",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
} as const;

export function securityHeaders(deps: Pick<ApiDeps, "randomBytes">): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const requestId = Buffer.from(deps.randomBytes(REQUEST_ID_BYTES)).toString("base64url");
    c.set("requestId", requestId);
    await next();
    for (const [name, value] of Object.entries(HEADERS)) c.res.headers.set(name, value);
    c.res.headers.set("x-request-id", requestId);
  };
}

export function limitOf(route: string): MiddlewareHandler {
  const maxSize = BYTES_MAX[route] ?? JSON_BYTES_MAX;
  return bodyLimit({
    maxSize,
    onError: () => {
      throw new FarhandError("ENVELOPE_TOO_LARGE", `a body of more than ${maxSize} bytes`);
    },
  });
}

/** Rates by peer, so that one who knocks does not lock out the others. */
export class Rates {
  readonly #failures = new RateLimiterMemory({ points: 60, duration: 60 });
  readonly #enrol = new RateLimiterMemory({ points: 600, duration: 60 });

  /** A token that holds is never refused for what others tried. */
  failed(peer: string): Promise<void> {
    return spend(this.#failures, peer);
  }

  enrol(peer: string): Promise<void> {
    return spend(this.#enrol, peer);
  }
}

async function spend(limiter: RateLimiterMemory, peer: string): Promise<void> {
  try {
    await limiter.consume(peer);
  } catch (error) {
    if (!(error instanceof RateLimiterRes)) throw error;
    throw new FarhandError("RATE_LIMITED", `try again in ${Math.ceil(error.msBeforeNext / 1000)} seconds`);
  }
}

export const peerOf = (c: { readonly env: ApiEnv["Bindings"] | undefined }): string => c.env?.peer ?? "unknown";

const BEARER = /^Bearer ([A-Za-z0-9_-]{1,128})$/i;

/** Refuses before the body is looked at. */
export function guard(
  deps: Pick<ApiDeps, "store" | "clock">,
  rates: Rates,
  { route, needed }: { readonly route: keyof Routes; readonly needed: TokenRole | "open" },
): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    c.set("route", route);
    if (needed === "open") {
      await rates.enrol(peerOf(c));
      return next();
    }
    const secret = BEARER.exec(c.req.header("authorization") ?? "")?.[1];
    const caller = secret === undefined ? undefined : await callerOf(deps.store, secret, deps.clock.nowMs());
    if (!caller) {
      await rates.failed(peerOf(c));
      throw new FarhandError("UNAUTHORIZED");
    }
    c.set("caller", caller);
    if (!mayAct(caller.role, needed)) {
      throw new FarhandError("FORBIDDEN", `it needs the role ${needed}; the token ${caller.name} is ${caller.role}`);
    }
    return next();
  };
}
