import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { ManualClock } from "../../../shared/clock.ts";
import { HttpConnection, type HttpResponse } from "./client.ts";

/** A device that says these things once it is asked, and then ends the connection, or does not. */
function asked(
  chunks: readonly string[],
  ends = false,
): { connection: HttpConnection; get: () => Promise<HttpResponse> } {
  const socket: Duplex = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => {
      done();
      for (const chunk of chunks) socket.push(Buffer.from(chunk));
      if (ends) socket.push(null);
    },
  });
  const { signal } = new AbortController();
  const connection = new HttpConnection(socket, { clock: new ManualClock(), signal, host: "r1" });
  return {
    connection,
    get: () => connection.request({ method: "GET", path: "/", deadlineMs: 1_000, outputBytesMax: 1_000 }),
  };
}

const HELLO = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const OTHER = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 3\r\n\r\nbad";

test("an answer whose end is the end of the connection is an answer (RFC 9112 §6.3)", async () => {
  const { connection, get } = asked(["HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhel", "lo"], true);
  expect(await get()).toMatchObject({ status: 200, body: "hello" });
  expect(connection.usable).toBe(false);
});

test.each([
  "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
  "HTTP/1.1 200 OK\r\nContent-Le",
])("half an answer is none: %j", async (half) => {
  await expect(asked([half], true).get()).rejects.toThrow("CONNECTION_LOST");
});

test.each([[[HELLO + OTHER]], [[HELLO, OTHER]], [[`${HELLO}HTTP/1.1 4`, "01 x"]]])(
  "a second answer that nobody asked for changes nothing of the first, and nothing is asked on that connection any more: %j",
  async (chunks) => {
    const { connection, get } = asked(chunks);
    expect(await get()).toMatchObject({ status: 200, headers: { "content-length": "5" }, body: "hello" });
    await new Promise((resolve) => setImmediate(resolve));
    expect(connection.usable).toBe(false);
  },
);

test("an interim answer is not the answer", async () => {
  const { connection, get } = asked([`HTTP/1.1 100 Continue\r\n\r\n${HELLO}`]);
  expect(await get()).toMatchObject({ status: 200, body: "hello" });
  expect(connection.usable).toBe(true);
});
