import { describe, expect, it } from "vitest";
import { countSigns, normalisedRows, parseCommands, textRows, type Row } from "./diff.ts";

const drawn = (rows: readonly Row[] | undefined): string[] | undefined =>
  rows?.map((row) => (row.kind === "gap" ? `@${row.lines}` : `${row.sign}${" ".repeat(row.depth)}${row.text}`));

describe("a normalised diff", () => {
  it("shows each section's headers once", () => {
    const rows = normalisedRows(
      JSON.stringify([
        { op: "remove", path: ["router bgp 1"], line: "a" },
        { op: "add", path: ["router bgp 1"], line: "af" },
        { op: "add", path: ["router bgp 1", "af"], line: "b" },
        { op: "add", path: [], line: "banner\nx" },
      ]),
    );
    expect(drawn(rows)).toEqual([" router bgp 1", "- a", "+ af", "+  b", "+banner", "+x"]);
    expect(countSigns(rows ?? [])).toEqual({ added: 4, removed: 1 });
  });

  it("is not made of anything else", () => {
    for (const text of ["", "{}", "[1]", '[{"op":"x","path":[],"line":""}]'])
      expect(normalisedRows(text)).toBeUndefined();
    expect(parseCommands('["a"]')).toEqual(["a"]);
    expect(parseCommands('{"a":1}')).toBeUndefined();
  });
});

describe("two texts", () => {
  const lines = (from: number, to: number): string =>
    Array.from({ length: to - from }, (_, index) => `line ${from + index}\n`).join("");

  it("are shown with context, and every gap is counted", () => {
    const before = `${lines(0, 20)}old\n${lines(20, 40)}`;
    const after = `${lines(0, 20)}new\n${lines(20, 40)}`;
    const rows = drawn(textRows(before, after)) ?? [];
    expect(rows[0]).toBe("@16");
    expect(rows.at(-1)).toBe("@16");
    expect(rows).toContain("-old");
    expect(rows).toContain("+new");
    expect(rows.length).toBe(12);
  });

  it("have no rows when they are equal", () => {
    expect(textRows("a\nb\n", "a\nb\n")).toEqual([]);
  });

  it("that end differently do not lose a line", () => {
    const rows = drawn(textRows("a\nb", "a\nc")) ?? [];
    expect(rows.filter((row) => /^[+-][bc]/.test(row))).toEqual(["-b", "+c"]);
  });
});
