import type { Clock } from "../../../shared/clock.ts";
import type { JobId } from "../../../shared/ids.ts";
import type { Store } from "../../../shared/store.ts";
import { lastWatchEvent, watchEventsAfter, type WatchRow } from "../../store/watch.ts";
import type { Watchers } from "./watchers.ts";

const EVENTS_AT_ONCE = 256;
const HEARTBEAT_MS = 15_000;
/** Rows may also be moved by what does not wake us. */
const POLL_MS = 1_000;

const encoder = new TextEncoder();
const COMMENT = encoder.encode(":\n\n");
const frameOf = ({ id, atMs, event }: WatchRow): string =>
  `id: ${id}\ndata: ${JSON.stringify({ ...event, id, atMs })}\n\n`;

export interface StreamDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly watchers?: Watchers | undefined;
}

/**
 * Events after an offset, as they come. It reads only when the reader takes, so that a slow one costs rows on disk and no memory;
 * `after` undefined is from now on.
 */
export function eventStream(
  deps: StreamDeps,
  query: { readonly job: JobId | null; readonly after: number | undefined },
  onEnd: () => void,
): ReadableStream<Uint8Array> {
  let cursor = query.after;
  let isOpen = true;
  let wakeUp = (): void => undefined;
  let spokenMs = deps.clock.monotonicMs();

  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        timer.clear();
        forget?.();
        resolve();
      };
      const timer = deps.clock.after(POLL_MS, wake);
      const forget = deps.watchers?.onMove(wake);
      wakeUp = wake;
    });

  const next = async (): Promise<Uint8Array | undefined> => {
    while (isOpen) {
      cursor ??= await lastWatchEvent(deps.store);
      const rows = await watchEventsAfter(deps.store, { after: cursor, job: query.job, limit: EVENTS_AT_ONCE });
      const last = rows.at(-1);
      if (last) {
        cursor = last.id;
        return encoder.encode(rows.map(frameOf).join(""));
      }
      if (deps.clock.monotonicMs() - spokenMs >= HEARTBEAT_MS) return COMMENT;
      await pause();
    }
    return undefined;
  };

  return new ReadableStream<Uint8Array>(
    {
      async start(controller) {
        // From here on: what moves between this answer and the first read is not lost.
        cursor ??= await lastWatchEvent(deps.store);
        controller.enqueue(COMMENT);
      },
      async pull(controller) {
        const chunk = await next();
        if (!chunk || !isOpen) return;
        spokenMs = deps.clock.monotonicMs();
        controller.enqueue(chunk);
      },
      cancel() {
        isOpen = false;
        wakeUp();
        onEnd();
      },
    },
    { highWaterMark: 1 },
  );
}
