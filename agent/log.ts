import pino, { type DestinationStream } from "pino";

/** The only fields that a log line may carry. A list of what is allowed cannot forget a secret. */
export interface LogFields {
  readonly code?: string;
  readonly detail?: string;
  readonly manifest?: string;
  readonly device?: string;
  readonly job?: string;
  readonly state?: string;
}

export interface AgentLog {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

const DETAIL_MAX = 500;

/** One JSON line per event to stderr, written at once: no worker, so that it is the same in the compiled binary. */
export function makeLog(destination: DestinationStream = pino.destination({ fd: 2, sync: true })): AgentLog {
  const logger = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  const write =
    (level: "info" | "warn" | "error") =>
    (event: string, fields: LogFields = {}) => {
      const { code, detail, manifest, device, job, state } = fields;
      logger[level]({ code, detail: detail?.slice(0, DETAIL_MAX), manifest, device, job, state }, event);
    };
  return { info: write("info"), warn: write("warn"), error: write("error") };
}
