import { describe, expect, test } from "vitest";
import { diffXml, xmlDiffJson } from "./diff.ts";
import { compileXmlLanguage } from "./language.ts";
import { parseXml } from "./parse.ts";
import { sameXmlDiff } from "./same-diff.ts";
import { XmlLanguageFile } from "./schema.ts";

const language = compileXmlLanguage(
  XmlLanguageFile.parse({
    kind: "xml",
    keys: { "m/e": ["name"], "m/o": ["name"] },
    ordered: ["m/o"],
    secrets: [{ name: "^secret$" }],
    rewrites: [
      { path: "^m/e/address$", typed: String.raw`^(?<ip>\S+)$`, shown: "$<ip>/32" },
      { path: "^m/e/rule$", typed: "^next$", shown: "#" },
    ],
    implied: ["^m/e/mode$"],
  }),
);
const m = (inner: string): string => `<m xmlns="urn:m">${inner}</m>`;
const diff = (before: string, after: string): string =>
  xmlDiffJson(diffXml(language, parseXml(language, m(before), "device"), parseXml(language, m(after), "device")));
const same = (signed: readonly [string, string], measured: readonly [string, string]): boolean =>
  sameXmlDiff(language, diff(...signed), diff(...measured));
const e = (inner: string): string => `<e><name>a</name>${inner}</e>`;
const TAG = "‹secret:abcdefghijklmnop›";

describe("a measured diff is the signed one", () => {
  test.each([
    ["as it is", ["<x>1</x>", "<x>2</x>"], ["<x>1</x>", "<x>2</x>"], true],
    ["not with another value", ["<x>1</x>", "<x>2</x>"], ["<x>1</x>", "<x>3</x>"], false],
    ["not with more", ["", "<x>2</x>"], ["", "<x>2</x><y/>"], false],
    ["not with less", ["", "<x>2</x><y/>"], ["", "<x>2</x>"], false],
    ["with the secret that was named", ["", '<secret>‹secret("n")›</secret>'], ["", `<secret>${TAG}</secret>`], true],
    ["not with another word for it", ["", '<secret>‹secret("n")›</secret>'], ["", "<secret>x</secret>"], false],
    [
      "as the device writes it",
      ["", e("<address>10.0.0.1</address>")],
      ["", e("<address>10.0.0.1/32</address>")],
      true,
    ],
    ["not as no rule says", ["", e("<other>10.0.0.1</other>")], ["", e("<other>10.0.0.1/32</other>")], false],
    ["with the number of the device's choice", ["", e("<rule>next</rule>")], ["", e("<rule>17</rule>")], true],
    ["not with a word in its place", ["", e("<rule>next</rule>")], ["", e("<rule>x</rule>")], false],
    ["with what the device adds to what is new", ["", e("")], ["", e("<mode>auto</mode>")], true],
    ["not with that in what was there", [e(""), e("<x/>")], [e(""), e("<x/><mode>auto</mode>")], false],
    [
      "with a key that is secret",
      ["", '<k><name>x</name><secret>‹secret("n")›</secret></k>'],
      ["", `<k><name>x</name><secret>${TAG}</secret></k>`],
      true,
    ],
  ] as const)("%s", (_, signed, measured, expected) => {
    expect(same(signed, measured)).toBe(expected);
  });

  test("an ordered list in its order only", () => {
    const list = (...names: string[]): string => names.map((name) => `<o><name>${name}</name></o>`).join("");
    expect(same(["", list("a", "b")], ["", list("a", "b")])).toBe(true);
    expect(same(["", list("a", "b")], ["", list("b", "a")])).toBe(false);
  });
});

describe("names", () => {
  test("tell two modules apart that would have one", () => {
    const both = (v: string): string => `<c xmlns="urn:a:x"><v>${v}</v></c><c xmlns="urn:b:x"><v>1</v></c>`;
    expect(JSON.parse(diff(both("1"), both("2")))).toEqual([
      { op: "remove", path: ["m:m", "{urn:a:x}c"], line: "v 1" },
      { op: "add", path: ["m:m", "{urn:a:x}c"], line: "v 2" },
    ]);
  });

  test("do not let a key look like two", () => {
    const key = (value: string): string => `<e><name>${value}</name></e>`;
    expect(diff("", key("a][name=b"))).toContain("e[name=a&#93;&#91;name=b]");
  });
});
