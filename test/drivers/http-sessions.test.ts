// Logins that give a token, and work that is answered before it is done: an HTTPS API in the test, its clock in the test's hand.
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { Api } from "../../drivers/engines/http/api.ts";
import { followJob } from "../../drivers/engines/http/job.ts";
import { HttpJob, HttpToken } from "../../drivers/model/http-file.ts";
import type { LoginGuard } from "../../drivers/types.ts";
import { systemClock } from "../../shared/clock.ts";
import { errorCode } from "../../shared/errors.ts";
import { Secret } from "../../shared/secret.ts";
import { makeAuthority, type Authority, type Pair } from "../support/authority.ts";
import { fastClock } from "./support.ts";

let authority: Authority;
let pair: Pair;
beforeAll(async () => {
  authority = await makeAuthority();
  pair = await authority.issue("sw1");
});

const closes: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closes.splice(0).reverse()) await close();
});

type Answer = (request: Request, path: string) => Response | Promise<Response>;

/** What was asked, in order, as `METHOD path authorization`. */
function device(answer: Answer, tokenHeader = "x-auth-token"): { port: number; asked: string[] } {
  const asked: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: { cert: pair.cert, key: pair.key },
    fetch: (request) => {
      const { pathname, search } = new URL(request.url);
      asked.push(`${request.method} ${pathname}${search} ${request.headers.get(tokenHeader) ?? ""}`.trim());
      return answer(request, pathname);
    },
  });
  closes.push(() => server.stop(true));
  return { port: server.port ?? 0, asked };
}

interface Opened {
  readonly api: Api;
  /** How often a login was asked for, and how each ended. */
  readonly logins: string[];
}

function opened(port: number, token?: HttpToken, signal = new AbortController().signal): Opened {
  const logins: string[] = [];
  const guard: LoginGuard = async (login) => {
    try {
      const result = await login();
      logins.push("taken");
      return result;
    } catch (error) {
      logins.push(errorCode(error));
      throw error;
    }
  };
  const api = new Api({
    target: { address: "127.0.0.1", port, tls: { trust: "authority", certificates: authority.ca } },
    via: [],
    credential: { username: "netops", password: new Secret("right") },
    guard,
    clock: systemClock,
    signal,
    connectMs: 20_000,
    redact: (text) => text.replaceAll("right", "‹secret›"),
    token,
  });
  closes.push(() => api.close());
  return { api, logins };
}

const get = (path: string) => ({ method: "GET", path, deadlineMs: 20_000, outputBytesMax: 100_000 }) as const;

async function failing(work: Promise<unknown>): Promise<{ code: string; detail: string }> {
  try {
    await work;
    return { code: "done", detail: "" };
  } catch (error) {
    return { code: errorCode(error), detail: error instanceof Error ? error.message : "" };
  }
}

