import { ROLES } from "./metadata.ts";
import type { TrustView } from "./open.ts";

/** Days before an end at which people are told, each time more urgently. */
export const WARN_DAYS = [30, 14, 7, 1] as const;
const DAY_MS = 86_400_000;

export interface End {
  readonly what: string;
  readonly endMs: number;
  /** The command that puts it off. */
  readonly cure: string;
}

/** Everything of a trust repository that ends by itself, the first one first. The hub's timestamp is renewed hourly and is not people's work. */
export function endsOf(view: Pick<TrustView, "facts" | "keys">): End[] {
  const ends: End[] = ROLES.filter((role) => role !== "timestamp").map((role) => ({
    what: `${role}.json`,
    endMs: view.facts.expiresMs[role],
    cure: role === "root" ? "farhand trust rotate root" : "farhand trust renew",
  }));
  ends.push({ what: "keys.json", endMs: view.keys.keys.document.exp * 1000, cure: "farhand trust renew" });
  return ends.toSorted((a, b) => a.endMs - b.endMs);
}

/** Which of the warnings is due: the smallest number of days that is not past; undefined while there is time, 0 once it is over. */
export function warningDue(endMs: number, nowMs: number): number | undefined {
  if (endMs <= nowMs) return 0;
  return WARN_DAYS.findLast((days) => endMs - nowMs <= days * DAY_MS);
}

/** `in 12 days`, for people. */
export function daysLeft(endMs: number, nowMs: number): string {
  const days = Math.ceil((endMs - nowMs) / DAY_MS);
  return days === 1 ? "in a day" : `in ${days} days`;
}
