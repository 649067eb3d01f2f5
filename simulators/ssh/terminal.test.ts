import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { ManualClock } from "../../shared/clock.ts";
import { Terminal } from "./terminal.ts";
import type { Pace } from "./output.ts";

function line(pace?: () => Pace | undefined) {
  let screen = "";
  const writes: number[] = [];
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      screen += chunk.toString("utf8");
      writes.push(chunk.length);
      done();
    },
  });
  const clock = new ManualClock();
  const closing = new AbortController();
  const term = new Terminal({ stream, clock, signal: closing.signal, ...(pace ? { pace } : {}) });
  return {
    term,
    clock,
    closing,
    writes,
    screen: () => screen,
    type: (keys: string) => void stream.push(Buffer.from(keys)),
  };
}

test("echoes what is typed and ends a line with CRLF", async () => {
  const { term, type, screen } = line();
  type("show ver\r");
  expect(await term.readLine({ prompt: "r1#" })).toEqual({ kind: "line", text: "show ver" });
  expect(screen()).toBe("r1#show ver\r\n");
});

test("takes CR, LF and CRLF each as one line end", async () => {
  const { term, type } = line();
  type("a\rb\nc\r\nd\r");
  const texts: string[] = [];
  for (let count = 0; count < 4; count += 1) {
    const result = await term.readLine({ prompt: ">" });
    if (result.kind === "line") texts.push(result.text);
  }
  expect(texts).toEqual(["a", "b", "c", "d"]);
});

test("rubs out with backspace", async () => {
  const { term, type, screen } = line();
  type("shx\x7fow\r");
  expect(await term.readLine({ prompt: "#" })).toEqual({ kind: "line", text: "show" });
  expect(screen()).toBe("#shx\b \bow\r\n");
});

test("scrolls a line that meets the right edge and marks it with a dollar", async () => {
  const { term, type, screen } = line();
  term.width = 40;
  const long = `description ${"x".repeat(60)}`;
  type(`${long}\r`);
  expect(await term.readLine({ prompt: "r1(config-if)#" })).toEqual({ kind: "line", text: long });
  expect(screen()).toContain("\b$");
});

test("does not echo a password", async () => {
  const { term, type, screen } = line();
  type("hunter2\r");
  expect(await term.readPassword("Password: ")).toBe("hunter2");
  expect(screen()).toBe("Password: \r\n");
});

const TEN = Array.from({ length: 10 }, (_, index) => `line ${index + 1}\n`).join("");

test("pages by the terminal length and wipes its own prompt", async () => {
  const { term, type, screen } = line();
  term.length = 5;
  type("  ");
  await term.page(TEN);
  expect(screen().split(" --More-- ")).toHaveLength(3);
  expect(screen()).toContain(" --More-- \b\b\b\b\b\b\b\b\b        \b\b\b\b\b\b\b\b\b");
  expect(screen().match(/line \d+/g)).toHaveLength(10);
});

test("goes on by one line with Enter and stops with q", async () => {
  const { term, type, screen } = line();
  term.length = 5;
  type("\rq");
  await term.page(TEN);
  expect(screen().match(/line \d+/g)).toEqual(["line 1", "line 2", "line 3", "line 4", "line 5"]);
});

test("length 0 turns paging off", async () => {
  const { term, screen } = line();
  term.length = 0;
  await term.page(TEN);
  expect(screen()).toBe(TEN.replaceAll("\n", "\r\n"));
});

test("chops its output when told to", async () => {
  const { term, writes } = line(() => ({ chunkBytes: 3 }));
  await term.write("abcdefgh");
  expect(writes).toEqual([3, 3, 2]);
});

test("waits between chunks on the injected clock", async () => {
  const { term, clock, screen } = line(() => ({ chunkBytes: 2, delayMs: 100 }));
  const done = term.write("abcd");
  await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  expect(screen()).toBe("ab");
  clock.advance(100);
  await new Promise((resolve) => setImmediate(resolve));
  expect(screen()).toBe("abcd");
  clock.advance(100);
  await done;
});

test("a closed session ends whoever waits for a key", async () => {
  const { term, closing } = line();
  const waiting = term.readLine({ prompt: "#" });
  closing.abort();
  await expect(waiting).rejects.toThrow(/closed/);
});
