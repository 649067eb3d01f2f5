import { Accepted } from "../../../shared/documents/accepted.ts";
import { FarhandError } from "../../../shared/errors.ts";

/** `SESSIONS_FEW=the third line is being repaired`: a finding that blocks, and why it may. */
export function acceptedOf(given: string): Accepted {
  const at = given.indexOf("=");
  const parsed = Accepted.safeParse({ code: given.slice(0, Math.max(0, at)), reason: given.slice(at + 1).trim() });
  if (at > 0 && parsed.success) return parsed.data;
  throw new FarhandError("USAGE", "must be CODE=REASON, as in SESSIONS_FEW='the third line is being repaired'");
}

export const acceptFlag = {
  kind: "parsed",
  parse: acceptedOf,
  brief: "Accept a finding of the preflight that blocks, and say why",
  placeholder: "CODE=REASON",
  variadic: true,
  optional: true,
} as const;
