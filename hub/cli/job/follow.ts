import { FarhandError } from "../../../shared/errors.ts";
import type { JobId } from "../../../shared/ids.ts";
import { isTerminal, jobMoves, type JobState } from "../../../shared/states.ts";
import type { HubClient, JobView, StreamEvent } from "../../api/client/index.ts";
import type { Cli } from "../command.ts";
import { escapeLine } from "../terminal/escape.ts";

export interface Follow {
  readonly job: JobId;
  readonly until: (state: JobState) => boolean;
  /** Events after this offset; 0 is the first. */
  readonly after?: number;
  readonly onEvent?: (event: StreamEvent) => void;
  /** Gives up after this; the job itself goes on. */
  readonly waitMs?: number;
}

const LOOK_MS = 10_000;

export const ended = (state: JobState): boolean => isTerminal(jobMoves, state);

/**
 * Follows a job from its first event until a state. The stream is what makes it live; a look at the job itself every few seconds is
 * what makes it true: a hub that lost or pruned events does not leave the person waiting.
 */
export async function followJob(cli: Cli, client: HubClient, follow: Follow): Promise<JobView> {
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, cli.signal]);
  const done = new Error("followed");
  const stream = async (): Promise<JobView> => {
    for await (const event of client.events({ job: follow.job, after: follow.after ?? 0 }, signal)) {
      follow.onEvent?.(event);
      if (event.type === "job" && follow.until(event.state)) {
        const view = await client.call("getJob", { params: { id: follow.job } });
        if (follow.until(view.state)) return view;
      }
    }
    throw new FarhandError("IO", "the event stream ended");
  };
  const look = async (): Promise<JobView> => {
    const startMs = cli.clock.monotonicMs();
    let waiting: string | null = null;
    for (;;) {
      await cli.clock.sleep(LOOK_MS, signal);
      const view = await client.call("getJob", { params: { id: follow.job } });
      if (follow.until(view.state)) return view;
      if (view.waiting !== null && view.waiting !== waiting) cli.out.note(`waiting: ${escapeLine(view.waiting)}`);
      waiting = view.waiting;
      if (follow.waitMs !== undefined && cli.clock.monotonicMs() - startMs >= follow.waitMs) {
        throw new FarhandError(
          "DEADLINE",
          `job ${follow.job} is still ${view.state}; it goes on: farhand job watch ${follow.job}`,
        );
      }
    }
  };
  const both = [stream(), look()];
  try {
    return await Promise.race(both);
  } finally {
    stop.abort(done);
    // The loser of the race ends with the abort; its rejection has been heard.
    void Promise.allSettled(both);
  }
}
