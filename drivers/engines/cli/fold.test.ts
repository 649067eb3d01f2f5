import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { foldLine, LineFolder } from "./fold.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("foldLine plays what a terminal would", () => {
  test.each([
    ["plain  text ", "plain  text "],
    ["ends\r", "ends"],
    ["over\rO", "Over"],
    ["ab\b\bcd", "cd"],
    ["\u001b[32mgreen\u001b[0m", "green"],
    ["\u001b]0;title\u0007prompt#", "prompt#"],
    ["half \u001b[3", "half"],
    ["typo\u001b[4Dtape", "tape"],
    ["keep-drop\u001b[4D\u001b[K", "keep-"],
    [" --More-- \b\b\b\b\b\b\b\b\b        \b\b\b\b\b\b\b\b\b!", "!"],
    ["nul\u0000s\u0007", "nuls"],
  ])("%j", (raw, shown) => expect(foldLine(raw)).toBe(shown));
});

test("T36: a cursor that is sent far to the right makes no gigabytes of blanks", () => {
  expect(foldLine(`${"\u001b[4096C".repeat(100_000)}x`).length).toBeLessThan(40_000);
});

describe("LineFolder", () => {
  test("gives the same lines however the bytes are cut", () => {
    const text = "größe ‹x›\r\nab\bc\r\n\u001b[1mbold\u001b[0m end\r\nedge-1#";
    const whole = new LineFolder();
    const expected = [...whole.push(bytes(text)), whole.tail()];
    const data = bytes(text);
    for (let cut = 0; cut <= data.length; cut++) {
      const folder = new LineFolder();
      expect([...folder.push(data.slice(0, cut)), ...folder.push(data.slice(cut)), folder.tail()]).toEqual(expected);
    }
    fc.assert(
      fc.property(fc.array(fc.nat(data.length), { maxLength: 8 }), (cuts) => {
        const folder = new LineFolder();
        const edges = [0, ...cuts.toSorted((a, b) => a - b), data.length];
        const lines = edges.slice(1).flatMap((end, at) => folder.push(data.slice(edges[at], end)));
        expect([...lines, folder.tail()]).toEqual(expected);
      }),
    );
  });
  test("T36: a line without end is refused; a long one is no prompt", () => {
    const folder = new LineFolder();
    folder.push(bytes("x".repeat(2000)));
    expect(folder.tail()).toBeUndefined();
    expect(() => folder.push(bytes("x".repeat(1_100_000)))).toThrow(/OUTPUT_TOO_LARGE/);
  });
});
