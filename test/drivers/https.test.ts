// HTTPS as devices are spoken to: what TLS refuses is shown by a real nginx, what an API does to a client by its locations.
import { connect } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HttpConnection } from "../../drivers/engines/http/client.ts";
import { Api } from "../../drivers/engines/http/api.ts";
import { openTls } from "../../drivers/engines/http/tls.ts";
import { systemClock } from "../../shared/clock.ts";
import type { Tls } from "../../shared/documents/inventory.ts";
import { errorCode } from "../../shared/errors.ts";
import { Secret } from "../../shared/secret.ts";
import { makeAuthority } from "../support/authority.ts";
import { missing, Nginx } from "./nginx.ts";

const skipped = missing === undefined ? "" : `: ${missing}`;
const authority = await makeAuthority();
const stranger = await makeAuthority();
const DAY_MS = 86_400_000;
const good = await authority.issue("sw1", { dns: ["sw1.example"] });
const lines = [
  "ssl_protocols TLSv1.2 TLSv1.3;",
  "location = /ok { default_type application/json; return 200 '{\"ok\":true}'; }",
  "location = /users { if ($http_authorization = 'Basic bmV0b3BzOnJpZ2h0') { return 200 '{}'; } return 401; }",
  "location = /busy { add_header Retry-After 1 always; return 429; }",
  "location = /far { add_header Retry-After 9999 always; return 429; }",
  "location = /denied { return 403; }",
  "location = /wrong { return 500 'out of \u0007memory'; }",
  "location = /elsewhere { return 302 http://127.0.0.1:9/; }",
  "location = /last { keepalive_timeout 0; return 200 'bye'; }",
  "location /files/ { alias FOLDER/; }",
  "location /slow/ { alias FOLDER/; limit_rate 1k; }",
];

function trusting(over: Partial<Extract<Tls, { trust: "authority" }>> = {}): Tls {
  return { trust: "authority", certificates: authority.ca, ...over };
}

