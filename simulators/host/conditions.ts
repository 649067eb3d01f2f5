/** Programs of a host whose answer is one of its conditions: what time it is there, and how much of its disk is free. */
import type { Clock } from "../../shared/clock.ts";
import type { Conditions } from "../conditions.ts";
import type { Call } from "./calls.ts";
import type { Jail, JailProgram } from "./jail.ts";

const two = (value: number): string => String(value).padStart(2, "0");
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DEFAULT = "+%a %b %e %H:%M:%S %Z %Y";

/** coreutils' `date` in UTC, with the fields that people write dates with. */
function dateText(atMs: number, format: string): string {
  const at = new Date(atMs);
  const fields: Readonly<Record<string, string>> = {
    Y: String(at.getUTCFullYear()),
    m: two(at.getUTCMonth() + 1),
    d: two(at.getUTCDate()),
    e: String(at.getUTCDate()).padStart(2),
    H: two(at.getUTCHours()),
    M: two(at.getUTCMinutes()),
    S: two(at.getUTCSeconds()),
    s: String(Math.floor(atMs / 1000)),
    F: at.toISOString().slice(0, 10),
    T: at.toISOString().slice(11, 19),
    a: DAYS[at.getUTCDay()] ?? "",
    b: MONTHS[at.getUTCMonth()] ?? "",
    Z: "UTC",
    z: "+0000",
    "%": "%",
  };
  return format.replaceAll(/%(.)/g, (whole, field: string) => fields[field] ?? whole);
}

/** `jail` is asked for when a program runs: it is made with these in it. */
export function conditionPrograms(
  clock: Clock,
  conditions: () => Conditions,
  jail: () => Pick<Jail, "run">,
): readonly JailProgram[] {
  const date = ({ argv, out, err }: Call): number => {
    const other = argv.find((word) => word !== "-u" && word !== "--utc" && !word.startsWith("+"));
    if (other !== undefined) {
      err(`date: invalid date ${other}\n`);
      return 1;
    }
    const format = argv.find((word) => word.startsWith("+")) ?? DEFAULT;
    out(`${dateText(clock.nowMs() + conditions().clockSkewMs, format.slice(1))}\n`);
    return 0;
  };
  const df = async ({ argv, out, err }: Call): Promise<number> => {
    const words = argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    const { code, stdout, stderr } = await jail().run(`/usr/bin/df ${words}`);
    const { freeBytes } = conditions();
    const free = freeBytes === undefined ? undefined : String(Math.floor(freeBytes / 1024));
    out(
      free === undefined
        ? stdout
        : stdout.replaceAll(/^(\S+ +\d+ +\d+ +)\d+/gm, (_whole, before: string) => before + free),
    );
    err(stderr);
    return code;
  };
  return [
    { path: "/usr/local/sbin/date", serve: date },
    { path: "/usr/local/sbin/df", serve: df },
  ];
}
