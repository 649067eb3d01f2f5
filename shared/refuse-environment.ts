import { FarhandError } from "./errors.ts";

/**
 * Variables that switch verification off, load code, open a debugger, or lead our connections elsewhere (security research §10).
 * BUN_OPTIONS and BUN_BE_BUN act before our first line: against those the service unit is the control, and this only finds what
 * was started without it.
 */
const REFUSED = ["NODE_TLS_REJECT_UNAUTHORIZED", "NODE_OPTIONS", "SSLKEYLOGFILE", "BUN_OPTIONS", "BUN_BE_BUN"];
const REFUSED_PATTERN = /^BUN_INSPECT|^(?:https?|wss?|all|no|socks)_proxy$/i;

/** Throws ENVIRONMENT with the names. An empty variable is none. */
export function refuseEnvironmentOf(
  env: Readonly<Record<string, string | undefined>>,
  also: readonly string[] = [],
): void {
  const found = Object.keys(env).filter(
    (name) => (env[name] ?? "") !== "" && (REFUSED.includes(name) || also.includes(name) || REFUSED_PATTERN.test(name)),
  );
  if (found.length > 0) throw new FarhandError("ENVIRONMENT", found.join(", "));
}
