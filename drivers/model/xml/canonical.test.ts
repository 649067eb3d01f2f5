import { describe, expect, test } from "vitest";
import { FarhandError } from "../../../shared/errors.ts";
import { device, tagger } from "../fixtures/platform.ts";
import { xmlLanguage } from "./fixtures/languages.ts";
import { IETF, IETF_OTHER_SERVER, IOSXE, JUNOS } from "./fixtures/texts.ts";
import { DEPTH_MAX, parseXml } from "./parse.ts";
import { canonicalText, xmlPublicForm } from "./public.ts";

const ietf = xmlLanguage("netconf");
const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return error instanceof FarhandError ? `${error.code} ${error.detail ?? ""}` : String(error);
  }
  return "no error";
};
const canonical = (text: string): string => canonicalText(ietf, text);

describe("the canonical text", () => {
  test("is the same whatever prefixes, layout and escapes a server chose", () => {
    expect(canonical(IETF_OTHER_SERVER)).toBe(canonical(IETF));
    expect(canonical(IETF)).toContain(
      '    <type xmlns:iana-if-type="urn:ietf:params:xml:ns:yang:iana-if-type">iana-if-type:ethernetCsmacd</type>\n',
    );
  });

  test.each([
    ["netconf", IETF],
    ["cisco_iosxe", IOSXE],
    ["juniper_junos", JUNOS],
  ] as const)("of %s is its own canonical text, on raw and on public forms, and shows no secret", (id, text) => {
    const language = xmlLanguage(id);
    const raw = canonicalText(language, text);
    expect(canonicalText(language, raw)).toBe(raw);
    const { publicText } = xmlPublicForm(language, device, text, tagger);
    expect(xmlPublicForm(language, device, raw, tagger).publicText).toBe(publicText);
    expect(canonicalText(language, publicText)).toBe(publicText);
    expect(raw.split("\n").length).toBe(publicText.split("\n").length);
    for (const secret of [/\$[69]\$/v, /Fr0sted|Gr4y|Wh1te|0501030907000A1B|10480B1A0F1C/v])
      expect(publicText).not.toMatch(secret);
    expect(publicText).toContain("‹secret:");
  });

  test("keeps what stands in Junos attributes only where it means something", () => {
    const text = canonicalText(xmlLanguage("juniper_junos"), JUNOS);
    expect(text).toContain('<interface inactive="inactive">');
    expect(text).not.toMatch(/changed-seconds|xmlns|21\.4/v);
    expect(text.startsWith("<configuration>\n  <system>\n")).toBe(true);
  });

  test("never opens a line for a value, and keeps its blanks", () => {
    const text = canonical('<a xmlns="u"><b> x&#10;<![CDATA[<y> ]]></b><c>  </c><d>\n </d></a>');
    expect(text).toBe('<a xmlns="u">\n  <b> x&#10;&lt;y&gt; </b>\n  <c>  </c>\n  <d/>\n</a>\n');
    expect(canonical(text)).toBe(text);
  });

  test("leaves a text that happens to have a colon as it is", () => {
    const text = canonical('<a xmlns="u" xmlns:if="v"><b>if:x</b><c>no:prefix</c></a>');
    expect(text).toBe('<a xmlns="u">\n  <b xmlns:if="v">if:x</b>\n  <c>no:prefix</c>\n</a>\n');
  });

  test("rewrites the prefixes of a path outside of its quoted parts", () => {
    const path = (p: string): string =>
      canonical(
        `<a xmlns="u"><b xmlns:${p}="urn:m:ietf-interfaces">/${p}:interfaces/${p}:interface[${p}:name='${"if"}:0']</b></a>`,
      );
    expect(path("if")).toBe(path("other"));
    expect(path("if")).toContain("/ietf-interfaces:interfaces/ietf-interfaces:interface[ietf-interfaces:name='if:0']");
  });
});

describe("what is not taken", () => {
  test.each([
    ["a comment", "<a><!-- x --></a>"],
    ["a processing instruction", "<a><?x y?></a>"],
    ["not well-formed", "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>"],
    ["not well-formed", "<a>&unknown;</a>"],
    ["not well-formed", "<a><b></a>"],
    ["not well-formed", "<a"],
    ["not well-formed", "<p:a/>"],
    ["not well-formed", '<a x="1" x="2"/>'],
    ["not well-formed", "<a>\u0001</a>"],
    ["text beside elements", "<a>x<b/></a>"],
    ["text outside", "x<a/>"],
    ["text outside", "<config>x<a/></config>"],
    ["an odd element name", "<\u00e9/>"],
    ["an odd element name", `<${"a".repeat(129)}/>`],
    ["levels", "<a>".repeat(DEPTH_MAX + 1) + "</a>".repeat(DEPTH_MAX + 1)],
    ["attributes", `<a ${Array.from({ length: 17 }, (_, at) => `a${at}="1"`).join(" ")}/>`],
    ["a long attribute", `<a x="${"y".repeat(1025)}"/>`],
    ["a long value", `<a>${"y".repeat(1024 * 1024 + 1)}</a>`],
    ["too many namespaces", `<r>${Array.from({ length: 1100 }, (_, at) => `<a xmlns="u${at}"/>`).join("")}</r>`],
  ])("%s is refused, from a device and from an author", (reason, text) => {
    for (const from of ["device", "author"] as const) {
      const got = codeOf(() => parseXml(ietf, text, from));
      expect(got).toContain(from === "author" ? "TEXT_REFUSED line" : "INCOMPLETE_OUTPUT line");
      expect(got).toContain(reason);
    }
  });

  test("what is not well-formed is not told in words of the text", () => {
    expect(codeOf(() => parseXml(ietf, "<a>\n<password>hunter2</oops></a>", "device"))).toBe(
      "INCOMPLETE_OUTPUT line 2: not well-formed XML",
    );
  });

  test("a reply that was cut off anywhere is never taken for a whole one", () => {
    const whole = IETF.trimEnd();
    for (let at = 70; at < whole.length; at += 13)
      expect([at, codeOf(() => parseXml(ietf, whole.slice(0, at), "device"))]).toEqual([
        at,
        expect.stringContaining("INCOMPLETE_OUTPUT"),
      ]);
  });
});
