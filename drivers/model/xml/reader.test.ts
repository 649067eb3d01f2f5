// XML of a peer that may be hostile: refused before it means anything, told of piece by piece, never kept.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { errorCode, FarhandError } from "../../../shared/errors.ts";
import { escapeXml, requireFragment, XmlReader, type XmlCaps } from "./reader.ts";

const encoder = new TextEncoder();

/** What a reader tells of a text, in one line. */
function told(pieces: readonly (string | Uint8Array)[], caps: Partial<XmlCaps> = {}): string {
  const out: string[] = [];
  let open = "";
  const reader = new XmlReader(
    {
      open: (element) => {
        const attributes = element.attributes.map(({ local, namespace, value }) => ` {${namespace}}${local}=${value}`);
        out.push(`<{${element.namespace}}${element.local}${attributes.join("")}>`);
        open = element.local;
      },
      text: (text) => out.push(text),
      close: () => out.push(`</>`),
    },
    caps,
  );
  for (const piece of pieces) reader.push(reader.decode(typeof piece === "string" ? encoder.encode(piece) : piece));
  reader.finish();
  return open === "" ? "" : out.join("");
}

const refusal = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    expect(errorCode(error)).toBe("NETCONF_MESSAGE");
    return error instanceof FarhandError ? (error.detail ?? "") : "";
  }
  throw new Error("nothing was refused");
};

test("namespaces, attributes, entities of XML itself, CDATA", () => {
  expect(
    told([
      `<?xml version="1.0" encoding="UTF-8"?><a xmlns="u" xmlns:p="v" p:x="1&amp;2"><p:b>&lt;&#233;<![CDATA[<&]]></p:b></a>`,
    ]),
  ).toBe("<{u}a {http://www.w3.org/2000/xmlns/}xmlns=u {http://www.w3.org/2000/xmlns/}p=v {v}x=1&2><{v}b><é<&</></>");
});

test("cut at every byte it is the same", () => {
  const text = `<?xml version="1.0"?>\n<!-- a -->\n<a xmlns="u"><b c="é">x]]y𝄞&#x1D11E;\r\n</b><d/><![CDATA[]]]]><![CDATA[>]]></a>\n`;
  const whole = told([text]);
  const bytes = encoder.encode(text);
  for (let at = 0; at <= bytes.length; at++)
    expect(told([bytes.subarray(0, at), bytes.subarray(at)]).replaceAll("\r\n", "\n")).toBe(whole);
  expect(told([...bytes].map((byte) => Uint8Array.of(byte)))).toBe(whole);
});

describe("refused", () => {
  test.each([
    [`<!DOCTYPE a><a/>`, "document type"],
    [`<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>`, "document type"],
    [`<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>`, "document type"],
    [`<a>&e;</a>`, "undefined entity"],
    [`<a>&constructor;</a>`, "undefined entity"],
    [`<a>&__proto__;</a>`, "entity"],
    [`<a>&#0;</a>`, "character"],
    [`<a b="1" b="2"/>`, "duplicate attribute"],
    [`<a xmlns:p="u" xmlns:q="u" p:x="1" q:x="2"/>`, "duplicate attribute"],
    [`<p:a/>`, "unbound namespace prefix"],
    [`<a><b></a></b>`, "unexpected close tag"],
    [`<a/><b/>`, "one root"],
    [`<a>`, "ends before"],
    [``, "ends before"],
    [`words`, "XML"],
    [`<a/>words`, "XML"],
    [`<a>\0</a>`, "XML"],
    [`<a>\u0001</a>`, "disallowed character"],
    [`<?xml version="1.1"?><a/>`, "another version"],
    [`<?xml version="1.0" encoding="UTF-16"?><a/>`, "another encoding"],
  ])("%j", (text, words) => {
    expect(refusal(() => told([text]))).toContain(words);
    expect(refusal(() => told([...encoder.encode(text)].map((byte) => Uint8Array.of(byte))))).not.toContain("passwd");
  });

  test("bytes that are no UTF-8, also when they are cut off", () => {
    expect(refusal(() => told([Uint8Array.of(0x3c, 0x61, 0x3e, 0xff)]))).toContain("UTF-8");
    expect(refusal(() => told([encoder.encode("<a/>"), Uint8Array.of(0xc3)]))).toContain("UTF-8");
  });

  test("what is over a cap", () => {
    expect(refusal(() => told(["<a>".repeat(300)]))).toContain("deeper than 256");
    expect(refusal(() => told([`<a ${Array.from({ length: 300 }, (_, n) => `b${n}="1"`).join(" ")}/>`]))).toContain(
      "256 attributes",
    );
    expect(refusal(() => told([`<${"a".repeat(2000)}/>`]))).toContain("a name of over 1024");
    expect(refusal(() => told([`<a ${"b".repeat(2000)}="1"/>`]))).toContain("a name of over 1024");
    for (const start of ["<a>", "<a b='", "<a><!--", "<a><![CDATA[", "<a><?p ", "<!DOCTYPE a [", `<${"a"}`])
      expect(
        refusal(() => told([start, ...Array.from({ length: 30 }, () => "x".repeat(10_000))], { token: 100_000 })),
      ).toContain("over 100000");
  });

  test("a peer's own words are not repeated", () => {
    expect(refusal(() => told([`<a><secret-in-a-name></a>`]))).not.toContain("secret");
    expect(refusal(() => told([`<a>&hunter2;</a>`]))).not.toContain("hunter");
  });
});

test("what stands around a message for no reason is nothing: blanks and NULs before it, NULs behind it", () => {
  expect(told(["\0\n ", "\n<?xml version='1.0'?><a/>", "\0\0", "\0"])).toBe("<{}a></>");
  expect(refusal(() => told(["<a>\0", "</a>"]))).toContain("NUL");
});

test("every text is held by what holds it", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      let escaped: string;
      try {
        escaped = escapeXml(text);
      } catch (error) {
        expect(errorCode(error)).toBe("TEXT_REFUSED");
        return;
      }
      expect(told([`<a>${escaped}</a>`])).toBe(`<{}a>${text}</>`);
      expect(told([`<a b="${escaped.replaceAll(/[\t\n]/gv, "")}"/>`])).toBe(
        `<{}a {}b=${text.replaceAll(/[\t\n]/gv, "")}></>`,
      );
    }),
  );
});

test("a fragment ends where it began", () => {
  requireFragment("<a/>text<b xmlns='u'><c/></b><!-- x -->", "config");
  requireFragment("", "config");
  for (const text of [
    "</fragment><fragment>",
    "</fragment>",
    "<a>",
    "</a>",
    "<a",
    "<!--",
    "<!DOCTYPE a>",
    "a & b",
    "<?xml version='1.0'?><a/>",
  ])
    expect(() => requireFragment(text, "config"), text).toThrow("TEXT_REFUSED");
});
