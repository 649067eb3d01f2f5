import { FarhandError } from "../../shared/errors.ts";

/**
 * Variables that switch verification off, or load code and open a debugger before or behind our first line.
 * NODE_EXTRA_CA_CERTS is not among them: measured under Bun 1.4.5, it adds nothing to a pinned CA.
 */
const REFUSED = ["NODE_TLS_REJECT_UNAUTHORIZED", "BUN_OPTIONS", "BUN_BE_BUN"];

/** A key is opened and a signature made in this process: it does not start in an environment that lets others in. */
export function refuseEnvironment(env: Readonly<Partial<Record<string, string>>>): void {
  const found = Object.keys(env).filter(
    (name) => (env[name] ?? "") !== "" && (REFUSED.includes(name) || name.startsWith("BUN_INSPECT")),
  );
  if (found.length > 0) throw new FarhandError("ENVIRONMENT", found.join(", "));
}
