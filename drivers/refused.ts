import type { ErrorCode } from "../shared/errors.ts";

const REFUSALS: ReadonlySet<ErrorCode> = new Set(["COMMAND_REFUSED", "AUTHORIZATION_DENIED", "NETCONF_CAPABILITY"]);

/** The device answered, or does not have what was asked for: what is asked next will be answered. */
export const isRefused = (code: ErrorCode): boolean => REFUSALS.has(code);
