import type { Clock } from "../../../shared/clock.ts";
import { FarhandError } from "../../../shared/errors.ts";
import type { JobId } from "../../../shared/ids.ts";
import { StreamEvent } from "../contract/views.ts";
import { errorOf, isTransient, networkError } from "./errors.ts";
import { SseParser } from "./sse.ts";

export interface EventQuery {
  readonly job?: JobId;
  /** Events after this offset; 0 is from the beginning, undefined is from now on. */
  readonly after?: number;
}

export type OpenStream = (last: number | undefined, signal: AbortSignal) => Promise<Response>;

export interface FollowOptions {
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  readonly host: string;
}

const ATTEMPTS_MAX = 8;
const DELAY_MS = 250;
const DELAY_MS_MAX = 8_000;
/** The hub sends a comment at least this often; a longer silence is a dead line. */
const SILENCE_MS = 60_000;

/**
 * Follows the stream across cuts. The count of attempts starts anew with each event that arrives, so a stream that makes progress
 * goes on for as long as it must, and a dead hub ends it with the last error.
 */
export async function* followEvents(open: OpenStream, options: FollowOptions): AsyncGenerator<StreamEvent> {
  let last: number | undefined;
  let failures = 0;
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      for await (const event of oneConnection(open, last, options)) {
        if (last !== undefined && event.id <= last) continue;
        last = event.id;
        failures = 0;
        yield event;
      }
      failures++;
      if (failures > ATTEMPTS_MAX) throw new FarhandError("IO", "the hub keeps closing the event stream");
    } catch (error) {
      options.signal?.throwIfAborted();
      const known = networkError(error, options.host);
      if (!isTransient(known) || failures >= ATTEMPTS_MAX) throw known;
      failures++;
    }
    await options.clock.sleep(Math.min(DELAY_MS_MAX, DELAY_MS * 2 ** (failures - 1)), options.signal);
  }
}

async function* oneConnection(
  open: OpenStream,
  last: number | undefined,
  options: FollowOptions,
): AsyncGenerator<StreamEvent> {
  const connection = new AbortController();
  const stop = () => connection.abort(options.signal?.reason);
  options.signal?.addEventListener("abort", stop, { once: true });
  let silence = options.clock.after(SILENCE_MS, () =>
    connection.abort(new FarhandError("IO", "the event stream fell silent")),
  );
  try {
    const response = await open(last, connection.signal);
    if (!response.ok) throw errorOf(response.status, await response.text());
    const parser = new SseParser();
    for await (const chunk of response.body ?? []) {
      silence.clear();
      silence = options.clock.after(SILENCE_MS, () =>
        connection.abort(new FarhandError("IO", "the event stream fell silent")),
      );
      for (const event of parser.push(chunk)) yield read(event.data);
    }
  } finally {
    silence.clear();
    options.signal?.removeEventListener("abort", stop);
    connection.abort();
  }
}

function read(data: string): StreamEvent {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (error) {
    throw new FarhandError("PROTOCOL", "an event is not JSON", { cause: error });
  }
  const event = StreamEvent.safeParse(value);
  if (!event.success) throw new FarhandError("PROTOCOL", "an event of an unknown kind: update farhand");
  return event.data;
}
