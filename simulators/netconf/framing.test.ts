import fc from "fast-check";
import { expect, test } from "vitest";
import { frame, FrameFault, FrameReader, type Framing } from "./framing.ts";

const cut = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 30 });

function readAll(reader: FrameReader, bytes: Buffer, sizes: readonly number[]): string[] {
  const messages: string[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    reader.push(bytes.subarray(at, at + size));
    at += size;
    for (let message = reader.next(); message; message = reader.next()) messages.push(message.toString());
  }
  return messages;
}

const written = (text: string, framing: Framing, plan: () => number): Buffer =>
  Buffer.concat([...frame([Buffer.from(text)], framing, plan)]);

test("what is framed is read, wherever it is cut on the way and however long the chunks are", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ minLength: 1, unit: "binary" }), { minLength: 1, maxLength: 5 }),
      cut,
      cut,
      (texts, cuts, chunks) => {
        let turn = 0;
        const plan = (): number => chunks[turn++ % chunks.length] ?? 1;
        const reader = new FrameReader(1e6);
        reader.framing = "chunked";
        const bytes = Buffer.concat(texts.map((text) => written(text, "chunked", plan)));
        expect(readAll(reader, bytes, cuts)).toEqual(texts.map((text) => Buffer.from(text).toString()));
      },
    ),
  );
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[\]>a&;]{0,20}$/), { minLength: 1 }), cut, (texts, cuts) => {
      const sound = texts.filter((text) => !`${text}]]>]]>`.slice(0, -1).includes("]]>]]>"));
      const bytes = Buffer.concat(sound.map((text) => written(text, "end-of-message", () => 1)));
      expect(readAll(new FrameReader(1e6), bytes, cuts)).toEqual(sound);
    }),
  );
});

test("the framing changes between two messages that arrived together", () => {
  const reader = new FrameReader(1000);
  reader.push(Buffer.concat([Buffer.from("hello]]>]]>"), Buffer.from("\n#2\n]]\n#4\n>]]>\n##\n")]));
  expect(reader.next()?.toString()).toBe("hello");
  reader.framing = "chunked";
  expect(reader.next()?.toString()).toBe("]]>]]>");
  expect(reader.next()).toBeUndefined();
});

test.each(["chunked", "end-of-message"] as const)("%s: a message has a largest size", (framing) => {
  const reader = new FrameReader(100);
  reader.framing = framing;
  reader.push(Buffer.from(framing === "chunked" ? "\n#101\n" : "x".repeat(101)));
  expect(() => reader.next()).toThrow(FrameFault);
});

test("many small chunks do not go round the largest size", () => {
  const reader = new FrameReader(100);
  reader.framing = "chunked";
  reader.push(Buffer.from("\n#40\n".concat("x".repeat(40)).repeat(3)));
  expect(() => reader.next()).toThrow(FrameFault);
});
