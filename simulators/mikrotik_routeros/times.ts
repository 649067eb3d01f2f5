/** Dates and spans as RouterOS 7 writes them: `2025-05-30`, `11:07:28`, `1d2h3m4s`. The box lives in UTC. */

export const dateOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
export const timeOf = (ms: number): string => new Date(ms).toISOString().slice(11, 19);

/** Milliseconds; undefined for what is no span. A bare number is seconds. */
export function spanOf(text: string): number | undefined {
  const clock = /^(?:(\d+)d)?(\d{1,2}):(\d{2}):(\d{2})$/.exec(text);
  if (clock) {
    const [days = 0, hours = 0, minutes = 0, seconds = 0] = clock.slice(1).map((part) => Number(part ?? 0));
    return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
  }
  const found = /^(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?$/.exec(text);
  if (!found || text === "") return undefined;
  const [weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = found.slice(1).map((part) => Number(part ?? 0));
  return ((((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}

export function showSpan(ms: number): string {
  let left = Math.floor(ms / 1000);
  let out = "";
  for (const [unit, size] of [
    ["w", 604_800],
    ["d", 86_400],
    ["h", 3600],
    ["m", 60],
    ["s", 1],
  ] as const) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) out += `${count}${unit}`;
  }
  return out === "" ? "0s" : out;
}
