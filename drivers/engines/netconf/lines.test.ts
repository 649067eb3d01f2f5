// Data as lines: an element each, the same text, however it came, and no line without an end.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { XmlLines } from "./lines.ts";
import { parseRead } from "./reads.ts";

function linesOf(pieces: readonly string[]): string[] {
  const lines = new XmlLines();
  return [...pieces.flatMap((piece) => lines.push(piece)), ...lines.flush()];
}

test("a leaf stays on its line, and how it is cut means nothing", () => {
  const text = "<a><b>1</b><b>x > y</b>\n\n  <c/>\r\n</a>";
  expect(linesOf([text])).toEqual(["<a>", "<b>1</b>", "<b>x > y</b>", "  <c/>", "</a>"]);
  fc.assert(
    fc.property(fc.array(fc.nat(text.length), { maxLength: 8 }), (cuts) => {
      const places = [...new Set(cuts)].toSorted((a, b) => a - b);
      const pieces = [...places, text.length].map((place, index) => text.slice(places[index - 1] ?? 0, place));
      // A line end of two characters may be cut between them.
      expect(linesOf(pieces).map((line) => line.trimEnd())).toEqual(linesOf([text]));
    }),
  );
});

test("a line that does not end is cut before a tag, or where it is", () => {
  const long = "x".repeat(70_000);
  expect(linesOf([`<a>${long}`, "</a>"])).toEqual([`<a>${long}`, "</a>"]);
  expect(linesOf([`<a>${long}<b`, ">1</b></a>"])).toEqual([`<a>${long}`, "<b>1</b>", "</a>"]);
  const lines = new XmlLines();
  let longest = 0;
  for (let turn = 0; turn < 100; turn++) for (const line of lines.push(long)) longest = Math.max(longest, line.length);
  expect(longest).toBe(70_000);
});

test("only reads are commands, and a filter ends where it began", () => {
  expect(parseRead("get")).toEqual({ operation: "get", source: "running", filter: undefined });
  expect(parseRead("get-config startup <a/>")).toEqual({ operation: "get-config", source: "startup", filter: "<a/>" });
  for (const command of [
    "",
    "get ",
    "get  <a/>",
    "GET",
    "get-config  running",
    "get <a>",
    "get <a/>x",
    "get-config running startup",
    "commit",
    "get\n<a/>",
    `get <a>${"x".repeat(70_000)}</a>`,
  ])
    expect(parseRead(command), command.slice(0, 40)).toBeUndefined();
});