describe("a login that gives a token", () => {
  const json = HttpToken.parse({
    login: { path: "/login", as: { kind: "json", username: "user", password: "pass" } },
    from: { kind: "body", pointer: "/result/token" },
    send: { header: "x-auth-token" },
    logout: { method: "POST", path: "/logout" },
  });
  const given = (token: string): Response => Response.json({ result: { token } });

  test("is made once, counted once, and given back; name and password go with nothing else", async () => {
    const bodies: unknown[] = [];
    const { port, asked } = device(async (request, path) => {
      if (path !== "/login") return Response.json({ path, basic: request.headers.get("authorization") });
      bodies.push(await request.json());
      return given("t1");
    });
    const { api, logins } = opened(port, json);
    expect(JSON.parse((await api.request(get("/a"), true)).body)).toEqual({ path: "/a", basic: null });
    await api.request({ method: "POST", path: "/b", json: { x: 1 }, deadlineMs: 20_000, outputBytesMax: 1_000 }, false);
    await api.close();
    expect(asked).toEqual(["POST /login", "GET /a t1", "POST /b t1", "POST /logout t1"]);
    expect(bodies).toEqual([{ user: "netops", pass: "right" }]);
    expect(logins).toEqual(["taken"]);
    expect(await failing(api.request(get("/a"), true))).toMatchObject({ code: "CONNECTION_LOST" });
  });

  test("has run out: one login more, counted, and what was refused is said once more, a change too", async () => {
    let made = 0;
    const { port, asked } = device((request, path) => {
      if (path === "/login") return given(`t${++made}`);
      // The first token is good for one request.
      const spent = request.headers.get("x-auth-token") === "t1" && path === "/b";
      return spent ? new Response(null, { status: 401 }) : Response.json({});
    });
    const { api, logins } = opened(port, json);
    await api.request(get("/a"), true);
    await api.request({ method: "POST", path: "/b", json: {}, deadlineMs: 20_000, outputBytesMax: 1_000 }, false);
    expect(asked).toEqual(["POST /login", "GET /a t1", "POST /b t1", "POST /login", "POST /b t2"]);
    expect(logins).toEqual(["taken", "taken"]);
  });

  test("is not taken by the device that gave it: no third login", async () => {
    let made = 0;
    const { port, asked } = device((_request, path) =>
      path === "/login" ? given(`t${++made}`) : new Response(null, { status: made < 2 ? 200 : 401 }),
    );
    const { api, logins } = opened(port, json);
    await api.request(get("/a"), true);
    made = 2;
    expect(await failing(api.request(get("/a"), true))).toMatchObject({ code: "LOGIN_REFUSED" });
    expect(logins).toEqual(["taken", "taken"]);
    expect(asked.filter((one) => one.startsWith("POST /login"))).toHaveLength(2);
  });

  test.each([
    ["a wrong password", () => new Response("no, right is wrong", { status: 401 }), "LOGIN_REFUSED"],
    ["too many logins", () => new Response(null, { status: 429 }), "DEVICE_RATE_LIMITED"],
    ["an answer without a token", () => Response.json({ result: {} }), "API_REFUSED"],
    ["a token that would end its header", () => given("a\r\nx-admin: 1"), "API_REFUSED"],
    ["an error", () => new Response("out of memory", { status: 500 }), "API_REFUSED"],
  ] as const)("%s: nothing is asked, and nothing of what was said is shown", async (_what, answer, code) => {
    const { port, asked } = device(() => answer());
    const { api, logins } = opened(port, json);
    const { code: told, detail } = await failing(api.request(get("/a"), true));
    expect(told).toBe(code);
    expect(detail).not.toContain("right");
    expect(asked).toEqual(["POST /login"]);
    expect(logins).toEqual([code]);
  });

  test("as a form for a cookie, and as a basic login for a bearer", async () => {
    const cookie = HttpToken.parse({
      login: { path: "/sign-in", as: { kind: "form", username: "username", password: "secretkey" } },
      from: { kind: "header", name: "set-cookie" },
      send: { header: "cookie" },
    });
    let said = "";
    const first = device(async (request, path) => {
      if (path !== "/sign-in") return Response.json({});
      said = `${request.headers.get("content-type")} ${await request.text()}`;
      return new Response(null, { headers: { "set-cookie": "session=abc; Path=/; Secure" } });
    }, "cookie");
    const form = opened(first.port, cookie);
    await form.api.request(get("/a"), true);
    await form.api.close();
    expect(said).toBe("application/x-www-form-urlencoded username=netops&secretkey=right");
    expect(first.asked).toEqual(["POST /sign-in", "GET /a session=abc"]);

    const bearer = HttpToken.parse({
      login: { path: "/tokens", as: { kind: "basic" } },
      from: { kind: "header", name: "x-token" },
      send: { header: "authorization", prefix: "Bearer " },
      logout: { method: "DELETE", path: "/tokens/self" },
    });
    const second = device(() => new Response(null, { headers: { "x-token": "b1" } }), "authorization");
    const basic = opened(second.port, bearer);
    await basic.api.request(get("/a"), true);
    await basic.api.close();
    expect(second.asked).toEqual([
      `POST /tokens Basic ${btoa("netops:right")}`,
      "GET /a Bearer b1",
      "DELETE /tokens/self Bearer b1",
    ]);
  });
});

