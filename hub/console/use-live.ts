import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { AgentView, JobSummary, JobView, StreamEvent } from "../api/client/index.ts";
import type { JobId } from "../../shared/ids.ts";
import { isTerminal, jobMoves, taskMoves } from "../../shared/states.ts";
import { follow } from "./live.ts";
import { LiveOutput } from "./output.ts";
import { patchJob, patchSummaries } from "./patch.ts";

/** What a job's events do not carry (diffs, transcripts, levels) is read again, at most this often. */
const REFETCH_MS = 1_500;

export const liveOutput = new LiveOutput();

class Refetcher {
  readonly #client: QueryClient;
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(client: QueryClient) {
    this.#client = client;
  }

  soon(...queryKey: [string, ...string[]]): void {
    const name = queryKey.join(" ");
    if (this.#timers.has(name)) return;
    const run = (): void => {
      this.#timers.delete(name);
      void this.#client.invalidateQueries({ queryKey });
    };
    this.#timers.set(name, setTimeout(run, REFETCH_MS));
  }

  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }
}

function apply(client: QueryClient, refetch: Refetcher, events: readonly StreamEvent[]): void {
  liveOutput.add(events);
  const jobs = new Set<JobId>();
  const endedJobs = new Set<JobId>();
  const agents = new Map<string, Extract<StreamEvent, { type: "agent" }>>();
  for (const event of events) {
    if (event.type === "agent") agents.set(event.agent, event);
    else if (event.type !== "output") jobs.add(event.job);
    if (event.type === "task" && isTerminal(taskMoves, event.state)) endedJobs.add(event.job);
    if (event.type === "job") endedJobs.add(event.job);
  }
  for (const job of jobs) {
    client.setQueryData<JobView>(["job", job], (old) => old && patchJob(old, events));
    if (endedJobs.has(job)) refetch.soon("job", job);
  }
  if (jobs.size > 0) {
    client.setQueryData<{ jobs: JobSummary[]; next: string | null }>(
      ["jobs"],
      (old) => old && { ...old, jobs: patchSummaries(old.jobs, events) },
    );
    refetch.soon("jobs");
  }
  if (endedJobs.size > 0) {
    refetch.soon("devices");
    refetch.soon("device");
    refetch.soon("history");
  }
  if (agents.size > 0) {
    client.setQueryData<AgentView[]>(["agents"], (old) =>
      old?.map((agent) => {
        const event = agents.get(agent.id);
        return event
          ? { ...agent, contact: event.contact, lastSeenMs: Math.max(agent.lastSeenMs ?? 0, event.atMs) }
          : agent;
      }),
    );
    refetch.soon("agents");
    refetch.soon("sites");
  }
}

const neverChanges = new Set<unknown>(["blob", "warrant"]);

/** Keeps the page's data moving: one stream, for the open job or for everything. */
function useLive(job: JobId | undefined, replay: boolean): void {
  const client = useQueryClient();
  useEffect(() => {
    liveOutput.clear();
    const refetch = new Refetcher(client);
    const stop = follow(job === undefined ? {} : { job, replay }, {
      onOpen: () => void client.invalidateQueries({ predicate: ({ queryKey }) => !neverChanges.has(queryKey[0]) }),
      onEvents: (events) => apply(client, refetch, events),
    });
    return () => {
      stop();
      refetch.stop();
    };
  }, [client, job, replay]);
}

export function LiveEverything(): null {
  useLive(undefined, false);
  return null;
}

export function LiveJob({ job }: { job: JobView }): null {
  // Decided when the job is first seen: the stream is not opened again because the job ended.
  const [replay] = useState(() => job.kind === "run" && !isTerminal(jobMoves, job.state));
  useLive(job.id, replay);
  return null;
}
