import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../shared/clock.ts";
import { errorCode, FarhandError } from "../../../shared/errors.ts";
import type { Digest, JobId } from "../../../shared/ids.ts";
import type { StreamEvent } from "../contract/views.ts";
import { HubClient, type Fetch, type FetchInit } from "./client.ts";

/** Time that passes by itself while somebody sleeps. */
class HastyClock extends ManualClock {
  override sleep(delayMs: number): Promise<void> {
    this.advance(delayMs);
    return Promise.resolve();
  }
}

function clientOf(fetch: Fetch): HubClient {
  return new HubClient({ url: "https://hub.test/base/", token: "t", ca: "PEM", fetch, clock: new HastyClock() });
}
const error = (status: number, code: string, detail: string | null) =>
  Response.json({ code, message: "", next: "", detail, requestId: "r-1" }, { status });
const event = (id: number): StreamEvent => ({ type: "job", id, atMs: 0, job: "j" as JobId, state: "ROLLING" });
const sse = (...ids: number[]) =>
  new Response(ids.map((id) => `id: ${id}\ndata: ${JSON.stringify(event(id))}\n\n`).join(""));
const refused = (run: Promise<unknown>): Promise<FarhandError> =>
  run.then(
    () => new FarhandError("INTERNAL", "accepted"),
    (thrown: unknown) => (thrown instanceof FarhandError ? thrown : new FarhandError("INTERNAL", String(thrown))),
  );

describe("the client", () => {
  it("pins the CA, sends the token and follows no redirect", async () => {
    let seen: { url: string; init: FetchInit } | undefined;
    const client = clientOf((url, init) => {
      seen = { url: url.href, init };
      return Promise.resolve(Response.json({ grants: [] }));
    });
    expect(await client.call("listGrants", {})).toEqual({ grants: [] });
    expect(seen?.url).toBe("https://hub.test/base/api/v1/grants");
    expect(seen?.init).toMatchObject({ redirect: "error", tls: { ca: "PEM" }, headers: { authorization: "Bearer t" } });
  });

  it("speaks TLS only, and takes no credentials in a URL", () => {
    expect(() => new HubClient({ url: "http://hub.test" })).toThrow("USAGE");
    expect(() => new HubClient({ url: "https://u:p@hub.test" })).toThrow("USAGE");
  });

  it("encodes parameters, and refuses one that would leave its place", async () => {
    let path = "";
    const client = clientOf((url) => {
      path = url.pathname;
      return Promise.resolve(error(404, "NOT_FOUND", null));
    });
    await refused(client.call("getJob", { params: { id: "../../x" as JobId } }));
    expect(path).toBe("/base/api/v1/jobs/..%2F..%2Fx");
    expect((await refused(client.call("getJob", { params: { id: ".." as JobId } }))).code).toBe("INTERNAL");
  });

  it.each([
    [error(409, "CONFLICT", "it is ROLLING"), "CONFLICT", "it is ROLLING"],
    [error(500, "INTERNAL", null), "INTERNAL", "request r-1"],
    [new Response("<html>", { status: 401 }), "UNAUTHORIZED", "HTTP 401"],
    [error(400, "NO_SUCH_CODE", "x"), "IO", "HTTP 400"],
    [new Response("nonsense"), "PROTOCOL", "not JSON"],
    [Response.json({ grants: 3 }), "PROTOCOL", "listGrants: grants"],
    [Response.json({ grants: [], more: 1 }), "PROTOCOL", "listGrants"],
  ])("makes of %o what it means", async (response, code, detail) => {
    const thrown = await refused(clientOf(() => Promise.resolve(response.clone())).call("listGrants", {}));
    expect(thrown).toMatchObject({ code, detail: expect.stringContaining(detail) as string });
  });

  it("tries a read again, and a submission only under one key", async () => {
    const keys: (string | null)[] = [];
    const client = clientOf((_url, init) => {
      keys.push(new Headers(init.headers).get("idempotency-key"));
      return Promise.reject(new TypeError("cut"));
    });
    expect((await refused(client.call("status", {}))).code).toBe("IO");
    expect(keys).toHaveLength(3);
    keys.length = 0;
    await refused(client.submit({ kind: "collect", title: "x", devices: ["r1"], grant: "g" }));
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    keys.length = 0;
    await refused(client.call("cancelJob", { params: { id: "j" as JobId }, body: { reason: "" } }));
    expect(keys).toHaveLength(1);
  });

  it("believes no bytes that are not what they are called", async () => {
    const client = clientOf(() => Promise.resolve(new Response("other")));
    expect(errorCode(await refused(client.getBlob("0".repeat(64) as Digest)))).toBe("PROTOCOL");
  });
});

describe("the event stream", () => {
  async function take(client: HubClient, count: number): Promise<number[]> {
    const ids: number[] = [];
    for await (const { id } of client.events({ after: 0 })) {
      ids.push(id);
      if (ids.length === count) break;
    }
    return ids;
  }

  it("goes on behind the last event after each cut, and repeats none", async () => {
    const asked: (string | null)[] = [];
    const answers = [
      () => sse(1, 2),
      () => Promise.reject(new TypeError("cut")),
      () => error(503, "x", null),
      () => sse(2, 3),
      () => sse(4),
    ];
    const client = clientOf(async (_url, init) => {
      asked.push(new Headers(init.headers).get("last-event-id"));
      return (answers.shift() ?? (() => sse()))();
    });
    expect(await take(client, 4)).toEqual([1, 2, 3, 4]);
    expect(asked).toEqual([null, "2", "2", "2", "3"]);
  });

  it("ends with the last error when the hub stays away", async () => {
    let tries = 0;
    const client = clientOf(() => {
      tries++;
      return Promise.reject(new TypeError("cut"));
    });
    expect(await refused(take(client, 1))).toMatchObject({ code: "IO" });
    expect(tries).toBe(9);
  });

  it("does not try again what will not change", async () => {
    let tries = 0;
    const client = clientOf(() => {
      tries++;
      return Promise.resolve(error(401, "UNAUTHORIZED", null));
    });
    expect((await refused(take(client, 1))).code).toBe("UNAUTHORIZED");
    expect(tries).toBe(1);
  });
});
