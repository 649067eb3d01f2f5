// RFC 6242: messages come out as they went in, however the bytes are cut, and a frame that is none is named.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { errorCode, FarhandError } from "../../../shared/errors.ts";
import { encodeMessage, FrameDecoder, type Framing } from "./framing.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

const join = (parts: Iterable<Uint8Array>): Uint8Array => Uint8Array.from([...parts].flatMap((part) => [...part]));
const framed = (framing: Framing, message: string): Uint8Array => join(encodeMessage(framing, message));

const CUT_SHORT = "(cut short)";

/** All messages in `pieces`, whole; the tests' own memory, not the decoder's. */
function decode(framing: Framing, pieces: readonly Uint8Array[]): string[] {
  const frames = new FrameDecoder();
  frames.use(framing);
  const messages: string[] = [];
  let current: Uint8Array[] = [];
  for (const piece of pieces) {
    frames.push(piece);
    for (let event = frames.next(); event !== undefined; event = frames.next()) {
      if (event.kind === "payload") current.push(Uint8Array.from(event.bytes));
      else {
        messages.push(decoder.decode(join(current)));
        current = [];
      }
    }
  }
  if (frames.isWithinMessage) messages.push(CUT_SHORT);
  return messages;
}

const detailOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    expect(errorCode(error)).toBe("NETCONF_FRAMING");
    return error instanceof FarhandError ? (error.detail ?? "") : "";
  }
  throw new Error("nothing was thrown");
};

