import type { Clock } from "../../../shared/clock.ts";
import { FarhandError } from "../../../shared/errors.ts";
import type { HttpJob } from "../../model/http-file.ts";
import { quoted } from "../ssh/connect-error.ts";
import type { Api } from "./api.ts";
import type { HttpResponse } from "./client.ts";
import { textAt } from "./pointer.ts";

export interface FollowOptions {
  readonly clock: Clock;
  /** Ends the waiting and calls the job off; the API's own signal, which ends its connection, is another. */
  readonly signal: AbortSignal;
  /** Milliseconds until the job must be over. */
  readonly deadlineMs: number;
  readonly redact: (text: string) => string;
}

const FIRST_WAIT_MS = 500;
const WAIT_MAX_MS = 15_000;
const POLL_MS = 30_000;
const CANCEL_MS = 10_000;
const ANSWER_BYTES_MAX = 1024 * 1024;

/**
 * Waits for work that a device began and answered at once. It is asked about at growing intervals, or as late as the device wishes
 * (`Retry-After`). Returns the job's last answer. Errors: API_REFUSED (it failed, or has no place of its own), COMMAND_TIMEOUT and the
 * signal's reason, after which it is called off where the API lets; those of `Api`.
 */
export async function followJob(
  api: Api,
  started: HttpResponse,
  job: HttpJob,
  { clock, signal, deadlineMs, redact }: FollowOptions,
): Promise<HttpResponse> {
  const path = placeOf(started, job);
  const untilMs = clock.monotonicMs() + deadlineMs;
  let state = "";
  let waitMs = FIRST_WAIT_MS;
  try {
    for (;;) {
      signal.throwIfAborted();
      const leftMs = untilMs - clock.monotonicMs();
      if (leftMs <= 0) throw new FarhandError("COMMAND_TIMEOUT", `not over after ${deadlineMs} ms: ${state}`);
      const answer = await api.request(
        { method: "GET", path, deadlineMs: Math.min(POLL_MS, leftMs), outputBytesMax: ANSWER_BYTES_MAX },
        true,
      );
      const json = parsed(answer.body);
      const word = textAt(json, job.state) ?? "";
      if (job.done.includes(word)) return answer;
      state = quoted(redact, word);
      if (job.failed.includes(word)) {
        const reason = job.reason === undefined ? "" : quoted(redact, textAt(json, job.reason) ?? "");
        throw new JobFailed(`the job ended as ${state}${reason === "" ? "" : `: ${reason}`}`);
      }
      const asked = /^\d{1,6}$/.exec(answer.headers["retry-after"] ?? "")?.[0];
      const wishMs = asked === undefined ? waitMs : Math.max(waitMs, Number(asked) * 1_000);
      await clock.sleep(Math.max(1, Math.min(wishMs, untilMs - clock.monotonicMs())), signal);
      waitMs = Math.min(WAIT_MAX_MS, waitMs * 2);
    }
  } catch (error) {
    // What failed is over. What is not known to be is not left to end as it likes.
    if (!(error instanceof JobFailed)) await cancel(api, path, job);
    throw error;
  }
}

class JobFailed extends FarhandError {
  constructor(detail: string) {
    super("API_REFUSED", detail);
  }
}

async function cancel(api: Api, path: string, { cancel: how }: HttpJob): Promise<void> {
  if (!how || !api.usable) return;
  try {
    const request = { method: how.method, path: `${path}${how.suffix}`, deadlineMs: CANCEL_MS } as const;
    await api.request({ ...request, outputBytesMax: ANSWER_BYTES_MAX }, false);
  } catch {
    // It was to end; the error that brought us here says what is known.
  }
}

/** Only its path: the device names no other host for us to speak to. */
function placeOf({ headers, body }: HttpResponse, { at }: HttpJob): string {
  switch (at.kind) {
    case "location": {
      const location = headers["location"] ?? "";
      const path = /^(?:https:\/\/[^/?#]*)?(?<path>\/(?!\/)[!-~]{0,2000})$/.exec(location)?.groups?.["path"];
      if (path === undefined) throw new JobFailed("the answer names no place where the job could be asked about");
      return path.replace(/#.*$/, "");
    }
    case "id": {
      const id = textAt(parsed(body), at.pointer) ?? "";
      if (!/^[\w.:@-]{1,200}$/.test(id)) throw new JobFailed("the answer names no job");
      return at.path.replaceAll("${id}", encodeURIComponent(id));
    }
    default:
      return at satisfies never;
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}