describe("work that is answered before it is done", () => {
  const located = HttpJob.parse({
    at: { kind: "location" },
    state: "/job/state",
    done: ["DONE"],
    failed: ["FAILED"],
    reason: "/job/why~1what",
    cancel: { method: "DELETE" },
  });
  const start = { method: "POST", path: "/commit", json: {}, deadlineMs: 20_000, outputBytesMax: 10_000 } as const;
  const jobs = (states: (string | Response)[], headers: Record<string, string> = {}): Answer => {
    return (request, path) => {
      if (path === "/commit") return new Response(null, { status: 202, headers: { location: "/jobs/7?full=1" } });
      if (request.method === "DELETE") return new Response(null, { status: 204 });
      const state = states.length > 1 ? states.shift() : states[0];
      if (state instanceof Response) return state;
      return Response.json({ job: { state, "why/what": "no right\u0007 of way" } }, { headers });
    };
  };
  const follow = async (answer: Answer, job = located, over: { deadlineMs?: number; signal?: AbortSignal } = {}) => {
    const { port, asked } = device(answer);
    const { api } = opened(port);
    const clock = fastClock(1_000);
    const waits: number[] = [];
    const counted = {
      ...clock,
      monotonicMs: () => clock.monotonicMs(),
      sleep: (ms: number, signal?: AbortSignal) => {
        waits.push(Math.round(ms));
        return clock.sleep(ms, signal);
      },
    };
    const { deadlineMs = 3_600_000, signal = new AbortController().signal } = over;
    const redact = (text: string): string => text.replaceAll("right", "‹secret›");
    const started = await api.request(start, false);
    const work = followJob(api, started, job, { clock: counted, signal, deadlineMs, redact });
    const end = await work.then(
      (answered) => ({ code: "done", detail: answered.body }),
      (error: unknown) => ({ code: errorCode(error), detail: error instanceof Error ? error.message : "" }),
    );
    return { ...end, asked: asked.slice(1), waits };
  };

  test("is asked about where the device says, at growing intervals, until it is done", async () => {
    const end = await follow(jobs(["QUEUED", "RUNNING", "RUNNING", "DONE"]));
    expect(end).toMatchObject({ code: "done", waits: [500, 1_000, 2_000] });
    expect(JSON.parse(end.detail)).toMatchObject({ job: { state: "DONE" } });
    expect(end.asked).toEqual(Array.from({ length: 4 }, () => "GET /jobs/7?full=1"));
  });

  test("is asked about no sooner than the device wishes, and no more often than every fifteen seconds in the end", async () => {
    expect((await follow(jobs(["A", "B", "DONE"], { "retry-after": "60" }))).waits).toEqual([60_000, 60_000]);
    const patient = await follow(jobs(["A", "A", "A", "A", "A", "A", "A", "DONE"]));
    expect(patient.waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
  });

  test("has failed: its reason is told, plain and without secrets, and it is not called off", async () => {
    const end = await follow(jobs(["RUNNING", "FAILED"]));
    expect(end.code).toBe("API_REFUSED");
    expect(end.detail).toContain("FAILED: no ‹secret›  of way");
    expect(end.asked.filter((one) => one.startsWith("DELETE"))).toEqual([]);
  });

  test("is not over at its deadline: it is called off", async () => {
    const end = await follow(jobs(["RUNNING"]), located, { deadlineMs: 30_000 });
    expect(end).toMatchObject({ code: "COMMAND_TIMEOUT" });
    expect(end.detail).toContain("RUNNING");
    expect(end.asked.at(-1)).toBe("DELETE /jobs/7?full=1");
  });

  test("is called off by whoever waits for it", async () => {
    const controller = new AbortController();
    let polls = 0;
    const answer = jobs(["RUNNING"]);
    const end = await follow(
      (request, path) => {
        if (path === "/jobs/7" && ++polls === 3) controller.abort(new Error("enough"));
        return answer(request, path);
      },
      located,
      { signal: controller.signal },
    );
    expect(end.detail).toBe("enough");
    expect(end.asked.at(-1)).toBe("DELETE /jobs/7?full=1");
  });

  test("has an identifier in the answer in place of a location", async () => {
    const byId = HttpJob.parse({
      at: { kind: "id", pointer: "/result/job", path: "/api/?show=job&id=${id}" },
      state: "/state",
      done: ["FIN"],
      failed: [],
      cancel: { method: "POST", suffix: "&cancel=1" },
    });
    const answer =
      (id: unknown): Answer =>
      (_request, path) =>
        Response.json(path === "/commit" ? { result: { job: id } } : { state: "FIN" });
    expect(await follow(answer(42), byId)).toMatchObject({ code: "done", asked: ["GET /api/?show=job&id=42"] });
    for (const id of ["../../reboot", "1&cmd=wipe", "", null, { a: 1 }])
      expect(await follow(answer(id), byId)).toMatchObject({ code: "API_REFUSED", asked: [] });
  });

  test.each(["//elsewhere.example/x", "http://127.0.0.1/x", "jobs/7", "/jobs 7", "", "https://127.0.0.1"])(
    "a place that is no path of this device is asked nothing: %s",
    async (location) => {
      const end = await follow(() => new Response(null, { status: 202, headers: location === "" ? {} : { location } }));
      expect(end).toMatchObject({ code: "API_REFUSED", asked: [] });
    },
  );

  test("an absolute location is asked of this device, whatever host it names", async () => {
    const end = await follow((_request, path) =>
      path === "/commit"
        ? new Response(null, { status: 202, headers: { location: "https://elsewhere.example/jobs/9#top" } })
        : Response.json({ job: { state: "DONE" } }),
    );
    expect(end).toMatchObject({ code: "done", asked: ["GET /jobs/9"] });
  });
});
