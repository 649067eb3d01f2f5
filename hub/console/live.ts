import { followEvents } from "../api/client/events.ts";
import type { StreamEvent } from "../api/client/index.ts";
import { systemClock } from "../../shared/clock.ts";
import type { JobId } from "../../shared/ids.ts";
import { openEvents } from "./api.ts";
import { Watched } from "./watched.ts";

/** One event stream for the page: for one job while its page is open, else for everything. */
export type LiveState = "connecting" | "live" | "reconnecting";
export const liveState = new Watched<LiveState>("connecting");

export interface Subscription {
  readonly job?: JobId;
  /** Events from the job's beginning: earlier output is then shown too. */
  readonly replay?: boolean;
}

export interface LiveHandlers {
  /** The stream (re)opened: whatever was read before may be old. */
  onOpen(): void;
  onEvents(events: readonly StreamEvent[]): void;
}

/** Events are handed over in batches: a storm of them costs a few paints per second, not one each. */
const BATCH_MS = 150;
const BATCH_MAX = 5_000;
const PAUSE_MS = 3_000;

export function follow(subscription: Subscription, handlers: LiveHandlers): () => void {
  const ended = new AbortController();
  let batch: StreamEvent[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** The last event that was handed over or is in the batch: where to go on after a cut. */
  let lastId: number | undefined;

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const events = batch;
    batch = [];
    if (events.length > 0 && !ended.signal.aborted) handlers.onEvents(events);
  };

  const open = async (last: number | undefined, signal: AbortSignal): Promise<Response> => {
    if (liveState.get() === "live") liveState.set("reconnecting");
    const query = {
      ...(subscription.job !== undefined && { job: subscription.job }),
      ...(subscription.replay === true && { after: 0 }),
    };
    const response = await openEvents(query, last ?? lastId, signal);
    liveState.set("live");
    handlers.onOpen();
    return response;
  };

  const run = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      try {
        for await (const event of followEvents(open, {
          clock: systemClock,
          signal: ended.signal,
          host: location.host,
        })) {
          lastId = event.id;
          batch.push(event);
          if (batch.length >= BATCH_MAX) flush();
          else timer ??= setTimeout(flush, BATCH_MS);
        }
      } catch {
        // The reason shows in the header, and a refused token has logged the page out already.
        if (ended.signal.aborted) return;
      }
      liveState.set("reconnecting");
      await systemClock.sleep(PAUSE_MS, ended.signal).catch(() => undefined);
    }
  };

  liveState.set("connecting");
  void run();
  return () => {
    ended.abort();
    clearTimeout(timer);
  };
}
