import { pino } from "pino";
import type { Log } from "./log.ts";

/** One JSON line for each event, on standard error: standard output belongs to the command. */
export function processLog(): Log {
  const logger = pino({ base: null }, pino.destination({ fd: 2, sync: true }));
  const at =
    (level: "info" | "warn" | "error") =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}): void =>
      logger[level]({ ...fields, event });
  return { info: at("info"), warn: at("warn"), error: at("error") };
}