describe.skipIf(missing !== undefined)(`HTTPS against nginx${skipped}`, () => {
  let nginx: Nginx;
  let cleanup = (): void => {};
  beforeAll(async () => {
    const files = mkdtempSync(join(tmpdir(), "farhand-nginx-files-"));
    writeFileSync(join(files, "big"), "x".repeat(8 * 1024 * 1024));
    cleanup = () => rmSync(files, { recursive: true });
    nginx = await Nginx.start({
      good: { pair: good, lines: lines.map((line) => line.replaceAll("FOLDER", files)) },
      expired: { pair: await authority.issue("sw1", { endsInMs: -DAY_MS }) },
      otherName: { pair: await authority.issue("sw2", { addresses: [], dns: ["sw2.example"] }) },
      unknown: { pair: await stranger.issue("sw1") },
      old: { pair: good, lines: ["ssl_protocols TLSv1.1;", "ssl_ciphers ALL:@SECLEVEL=0;"] },
    });
  }, 60_000);
  afterAll(async () => {
    await nginx[Symbol.asyncDispose]();
    cleanup();
  });

  const handshake = async (site: string, trust: Tls): Promise<string> => {
    const signal = new AbortController().signal;
    const socket = connect(nginx.port(site), "127.0.0.1");
    try {
      const tls = await openTls(socket, { trust, address: "127.0.0.1", clock: systemClock, signal, connectMs: 20_000 });
      tls.destroy();
      return "taken";
    } catch (error) {
      return errorCode(error);
    } finally {
      socket.destroy();
    }
  };
  const pinned = (certificates: string): Tls => ({ trust: "pinned", certificates });

  test.each([
    ["an authority that is named and the address in the certificate", "good", trusting(), "taken"],
    [
      "a name that is not the address, named in the inventory",
      "good",
      trusting({ serverName: "sw1.example" }),
      "taken",
    ],
    [
      "the pinned certificate itself, whoever issued it and for whatever name",
      "good",
      pinned(good.cert + authority.ca),
      "taken",
    ],
    ["a certificate that is out of its dates", "expired", trusting(), "CERTIFICATE"],
    ["a certificate for another name", "otherName", trusting(), "CERTIFICATE"],
    ["a name that the certificate does not hold", "good", trusting({ serverName: "sw9.example" }), "CERTIFICATE"],
    ["an authority that is not named", "unknown", trusting(), "CERTIFICATE"],
    [
      "another certificate of the same authority than the pinned one",
      "otherName",
      pinned(good.cert + authority.ca),
      "CERTIFICATE",
    ],
    ["TLS 1.1", "old", trusting(), "TLS_REFUSED"],
  ] as const)("%s", async (_what, site, trust, outcome) => {
    expect(await handshake(site, trust)).toBe(outcome);
  });

  const api = (over: { password?: string; signal?: AbortSignal } = {}): Api =>
    new Api({
      target: { address: "127.0.0.1", port: nginx.port("good"), tls: trusting() },
      via: [],
      credential: { username: "netops", password: new Secret(over.password ?? "right") },
      guard: (login) => login(),
      clock: systemClock,
      signal: over.signal ?? new AbortController().signal,
      connectMs: 20_000,
      redact: (text) => text,
    });
  const get = (path: string, over: { deadlineMs?: number; outputBytesMax?: number } = {}) =>
    ({ method: "GET", path, deadlineMs: 20_000, outputBytesMax: 1_000_000, ...over }) as const;

  test("the user's password goes with each request; a wrong one is a refused login", async () => {
    const device = api();
    expect((await device.request(get("/users"), true)).body).toBe("{}");
    expect((await device.request(get("/ok"), true)).headers["content-type"]).toBe("application/json");
    await device.close();
    const wrong = api({ password: "wrong" });
    expect(await codeOf(wrong.request(get("/users"), true))).toBe("LOGIN_REFUSED");
    await wrong.close();
  });

  test("a refusal, an error and a redirect are told by code; a redirect is not followed; what the device says is bounded and plain", async () => {
    const device = api();
    expect(await codeOf(device.request(get("/denied"), true))).toBe("AUTHORIZATION_DENIED");
    await expect(device.request(get("/wrong"), true)).rejects.toMatchObject({
      code: "API_REFUSED",
      detail: "status 500: out of  memory",
    });
    await expect(device.request(get("/elsewhere"), true)).rejects.toMatchObject({ code: "API_REFUSED" });
    await device.close();
  });

  test("a rate limit is waited for while there is time, and not longer", async () => {
    const device = api();
    expect(await codeOf(device.request(get("/busy", { deadlineMs: 2_500 }), true))).toBe("DEVICE_RATE_LIMITED");
    expect(await codeOf(device.request(get("/far"), true))).toBe("DEVICE_RATE_LIMITED");
    await device.close();
  });

  test("a connection that the device closes after its answer is dialled again for the next request", async () => {
    const device = api();
    expect((await device.request(get("/last"), true)).body).toBe("bye");
    expect((await device.request(get("/ok"), true)).body).toBe('{"ok":true}');
    await device.close();
    expect(await codeOf(device.request(get("/ok"), true))).toBe("CONNECTION_LOST");
  });

  test("an answer above its cap, one that does not end in time, and an abort, end the request", async () => {
    const device = api();
    const controller = new AbortController();
    expect(await codeOf(device.request(get("/ok", { outputBytesMax: 4 }), true))).toBe("OUTPUT_TOO_LARGE");
    await device.close();
    const slow = api();
    const late = slow.request(get("/slow/big", { deadlineMs: 500, outputBytesMax: 16 * 1024 * 1024 }), true);
    expect(await codeOf(late)).toBe("COMMAND_TIMEOUT");
    await slow.close();
    const aborted = api({ signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(aborted.request(get("/ok"), true)).rejects.toThrow("enough");
  });

  test("a large answer goes to its sink, and the device waits for it", async () => {
    const signal = new AbortController().signal;
    const socket = connect(nginx.port("good"), "127.0.0.1");
    const tls = await openTls(socket, {
      trust: trusting(),
      address: "127.0.0.1",
      clock: systemClock,
      signal,
      connectMs: 20_000,
    });
    const http = new HttpConnection(tls, { clock: systemClock, signal, host: "127.0.0.1" });
    let bytes = 0;
    let most = 0;
    let waiting = 0;
    const sink = async (chunk: Uint8Array): Promise<void> => {
      waiting += chunk.length;
      most = Math.max(most, waiting);
      await Promise.resolve();
      bytes += chunk.length;
      waiting -= chunk.length;
    };
    const answer = await http.request({ ...get("/files/big"), outputBytesMax: 16 * 1024 * 1024, sink });
    expect(answer).toMatchObject({ status: 200, body: "" });
    expect(bytes).toBe(8 * 1024 * 1024);
    expect(most).toBeLessThan(2 * 1024 * 1024);
    http.close();
  });
});

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "done";
  } catch (error) {
    return errorCode(error);
  }
}
