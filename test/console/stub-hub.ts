/** A hub of nothing but answers: the contract's routes that the console uses, over TLS, every answer checked by the contract. */
import type { Server } from "bun";
import { loadConsole, serveConsole } from "../../hub/console/assets.ts";
import { ErrorBody, StreamEvent, WarrantBundle } from "../../hub/api/contract/views.ts";
import { routes } from "../../hub/api/contract/routes.ts";
import { ERRORS, type ErrorCode } from "../../shared/errors.ts";
import type { TaskState } from "../../shared/states.ts";
import type { ServerCertificate } from "./certificate.ts";
import { warrantOf } from "./world-plans.ts";
import { World } from "./world.ts";

export const TOKEN = "stub-token-0123456789";

type AnswerName =
  | "status"
  | "listAgents"
  | "listSites"
  | "listDevices"
  | "getDevice"
  | "deviceHistory"
  | "listJobs"
  | "getJob"
  | "cancelJob";

export interface StubHub {
  readonly url: string;
  readonly world: World;
  /** Last-Event-ID of each stream that was opened, in order. */
  readonly streams: (string | null)[];
  readonly cancels: string[];
  moveTask(job: string, device: string, state: TaskState, step?: string): void;
  say(job: string, device: string, text: string, last?: boolean): void;
  endJob(job: string): void;
  cutStreams(): void;
  stop(): Promise<void>;
}

interface Stream {
  readonly job: string | null;
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
}

const encoder = new TextEncoder();
const frame = (event: StreamEvent): Uint8Array => encoder.encode(`id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`);
const concerns = (event: StreamEvent, job: string | null): boolean =>
  job === null || (event.type !== "agent" && event.job === job);

function answer(name: AnswerName, value: unknown): Response {
  const { schema } = routes[name].responses[200].content["application/json"];
  return Response.json(schema.parse(value));
}

function refusal(status: number, code: ErrorCode): Response {
  const body = ErrorBody.parse({
    code,
    message: ERRORS[code].what,
    next: ERRORS[code].next,
    detail: null,
    requestId: "r-1",
  });
  return Response.json(body, { status });
}

export async function startStubHub(certificate: ServerCertificate): Promise<StubHub> {
  const files = await loadConsole();
  const world = new World(Date.now());
  const log: StreamEvent[] = [];
  const open = new Set<Stream>();
  const streams: (string | null)[] = [];
  const cancels: string[] = [];
  const orders = new Map<string, number>();

  const emit = (event: Record<string, unknown>): void => {
    const full = StreamEvent.parse({ id: log.length + 1, atMs: Date.now(), ...event });
    log.push(full);
    for (const one of open) if (concerns(full, one.job)) one.controller.enqueue(frame(full));
  };

  const events = (url: URL, request: Request): Response => {
    const last = request.headers.get("last-event-id");
    streams.push(last);
    const after = last ?? url.searchParams.get("after");
    const job = url.searchParams.get("job");
    let mine: Stream | undefined;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        mine = { job, controller };
        controller.enqueue(encoder.encode(": hello\n\n"));
        if (after !== null)
          for (const event of log)
            if (event.id > Number(after) && concerns(event, job)) controller.enqueue(frame(event));
        open.add(mine);
      },
      cancel() {
        if (mine) open.delete(mine);
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream", "cache-control": "no-store" } });
  };

  const jobAnswer = (name: "getJob" | "cancelJob", id: string): Response => {
    const job = world.jobs.find((one) => one.id === id);
    return job ? answer(name, job) : refusal(404, "NOT_FOUND");
  };

  const api = async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    if (request.headers.get("authorization") !== `Bearer ${TOKEN}`) return refusal(401, "UNAUTHORIZED");
    const [, , , what = "", id = "", more = ""] = url.pathname.split("/");
    switch (`${request.method} ${what}${id === "" ? "" : "/x"}${more === "" ? "" : `/${more}`}`) {
      case "GET status":
        return answer("status", {
          org: "northwind",
          hub: "hub-1",
          version: "0.1.0",
          trust: { root: 1, timestamp: 1, snapshot: 1, targets: 1 },
          trustExpiresMs: null,
          inventory: null,
          startedMs: world.nowMs,
        });
      case "GET agents":
        return answer("listAgents", { agents: world.agents });
      case "GET sites":
        return answer("listSites", { sites: world.sites });
      case "GET devices":
        return answer("listDevices", { devices: world.devices, next: null });
      case "GET devices/x": {
        const device = world.devices.find((one) => one.id === id);
        return device ? answer("getDevice", device) : refusal(404, "NOT_FOUND");
      }
      case "GET devices/x/history":
        return answer("deviceHistory", {
          snapshots: world.snapshots.filter((one) => one.device === id),
          next: null,
          baseline: null,
          adoptions: [],
        });
      case "GET jobs":
        return answer("listJobs", {
          jobs: world.jobs.map(
            ({ reason: _r, warrant: _w, waiting: _v, assignments: _a, planning: _p, ...summary }) => summary,
          ),
          next: null,
        });
      case "GET jobs/x":
        return jobAnswer("getJob", id);
      case "POST jobs/x/cancel": {
        cancels.push(await request.text());
        world.job(id).state = "CANCELED";
        return jobAnswer("cancelJob", id);
      }
      case "GET blobs/x": {
        const text = world.blobs.get(id);
        return text === undefined
          ? refusal(404, "NOT_FOUND")
          : new Response(text, { headers: { "content-type": "application/octet-stream" } });
      }
      case "GET events":
        return events(url, request);
      case "GET jobs/x/warrant":
        return Response.json(WarrantBundle.parse(warrantOf(world, id)));
      default:
        return refusal(404, "NOT_FOUND");
    }
  };

  const server: Server<undefined> = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    tls: { cert: certificate.cert, key: certificate.key },
    fetch: async (request) => serveConsole(files, request) ?? (await api(request)),
  });

  const manifestOf = (job: string, device: string): string =>
    world.job(job).assignments.find((one) => one.tasks.some((task) => task.device === device))?.manifest ?? "";

  return {
    url: `https://localhost:${server.port}`,
    world,
    streams,
    cancels,
    moveTask(job, device, state, step) {
      const task = world.setTask(job, device, { state, step: step ?? null });
      emit({
        type: "task",
        job,
        manifest: manifestOf(job, device),
        device,
        state,
        step: task.step,
        code: task.code,
        atMs: task.atMs,
      });
    },
    say(job, device, text, last = false) {
      const order = orders.get(device) ?? 0;
      orders.set(device, order + 1);
      emit({ type: "output", job, device, order, last, text });
    },
    endJob(job) {
      world.job(job).state = "SUCCEEDED";
      emit({ type: "job", job, state: "SUCCEEDED" });
    },
    cutStreams() {
      for (const one of open) one.controller.close();
      open.clear();
    },
    async stop() {
      await server.stop(true);
    },
  };
}
