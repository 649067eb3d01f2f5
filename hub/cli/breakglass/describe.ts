import type { Breakglass } from "../../../shared/documents/breakglass.ts";
import { escapeLine } from "../terminal/escape.ts";
import { utc } from "../terminal/time.ts";

/** In people's words. Everything in it came from outside and is escaped. */
export function describe(breakglass: Breakglass): string[] {
  const { id, site, agents, oncall, author, reason, useSecondsMax, exp } = breakglass;
  return [
    `break-glass ${id} for ${site} by ${author}, until ${utc(exp * 1000)}: ${escapeLine(reason)}`,
    `  any one of ${oncall.join(", ")}, alone, may change devices there, once for each of ${agents.join(", ")}`,
    `  within ${Math.floor(useSecondsMax / 60)} minutes of signing; only what a device's own timer undoes, and nothing destructive`,
  ];
}
