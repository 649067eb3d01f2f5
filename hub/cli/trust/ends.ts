import { daysLeft, endsOf, warningDue } from "../../../shared/tuf/ends.ts";
import type { TrustView } from "../../../shared/tuf/open.ts";

/** One line for each that ends within thirty days. */
export function endsSoon({ view }: { readonly view: Pick<TrustView, "facts" | "keys"> }, nowMs: number): string[] {
  return endsOf(view).flatMap(({ what, endMs, cure }) => {
    const due = warningDue(endMs, nowMs);
    if (due === undefined) return [];
    if (due === 0) return [`${what} has ended; nothing starts before: ${cure}`];
    return [`${what} ends ${daysLeft(endMs, nowMs)}: ${cure}`];
  });
}
