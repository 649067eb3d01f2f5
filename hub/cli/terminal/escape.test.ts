import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { escapeJson, escapeLine, escapeText } from "./escape.ts";

describe("T35, T38: escaping", () => {
  it.each([
    ["\u001b]8;;http://evil\u0007link", "\\x1b]8;;http://evil\\x07link"],
    ["up\u001b[2A\u001b[31mred", "up\\x1b[2A\\x1b[31mred"],
    ["c1 \u009b31m", "c1 \\x9b31m"],
    ["permit \u202eyned", "permit \\u202eyned"],
    ["isolate \u2066x\u2069", "isolate \\u2066x\\u2069"],
    ["zero\u200bwidth", "zero\\u200bwidth"],
    ["tag \u{e0041}", "tag \\u{e0041}"],
    ["lone \ud800!", "lone \\ud800!"],
    ["over\rwritten", "over\\x0dwritten"],
    ["back\b\b\bspace", "back\\x08\\x08\\x08space"],
    ['‹secret("snmp")› Zürich 東京 👍', '‹secret("snmp")› Zürich 東京 👍'],
  ])("shows %j", (raw, shown) => {
    expect(escapeText(raw)).toBe(shown);
  });

  it("keeps lines in text and not in a line", () => {
    expect(escapeText("a\r\n\tb")).toBe("a\n\tb");
    expect(escapeLine("a\n\tb")).toBe("a\\n\\tb");
  });

  it("leaves nothing that moves a cursor or turns the text round", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        // oxlint-disable-next-line no-control-regex -- what must be gone
        const moving = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;
        expect(escapeLine(text)).not.toMatch(moving);
      }),
    );
  });

  it("changes no JSON value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = JSON.stringify({ value });
        expect(JSON.parse(escapeJson(json))).toEqual(JSON.parse(json));
      }),
    );
  });
});
