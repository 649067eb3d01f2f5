import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SseParser, type ServerSentEvent } from "./sse.ts";

const encode = (text: string) => new TextEncoder().encode(text);

function parse(bytes: Uint8Array, cuts: readonly number[]): ServerSentEvent[] {
  const parser = new SseParser();
  const edges = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].toSorted(
    (a, b) => a - b,
  );
  return edges.slice(1).flatMap((edge, index) => parser.push(bytes.subarray(edges[index], edge)));
}

const stream =
  ': hello\n\nid: 1\nevent: x\ndata: {"a":\ndata: "ü"}\n\nretry: 5\nid: 2\r\ndata:two\r\n\r\nid: 3\n\ndata\n\ndata: cut off';
const events = [
  { id: "1", data: '{"a":\n"ü"}' },
  { id: "2", data: "two" },
  { id: "3", data: "" },
];

describe("server-sent events", () => {
  it("reads the same from one chunk and from any cuts", () => {
    expect(parse(encode(stream), [])).toEqual(events);
    fc.assert(
      fc.property(fc.array(fc.nat()), (cuts) => {
        expect(parse(encode(stream), cuts)).toEqual(events);
      }),
    );
  });

  it("refuses an event without end", () => {
    const parser = new SseParser();
    expect(() => {
      for (let i = 0; i < 100; i++) parser.push(encode(`data: ${"x".repeat(100_000)}`));
    }).toThrow("PROTOCOL");
  });
});
