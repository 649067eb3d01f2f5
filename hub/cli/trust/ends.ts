import { ROLES } from "../../../shared/tuf/metadata.ts";
import type { TrustView } from "../../../shared/tuf/open.ts";

const DAY_MS = 86_400_000;
/** Days before the end at which people are told, each time louder. */
export const WARN_DAYS = [30, 14, 7, 1] as const;

export interface End {
  readonly what: string;
  readonly endMs: number;
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

/** One line for each that ends within thirty days. */
export function endsSoon({ view }: { readonly view: Pick<TrustView, "facts" | "keys"> }, nowMs: number): string[] {
  return endsOf(view).flatMap(({ what, endMs, cure }) => {
    const days = Math.ceil((endMs - nowMs) / DAY_MS);
    if (days > WARN_DAYS[0]) return [];
    if (days <= 0) return [`${what} has ended; nothing starts before: ${cure}`];
    return [`${what} ends in ${days === 1 ? "a day" : `${days} days`}: ${cure}`];
  });
}
