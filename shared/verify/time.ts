import { FarhandError } from "../errors.ts";

/** What is known of the time: `nowMs` is right to within `errorMs`. `floorMs` is proved by authenticated documents. */
export interface TimeBound {
  readonly nowMs: number;
  readonly errorMs: number;
  readonly floorMs: number;
}

const FUTURE_SKEW_MS = 120_000;

/**
 * NOT_YET_VALID, EXPIRED or LIFETIME. The floor keeps a clock set back from reviving what has expired;
 * it is raised by authenticated documents only, so that a clock set forward cannot lock the agent.
 */
export function checkValidity(
  validity: { iat: number; nbf: number; exp: number },
  time: TimeBound,
  lifetimeSecondsMax: number,
): void {
  if (validity.exp <= validity.nbf || validity.exp - validity.iat > lifetimeSecondsMax)
    throw new FarhandError("LIFETIME");
  const nowMs = Math.max(time.nowMs, time.floorMs);
  if (validity.nbf * 1000 > nowMs + time.errorMs + FUTURE_SKEW_MS) throw new FarhandError("NOT_YET_VALID");
  if (validity.exp * 1000 <= nowMs - time.errorMs) throw new FarhandError("EXPIRED");
}