function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [...new Set(places.map((place) => place % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [...sorted, bytes.length].map((place, index) => bytes.subarray(sorted[index - 1] ?? 0, place));
}

/** Text that comes as near to a frame as text can. */
const nasty = fc
  .array(
    fc.constantFrom(
      "]",
      "]]",
      ">",
      "]]>",
      "]]>]",
      "]]>]]",
      "#",
      "##",
      "\n",
      "\n#",
      "\n##\n",
      "\r",
      "1",
      "é",
      "𝄞",
      "<a/>",
    ),
    {
      minLength: 1,
      maxLength: 40,
    },
  )
  .map((parts) => `<${parts.join("")}>`);
const withoutDelimiter = nasty.filter((text) => !`${text}]]>]]>`.slice(0, -1).includes("]]>]]>"));

describe("round trip", () => {
  const runs = { numRuns: 400 };
  test.each([
    ["end-of-message", withoutDelimiter],
    ["chunked", nasty],
  ] as const)("%s, cut anywhere", (framing, texts) => {
    fc.assert(
      fc.property(
        fc.array(texts, { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (messages, cuts) => {
          const bytes = join(messages.map((message) => framed(framing, message)));
          expect(decode(framing, cutAt(bytes, cuts))).toEqual(messages);
          expect(
            decode(
              framing,
              [...bytes].map((byte) => Uint8Array.of(byte)),
            ),
          ).toEqual(messages);
        },
      ),
      runs,
    );
  });

  test("every single split point of a message that is full of beginnings of delimiters", () => {
    const message = "<x>]]>]]]]>]>]]>]x]]]>]]</x>\n##\n\n#12\n";
    for (const framing of ["end-of-message", "chunked"] as const) {
      const bytes = join([framed(framing, message), framed(framing, "<second/>")]);
      for (let at = 0; at <= bytes.length; at++)
        expect(decode(framing, [bytes.subarray(0, at), bytes.subarray(at)])).toEqual([message, "<second/>"]);
    }
  });

  test("chunks of any size are one message, also where they cut a character in two", () => {
    fc.assert(
      fc.property(nasty, fc.array(fc.nat(), { maxLength: 8 }), (message, cuts) => {
        const chunks = cutAt(encoder.encode(message), cuts).filter((chunk) => chunk.length > 0);
        const wire = chunks.flatMap((chunk) => [encoder.encode(`\n#${chunk.length}\n`), chunk]);
        expect(decode("chunked", [join([...wire, encoder.encode("\n##\n")])])).toEqual([message]);
      }),
      runs,
    );
  });

  test("a long message leaves in several chunks, and none of them is empty", () => {
    const message = `<a>${"é".repeat(100_000)}</a>`;
    const sizes = [...encodeMessage("chunked", message)].flatMap((part) => {
      const size = /^\n#(\d+)\n$/v.exec(part.length < 12 ? decoder.decode(part) : "");
      return size ? [Number(size[1])] : [];
    });
    expect(sizes).toEqual([65_536, 65_536, 65_536, 3_399]);
    expect(decode("chunked", [framed("chunked", message)])).toEqual([message]);
  });

  test("what would end a message of the old kind early is not sent", () => {
    expect(detailOf(() => [...encodeMessage("end-of-message", "<a>]]>]]></a>")])).toContain("]]>]]>");
    expect(detailOf(() => [...encodeMessage("chunked", "")])).toContain("empty");
    expect(decode("chunked", [framed("chunked", "<a>]]>]]></a>")])).toEqual(["<a>]]>]]></a>"]);
  });
});

test("the hello ends the old way, and what follows it in the same bytes is read the new way", () => {
  const bytes = join([framed("end-of-message", "<hello/>"), framed("chunked", "<rpc-reply/>")]);
  for (let at = 0; at <= bytes.length; at++) {
    const frames = new FrameDecoder();
    const seen: string[] = [];
    for (const piece of [bytes.subarray(0, at), bytes.subarray(at)]) {
      frames.push(piece);
      for (let event = frames.next(); event !== undefined; event = frames.next()) {
        if (event.kind === "payload") seen.push(decoder.decode(event.bytes));
        else {
          seen.push("|");
          frames.use("chunked");
        }
      }
    }
    expect(seen.join("")).toBe("<hello/>|<rpc-reply/>|");
  }
});

describe("frames that are none", () => {
  test.each([
    ["#4\n<a/>\n##\n", "begin with a line feed, not byte 0x23"],
    ["\r\n#4\n<a/>\n##\n", "begin with a line feed, not byte 0x0d"],
    ["\n4\n<a/>\n##\n", "begin with #, not byte 0x34"],
    ["\n#\n<a/>\n##\n", "byte 0x0a in a chunk's size"],
    ["\n#0\n\n##\n", "begins with 0"],
    ["\n#04\n<a/>\n##\n", "begins with 0"],
    ["\n#-4\n<a/>\n##\n", "byte 0x2d"],
    ["\n#+4\n<a/>\n##\n", "byte 0x2b"],
    ["\n#4 \n<a/>\n##\n", "byte 0x20"],
    ["\n#4\r\n<a/>\n##\n", "byte 0x0d"],
    ["\n#4e3\n<a/>\n##\n", "byte 0x65"],
    ["\n#4294967296\n", "over 4294967295"],
    ["\n#9999999999\n", "over 4294967295"],
    ["\n#42949672950\n", "over 4294967295"],
    ["\n##\n", "without a chunk"],
    ["\n#4\n<a/>\n##\r\n", "followed by a line feed, not byte 0x0d"],
    ["\n#4\n<a/>x\n##\n", "begin with a line feed, not byte 0x78"],
    ["\n#3\n<a/>\n##\n", "begin with a line feed, not byte 0x3e"],
    ["<a/>]]>]]>", "begin with a line feed"],
  ])("%j", (wire, words) => {
    const bytes = encoder.encode(wire);
    expect(detailOf(() => decode("chunked", [bytes]))).toContain(words);
    expect(
      detailOf(() =>
        decode(
          "chunked",
          [...bytes].map((byte) => Uint8Array.of(byte)),
        ),
      ),
    ).toContain(words);
  });

  test("a message that is cut short is not told of", () => {
    expect(decode("end-of-message", [encoder.encode("<a/>]]>]]")])).toEqual([CUT_SHORT]);
    for (const wire of ["\n", "\n#", "\n#9", "\n#9\n", "\n#9\n<a/>", "\n#4\n<a/>", "\n#4\n<a/>\n#", "\n#4\n<a/>\n##"])
      expect(decode("chunked", [encoder.encode(wire)]), wire).toEqual([CUT_SHORT]);
  });

  test("digits without end are refused by the eleventh", () => {
    const frames = new FrameDecoder();
    frames.use("chunked");
    let pushed = 0;
    expect(
      detailOf(() => {
        for (const byte of encoder.encode(`\n#${"1".repeat(100)}`)) {
          pushed += 1;
          frames.push(Uint8Array.of(byte));
          frames.next();
        }
      }),
    ).toContain("over 4294967295");
    expect(pushed).toBe(13);
  });
});

test("the largest chunk that may be is begun, and handed out as it comes", () => {
  const frames = new FrameDecoder();
  frames.use("chunked");
  frames.push(encoder.encode("\n#4294967295\n<a>"));
  expect(frames.next()).toEqual({ kind: "payload", bytes: encoder.encode("<a>") });
  expect(frames.next()).toBeUndefined();
  const more = new Uint8Array(70_000);
  frames.push(more);
  const event = frames.next();
  // A view of what was given: nothing is copied, so nothing is kept.
  expect(event?.kind === "payload" && event.bytes.buffer === more.buffer && event.bytes.length).toBe(70_000);
});

describe("padding", () => {
  test("NULs between messages and chunks, and line feeds too many, are nothing", () => {
    const nul = "\0".repeat(1000);
    expect(decode("end-of-message", [encoder.encode(`${nul}\r\n<a/>]]>]]>${nul}\n<b/>]]>]]>${nul}`)])).toEqual([
      "<a/>",
      "<b/>",
    ]);
    expect(decode("chunked", [encoder.encode(`${nul}\n#4\n<a/>${nul}\n\n#4\n<b/>\n##\n${nul}`)])).toEqual(["<a/><b/>"]);
  });

  test("nothing without end is refused", () => {
    const nothing = new Uint8Array(70_000);
    expect(detailOf(() => decode("end-of-message", [nothing]))).toContain("of nothing");
    expect(detailOf(() => decode("chunked", [nothing]))).toContain("of nothing");
    expect(detailOf(() => decode("chunked", [encoder.encode("\n".repeat(70_000))]))).toContain("of nothing");
  });

  test("within a chunk a NUL is counted and handed on: what it means is the reader's to say", () => {
    expect(decode("chunked", [encoder.encode("\n#3\na\0b\n##\n")])).toEqual(["a\0b"]);
  });
});
