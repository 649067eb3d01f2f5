import { describe, expect, test } from "vitest";
import { device, tagger } from "../fixtures/platform.ts";
import { xmlLanguage, xmlLanguageFile, type XmlPlatform } from "./fixtures/languages.ts";
import { MANAGEMENT, NO_SECRETS, RESETS, SECRETS } from "./fixtures/places.ts";
import { xmlLineRedactor } from "./redact-line.ts";
import { XmlLanguageFile } from "./schema.ts";

const IDS = ["netconf", "cisco_iosxe", "juniper_junos"] as const satisfies XmlPlatform[];

/** The secret of `value` at the path, as the platform sees it. */
function secretAt(id: XmlPlatform, path: string, value: string): string | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const { secret } = xmlLanguage(id).facts(path, name);
  if (secret === undefined || secret === "whole") return secret === "whole" ? value : undefined;
  return [...value.matchAll(secret)][0]?.groups?.["secret"];
}

describe.each(IDS)("the language of %s", (id) => {
  const file = xmlLanguageFile(id);
  const known = SECRETS[id];

  test.each(known)("hides at %s in `%s` exactly `%s`", (path, value, secret) => {
    expect(secretAt(id, path, value)).toBe(secret);
  });

  test.each(NO_SECRETS[id])("hides nothing at %s in `%s`", (path, value) => {
    expect(secretAt(id, path, value)).toBeUndefined();
  });

  test("has no rule for secrets without a case", () => {
    for (const { name, under, value } of file.secrets) {
      const fits = known.some(
        ([path, text]) =>
          new RegExp(name, "v").test(path.slice(path.lastIndexOf("/") + 1)) &&
          (under === undefined || new RegExp(under, "v").test(path)) &&
          (value === undefined || new RegExp(value, "v").test(text)),
      );
      expect([name, under, value, fits]).toEqual([name, under, value, true]);
    }
  });

  test("has no rule for the management path without a case", () => {
    for (const rule of file.management) {
      const fits = MANAGEMENT[id].some(([path, leaf]) => {
        if (typeof rule === "string") return leaf === undefined && new RegExp(rule, "v").test(path);
        const holds = rule.holds.replaceAll("‹address›", String.raw`192\.0\.2\.1(?![\w.:])`);
        return leaf !== undefined && new RegExp(rule.section, "v").test(path) && new RegExp(holds, "v").test(leaf);
      });
      expect([rule, fits]).toEqual([rule, true]);
    }
    for (const { path } of file.resets)
      expect([path, RESETS[id].some((place) => new RegExp(path, "v").test(place))]).toEqual([path, true]);
    for (const pattern of file.destructive) {
      expect(new RegExp(pattern, "v").test("description")).toBe(false);
      // Every name of the list is one that could occur.
      for (const name of pattern.replaceAll(/[\^$\(\)?:]/gv, "").split("|")) expect(name).toMatch(/^[a-z][\w\-]*$/v);
    }
  });

  test("names each place once", () => {
    for (const list of [file.ordered, file.leafLists, file.presence, file.identities, file.volatile])
      expect(new Set(list).size).toBe(list.length);
  });

  test.each(known)("hides %s in transcripts, however they are laid out", (path, value, secret) => {
    const names = ["rpc-reply", ...path.split("/")];
    const escaped = value.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
    const open = names.map((name) => `<${name}>`).join("");
    const close = names
      .toReversed()
      .map((name) => `</${name}>`)
      .join("");
    for (const lines of [
      [`${open}${escaped}${close}`],
      [`${open.slice(0, -1)}`, ` a="b"`, `>${escaped}${close}`],
      [open, escaped, close],
      [`${open}<![CDATA[`, value, `]]>${close}`],
      // Begun in the middle of a message.
      [
        `</a></b>${names
          .slice(-1)
          .map((name) => `<${name}>`)
          .join("")}${escaped}</`,
      ],
    ] as const) {
      const redact = xmlLineRedactor(xmlLanguage(id), device, tagger, []);
      const out = lines.map((line) => redact(line)).join("\n");
      expect([lines, out.includes(secret)]).toEqual([lines, false]);
      expect(out).toMatch(/‹secret:\w{16}›/v);
    }
  });
});

describe("a transcript", () => {
  const redactor = (known: readonly string[] = []): ((line: string) => string) =>
    xmlLineRedactor(xmlLanguage("cisco_iosxe"), device, tagger, known);

  test("shows what is no secret as it is", () => {
    const redact = redactor();
    for (const line of [
      '<rpc-reply message-id="1" xmlns="urn:x"><data>',
      "<native><interface><GigabitEthernet><name>1</name><description>a &lt; b</description>",
      "]]>]]>",
      "",
      "#211",
    ])
      expect(redact(line)).toBe(line);
  });

  test("hides the name of a community and shows the name of an interface", () => {
    expect(
      redactor()(
        "<rpc><native><snmp-server><community-config><name>Gr4y</name></community-config></snmp-server><interface><name>Gr4y</name>",
      ),
    ).toMatch(/<name>‹secret:\w+›<\/name>.*<name>Gr4y<\/name>$/v);
  });

  test("hides by the name alone where tags do not fit together, until the next message", () => {
    const redact = redactor();
    expect(redact("<rpc-reply><a></b><name>Gr4y</name>")).toContain("<name>‹secret:");
    expect(redact("<rpc-reply><name>Gr4y</name>")).toContain("<name>Gr4y<");
  });

  test("gives one value one tag, however it was escaped, and hides known values anywhere", () => {
    const redact = redactor(["kn0wn<value"]);
    const tags = (line: string): string[] => [...redact(line).matchAll(/‹secret:\w+›/gv)].map(([tag]) => tag);
    const [a, b, c] = [
      tags("<rpc><password>a&amp;b&#x21;</password>"),
      tags("<rpc><password><![CDATA[a&b!]]></password>"),
      tags("<rpc><password>a&#38;b!</password>"),
    ];
    expect(a).toHaveLength(1);
    expect([b, c]).toEqual([a, a]);
    expect(redact("<rpc-error>kn0wn&lt;value, kn0wn<value")).not.toContain("kn0wn");
  });

  test("hides the second line of a value too", () => {
    const redact = redactor();
    redact("<rpc><password>first");
    expect(redact("second</password><description>x</description>")).toMatch(
      /^‹secret:\w+›<\/password><description>x</v,
    );
  });
});

describe("the schema", () => {
  test.each([
    [{ secrets: [{ name: "x", under: "^top/" }] }, "no anchor"],
    [{ secrets: [{ name: "x", value: "x+" }] }, "group"],
    [{ destructive: ["(a+)+"] }, "slow"],
    [{ ordered: ["/a"] }, ""],
    [{ unknown: [] }, ""],
  ])("refuses %j", (part, message) => {
    const parsed = XmlLanguageFile.safeParse({ kind: "xml", ...part });
    expect([parsed.success, parsed.error?.message.includes(message)]).toEqual([false, true]);
  });
});
