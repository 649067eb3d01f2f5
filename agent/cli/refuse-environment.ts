import { FarhandError } from "../../shared/errors.ts";

/** Variables that weaken TLS, load code or open a debugger before or behind our first line. */
const REFUSED = ["NODE_TLS_REJECT_UNAUTHORIZED", "NODE_EXTRA_CA_CERTS", "NODE_OPTIONS", "BUN_OPTIONS", "BUN_BE_BUN"];
const REFUSED_PREFIX = "BUN_INSPECT";

export function refuseEnvironment(env: Readonly<Record<string, string | undefined>>): void {
  const found = Object.keys(env).filter(
    (name) => env[name] !== undefined && (REFUSED.includes(name) || name.startsWith(REFUSED_PREFIX)),
  );
  if (found.length > 0) throw new FarhandError("ENVIRONMENT", found.join(", "));
}
