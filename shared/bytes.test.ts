import { describe, expect, it } from "vitest";
import { bytesEqual, parseCanonical, utf8 } from "./bytes.ts";

describe("canonical JSON is refused", () => {
  const inside = (value: string): [string, string][] => [
    ["by itself", value],
    ["in an array", `[${value}]`],
    ["in an object", `{"a":${value}}`],
    ["deep in both", `{"a":[{"b":[${value}]}]}`],
  ];
  it.each(inside('"\\ud800"'))("for a lone surrogate %s", (_, text) => {
    expect(() => parseCanonical(utf8(text))).toThrow(/lone surrogate/);
  });
  it.each(inside("1.5"))("for a number that is no safe integer %s", (_, text) => {
    expect(() => parseCanonical(utf8(text))).toThrow(/not a safe integer/);
  });
  it.each(inside('{"__proto__":1}'))("for a forbidden member name %s", (_, text) => {
    expect(() => parseCanonical(utf8(text))).toThrow(/forbidden member name/);
  });
  it.each(inside('{"\\ud800":1}'))("for a member name with a lone surrogate %s", (_, text) => {
    expect(() => parseCanonical(utf8(text))).toThrow(/lone surrogate/);
  });
  it("for too many brackets, by that name", () => {
    const nested = (depth: number) => utf8("[".repeat(depth) + "]".repeat(depth));
    expect(() => parseCanonical(nested(33))).toThrow(/nested too deeply/);
    expect(JSON.stringify(parseCanonical(nested(32)))).toHaveLength(64);
  });
});

describe("bytes are equal", () => {
  it("when each of them is, and there are as many", () => {
    expect(bytesEqual(utf8("abc"), utf8("abc"))).toBe(true);
    for (const other of ["abd", "ab", "abcd", ""]) expect(bytesEqual(utf8("abc"), utf8(other)), other).toBe(false);
  });
});
