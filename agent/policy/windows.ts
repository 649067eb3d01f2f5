import { WEEKDAYS, type Opening, type Weekday, type Windows } from "./document.ts";

const minutesOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));

const weekdayBefore = (day: Weekday): Weekday => WEEKDAYS[(WEEKDAYS.indexOf(day) + 6) % 7] ?? "sun";

/** The clock on the wall there: a day that gains or loses an hour needs no rule of its own. */
function wallClock(timeZone: string, nowMs: number): { day: Weekday; minute: number } {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).formatToParts(nowMs);
  const part = (type: string): string => parts.find((entry) => entry.type === type)?.value ?? "";
  const day = WEEKDAYS.find((name) => name === part("weekday").toLowerCase()) ?? "mon";
  return { day, minute: Number(part("hour")) * 60 + Number(part("minute")) };
}

function isOpen({ days, from, to }: Opening, { day, minute }: { day: Weekday; minute: number }): boolean {
  const [start, end] = [minutesOf(from), minutesOf(to)];
  if (start < end) return days.includes(day) && minute >= start && minute < end;
  return (days.includes(day) && minute >= start) || (days.includes(weekdayBefore(day)) && minute < end);
}

export function isWithin(windows: Windows, nowMs: number): boolean {
  const there = wallClock(windows.timeZone, nowMs);
  return windows.open.some((opening) => isOpen(opening, there));
}
