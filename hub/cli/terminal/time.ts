/** How long ago, in one unit: what a person asks of a list. JSON has the exact time. */
export function ago(atMs: number | null, nowMs: number): string {
  if (atMs === null) return "never";
  const seconds = Math.max(0, Math.round((nowMs - atMs) / 1000));
  if (seconds < 120) return `${seconds}s ago`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)}m ago`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)}h ago`;
  return `${Math.round(seconds / 86_400)}d ago`;
}

/** UTC to the second: one form for every reader. */
export const utc = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 19)}Z`;
