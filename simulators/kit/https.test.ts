import { afterEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../shared/clock.ts";
import { FaultBoard } from "../faults.ts";
import { selfSigned } from "./certificate.ts";
import { startHttpsDoor, type HttpsDoor, type HttpsDoorOptions } from "./https.ts";

const doors: HttpsDoor[] = [];
afterEach(async () => {
  await Promise.all(doors.splice(0).map((door) => door.stop()));
});

async function open(options: Partial<HttpsDoorOptions> = {}) {
  const faults = new FaultBoard();
  const clock = new ManualClock();
  const certificate = await selfSigned({ commonName: "sw1", hosts: ["127.0.0.1"] });
  const door = await startHttpsDoor({
    certificate,
    clock,
    faults: () => faults,
    handle: ({ body, connectionId }) => Response.json({ echo: body, connectionId }),
    ...options,
  });
  doors.push(door);
  return { door, faults, clock, certificate };
}

interface Trust {
  ca?: string;
  user?: string;
  signal?: AbortSignal;
}

const post = (door: HttpsDoor, body: string, { ca = door.certificate, user, signal }: Trust = {}) =>
  fetch(`https://127.0.0.1:${door.port}/x`, {
    method: "POST",
    body,
    keepalive: false,
    tls: { ca },
    ...(signal ? { signal } : {}),
    ...(user === undefined ? {} : { headers: { authorization: `Basic ${btoa(user)}` } }),
  });

describe("the HTTPS door", () => {
  test("answers under its own certificate, and a client that does not know it refuses", async () => {
    const { door } = await open();
    expect(await (await post(door, "hello")).json()).toEqual({ echo: "hello", connectionId: 1 });
    const { cert } = await selfSigned({ commonName: "another", hosts: ["127.0.0.1"] });
    await expect(post(door, "hello", { ca: cert })).rejects.toThrow(/self.signed|certificate/i);
    expect(door.counters).toMatchObject({ accepts: 2, requests: 1 });
  });

  test("shows a certificate of another name, or one out of date, where asked to", async () => {
    const wrongName = await open({ certificate: await selfSigned({ commonName: "x", hosts: ["192.0.2.1"] }) });
    await expect(post(wrongName.door, "")).rejects.toThrow(/ALTNAME/i);
    const old = await selfSigned({ commonName: "x", hosts: ["127.0.0.1"], fromDays: -30, untilDays: -1 });
    await expect(post((await open({ certificate: old })).door, "")).rejects.toThrow(/expired/i);
  });

  test("knows its users by basic authentication, and counts", async () => {
    const users = [{ username: "netops", password: "pass:word" }];
    const { door, faults } = await open({
      handle: (exchange) => {
        const who = door.login(exchange, users);
        if (who.kind === "unanswered") return exchange.silence();
        return who.kind === "refused" ? new Response(null, { status: 401 }) : new Response(who.username);
      },
    });
    expect(await (await post(door, "", { user: "netops:pass:word" })).text()).toBe("netops");
    expect((await post(door, "", { user: "netops:wrong" })).status).toBe(401);
    expect((await post(door, "")).status).toBe(401);
    expect(door.counters).toMatchObject({ passwordAttempts: 2, authFailures: 2 });
    faults.set({ kind: "aaa-down" });
    expect((await post(door, "", { user: "netops:pass:word" })).status).toBe(401);
    faults.set({ kind: "aaa-down", how: "hang" });
    const gaveUp = new AbortController();
    const asked = post(door, "", { user: "netops:pass:word", signal: gaveUp.signal });
    while (door.counters.passwordAttempts < 4) await new Promise((resolve) => setImmediate(resolve));
    gaveUp.abort();
    await expect(asked).rejects.toThrow(/abort/i);
  });

  test("refuses more than it may keep open, and everybody where its table is full", async () => {
    const { door } = await open({ connectionsMax: 0 });
    await expect(post(door, "")).rejects.toThrow();
    const other = await open();
    other.faults.set({ kind: "full-session-table" });
    await expect(post(other.door, "")).rejects.toThrow();
    expect(other.door.counters.refused).toBeGreaterThan(0);
  });

  test("drops before the answer, and in the middle of it", async () => {
    const { door, faults } = await open({
      handle: (exchange) => {
        if (exchange.body === "drop") exchange.drop("reset");
        return new Response("x".repeat(500_000));
      },
    });
    await expect(post(door, "drop")).rejects.toThrow();
    faults.set({ kind: "drop", afterBytes: 100_000 });
    await expect((async () => (await post(door, "go")).text())()).rejects.toThrow();
    faults.clear();
    expect((await (await post(door, "go")).text()).length).toBe(500_000);
  });

  test("an answer in tiny pieces arrives whole", async () => {
    const { door, faults } = await open();
    faults.set({ kind: "tiny-chunks", chunkBytes: 7 });
    expect(await (await post(door, "y".repeat(2000))).json()).toMatchObject({ echo: "y".repeat(2000) });
  });

  test("is refused, dark and back as the device says", async () => {
    const { door } = await open();
    door.setReachability("refuse");
    await expect(post(door, "")).rejects.toThrow();
    door.setReachability("blackhole");
    const before = door.counters.accepts;
    const asked = post(door, "");
    const failed = expect(asked).rejects.toThrow();
    while (door.counters.accepts === before || door.counters.openConnections === 0)
      await new Promise((resolve) => setImmediate(resolve));
    door.setReachability("up");
    await failed;
    expect((await post(door, "back")).status).toBe(200);
  });

  test("a request larger than its cap gets 413", async () => {
    const { door } = await open({ bodyMaxBytes: 1000 });
    expect((await post(door, "z".repeat(2000))).status).toBe(413);
  });
});
