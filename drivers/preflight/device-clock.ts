/** What a device's own words say of the time, as far as they can be understood. */
export interface DeviceTime {
  /** Milliseconds since 1970; where the zone is not known, as if it were UTC. */
  readonly ms: number;
  /** False where the zone is a name of the device's own: then only what is left of whole quarters of an hour can be judged. */
  readonly isZoneKnown: boolean;
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/** Every zone on earth is a multiple of this. */
const ZONE_STEP_MS = 15 * 60_000;

/** From named groups `year`, `month`, `day`, `time`, `zone`. Undefined where they make no time. */
export function deviceTime(groups: Readonly<Record<string, string | undefined>>): DeviceTime | undefined {
  const { year = "", month = "", day = "", time = "", zone } = groups;
  const named = MONTHS.indexOf(month.slice(0, 3).toLowerCase());
  const monthNumber = /^\d{1,2}$/.test(month) ? Number(month) : named + 1;
  const clock = /^(\d{1,2}):(\d{2}):(\d{2})$/.exec(time);
  if (!clock || !/^\d{4}$/.test(year) || !/^\d{1,2}$/.test(day) || monthNumber < 1 || monthNumber > 12)
    return undefined;
  const [hour, minute, second] = clock.slice(1).map(Number);
  const ms = Date.UTC(Number(year), monthNumber - 1, Number(day), hour, minute, second);
  if (zone === undefined || /^(?:UTC|GMT|Z|Etc\/UTC)$/i.test(zone)) return { ms, isZoneKnown: true };
  const offset = /^([+-])(\d{2}):?(\d{2})$/.exec(zone);
  if (!offset) return { ms, isZoneKnown: false };
  const offsetMs = (Number(offset[2]) * 60 + Number(offset[3])) * 60_000;
  return { ms: offset[1] === "-" ? ms + offsetMs : ms - offsetMs, isZoneKnown: true };
}

/** How far it is from `nowMs`, forward positive; at least so far where the zone is not known. */
export function offsetMs(device: DeviceTime, nowMs: number): number {
  const apart = device.ms - nowMs;
  return device.isZoneKnown ? apart : apart - Math.round(apart / ZONE_STEP_MS) * ZONE_STEP_MS;
}
