import { useSyncExternalStore } from "react";

const TICK_MS = 1_000;
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let now = Date.now();

/** One clock for the page, so that a thousand rows do not keep a thousand timers. */
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  now = Date.now();
  timer ??= setInterval(() => {
    now = Date.now();
    for (const one of listeners) one();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0 || timer === undefined) return;
    clearInterval(timer);
    timer = undefined;
  };
}

const steps: readonly [number, string][] = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
  [1, "s"],
];

export function relative(atMs: number, nowMs: number): string {
  const seconds = Math.round((nowMs - atMs) / 1000);
  const size = Math.abs(seconds);
  if (size < 2) return "now";
  const [unit, name] = steps.find(([length]) => size >= length) ?? [1, "s"];
  const text = `${Math.floor(size / unit)} ${name}`;
  return seconds < 0 ? `in ${text}` : `${text} ago`;
}

export const utc = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 19).replace("T", " ")} UTC`;

/** Relative, with the exact time in UTC on hover. */
export function Time({ ms }: { ms: number | null }) {
  const current = useSyncExternalStore(subscribe, () => now);
  if (ms === null) return <span className="quiet">never</span>;
  return (
    <time dateTime={new Date(ms).toISOString()} title={utc(ms)}>
      {relative(ms, current)}
    </time>
  );
}
