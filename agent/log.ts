import { FarhandError } from "../shared/errors.ts";
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

/** What came over the link and is refused changes nothing and is told here; a fault of this agent's own is thrown. */
export async function orTold(log: AgentLog, event: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof FarhandError) || error.code === "DISK_FULL") throw error;
    log.warn(event, { code: error.code, detail: error.detail ?? "" });
  }
}
