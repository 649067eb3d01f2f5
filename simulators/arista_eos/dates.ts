/** Times as EOS writes them. */
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const two = (value: number): string => String(value).padStart(2, "0");

/** `Sat May 29 13:12:03 2021` */
export function calendar(atMs: number): string {
  const at = new Date(atMs);
  const day = String(at.getUTCDate()).padStart(2);
  return `${DAYS[at.getUTCDay()]} ${MONTHS[at.getUTCMonth()]} ${day} ${timeOfDay(at)} ${at.getUTCFullYear()}`;
}

/** `2021-08-08 13:50:00` */
export function stamp(atMs: number): string {
  const at = new Date(atMs);
  return `${at.getUTCFullYear()}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())} ${timeOfDay(at)}`;
}

function timeOfDay(at: Date): string {
  return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
}

/** `0:04:59` */
export function span(forMs: number): string {
  const seconds = Math.max(0, Math.round(forMs / 1000));
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** `2 weeks, 1 days, 3 hours and 5 minutes` */
export function uptime(forMs: number): string {
  const minutes = Math.floor(forMs / 60_000);
  const [weeks, days, hours] = [
    Math.floor(minutes / 10_080),
    Math.floor(minutes / 1440) % 7,
    Math.floor(minutes / 60) % 24,
  ];
  return `${weeks} weeks, ${days} days, ${hours} hours and ${minutes % 60} minutes`;
}
