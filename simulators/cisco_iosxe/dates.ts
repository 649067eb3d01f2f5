/** Times as IOS writes them. */
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** `12:44:10 UTC Sat May 29 2021` */
export function longTime(atMs: number): string {
  const at = new Date(atMs);
  return `${clockTime(at)} UTC ${DAYS[at.getUTCDay()]} ${MONTHS[at.getUTCMonth()]} ${at.getUTCDate()} ${at.getUTCFullYear()}`;
}

/** `*12:44:10.123 UTC Sat May 29 2021`; the star means that no time server was heard. */
export function showClock(atMs: number, synced = false): string {
  const at = new Date(atMs);
  const millis = String(at.getUTCMilliseconds()).padStart(3, "0");
  return longTime(atMs).replace(/^(\S+)/, `${synced ? "" : "*"}$1.${millis}`);
}

function clockTime(at: Date): string {
  return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
}

/** `May--4-13-16-19.360`, the middle of the name of an archived configuration. */
export function archiveStamp(atMs: number): string {
  const at = new Date(atMs);
  const day = String(at.getUTCDate()).padStart(2, "-");
  return `${MONTHS[at.getUTCMonth()]}-${day}-${clockTime(at).replaceAll(":", "-")}.${String(at.getUTCMilliseconds()).padStart(3, "0")}`;
}

/** `May 29 2021 12:44:10 +00:00`, as in `dir`. */
export function fileTime(atMs: number): string {
  const at = new Date(atMs);
  return `${MONTHS[at.getUTCMonth()]} ${String(at.getUTCDate()).padStart(2)} ${at.getUTCFullYear()} ${clockTime(at)} +00:00`;
}

/** `2 weeks, 1 day, 3 hours, 5 minutes` */
export function uptime(forMs: number): string {
  const minutes = Math.floor(forMs / 60_000);
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(minutes / 10_080), "week"],
    [Math.floor(minutes / 1440) % 7, "day"],
    [Math.floor(minutes / 60) % 24, "hour"],
    [minutes % 60, "minute"],
  ];
  const shown = parts
    .filter(([count, unit]) => count > 0 || unit === "minute")
    .map(([count, unit]) => `${count} ${unit}${count === 1 ? "" : "s"}`);
  return shown.join(", ");
}
